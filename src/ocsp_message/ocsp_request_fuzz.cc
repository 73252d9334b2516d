// Whatever we accept, OpenSSL accepts and re-encodes to the same octets; an answer that repeats its
// CertIDs and nonce can be built and read back. The same input is also read as a response.
#include <algorithm>
#include <cstdlib>

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "ocsp_message/ocsp_request.h"
#include "ocsp_message/ocsp_response.h"

namespace certwright::ocsp_message {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void openssl_must_agree(ByteView der, bool is_signed) {
  const unsigned char* at = der.data();
  OCSP_REQUEST* const theirs = d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(der.size()));
  ERR_clear_error();
  if (is_signed && theirs == nullptr) return;  // we look at a signature as opaque DER
  must(theirs != nullptr);
  unsigned char* out = nullptr;
  const int size = i2d_OCSP_REQUEST(theirs, &out);
  if (!is_signed) must(size > 0 && Bytes(out, out + size) == to_bytes(der));
  OPENSSL_free(out);
  OCSP_REQUEST_free(theirs);
}

int check(const std::uint8_t* data, std::size_t size) {
  (void)OcspResponse::parse(Bytes(data, data + size)).has_value();
  const auto request = OcspRequest::parse({data, size});
  if (!request) return 0;
  openssl_must_agree({data, size}, request->is_signed());
  std::vector<SingleResponse> singles;
  for (const CertId& cert_id : request->cert_ids()) {
    must(CertId::parse(cert_id.tlv).has_value());
    singles.push_back({.cert_id_tlv = cert_id.tlv,
                       .status = CertStatus::unknown,
                       .this_update = from_unix_s(0),
                       .next_update = {}});
  }
  const ByteView nonce =
      request->nonce_acceptable() ? request->nonce().value_or(ByteView()) : ByteView();
  const auto response_data = encode_response_data(Bytes(20, 1), from_unix_s(0), singles, nonce);
  const Bytes algorithm = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};
  const auto response =
      OcspResponse::parse(assemble_basic_response(response_data, algorithm, Bytes(64, 1), {}));
  must(response && response->responses().size() == singles.size());
  must(std::ranges::equal(response->nonce().value_or(ByteView()), nonce));
  return 0;
}

}  // namespace
}  // namespace certwright::ocsp_message

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return certwright::ocsp_message::check(data, size);
}
