// Whatever we accept, OpenSSL accepts and re-encodes to the same octets; what our own writer can
// write, it writes the same; every view lies inside; no extension parser falls over.
#include <cstdlib>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "x509/certificate.h"
#include "x509/tbs_certificate.h"

namespace x509 = certwright::x509;
using certwright::Bytes;
using certwright::to_bytes;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void openssl_must_agree(const x509::Certificate& certificate) {
  const unsigned char* at = certificate.der().data();
  X509* const theirs = d2i_X509(nullptr, &at, static_cast<long>(certificate.der().size()));
  must(theirs != nullptr);
  unsigned char* out = nullptr;
  const int size = i2d_re_X509_tbs(theirs, &out);
  must(size > 0 && Bytes(out, out + size) == to_bytes(certificate.tbs_tlv()));
  OPENSSL_free(out);
  X509_free(theirs);
  ERR_clear_error();
}

void our_writer_must_agree(const x509::Certificate& certificate) {
  const auto serial = certificate.serial_number();
  if (!serial || certificate.version() != 3) return;
  const auto tbs = x509::encode(
      {.serial_number = *serial,
       .signature_algorithm_tlv = to_bytes(certificate.signature_algorithm_tlv()),
       .issuer_tlv = to_bytes(certificate.issuer_tlv()),
       .not_before = certificate.not_before(),
       .not_after = certificate.not_after(),
       .subject_tlv = to_bytes(certificate.subject_tlv()),
       .subject_public_key_info_tlv = to_bytes(certificate.subject_public_key_info_tlv()),
       .extensions = certificate.extensions()});
  must(tbs.has_value());
  // Times in the form we would not choose, and unique identifiers, are not written again.
  if (tbs->tlv().size() != certificate.tbs_tlv().size()) return;
  const auto whole = x509::assemble_certificate(*tbs, certificate.signature_algorithm_tlv(),
                                                certificate.signature_value());
  must(to_bytes(whole.tlv()) == to_bytes(certificate.der()));
}

// What the encoder of an extension can say in full, it must say in the same octets.
void extensions_must_hold(const x509::Certificate& certificate) {
  for (const x509::Extension& extension : certificate.extensions()) {
    const Bytes& value = extension.value;
    if (const auto v = x509::parse_basic_constraints(value))
      must(x509::encode_basic_constraints(*v) == value);
    if (const auto v = x509::parse_key_usage(value)) must(x509::encode_key_usage(*v) == value);
    if (const auto v = x509::parse_ext_key_usage(value))
      must(x509::encode_ext_key_usage(*v) == value);
    if (const auto v = x509::parse_subject_key_identifier(value))
      must(x509::encode_subject_key_identifier(*v) == value);
    if (const auto v = x509::parse_name_constraints(value))
      must(x509::encode_name_constraints(*v) == value);
    if (const auto v = x509::parse_subject_alt_name(value)) {
      must(x509::encode_subject_alt_name(*v) == value);
      for (const x509::GeneralName& name : *v) must(!name.to_text().empty());
    }
    if (const auto v = x509::parse_reason_code(value)) must(x509::encode_reason_code(*v) == value);
    if (const auto v = x509::parse_crl_number_u64(value))
      must(x509::encode_crl_number(*v) == value);
    if (const auto v = x509::parse_invalidity_date(value))
      must(x509::encode_invalidity_date(*v) == value);
    (void)x509::parse_authority_key_identifier(value).has_value();
    (void)x509::parse_crl_distribution_points(value).has_value();
    (void)x509::parse_authority_info_access(value).has_value();
    (void)x509::parse_certificate_policies(value).has_value();
    (void)x509::parse_issuing_distribution_point(value).has_value();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto certificate = x509::Certificate::parse(Bytes(data, data + size));
  if (!certificate) return 0;
  must(to_bytes(certificate->der()) == Bytes(data, data + size));
  openssl_must_agree(*certificate);
  our_writer_must_agree(*certificate);
  extensions_must_hold(*certificate);
  must(to_bytes(certificate->subject().tlv()) == to_bytes(certificate->subject_tlv()));
  must(to_bytes(certificate->issuer().tlv()) == to_bytes(certificate->issuer_tlv()));
  (void)certificate->is_ca();
  (void)certificate->authority_key_identifier();
  return 0;
}
