#include "x509/certificate.h"

#include <algorithm>

#include <fmt/format.h>

#include "der/reader.h"
#include "x509/oids.h"
#include "x509/pem.h"
#include "x509/signed_encoding.h"

namespace certwright::x509 {
namespace {

constexpr std::size_t kMaxSerialOctets = 64;
constexpr std::size_t kMaxPemCertificates = 1000;

// Version ::= [0] EXPLICIT INTEGER DEFAULT v1; gives 1, 2 or 3.
Result<int> read_certificate_version(der::Reader& fields) {
  if (!fields.next_is(der::context_constructed(0))) return 1;
  CERTWRIGHT_TRY(der::Reader wrapped,
                 fields.read_constructed(der::context_constructed(0), "version"));
  CERTWRIGHT_TRY(const std::uint64_t version, wrapped.read_unsigned("version"));
  CERTWRIGHT_CHECK(wrapped.expect_end("version"));
  if (version == 0) return fail(Errc::bad_encoding, "version: v1 is the default and left out");
  if (version > 2) return fail(Errc::bad_encoding, "version: not v1, v2 or v3");
  return static_cast<int>(version) + 1;
}

// issuerUniqueID [1], subjectUniqueID [2]: IMPLICIT BIT STRING, obsolete, v2 and v3.
Result<void> skip_unique_identifiers(der::Reader& fields, int version) {
  for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}}) {
    if (!fields.next_is(der::context(number))) continue;
    if (version < 2) return fail(Errc::bad_encoding, "uniqueIdentifier: not in v1");
    CERTWRIGHT_TRY(const der::Element element,
                   fields.read(der::context(number), "uniqueIdentifier"));
    CERTWRIGHT_CHECK(der::parse_bit_string(element.content));
  }
  return {};
}

}  // namespace

Certificate::Range Certificate::range_of(ByteView part) const noexcept {
  return {static_cast<std::uint32_t>(part.data() - der_.data()),
          static_cast<std::uint32_t>(part.size())};
}

Result<Certificate> Certificate::parse(Bytes der) {
  if (der.size() > kMaxOctets) return fail(Errc::too_large, "certificate: more than 64 KiB");
  Certificate certificate;
  certificate.der_ = std::move(der);
  CERTWRIGHT_TRY(const SignedEncoding parts, parse_signed(certificate.der_, "certificate"));
  certificate.tbs_ = certificate.range_of(parts.to_be_signed_tlv);
  certificate.signature_ = certificate.range_of(parts.signature);
  CERTWRIGHT_CHECK(certificate.parse_tbs(parts.to_be_signed_content));
  if (!std::ranges::equal(certificate.signature_algorithm_tlv(), parts.signature_algorithm_tlv))
    return fail(Errc::bad_encoding, "certificate: inner and outer signature algorithm differ");
  return certificate;
}

Result<void> Certificate::parse_tbs(ByteView tbs_content) {
  der::Reader fields(tbs_content);
  CERTWRIGHT_TRY(version_, read_certificate_version(fields));
  CERTWRIGHT_TRY(const ByteView serial, fields.read_integer("serialNumber"));
  if (serial.size() > kMaxSerialOctets)
    return fail(Errc::bad_encoding, "serialNumber: longer than 64 octets");
  serial_ = range_of(serial);
  CERTWRIGHT_TRY(const der::Element algorithm, fields.read(der::Tag::sequence, "signature"));
  signature_algorithm_ = range_of(algorithm.tlv);
  CERTWRIGHT_TRY(const der::Element issuer_name, fields.read(der::Tag::sequence, "issuer"));
  CERTWRIGHT_CHECK(Name::parse(issuer_name.tlv));
  issuer_ = range_of(issuer_name.tlv);
  CERTWRIGHT_TRY(der::Reader validity, fields.read_sequence("validity"));
  CERTWRIGHT_TRY(not_before_, validity.read_time("notBefore"));
  CERTWRIGHT_TRY(not_after_, validity.read_time("notAfter"));
  CERTWRIGHT_CHECK(validity.expect_end("validity"));
  CERTWRIGHT_TRY(const der::Element subject_name, fields.read(der::Tag::sequence, "subject"));
  CERTWRIGHT_CHECK(Name::parse(subject_name.tlv));
  subject_ = range_of(subject_name.tlv);
  CERTWRIGHT_TRY(const der::Element key, fields.read(der::Tag::sequence, "subjectPublicKeyInfo"));
  CERTWRIGHT_CHECK(SubjectPublicKeyInfo::parse(key.tlv));
  CERTWRIGHT_TRY(const ByteView key_bits, subject_public_key_bits(key.tlv));
  spki_ = range_of(key.tlv);
  key_bits_ = range_of(key_bits);
  CERTWRIGHT_CHECK(skip_unique_identifiers(fields, version_));
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(const der::Reader wrapped,
                   fields.read_constructed(der::context_constructed(3), "extensions"));
    if (version_ != 3) return fail(Errc::bad_encoding, "extensions: only in v3");
    CERTWRIGHT_TRY(extensions_, Extensions::parse(wrapped.rest()));
  }
  return fields.expect_end("tbsCertificate");
}

Result<SerialNumber> Certificate::serial_number() const {
  return SerialNumber::parse(serial_number_content());
}

Name Certificate::issuer() const { return Name::parse(issuer_tlv()).value_or(Name()); }
Name Certificate::subject() const { return Name::parse(subject_tlv()).value_or(Name()); }

bool Certificate::is_self_issued() const noexcept {
  return std::ranges::equal(issuer_tlv(), subject_tlv());
}

bool Certificate::is_ca() const noexcept {
  const Extension* const extension = find_extension(oids::kBasicConstraints);
  if (extension == nullptr) return false;
  const auto constraints = parse_basic_constraints(extension->value);
  return constraints && constraints->ca;
}

Bytes Certificate::subject_key_identifier() const {
  const Extension* const extension = find_extension(oids::kSubjectKeyIdentifier);
  if (extension == nullptr) return {};
  return parse_subject_key_identifier(extension->value).value_or(Bytes());
}

Bytes Certificate::authority_key_identifier() const {
  const Extension* const extension = find_extension(oids::kAuthorityKeyIdentifier);
  if (extension == nullptr) return {};
  auto identifier = parse_authority_key_identifier(extension->value);
  return identifier ? std::move(identifier->key_identifier) : Bytes();
}

Result<std::vector<GeneralName>> Certificate::subject_alt_names() const {
  const Extension* const extension = find_extension(oids::kSubjectAltName);
  if (extension == nullptr) return std::vector<GeneralName>();
  return parse_subject_alt_name(extension->value);
}

std::string Certificate::pem() const { return to_pem(kPemCertificate, der_); }

Result<std::vector<Certificate>> parse_certificates_pem(std::string_view pem) {
  CERTWRIGHT_TRY(std::vector<PemBlock> blocks, parse_pem(pem));
  if (blocks.size() > kMaxPemCertificates)
    return fail(Errc::too_large, fmt::format("PEM: more than {} blocks", kMaxPemCertificates));
  std::vector<Certificate> certificates;
  for (PemBlock& block : blocks) {
    if (block.label != kPemCertificate)
      return fail(Errc::bad_encoding,
                  fmt::format("PEM: {} where a CERTIFICATE belongs", block.label));
    CERTWRIGHT_TRY(Certificate certificate, Certificate::parse(std::move(block.der)));
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

}  // namespace certwright::x509
