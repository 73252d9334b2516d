// Strict means: OpenSSL reads the two numbers, both are positive and fit the field, and it writes
// them back as the same octets. Everything else is refused.
#include <cstdlib>
#include <cstring>

#include "crypto/ec_curve.h"
#include "crypto/openssl_handle.h"

namespace {

bool openssl_agrees(const std::uint8_t* data, std::size_t size, std::size_t field_octets) {
  const unsigned char* at = data;
  ECDSA_SIG* const signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
  if (signature == nullptr) return false;
  const auto fits = [field_octets](const BIGNUM* number) {
    return !BN_is_negative(number) && !BN_is_zero(number) &&
           static_cast<std::size_t>(BN_num_bytes(number)) <= field_octets;
  };
  unsigned char* encoded = nullptr;
  const int encoded_size = i2d_ECDSA_SIG(signature, &encoded);
  const bool agrees = at == data + size && encoded_size == static_cast<int>(size) &&
                      std::memcmp(encoded, data, size) == 0 &&
                      fits(ECDSA_SIG_get0_r(signature)) && fits(ECDSA_SIG_get0_s(signature));
  OPENSSL_free(encoded);
  ECDSA_SIG_free(signature);
  return agrees;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const std::size_t field_octets : {32u, 48u, 66u})
    if (certwright::crypto::is_strict_ecdsa_signature({data, size}, field_octets) !=
        openssl_agrees(data, size, field_octets))
      std::abort();
  ERR_clear_error();
  return 0;
}
