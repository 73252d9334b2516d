// Whatever we accept, OpenSSL accepts and re-encodes to the same octets, with as many entries.
#include <cstdlib>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "x509/certificate_list.h"

namespace x509 = certwright::x509;
using certwright::Bytes;
using certwright::to_bytes;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto list = x509::CertificateList::parse(Bytes(data, data + size));
  if (!list) return 0;
  auto entries = list->entries();
  x509::RevokedCertificate entry;
  std::size_t count = 0;
  while (entries.next(entry)) {
    must(!entry.serial_number_content.empty());
    ++count;
  }
  must(count == list->size());

  const unsigned char* at = data;
  X509_CRL* const theirs = d2i_X509_CRL(nullptr, &at, static_cast<long>(size));
  must(theirs != nullptr);
  const STACK_OF(X509_REVOKED)* const revoked = X509_CRL_get_REVOKED(theirs);
  must(count == (revoked == nullptr ? 0 : static_cast<std::size_t>(sk_X509_REVOKED_num(revoked))));
  unsigned char* out = nullptr;
  const int tbs_size = i2d_re_X509_CRL_tbs(theirs, &out);
  must(tbs_size > 0 && Bytes(out, out + tbs_size) == to_bytes(list->tbs_tlv()));
  OPENSSL_free(out);
  X509_CRL_free(theirs);
  ERR_clear_error();
  return 0;
}
