// A PKCS#12 file is refused with a reason, or its key and certificates are within what is promised; the
// key comes back from its own octets, and no error of OpenSSL's is left to be found by others.
#include <algorithm>
#include <cstdlib>

#include <openssl/err.h>

#include "crypto/pkcs12.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  static const SecretBytes passphrase = SecretBytes::copy_of(as_bytes("passphrase"));
  const auto content = crypto::import_pkcs12({data, size}, passphrase);
  if (ERR_peek_error() != 0) std::abort();
  if (!content) {
    if (content.error().detail.empty()) std::abort();
    return 0;
  }
  if (size > crypto::kPkcs12MaxOctets || content->certificates.size() > crypto::kPkcs12MaxCertificates)
    std::abort();
  if (!std::ranges::all_of(content->certificates, [](const Bytes& der) { return !der.empty(); })) std::abort();
  if (!content->key) return 0;
  const SecretBytes der = content->key->pkcs8_der();
  const auto again = crypto::PrivateKey::from_pkcs8(der);
  if (!again || !std::ranges::equal(again->pkcs8_der().reveal(), der.reveal())) std::abort();
  return 0;
}
