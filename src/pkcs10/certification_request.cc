#include "pkcs10/certification_request.h"

#include <algorithm>

#include <fmt/format.h>

#include "der/reader.h"
#include "der/writer.h"
#include "x509/oids.h"
#include "x509/pem.h"
#include "x509/signed_encoding.h"
#include "x509/subject_public_key_info.h"

namespace certwright::pkcs10 {
namespace {

namespace oids = x509::oids;

// The one value of a single-valued attribute.
Result<der::Element> only_value(ByteView set_tlv, std::string_view what) {
  der::Reader outer(set_tlv);
  CERTWRIGHT_TRY(der::Reader values, outer.read_set(what));
  CERTWRIGHT_TRY(const der::Element value, values.read_any(what));
  CERTWRIGHT_CHECK(values.expect_end(what));
  return value;
}

Result<Attribute> read_attribute(der::Reader& attributes) {
  CERTWRIGHT_TRY(der::Reader fields, attributes.read_sequence("attribute"));
  CERTWRIGHT_TRY(const der::Oid type, fields.read_oid("attribute.type"));
  CERTWRIGHT_TRY(const der::Element values, fields.read(der::Tag::set, "attribute.values"));
  CERTWRIGHT_CHECK(fields.expect_end("attribute"));
  if (values.content.empty()) return fail(Errc::bad_encoding, "attribute.values: empty");
  CERTWRIGHT_CHECK(der::check_element(values, "attribute.values"));
  CERTWRIGHT_CHECK(der::check_set_of_order(values.content, "attribute.values"));
  return Attribute{type, to_bytes(values.tlv)};
}

}  // namespace

CertificationRequest::Range CertificationRequest::range_of(ByteView part) const noexcept {
  return {static_cast<std::uint32_t>(part.data() - der_.data()),
          static_cast<std::uint32_t>(part.size())};
}

Result<CertificationRequest> CertificationRequest::parse(Bytes der) {
  if (der.size() > kMaxOctets)
    return fail(Errc::too_large, "certificationRequest: more than 64 KiB");
  CertificationRequest request;
  request.der_ = std::move(der);
  CERTWRIGHT_TRY(const x509::SignedEncoding parts,
                 x509::parse_signed(request.der_, "certificationRequest"));
  request.info_ = request.range_of(parts.to_be_signed_tlv);
  request.signature_algorithm_ = request.range_of(parts.signature_algorithm_tlv);
  request.signature_ = request.range_of(parts.signature);
  CERTWRIGHT_CHECK(request.parse_info(parts.to_be_signed_content));
  return request;
}

Result<void> CertificationRequest::parse_info(ByteView info_content) {
  der::Reader fields(info_content);
  CERTWRIGHT_TRY(const std::uint64_t version, fields.read_unsigned("version"));
  if (version != 0) return fail(Errc::bad_encoding, "version: not v1");
  CERTWRIGHT_TRY(const der::Element name, fields.read(der::Tag::sequence, "subject"));
  CERTWRIGHT_TRY(subject_, x509::Name::parse(name.tlv));
  CERTWRIGHT_TRY(const der::Element key, fields.read(der::Tag::sequence, "subjectPKInfo"));
  CERTWRIGHT_CHECK(x509::SubjectPublicKeyInfo::parse(key.tlv));
  spki_ = range_of(key.tlv);
  CERTWRIGHT_TRY(const der::Element attributes,
                 fields.read(der::context_constructed(0), "attributes"));
  CERTWRIGHT_CHECK(fields.expect_end("certificationRequestInfo"));
  return parse_attributes(attributes.content);
}

Result<void> CertificationRequest::parse_attributes(ByteView set_content) {
  CERTWRIGHT_CHECK(der::check_set_of_order(set_content, "attributes"));
  der::Reader reader(set_content);
  bool has_extension_request = false;
  while (!reader.at_end()) {
    if (attributes_.size() == kMaxAttributes)
      return fail(Errc::too_large, fmt::format("attributes: more than {}", kMaxAttributes));
    CERTWRIGHT_TRY(Attribute attribute, read_attribute(reader));
    if (attribute.type == oids::kExtensionRequest) {
      if (has_extension_request)
        return fail(Errc::bad_encoding, "attributes: extensionRequest comes twice");
      has_extension_request = true;
      CERTWRIGHT_TRY(const der::Element value,
                     only_value(attribute.values_tlv, "extensionRequest"));
      CERTWRIGHT_TRY(extensions_, x509::Extensions::parse(value.tlv));
    } else if (attribute.type == oids::kChallengePassword) {
      if (has_challenge_password_)
        return fail(Errc::bad_encoding, "attributes: challengePassword comes twice");
      has_challenge_password_ = true;
      CERTWRIGHT_TRY(const der::Element value,
                     only_value(attribute.values_tlv, "challengePassword"));
      CERTWRIGHT_CHECK(der::check_string(value.tag, value.content));
    }
    attributes_.push_back(std::move(attribute));
  }
  return {};
}

Result<std::vector<x509::GeneralName>> CertificationRequest::requested_subject_alt_names() const {
  const x509::Extension* const extension = extensions_.find(oids::kSubjectAltName);
  if (extension == nullptr) return std::vector<x509::GeneralName>();
  return x509::parse_subject_alt_name(extension->value);
}

std::string CertificationRequest::pem() const {
  return x509::to_pem(x509::kPemCertificateRequest, der_);
}

Result<CertificationRequest> parse_pem_or_der(ByteView text_or_der) {
  if (text_or_der.size() > CertificationRequest::kMaxOctets)
    return fail(Errc::too_large, "certificationRequest: more than 64 KiB");
  if (!text_or_der.empty() && text_or_der[0] == static_cast<std::uint8_t>(der::Tag::sequence)) {
    // "0" starts DER; text that starts with it and holds a PEM block is read as text.
    auto request = CertificationRequest::parse(to_bytes(text_or_der));
    if (request || as_text(text_or_der).find("-----BEGIN ") == std::string_view::npos)
      return request;
  }
  CERTWRIGHT_TRY(Bytes der, x509::parse_pem_one(as_text(text_or_der), x509::kPemCertificateRequest,
                                                CertificationRequest::kMaxOctets));
  return CertificationRequest::parse(std::move(der));
}

Result<der::CertificationRequestInfoDer> encode_request_info(const x509::Name& subject,
                                                             ByteView spki_tlv,
                                                             const x509::Extensions& extensions) {
  CERTWRIGHT_CHECK(x509::check_one_sequence(spki_tlv, "subjectPKInfo"));
  der::Writer writer(1024);
  writer.sequence([&] {
    writer.integer(0);  // v1
    writer.raw(subject.tlv());
    writer.raw(spki_tlv);
    writer.nested(der::context_constructed(0), [&] {
      if (extensions.empty()) return;
      writer.sequence([&] {
        writer.oid(oids::kExtensionRequest);
        writer.set([&] { extensions.write(writer); });
      });
    });
  });
  return der::CertificationRequestInfoDer(std::move(writer).take());
}

der::CertificationRequestDer assemble_request(const der::CertificationRequestInfoDer& info,
                                              ByteView signature_algorithm_tlv,
                                              ByteView signature) {
  return der::CertificationRequestDer(
      x509::assemble_signed(info.tlv(), signature_algorithm_tlv, signature));
}

}  // namespace certwright::pkcs10
