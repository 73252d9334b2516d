// Extensions of certificates, RFC 5280 section 4.2.
#include <array>
#include <bit>
#include <limits>

#include <fmt/format.h>

#include "der/reader.h"
#include "x509/extension.h"
#include "x509/oids.h"

namespace certwright::x509 {
namespace {

constexpr std::size_t kMaxListed = 64;  // purposes, policies, URIs

// Enters the one SEQUENCE that an extension's value is.
Result<der::Reader> enter_value(ByteView value, std::string_view what) {
  der::Reader outer(value);
  CERTWRIGHT_TRY(der::Reader fields, outer.read_sequence(what));
  CERTWRIGHT_CHECK(outer.expect_end(what));
  return fields;
}

Result<der::Reader> enter_list(ByteView value, std::string_view what) {
  CERTWRIGHT_TRY(der::Reader list, enter_value(value, what));
  if (list.at_end()) return fail(Errc::bad_encoding, fmt::format("{}: empty", what));
  return list;
}

Result<void> check_count(std::size_t count, std::string_view what) {
  if (count >= kMaxListed)
    return fail(Errc::too_large, fmt::format("{}: more than {}", what, kMaxListed));
  return {};
}

struct PurposeRow {
  der::Oid oid;
  std::string_view name;
};
constexpr std::array<PurposeRow, 7> kPurposes = {{
    {oids::kServerAuth, "serverAuth"},
    {oids::kClientAuth, "clientAuth"},
    {oids::kCodeSigning, "codeSigning"},
    {oids::kEmailProtection, "emailProtection"},
    {oids::kTimeStamping, "timeStamping"},
    {oids::kOcspSigning, "OCSPSigning"},
    {oids::kAnyExtendedKeyUsage, "anyExtendedKeyUsage"},
}};

constexpr std::array<std::string_view, 9> kKeyUsageNames = {
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly"};

}  // namespace

Result<BasicConstraints> parse_basic_constraints(ByteView value) {
  CERTWRIGHT_TRY(der::Reader fields, enter_value(value, "basicConstraints"));
  BasicConstraints constraints;
  if (fields.next_is(der::Tag::boolean)) {
    CERTWRIGHT_TRY(constraints.ca, fields.read_boolean("basicConstraints.cA"));
    if (!constraints.ca)
      return fail(Errc::bad_encoding, "basicConstraints.cA: FALSE is the default and left out");
  }
  if (!fields.at_end()) {
    CERTWRIGHT_TRY(const std::uint64_t length, fields.read_unsigned("pathLenConstraint"));
    if (!constraints.ca)
      return fail(Errc::bad_encoding, "pathLenConstraint: only a CA may have one");
    if (length > std::numeric_limits<std::uint32_t>::max())
      return fail(Errc::too_large, "pathLenConstraint: above 2^32-1");
    constraints.path_length = static_cast<std::uint32_t>(length);
  }
  CERTWRIGHT_CHECK(fields.expect_end("basicConstraints"));
  return constraints;
}

Bytes encode_basic_constraints(const BasicConstraints& constraints) {
  der::Writer writer(16);
  writer.sequence([&] {
    if (!constraints.ca) return;
    writer.boolean(true);
    if (constraints.path_length) writer.integer(*constraints.path_length);
  });
  return std::move(writer).take();
}

std::string_view name_of(KeyUsageBit bit) noexcept {
  return kKeyUsageNames[static_cast<std::size_t>(bit)];
}

std::optional<KeyUsageBit> key_usage_bit_from_name(std::string_view name) noexcept {
  if (name == "contentCommitment") return KeyUsageBit::content_commitment;
  for (std::uint8_t bit = 0; bit < kKeyUsageNames.size(); ++bit)
    if (kKeyUsageNames[bit] == name) return static_cast<KeyUsageBit>(bit);
  return std::nullopt;
}

std::vector<std::string_view> names_of(KeyUsage usage) {
  std::vector<std::string_view> names;
  for (std::uint8_t bit = 0; bit < kKeyUsageNames.size(); ++bit)
    if (usage.has(static_cast<KeyUsageBit>(bit))) names.push_back(kKeyUsageNames[bit]);
  return names;
}

Result<KeyUsage> parse_key_usage(ByteView value) {
  der::Reader reader(value);
  CERTWRIGHT_TRY(const der::BitString bits, reader.read_bit_string("keyUsage"));
  CERTWRIGHT_CHECK(reader.expect_end("keyUsage"));
  if (bits.octets.empty()) return fail(Errc::bad_encoding, "keyUsage: no bit is set");
  if ((bits.octets.back() >> bits.unused_bits & 1) == 0)
    return fail(Errc::bad_encoding, "keyUsage: trailing zero bits");
  unsigned mask = 0;
  for (std::size_t i = 0; i < bits.octets.size() * 8; ++i) {
    if ((bits.octets[i / 8] >> (7 - i % 8) & 1) == 0) continue;
    if (i > 8) return fail(Errc::bad_encoding, "keyUsage: a bit that RFC 5280 does not define");
    mask |= 1U << i;
  }
  return KeyUsage::from_mask(static_cast<std::uint16_t>(mask));
}

Bytes encode_key_usage(KeyUsage usage) {
  der::Writer writer(8);
  writer.named_bits(usage.mask());
  return std::move(writer).take();
}

Result<std::vector<der::Oid>> parse_ext_key_usage(ByteView value) {
  CERTWRIGHT_TRY(der::Reader list, enter_list(value, "extKeyUsage"));
  std::vector<der::Oid> purposes;
  while (!list.at_end()) {
    CERTWRIGHT_CHECK(check_count(purposes.size(), "extKeyUsage"));
    CERTWRIGHT_TRY(const der::Oid purpose, list.read_oid("keyPurposeId"));
    purposes.push_back(purpose);
  }
  return purposes;
}

Bytes encode_ext_key_usage(const std::vector<der::Oid>& purposes) {
  der::Writer writer(64);
  writer.sequence([&] {
    for (const der::Oid& purpose : purposes) writer.oid(purpose);
  });
  return std::move(writer).take();
}

std::string ext_key_usage_name(const der::Oid& purpose) {
  for (const PurposeRow& row : kPurposes)
    if (row.oid == purpose) return std::string(row.name);
  return purpose.to_text();
}

Result<der::Oid> ext_key_usage_from_name(std::string_view name) {
  for (const PurposeRow& row : kPurposes)
    if (row.name == name) return row.oid;
  return der::Oid::from_text(name);
}

Result<Bytes> parse_subject_key_identifier(ByteView value) {
  der::Reader reader(value);
  CERTWRIGHT_TRY(const ByteView identifier, reader.read_octet_string("subjectKeyIdentifier"));
  CERTWRIGHT_CHECK(reader.expect_end("subjectKeyIdentifier"));
  return to_bytes(identifier);
}

Bytes encode_subject_key_identifier(ByteView key_identifier) {
  der::Writer writer(key_identifier.size() + 4);
  writer.octet_string(key_identifier);
  return std::move(writer).take();
}

Result<AuthorityKeyIdentifier> parse_authority_key_identifier(ByteView value) {
  CERTWRIGHT_TRY(der::Reader fields, enter_value(value, "authorityKeyIdentifier"));
  AuthorityKeyIdentifier identifier;
  if (fields.next_is(der::context(0))) {
    CERTWRIGHT_TRY(const der::Element key, fields.read(der::context(0), "keyIdentifier"));
    identifier.key_identifier = to_bytes(key.content);
  }
  if (fields.next_is(der::context_constructed(1))) {
    CERTWRIGHT_TRY(const der::Reader names,
                   fields.read_constructed(der::context_constructed(1), "authorityCertIssuer"));
    CERTWRIGHT_TRY(identifier.cert_issuer, parse_general_names_content(names));
    CERTWRIGHT_TRY(const der::Element serial,
                   fields.read(der::context(2), "authorityCertSerialNumber"));
    CERTWRIGHT_CHECK(der::check_integer(serial.content));
    identifier.cert_serial_number = to_bytes(serial.content);
  }
  CERTWRIGHT_CHECK(fields.expect_end("authorityKeyIdentifier"));
  return identifier;
}

Bytes encode_authority_key_identifier(ByteView key_identifier) {
  der::Writer writer(key_identifier.size() + 8);
  writer.sequence([&] { writer.primitive(der::context(0), key_identifier); });
  return std::move(writer).take();
}

Result<std::vector<GeneralName>> parse_subject_alt_name(ByteView value) {
  return parse_general_names(value);
}

Bytes encode_subject_alt_name(const std::vector<GeneralName>& names) {
  der::Writer writer(64);
  writer.sequence([&] {
    for (const GeneralName& name : names) name.write(writer);
  });
  return std::move(writer).take();
}

Result<AuthorityInfoAccess> parse_authority_info_access(ByteView value) {
  CERTWRIGHT_TRY(der::Reader list, enter_list(value, "authorityInfoAccess"));
  AuthorityInfoAccess access;
  for (std::size_t count = 0; !list.at_end(); ++count) {
    CERTWRIGHT_CHECK(check_count(count, "authorityInfoAccess"));
    CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("accessDescription"));
    CERTWRIGHT_TRY(const der::Oid method, fields.read_oid("accessMethod"));
    CERTWRIGHT_TRY(const GeneralName location, GeneralName::parse(fields));
    CERTWRIGHT_CHECK(fields.expect_end("accessDescription"));
    if (location.kind() != GeneralName::Kind::uri) continue;
    if (method == oids::kAccessOcsp) access.ocsp.emplace_back(location.text());
    if (method == oids::kAccessCaIssuers) access.ca_issuers.emplace_back(location.text());
  }
  return access;
}

Bytes encode_authority_info_access(const AuthorityInfoAccess& access) {
  der::Writer writer(128);
  const auto describe = [&](const der::Oid& method, const std::string& uri) {
    writer.sequence([&] {
      writer.oid(method);
      writer.string(der::context(6), uri);
    });
  };
  writer.sequence([&] {
    for (const std::string& uri : access.ocsp) describe(oids::kAccessOcsp, uri);
    for (const std::string& uri : access.ca_issuers) describe(oids::kAccessCaIssuers, uri);
  });
  return std::move(writer).take();
}

namespace {

Result<std::vector<GeneralName>> parse_subtrees(der::Reader list) {
  if (list.at_end()) return fail(Errc::bad_encoding, "generalSubtrees: empty");
  std::vector<GeneralName> bases;
  while (!list.at_end()) {
    if (bases.size() == kMaxGeneralNames) return fail(Errc::too_large, "generalSubtrees: too many");
    CERTWRIGHT_TRY(der::Reader subtree, list.read_sequence("generalSubtree"));
    CERTWRIGHT_TRY(GeneralName base, GeneralName::parse(subtree));
    CERTWRIGHT_CHECK(subtree.expect_end("generalSubtree"));
    bases.push_back(std::move(base));
  }
  return bases;
}

}  // namespace

Result<NameConstraints> parse_name_constraints(ByteView value) {
  CERTWRIGHT_TRY(der::Reader fields, enter_list(value, "nameConstraints"));
  NameConstraints constraints;
  if (fields.next_is(der::context_constructed(0))) {
    CERTWRIGHT_TRY(const der::Reader list,
                   fields.read_constructed(der::context_constructed(0), "permittedSubtrees"));
    CERTWRIGHT_TRY(constraints.permitted, parse_subtrees(list));
  }
  if (fields.next_is(der::context_constructed(1))) {
    CERTWRIGHT_TRY(const der::Reader list,
                   fields.read_constructed(der::context_constructed(1), "excludedSubtrees"));
    CERTWRIGHT_TRY(constraints.excluded, parse_subtrees(list));
  }
  CERTWRIGHT_CHECK(fields.expect_end("nameConstraints"));
  return constraints;
}

Bytes encode_name_constraints(const NameConstraints& constraints) {
  der::Writer writer;
  const auto subtrees = [&](std::uint8_t number, const std::vector<GeneralName>& bases) {
    if (bases.empty()) return;
    writer.nested(der::context_constructed(number), [&] {
      for (const GeneralName& base : bases) writer.sequence([&] { base.write(writer); });
    });
  };
  writer.sequence([&] {
    subtrees(0, constraints.permitted);
    subtrees(1, constraints.excluded);
  });
  return std::move(writer).take();
}

namespace {

// SEQUENCE OF PolicyQualifierInfo: an OID and what it defines.
Result<void> check_policy_qualifiers(der::Reader list) {
  if (list.at_end()) return fail(Errc::bad_encoding, "policyQualifiers: empty");
  while (!list.at_end()) {
    CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("policyQualifierInfo"));
    CERTWRIGHT_CHECK(fields.read_oid("policyQualifierId"));
    CERTWRIGHT_TRY(const der::Element qualifier, fields.read_any("qualifier"));
    CERTWRIGHT_CHECK(der::check_element(qualifier, "qualifier"));
    CERTWRIGHT_CHECK(fields.expect_end("policyQualifierInfo"));
  }
  return {};
}

}  // namespace

Result<std::vector<der::Oid>> parse_certificate_policies(ByteView value) {
  CERTWRIGHT_TRY(der::Reader list, enter_list(value, "certificatePolicies"));
  std::vector<der::Oid> policies;
  while (!list.at_end()) {
    CERTWRIGHT_CHECK(check_count(policies.size(), "certificatePolicies"));
    CERTWRIGHT_TRY(der::Reader fields, list.read_sequence("policyInformation"));
    CERTWRIGHT_TRY(const der::Oid policy, fields.read_oid("policyIdentifier"));
    if (!fields.at_end()) {
      CERTWRIGHT_TRY(const der::Reader qualifiers, fields.read_sequence("policyQualifiers"));
      CERTWRIGHT_CHECK(check_policy_qualifiers(qualifiers));
    }
    CERTWRIGHT_CHECK(fields.expect_end("policyInformation"));
    for (const der::Oid& earlier : policies)
      if (earlier == policy)
        return fail(Errc::bad_encoding, "certificatePolicies: a policy comes twice");
    policies.push_back(policy);
  }
  return policies;
}

Bytes encode_certificate_policies(const std::vector<der::Oid>& policies) {
  der::Writer writer(64);
  writer.sequence([&] {
    for (const der::Oid& policy : policies) writer.sequence([&] { writer.oid(policy); });
  });
  return std::move(writer).take();
}

Result<void> parse_ocsp_nocheck(ByteView value) {
  der::Reader reader(value);
  CERTWRIGHT_CHECK(reader.read_null("ocsp-nocheck"));
  return reader.expect_end("ocsp-nocheck");
}

Bytes encode_ocsp_nocheck() { return {0x05, 0x00}; }

}  // namespace certwright::x509
