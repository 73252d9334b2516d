// Whatever we accept, OpenSSL accepts and re-encodes to the same octets; PEM and DER give the same.
#include <cstdlib>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "pkcs10/certification_request.h"

namespace pkcs10 = certwright::pkcs10;
using certwright::as_bytes;
using certwright::Bytes;
using certwright::to_bytes;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto request = pkcs10::parse_pem_or_der({data, size});
  if (!request) return 0;
  const auto again = pkcs10::parse_pem_or_der(as_bytes(request->pem()));
  // PEM is longer than DER: at the limit only one of them fits.
  if (request->pem().size() <= pkcs10::CertificationRequest::kMaxOctets)
    must(again && to_bytes(again->der()) == to_bytes(request->der()));
  (void)request->requested_subject_alt_names().has_value();

  const unsigned char* at = request->der().data();
  X509_REQ* const theirs = d2i_X509_REQ(nullptr, &at, static_cast<long>(request->der().size()));
  must(theirs != nullptr);
  unsigned char* out = nullptr;
  const int info_size = i2d_re_X509_REQ_tbs(theirs, &out);
  must(info_size > 0 && Bytes(out, out + info_size) == to_bytes(request->info_tlv()));
  OPENSSL_free(out);
  X509_REQ_free(theirs);
  ERR_clear_error();
  return 0;
}
