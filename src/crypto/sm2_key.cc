#include "crypto/sm2_key.h"

#include "crypto/openssl_handle.h"

namespace certwright::crypto {
namespace {

// Tag and length of SubjectPublicKeyInfo, the AlgorithmIdentifier, tag and length of the BIT STRING.
constexpr std::uint8_t kSm2SpkiHead[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                         0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81, 0x1c,
                                         0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00};
constexpr std::size_t kSm2PointOctets = 65;

}  // namespace

Result<Sm2KeyPair> generate_sm2_key() {
  const EcKey key(EC_KEY_new_by_curve_name(NID_sm2));
  if (!key) return openssl_failure(Errc::unavailable, "finding SM2");
  EC_KEY_set_asn1_flag(key.get(), OPENSSL_EC_NAMED_CURVE);
  std::uint8_t point[kSm2PointOctets];
  if (EC_KEY_generate_key(key.get()) != 1 ||
      EC_POINT_point2oct(EC_KEY_get0_group(key.get()), EC_KEY_get0_public_key(key.get()),
                         POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, nullptr) != sizeof point)
    return openssl_failure(Errc::internal, "making an SM2 key");
  unsigned char* encoded = nullptr;
  const int size = i2d_ECPrivateKey(key.get(), &encoded);
  if (size <= 0) return openssl_failure(Errc::internal, "encoding an SM2 key");
  Sm2KeyPair pair;
  pair.sec1_der = SecretBytes::copy_of({encoded, static_cast<std::size_t>(size)});
  OPENSSL_clear_free(encoded, static_cast<std::size_t>(size));
  pair.subject_public_key_info_tlv.assign(std::begin(kSm2SpkiHead), std::end(kSm2SpkiHead));
  pair.subject_public_key_info_tlv.insert(pair.subject_public_key_info_tlv.end(), point, point + sizeof point);
  return pair;
}

}  // namespace certwright::crypto
