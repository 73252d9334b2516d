// Arbitrary octets as a TBSCertificate: lint never crashes, and what it finds nothing in is a
// certificate that OpenSSL reads, once it is wrapped, and writes back to the same octets.
#include <algorithm>
#include <cstdlib>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lint/lint.h"
#include "lint/tbs_view.h"
#include "profile/profile.h"
#include "x509/tbs_certificate.h"

namespace {

using namespace certwright;

bool openssl_agrees(ByteView tbs_tlv, ByteView algorithm_tlv) {
  const auto der = x509::assemble_certificate(der::TbsCertificateDer(to_bytes(tbs_tlv)),
                                              algorithm_tlv, Bytes(8, 1));
  const unsigned char* in = der.tlv().data();
  X509* certificate = d2i_X509(nullptr, &in, static_cast<long>(der.tlv().size()));
  if (certificate == nullptr) return false;
  unsigned char* out = nullptr;
  const int size = i2d_X509(certificate, &out);
  const bool same = size >= 0 && std::ranges::equal(ByteView(out, static_cast<std::size_t>(size)), der.tlv());
  OPENSSL_free(out);
  // Extensions that this CA writes are ones that OpenSSL can decode.
  const bool extensions_fine = (X509_get_extension_flags(certificate) & EXFLAG_INVALID) == 0;
  X509_free(certificate);
  return same && extensions_fine;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  static const std::vector<profile::Profile> kProfiles = profile::shipped_profiles();
  lint::Context context;
  const auto view = lint::parse_tbs(input);
  if (view) {  // what the caller knows, taken from the input, or nothing would ever pass
    context.expected_subject_public_key_info = view->subject_public_key_info_tlv;
    context.expected_signature_algorithm = view->signature_algorithm_tlv;
    context.now = view->not_before;
  }
  const auto findings = lint::lint_tbs_certificate(input, context);
  if (!view && (findings.size() != 1 || findings[0].rule != "rfc5280.4.1.encoding")) std::abort();
  for (const lint::Finding& finding : findings)
    if (finding.rule.empty() || finding.detail.empty()) std::abort();
  if (findings.empty() && !openssl_agrees(input, view->signature_algorithm_tlv)) std::abort();
  context.profile = &kProfiles[size % kProfiles.size()];
  for (const lint::Finding& finding : lint::lint_tbs_certificate(input, context))
    if (finding.rule.empty() || finding.detail.empty()) std::abort();
  return 0;
}
