// A key that is read, as PKCS#8 or from PEM, is written as octets that are read as the same key.
#include <algorithm>
#include <cstdlib>

#include <openssl/err.h>

#include "crypto/private_key.h"

using certwright::ByteView;
using certwright::Result;
using certwright::SecretBytes;
using certwright::crypto::PrivateKey;

namespace {

void check_round_trip(const Result<PrivateKey>& key) {
  if (ERR_peek_error() != 0) std::abort();
  if (!key) return;
  const SecretBytes der = key->pkcs8_der();
  const auto again = PrivateKey::from_pkcs8(der);
  if (!again || !std::ranges::equal(again->pkcs8_der().reveal(), der.reveal()) ||
      !std::ranges::equal(again->subject_public_key_info_tlv(),
                          key->subject_public_key_info_tlv()))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const SecretBytes input = SecretBytes::copy_of(ByteView(data, size));
  check_round_trip(PrivateKey::from_pkcs8(input));
  check_round_trip(PrivateKey::from_pem(input, SecretBytes()));
  return 0;
}
