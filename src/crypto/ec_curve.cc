#include "crypto/ec_curve.h"

#include <algorithm>

namespace certwright::crypto {
namespace {

constexpr std::uint8_t kP256Oid[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::uint8_t kP384Oid[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
constexpr std::uint8_t kP521Oid[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23};

constexpr std::uint8_t kP256Spki[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
constexpr std::uint8_t kP384Spki[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                      0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                      0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00};
constexpr std::uint8_t kP521Spki[] = {0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                      0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
                                      0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00};

constexpr std::uint8_t kP256Pkcs8[] = {
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
constexpr std::uint8_t kP384Pkcs8[] = {
    0x30, 0x81, 0xb6, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
    0x04, 0x81, 0x9e, 0x30, 0x81, 0x9b, 0x02, 0x01, 0x01, 0x04, 0x30};
constexpr std::uint8_t kP521Pkcs8[] = {
    0x30, 0x81, 0xee, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23,
    0x04, 0x81, 0xd6, 0x30, 0x81, 0xd3, 0x02, 0x01, 0x01, 0x04, 0x42};

constexpr std::uint8_t kP256Middle[] = {0xa1, 0x44, 0x03, 0x42, 0x00};
constexpr std::uint8_t kP384Middle[] = {0xa1, 0x64, 0x03, 0x62, 0x00};
constexpr std::uint8_t kP521Middle[] = {0xa1, 0x81, 0x89, 0x03, 0x81, 0x86, 0x00};

const KeyAlgorithm* ecdsa_row(std::string_view name) noexcept {
  return &*std::ranges::find(key_algorithms(), name, &KeyAlgorithm::name);
}

struct CurveObjects {
  BignumContext bignums{BN_CTX_new()};
  EcKey key;
  EcPoint point;
  Bignum scalar{BN_new()};
};

CurveObjects& thread_objects(const EcCurve& curve) noexcept {
  thread_local CurveObjects objects[3];
  CurveObjects& mine = objects[curve.index];
  if (!mine.key) {
    mine.key.reset(EC_KEY_new());
    mine.point.reset(EC_POINT_new(curve.group()));
    if (!mine.bignums || !mine.scalar || !mine.key || !mine.point ||
        EC_KEY_set_group(mine.key.get(), curve.group()) != 1)
      abort_without("elliptic curves");
    BN_set_flags(mine.scalar.get(), BN_FLG_CONSTTIME);
  }
  return mine;
}

}  // namespace

std::span<const EcCurve> ec_curves() noexcept {
  static const EcCurve curves[] = {
      {0, ecdsa_row("ecdsa-p256"), NID_X9_62_prime256v1, 32, 0xff, kP256Oid, kP256Spki, kP256Pkcs8,
       kP256Middle},
      {1, ecdsa_row("ecdsa-p384"), NID_secp384r1, 48, 0xff, kP384Oid, kP384Spki, kP384Pkcs8,
       kP384Middle},
      {2, ecdsa_row("ecdsa-p521"), NID_secp521r1, 66, 0x01, kP521Oid, kP521Spki, kP521Pkcs8,
       kP521Middle},
  };
  return curves;
}

const EcCurve* find_curve(const KeyAlgorithm& algorithm) noexcept {
  for (const EcCurve& curve : ec_curves())
    if (curve.algorithm == &algorithm) return &curve;
  return nullptr;
}

const EcCurve* find_curve_by_nid(int nid) noexcept {
  for (const EcCurve& curve : ec_curves())
    if (curve.nid == nid) return &curve;
  return nullptr;
}

const EC_GROUP* EcCurve::group() const noexcept {
  struct Groups {
    EC_GROUP* group[3];
    Groups() noexcept {
      for (const EcCurve& curve : ec_curves()) {
        group[curve.index] = EC_GROUP_new_by_curve_name(curve.nid);
        if (group[curve.index] == nullptr) abort_without("the NIST curves");
      }
    }
  };
  static const Groups groups;
  return groups.group[index];
}

EC_KEY* EcCurve::thread_key() const noexcept { return thread_objects(*this).key.get(); }

BN_CTX* EcCurve::thread_bignum_context() const noexcept {
  return thread_objects(*this).bignums.get();
}

bool EcCurve::multiply_generator(ByteView scalar, std::span<std::uint8_t> point) const noexcept {
  CurveObjects& mine = thread_objects(*this);
  BIGNUM* const k = mine.scalar.get();
  if (scalar.size() != field_octets || point.size() != point_octets() ||
      BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), k) == nullptr)
    return false;
  // P-256's code keeps the scalar off the bignum context; the general ladder does not, so its
  // context lives for one multiplication and is wiped.
  BignumContext once;
  BN_CTX* bignums = mine.bignums.get();
  if (nid != NID_X9_62_prime256v1) {
    once.reset(BN_CTX_new());
    bignums = once.get();
  }
  const bool in_range = !BN_is_zero(k) && BN_ucmp(k, EC_GROUP_get0_order(group())) < 0;
  const bool done =
      in_range && bignums != nullptr &&
      EC_POINT_mul(group(), mine.point.get(), k, nullptr, nullptr, bignums) == 1 &&
      EC_POINT_point2oct(group(), mine.point.get(), POINT_CONVERSION_UNCOMPRESSED, point.data(),
                         point.size(), bignums) == point.size();
  BN_clear(k);
  if (!done) forget_openssl_errors();
  return done;
}

bool is_strict_ecdsa_signature(ByteView signature, std::size_t field_octets) noexcept {
  // SEQUENCE; P-521's needs a long-form length octet.
  if (signature.size() < 8 || signature[0] != 0x30) return false;
  std::size_t at = 2;
  std::size_t length = signature[1];
  if (length == 0x81) {
    length = signature[2];
    at = 3;
    if (length < 0x80) return false;
  } else if (length > 0x7f) {
    return false;
  }
  if (signature.size() != at + length) return false;
  for (int i = 0; i < 2; ++i) {
    if (signature.size() - at < 3 || signature[at] != 0x02) return false;
    const std::size_t octets = signature[at + 1];
    at += 2;
    if (octets == 0 || octets > field_octets + 1 || signature.size() - at < octets) return false;
    const ByteView value = signature.subspan(at, octets);
    if ((value[0] & 0x80) != 0) return false;                                         // negative
    if (value[0] == 0 && (octets == 1 || (value[1] & 0x80) == 0)) return false;  // zero or padded
    if (value[0] != 0 && octets > field_octets) return false;
    at += octets;
  }
  return at == signature.size();
}

}  // namespace certwright::crypto
