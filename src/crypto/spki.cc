#include "crypto/spki.h"

#include <algorithm>
#include <bit>
#include <string>

#include <fmt/format.h>

#include "crypto/tlv.h"

namespace certwright::crypto {
namespace {

constexpr std::uint8_t kRsaOid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
constexpr std::uint8_t kRsaPssOid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
constexpr std::uint8_t kEcOid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
constexpr std::uint8_t kEd25519Oid[] = {0x2b, 0x65, 0x70};

tl::unexpected<Error> not_spki() {
  return fail(Errc::bad_encoding, "the public key is not a DER SubjectPublicKeyInfo");
}

// Dotted, for messages; arcs over 32 bits are not worth it.
std::string dotted_oid(ByteView content) {
  std::string text;
  std::uint64_t arc = 0;
  for (const std::uint8_t octet : content.first(std::min<std::size_t>(content.size(), 32))) {
    arc = (arc << 7 | (octet & 0x7f)) & 0xffffffff;
    if ((octet & 0x80) != 0) continue;
    if (text.empty()) {
      const std::uint64_t first = std::min<std::uint64_t>(arc / 40, 2);
      text = fmt::format("{}.{}", first, arc - 40 * first);
    } else {
      text += fmt::format(".{}", arc);
    }
    arc = 0;
  }
  return text;
}

const KeyAlgorithm* rsa_row(unsigned bits) noexcept {
  const KeyAlgorithm* any_size = nullptr;
  for (const KeyAlgorithm& row : key_algorithms()) {
    if (row.family != KeyFamily::rsa) continue;
    if (row.bits == bits) return &row;
    if (row.bits == 0) any_size = &row;
  }
  return any_size;
}

Result<SpkiView> parse_rsa(ByteView parameters, ByteView key) {
  constexpr std::uint8_t kNull[] = {0x05, 0x00};
  if (!std::ranges::equal(parameters, kNull))
    return fail(Errc::bad_encoding, "an RSA public key must have NULL parameters");
  const auto sequence = take_tlv(key, 0x30);
  if (!sequence || !key.empty())
    return fail(Errc::bad_encoding, "the RSA public key is not a DER RSAPublicKey");
  ByteView rest = *sequence;
  const auto modulus = take_unsigned(rest);
  const auto exponent = modulus ? take_unsigned(rest) : std::nullopt;
  if (!exponent || !rest.empty())
    return fail(Errc::bad_encoding, "the RSA public key is not a DER RSAPublicKey");
  const unsigned bits = bit_length(*modulus);
  return SpkiView{rsa_row(bits), bits, nullptr, *modulus, *exponent, {}};
}

Result<SpkiView> parse_ec(ByteView parameters, ByteView point) {
  if (!parameters.empty() && parameters[0] == 0x30)
    return fail(Errc::invalid, "the EC key has explicit curve parameters; name its curve instead");
  ByteView rest = parameters;
  const auto oid = take_tlv(rest, 0x06);
  if (!oid || !rest.empty())
    return fail(Errc::bad_encoding, "an EC public key must name its curve by an OID");
  for (const EcCurve& curve : ec_curves()) {
    if (!std::ranges::equal(curve.curve_oid_tlv, parameters)) continue;
    if (point.size() == curve.point_octets() && point[0] == 0x04)
      return SpkiView{curve.algorithm, curve.algorithm->bits, &curve, {}, {}, point};
    if (!point.empty() && (point[0] == 0x02 || point[0] == 0x03))
      return fail(Errc::invalid, "the EC point is compressed; it must be uncompressed");
    if (point.size() == 1 && point[0] == 0x00)
      return fail(Errc::invalid, "the EC point is the point at infinity");
    return fail(Errc::bad_encoding,
                fmt::format("the {} point is not 04 and two coordinates of {} octets",
                            curve.algorithm->openssl_group, curve.field_octets));
  }
  return fail(Errc::invalid, fmt::format("unsupported elliptic curve {}", dotted_oid(*oid)));
}

// Keys that are their own octets.
Result<SpkiView> parse_octets(const KeyAlgorithm& algorithm, ByteView key) {
  if (key.size() * 8 != algorithm.bits)
    return fail(Errc::bad_encoding, fmt::format("an {} key has {} octets, this one {}",
                                                algorithm.name, algorithm.bits / 8, key.size()));
  return SpkiView{&algorithm, algorithm.bits, nullptr, {}, {}, key};
}

const KeyAlgorithm* row_of_octets(ByteView algorithm_tlv) noexcept {
  for (const SignatureAlgorithm& signature : signature_algorithms()) {
    if (signature.family != KeyFamily::message && signature.family != KeyFamily::ed25519) continue;
    if (!std::ranges::equal(signature.identifier_tlv, algorithm_tlv)) continue;
    return &*std::ranges::find(key_algorithms(), signature.name, &KeyAlgorithm::name);
  }
  return nullptr;
}

}  // namespace

unsigned bit_length(ByteView magnitude) noexcept {
  if (magnitude.empty()) return 0;
  return static_cast<unsigned>(8 * (magnitude.size() - 1)) +
         static_cast<unsigned>(std::bit_width(magnitude[0]));
}

Result<SpkiView> parse_spki(ByteView spki_tlv) {
  // What most keys look like needs no parsing.
  for (const EcCurve& curve : ec_curves())
    if (spki_tlv.size() == curve.spki_octets() &&
        std::equal(curve.spki_head.begin(), curve.spki_head.end(), spki_tlv.begin()) &&
        spki_tlv[curve.spki_head.size()] == 0x04)
      return SpkiView{curve.algorithm, curve.algorithm->bits, &curve, {}, {},
                      spki_tlv.subspan(curve.spki_head.size())};

  ByteView rest = spki_tlv;
  const auto content = take_tlv(rest, 0x30);
  if (!content || !rest.empty()) return not_spki();
  rest = *content;
  const ByteView algorithm_start = rest;
  const auto algorithm = take_tlv(rest, 0x30);
  if (!algorithm) return not_spki();
  const ByteView algorithm_tlv = algorithm_start.first(algorithm_start.size() - rest.size());
  const auto bit_string = take_tlv(rest, 0x03);
  if (!bit_string || !rest.empty() || bit_string->empty() || (*bit_string)[0] != 0)
    return not_spki();
  const ByteView key = bit_string->subspan(1);

  ByteView parameters = *algorithm;
  const auto oid = take_tlv(parameters, 0x06);
  if (!oid || oid->empty() || (oid->back() & 0x80) != 0) return not_spki();
  if (std::ranges::equal(*oid, kRsaOid)) return parse_rsa(parameters, key);
  if (std::ranges::equal(*oid, kEcOid)) return parse_ec(parameters, key);
  if (std::ranges::equal(*oid, kRsaPssOid))
    return fail(Errc::invalid, "the RSA key is restricted to PSS; use an rsaEncryption key");
  if (const KeyAlgorithm* const row = row_of_octets(algorithm_tlv))
    return parse_octets(*row, key);
  if (std::ranges::equal(*oid, kEd25519Oid))
    return fail(Errc::bad_encoding, "the parameters of an ed25519 key must be absent");
  return fail(Errc::invalid, fmt::format("unsupported public key algorithm {}", dotted_oid(*oid)));
}

}  // namespace certwright::crypto
