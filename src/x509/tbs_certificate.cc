#include "x509/tbs_certificate.h"

#include "der/primitive.h"
#include "der/writer.h"
#include "x509/signed_encoding.h"

namespace certwright::x509 {
namespace {

Result<void> check_validity_writable(const TbsCertificate& tbs) {
  for (const Time time : {tbs.not_before, tbs.not_after})
    if (time < der::kEarliestTime || time >= der::kLatestTime + Seconds(1))
      return fail(Errc::invalid, "validity: outside the years 0 to 9999");
  return {};
}

}  // namespace

Result<der::TbsCertificateDer> encode(const TbsCertificate& tbs) {
  CERTWRIGHT_CHECK(check_validity_writable(tbs));
  CERTWRIGHT_CHECK(check_one_sequence(tbs.signature_algorithm_tlv, "signature"));
  CERTWRIGHT_CHECK(check_one_sequence(tbs.issuer_tlv, "issuer"));
  CERTWRIGHT_CHECK(check_one_sequence(tbs.subject_tlv, "subject"));
  CERTWRIGHT_CHECK(check_one_sequence(tbs.subject_public_key_info_tlv, "subjectPublicKeyInfo"));
  der::Writer writer(1024);
  writer.sequence([&] {
    writer.nested(der::context_constructed(0), [&] { writer.integer(2); });  // v3
    writer.integer_content(tbs.serial_number.integer_content());
    writer.raw(tbs.signature_algorithm_tlv);
    writer.raw(tbs.issuer_tlv);
    writer.sequence([&] {
      writer.time(tbs.not_before);
      writer.time(tbs.not_after);
    });
    writer.raw(tbs.subject_tlv);
    writer.raw(tbs.subject_public_key_info_tlv);
    if (!tbs.extensions.empty())
      writer.nested(der::context_constructed(3), [&] { tbs.extensions.write(writer); });
  });
  return der::TbsCertificateDer(std::move(writer).take());
}

der::CertificateDer assemble_certificate(const der::TbsCertificateDer& tbs,
                                         ByteView signature_algorithm_tlv, ByteView signature) {
  return der::CertificateDer(assemble_signed(tbs.tlv(), signature_algorithm_tlv, signature));
}

}  // namespace certwright::x509
