// Whatever key we would certify, OpenSSL reads too and writes back as the same octets; what may be
// certified can be described; and neither verifying with it nor describing it crashes.
#include <cstdlib>
#include <cstring>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/public_key.h"
#include "crypto/verifying.h"

using certwright::ByteView;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  const auto described = certwright::crypto::describe_public_key(input);
  const auto checked = certwright::crypto::check_public_key(input);
  if (checked && (!described || described->type != checked->type)) std::abort();
  if (described) {
    const auto& algorithm =
        certwright::crypto::default_signature_algorithm(*described->algorithm);
    if (certwright::crypto::verify(input, algorithm.identifier_tlv, input, input)) std::abort();
  }
  if (ERR_peek_error() != 0) std::abort();
  if (!checked || !checked->algorithm->available()) return 0;

  const unsigned char* at = data;
  EVP_PKEY* const key = d2i_PUBKEY(nullptr, &at, static_cast<long>(size));
  if (key == nullptr || at != data + size) std::abort();
  unsigned char* encoded = nullptr;
  const int encoded_size = i2d_PUBKEY(key, &encoded);
  if (encoded_size != static_cast<int>(size) || std::memcmp(encoded, data, size) != 0) std::abort();
  OPENSSL_free(encoded);
  EVP_PKEY_free(key);
  return 0;
}
