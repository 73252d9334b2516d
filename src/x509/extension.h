#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/oid.h"
#include "der/writer.h"
#include "x509/general_name.h"
#include "x509/revocation_reason.h"

namespace certwright::x509 {

// Extension, RFC 5280 section 4.1. `value` is what the OCTET STRING holds, the DER of the
// extension's own type.
struct Extension {
  der::Oid oid;
  bool critical = false;
  Bytes value;

  friend bool operator==(const Extension&, const Extension&) = default;
};

// Extensions: a list in which no OID is twice.
class Extensions {
 public:
  static constexpr std::size_t kMaxCount = 64;

  Extensions() = default;
  // Reads SEQUENCE SIZE (1..MAX) OF Extension. Does not look into the values.
  // Errors: bad_encoding, also for an OID that comes twice and for `critical FALSE` written out;
  // too_large above kMaxCount.
  static Result<Extensions> parse(ByteView tlv);

  // Appends. Errors: conflict if the OID is there already; too_large.
  Result<void> add(Extension extension);
  const Extension* find(const der::Oid& oid) const noexcept;
  bool empty() const noexcept { return list_.empty(); }
  std::size_t size() const noexcept { return list_.size(); }
  auto begin() const noexcept { return list_.begin(); }
  auto end() const noexcept { return list_.end(); }
  // Writes the SEQUENCE; nothing is written if there are none and the grammar forbids an empty one.
  void write(der::Writer& writer) const;

  friend bool operator==(const Extensions&, const Extensions&) = default;

 private:
  std::vector<Extension> list_;
};

// Below, one pair per extension: parse_x(ByteView value) reads Extension::value, encode_x(...)
// makes one. Parsers are strict DER and check the grammar of RFC 5280; errors: bad_encoding,
// too_large. Encoders assume what the field comments ask for and do not fail.

// 4.2.1.9
struct BasicConstraints {
  bool ca = false;
  std::optional<std::uint32_t> path_length;  // only with ca
  friend bool operator==(const BasicConstraints&, const BasicConstraints&) = default;
};
Result<BasicConstraints> parse_basic_constraints(ByteView value);
Bytes encode_basic_constraints(const BasicConstraints& constraints);

// 4.2.1.3; the enumerators are the named bits' numbers.
enum class KeyUsageBit : std::uint8_t {
  digital_signature = 0,
  content_commitment = 1,  // nonRepudiation
  key_encipherment = 2,
  data_encipherment = 3,
  key_agreement = 4,
  key_cert_sign = 5,
  crl_sign = 6,
  encipher_only = 7,
  decipher_only = 8,
};
class KeyUsage {
 public:
  constexpr KeyUsage() = default;
  constexpr KeyUsage(std::initializer_list<KeyUsageBit> bits) {
    for (const KeyUsageBit bit : bits) set(bit);
  }
  static constexpr KeyUsage from_mask(std::uint16_t mask) {  // bit n is named bit n; others dropped
    KeyUsage usage;
    usage.mask_ = mask & 0x1ff;
    return usage;
  }
  constexpr bool has(KeyUsageBit bit) const {
    return (mask_ >> static_cast<unsigned>(bit) & 1) != 0;
  }
  constexpr void set(KeyUsageBit bit) {
    mask_ = static_cast<std::uint16_t>(mask_ | 1U << static_cast<unsigned>(bit));
  }
  constexpr bool empty() const { return mask_ == 0; }
  constexpr std::uint16_t mask() const { return mask_; }
  friend constexpr bool operator==(KeyUsage, KeyUsage) = default;

 private:
  std::uint16_t mask_ = 0;
};
// Names of RFC 5280: "digitalSignature", "nonRepudiation", ...
std::string_view name_of(KeyUsageBit bit) noexcept;
// Also accepts "contentCommitment".
std::optional<KeyUsageBit> key_usage_bit_from_name(std::string_view name) noexcept;
std::vector<std::string_view> names_of(KeyUsage usage);
// At least one bit, as RFC 5280 wants; unknown bits are refused.
Result<KeyUsage> parse_key_usage(ByteView value);
Bytes encode_key_usage(KeyUsage usage);

// 4.2.1.12. Not empty; at most 64.
Result<std::vector<der::Oid>> parse_ext_key_usage(ByteView value);
Bytes encode_ext_key_usage(const std::vector<der::Oid>& purposes);
// "serverAuth", "clientAuth", "codeSigning", "emailProtection", "timeStamping", "OCSPSigning",
// "anyExtendedKeyUsage", else dotted text; and back.
std::string ext_key_usage_name(const der::Oid& purpose);
Result<der::Oid> ext_key_usage_from_name(std::string_view name);

// 4.2.1.2
Result<Bytes> parse_subject_key_identifier(ByteView value);
Bytes encode_subject_key_identifier(ByteView key_identifier);

// 4.2.1.1
struct AuthorityKeyIdentifier {
  Bytes key_identifier;                  // empty if absent
  std::vector<GeneralName> cert_issuer;  // both or neither
  Bytes cert_serial_number;              // INTEGER content
};
Result<AuthorityKeyIdentifier> parse_authority_key_identifier(ByteView value);
// The keyIdentifier form, the only one this CA writes.
Bytes encode_authority_key_identifier(ByteView key_identifier);

// 4.2.1.6; also for issuerAltName. Not empty.
Result<std::vector<GeneralName>> parse_subject_alt_name(ByteView value);
Bytes encode_subject_alt_name(const std::vector<GeneralName>& names);

// 4.2.1.13. The URIs of all full names, in order; other names, reasons and cRLIssuer are checked
// for form and dropped. Encoding: one DistributionPoint per URI.
Result<std::vector<std::string>> parse_crl_distribution_points(ByteView value);
Bytes encode_crl_distribution_points(const std::vector<std::string>& uris);

// 4.2.2.1; other access methods and locations that are no URIs are checked for form and dropped.
struct AuthorityInfoAccess {
  std::vector<std::string> ocsp;
  std::vector<std::string> ca_issuers;
  friend bool operator==(const AuthorityInfoAccess&, const AuthorityInfoAccess&) = default;
};
Result<AuthorityInfoAccess> parse_authority_info_access(ByteView value);
Bytes encode_authority_info_access(const AuthorityInfoAccess& access);

// 4.2.1.10; minimum is 0 and maximum absent, as RFC 5280 wants. At least one list is not empty.
struct NameConstraints {
  std::vector<GeneralName> permitted;
  std::vector<GeneralName> excluded;
  friend bool operator==(const NameConstraints&, const NameConstraints&) = default;
};
Result<NameConstraints> parse_name_constraints(ByteView value);
Bytes encode_name_constraints(const NameConstraints& constraints);

// 4.2.1.4; the policies' OIDs, none twice; qualifiers are checked for form and dropped.
Result<std::vector<der::Oid>> parse_certificate_policies(ByteView value);
Bytes encode_certificate_policies(const std::vector<der::Oid>& policies);

// RFC 6960 section 4.2.2.2.1: NULL.
Result<void> parse_ocsp_nocheck(ByteView value);
Bytes encode_ocsp_nocheck();

// 5.2.3 and 5.2.4: INTEGER content, non-negative, at most 20 octets. encode_* take the number.
Result<Bytes> parse_crl_number(ByteView value);
// As a number. Errors: also too_large above 2^63-1.
Result<std::uint64_t> parse_crl_number_u64(ByteView value);
Bytes encode_crl_number(std::uint64_t number);
Result<Bytes> parse_delta_crl_indicator(ByteView value);

// 5.2.5
struct IssuingDistributionPoint {
  std::vector<std::string> uris;  // of distributionPoint's fullName
  bool only_contains_user_certs = false;
  bool only_contains_ca_certs = false;
  bool indirect_crl = false;
  bool only_contains_attribute_certs = false;
  bool only_some_reasons = false;
  friend bool operator==(const IssuingDistributionPoint&,
                         const IssuingDistributionPoint&) = default;
};
Result<IssuingDistributionPoint> parse_issuing_distribution_point(ByteView value);
// Writes the URIs and the first two flags; at most one of these is set. Not everything empty.
Bytes encode_issuing_distribution_point(const IssuingDistributionPoint& point);

// 5.3.1
Result<RevocationReason> parse_reason_code(ByteView value);
Bytes encode_reason_code(RevocationReason reason);

// 5.3.2
Result<Time> parse_invalidity_date(ByteView value);
Bytes encode_invalidity_date(Time date);

}  // namespace certwright::x509
