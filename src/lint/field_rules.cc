#include <algorithm>

#include <fmt/format.h>

#include "lint/inspection.h"
#include "x509/certificate.h"
#include "x509/serial_number.h"

namespace certwright::lint {
namespace {

// Certificate = TBS + algorithm + signature; ML-DSA-87's signature, the largest that is usual, has
// 4,627 octets.
constexpr std::size_t kTbsOctetsMax = x509::Certificate::kMaxOctets - 6'000;

Complaint check_size(const Inspection& it) {
  if (it.tbs.tlv.size() <= kTbsOctetsMax) return {};
  return fmt::format("{} octets; at most {} leave room for a signature", it.tbs.tlv.size(),
                     kTbsOctetsMax);
}

Complaint check_version(const Inspection& it) {
  if (it.tbs.version == 2) return {};
  return fmt::format("version field {}, not 2", it.tbs.version);
}

bool serial_is_positive(ByteView content) {
  return (content[0] & 0x80) == 0 && !(content.size() == 1 && content[0] == 0);
}

Complaint check_serial_positive(const Inspection& it) {
  if (serial_is_positive(it.tbs.serial_number_content)) return {};
  return fmt::format("serial number {}", to_hex(it.tbs.serial_number_content));
}

Complaint check_serial_size(const Inspection& it) {
  if (it.tbs.serial_number_content.size() <= x509::SerialNumber::kMaxOctets) return {};
  return fmt::format("serial number of {} octets", it.tbs.serial_number_content.size());
}

Complaint check_serial_bits(const Inspection& it) {
  const ByteView content = it.tbs.serial_number_content;
  if (!serial_is_positive(content)) return {};  // another rule's business
  if (content.size() > 8 || (content.size() == 8 && (content[0] & 0xc0) != 0)) return {};
  return fmt::format("serial number {} cannot hold 64 random bits", to_hex(content));
}

Complaint check_signature_algorithm(const Inspection& it) {
  if (std::ranges::equal(it.tbs.signature_algorithm_tlv, it.context.expected_signature_algorithm))
    return {};
  return fmt::format("signature {}, expected {}", to_hex(it.tbs.signature_algorithm_tlv),
                     to_hex(it.context.expected_signature_algorithm));
}

Complaint check_issuer_not_empty(const Inspection& it) {
  if (it.tbs.issuer_tlv.size() > 2) return {};
  return "the issuer's name is empty";
}

Complaint check_validity_order(const Inspection& it) {
  if (it.tbs.not_before < it.tbs.not_after) return {};
  return fmt::format("notBefore {}, notAfter {}", to_rfc3339(it.tbs.not_before),
                     to_rfc3339(it.tbs.not_after));
}

Complaint check_time_form(const Inspection& it) {
  constexpr Time kYear2050{std::chrono::sys_days{std::chrono::year(2050) / 1 / 1}};
  const auto wrong = [&](der::Tag tag, Time time) {
    return tag == der::Tag::generalized_time && time < kYear2050;
  };
  if (wrong(it.tbs.not_before_tag, it.tbs.not_before))
    return fmt::format("notBefore {} as GeneralizedTime", to_rfc3339(it.tbs.not_before));
  if (wrong(it.tbs.not_after_tag, it.tbs.not_after))
    return fmt::format("notAfter {} as GeneralizedTime", to_rfc3339(it.tbs.not_after));
  return {};
}

Complaint check_subject_form(const Inspection& it) {
  if (!it.subject) {
    const auto parsed = x509::Name::parse(it.tbs.subject_tlv);
    return parsed ? std::string("malformed") : parsed.error().detail;
  }
  if (const auto checked = it.subject->check_characters(); !checked) return checked.error().detail;
  // The field has longer names than X.520 allows; whoever intercepts shows what the server shows.
  if (it.profile() != nullptr && it.profile()->interception) return {};
  if (const auto checked = it.subject->check_upper_bounds(); !checked) return checked.error().detail;
  return {};
}

Complaint check_subject_or_san(const Inspection& it) {
  if (!it.subject_empty() || it.is_ca()) return {};
  if (it.names.extension == nullptr) return "neither a subject nor a subjectAltName";
  if (!it.names.extension->critical) return "the subject is empty and subjectAltName not critical";
  return {};
}

Complaint check_ca_subject(const Inspection& it) {
  if (!it.subject_empty() || !it.is_ca()) return {};
  return "a CA with an empty subject";
}

Complaint check_expected_key(const Inspection& it) {
  if (std::ranges::equal(it.tbs.subject_public_key_info_tlv,
                         it.context.expected_subject_public_key_info))
    return {};
  return fmt::format("subjectPublicKeyInfo of {} octets is not the key that was checked, of {} octets",
                     it.tbs.subject_public_key_info_tlv.size(),
                     it.context.expected_subject_public_key_info.size());
}

Complaint check_unique_ids(const Inspection& it) {
  if (!it.tbs.has_unique_ids) return {};
  return "issuerUniqueID or subjectUniqueID is present";
}

constexpr RuleCheck kFieldRules[] = {
    {{"rfc5280.4.1.size", "the certificate will not exceed 64 KiB"}, check_size},
    {{"rfc5280.4.1.2.1.version_3", "the version is v3"}, check_version},
    {{"rfc5280.4.1.2.2.serial_positive", "the serial number is positive"}, check_serial_positive},
    {{"rfc5280.4.1.2.2.serial_size", "the serial number has at most 20 octets"}, check_serial_size},
    {{"certwright.serial_64_bits", "the serial number has room for 64 random bits"},
     check_serial_bits},
    {{"rfc5280.4.1.2.3.signature_expected", "signature is the algorithm the CA's key signs with"},
     check_signature_algorithm},
    {{"rfc5280.4.1.2.4.issuer_not_empty", "the issuer has a name"}, check_issuer_not_empty},
    {{"rfc5280.4.1.2.5.validity_order", "notBefore is before notAfter"}, check_validity_order},
    {{"rfc5280.4.1.2.5.time_form", "times up to 2049 are UTCTime, later ones GeneralizedTime"},
     check_time_form},
    {{"rfc5280.4.1.2.6.subject_form",
      "the subject is a Name within the upper bounds, without control or hidden characters"},
     check_subject_form},
    {{"rfc5280.4.1.2.6.subject_or_critical_san",
      "the subject is not empty, or there is a critical subjectAltName"},
     check_subject_or_san},
    {{"rfc5280.4.1.2.6.ca_subject", "the subject of a CA is not empty"}, check_ca_subject},
    {{"rfc5280.4.1.2.7.subject_public_key_expected",
      "subjectPublicKeyInfo is the key that was checked, byte for byte"},
     check_expected_key},
    {{"rfc5280.4.1.2.8.unique_ids_absent", "there are no unique identifiers"}, check_unique_ids},
};

}  // namespace

std::span<const RuleCheck> field_rules() noexcept { return kFieldRules; }

}  // namespace certwright::lint
