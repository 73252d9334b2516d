#include "crypto/sm2_key.h"

#include "crypto/openssl_handle.h"

namespace certwright::crypto {
Result<Sm2KeyPair> generate_sm2_key() {
  const EcKey key(EC_KEY_new_by_curve_name(NID_sm2));
  if (!key) return openssl_failure(Errc::unavailable, "finding SM2");
  EC_KEY_set_asn1_flag(key.get(), OPENSSL_EC_NAMED_CURVE);
  if (EC_KEY_generate_key(key.get()) != 1)
    return openssl_failure(Errc::internal, "making an SM2 key");
  unsigned char* encoded = nullptr;
  const int size = i2d_ECPrivateKey(key.get(), &encoded);
  if (size <= 0) return openssl_failure(Errc::internal, "encoding an SM2 key");
  Sm2KeyPair pair;
  pair.sec1_der = SecretBytes::copy_of({encoded, static_cast<std::size_t>(size)});
  OPENSSL_clear_free(encoded, static_cast<std::size_t>(size));
  unsigned char* spki = nullptr;
  const int spki_size = i2d_EC_PUBKEY(key.get(), &spki);
  if (spki_size <= 0) return openssl_failure(Errc::internal, "encoding an SM2 public key");
  pair.subject_public_key_info_tlv.assign(spki, spki + spki_size);
  OPENSSL_free(spki);
  return pair;
}

}  // namespace certwright::crypto
