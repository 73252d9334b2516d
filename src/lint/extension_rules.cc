#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "lint/inspection.h"
#include "profile/interception.h"
#include "profile/key_usage.h"
#include "profile/shown.h"
#include "x509/oids.h"

namespace certwright::lint {
namespace {

namespace oids = x509::oids;
using x509::KeyUsageBit;

// What this CA writes by itself.
constexpr std::array<der::Oid, 10> kOwnExtensions = {
    oids::kBasicConstraints,       oids::kKeyUsage,
    oids::kExtKeyUsage,            oids::kSubjectKeyIdentifier,
    oids::kAuthorityKeyIdentifier, oids::kSubjectAltName,
    oids::kCrlDistributionPoints,  oids::kAuthorityInfoAccess,
    oids::kNameConstraints,        oids::kOcspNoCheck};

const profile::CopyRule* copy_rule(const Inspection& it, const der::Oid& oid) {
  if (it.profile() == nullptr) return nullptr;
  for (const profile::CopyRule& rule : it.profile()->copy_extensions)
    if (rule.oid == oid) return &rule;
  return nullptr;
}

bool is_foreign(const Inspection& it, const ExtensionView& extension) {
  return std::ranges::find(kOwnExtensions, extension.oid) == kOwnExtensions.end() &&
         copy_rule(it, extension.oid) == nullptr;
}

Complaint check_extension_once(const Inspection& it) {
  for (const ExtensionView& extension : it.tbs.extensions)
    if (it.tbs.find(extension.oid) != &extension)
      return fmt::format("extension {} comes twice", extension.oid.to_text());
  return {};
}

Complaint check_critical_known(const Inspection& it) {
  for (const ExtensionView& extension : it.tbs.extensions)
    if (extension.critical && is_foreign(it, extension))
      return fmt::format("critical extension {}", extension.oid.to_text());
  return {};
}

Complaint check_extension_listed(const Inspection& it) {
  for (const ExtensionView& extension : it.tbs.extensions)
    if (!extension.critical && is_foreign(it, extension))
      return fmt::format("extension {}", extension.oid.to_text());
  return {};
}

Complaint check_copied_size(const Inspection& it) {
  for (const ExtensionView& extension : it.tbs.extensions) {
    const profile::CopyRule* rule = copy_rule(it, extension.oid);
    if (rule != nullptr && extension.value.size() > rule->size_octets_max)
      return fmt::format("extension {} has {} octets; at most {} may be copied",
                         extension.oid.to_text(), extension.value.size(), rule->size_octets_max);
  }
  return {};
}

template <class T>
void note_malformed(const Parsed<T>& parsed, std::string_view name, std::string& text) {
  if (parsed.extension == nullptr || parsed.value) return;
  fmt::format_to(std::back_inserter(text), "{}{}: {}", text.empty() ? "" : "; ", name, parsed.error);
}

Complaint check_extension_form(const Inspection& it) {
  std::string text;
  note_malformed(it.basic_constraints, "basicConstraints", text);
  note_malformed(it.key_usage, "keyUsage", text);
  note_malformed(it.purposes, "extKeyUsage", text);
  note_malformed(it.names, "subjectAltName", text);
  note_malformed(it.subject_key_identifier, "subjectKeyIdentifier", text);
  note_malformed(it.authority_key_identifier, "authorityKeyIdentifier", text);
  note_malformed(it.crl_uris, "cRLDistributionPoints", text);
  note_malformed(it.access, "authorityInfoAccess", text);
  note_malformed(it.name_constraints, "nameConstraints", text);
  note_malformed(it.ocsp_nocheck, "ocsp-nocheck", text);
  if (text.empty()) return {};
  return text;
}

Complaint check_not_critical(const Inspection& it) {
  for (const auto& oid : {oids::kSubjectKeyIdentifier, oids::kAuthorityKeyIdentifier,
                          oids::kAuthorityInfoAccess, oids::kCrlDistributionPoints,
                          oids::kOcspNoCheck})
    if (const ExtensionView* extension = it.tbs.find(oid); extension != nullptr && extension->critical)
      return fmt::format("extension {} is critical", oid.to_text());
  return {};
}

Complaint check_subject_key_identifier(const Inspection& it) {
  if (it.subject_key_identifier.extension == nullptr) return "there is none";
  if (!it.subject_key_identifier.value) return {};
  const auto expected = crypto::sha1(it.tbs.subject_public_key_bits);
  if (std::ranges::equal(*it.subject_key_identifier.value, expected)) return {};
  return fmt::format("{}, but the key's SHA-1 is {}", to_hex(*it.subject_key_identifier.value),
                     to_hex(expected));
}

Complaint check_key_usage_critical(const Inspection& it) {
  if (it.key_usage.extension == nullptr) return "there is no keyUsage";
  if (!it.key_usage.extension->critical) return "keyUsage is not critical";
  return {};
}

Complaint check_key_usage_fits(const Inspection& it) {
  if (!it.key_usage.value || it.key_algorithm == nullptr) return {};
  // TLCP defines its own, whatever the key: profile.key_usage looks at it.
  if (it.profile() != nullptr && it.profile()->interception) return {};
  const x509::KeyUsage possible = profile::possible_key_usage(it.key_algorithm->family);
  const auto beyond = x509::KeyUsage::from_mask(
      static_cast<std::uint16_t>(it.key_usage.value->mask() & ~possible.mask()));
  if (beyond.empty()) return {};
  return fmt::format("{} with a key of type {}", fmt::join(x509::names_of(beyond), ", "),
                     it.key_algorithm->name);
}

Complaint check_cert_sign(const Inspection& it) {
  if (!it.key_usage.value) return {};
  if (it.basic_constraints.extension != nullptr && !it.basic_constraints.value) return {};
  const bool signs = it.key_usage.value->has(KeyUsageBit::key_cert_sign);
  if (signs == it.is_ca()) return {};
  return signs ? "keyCertSign without cA" : "cA without keyCertSign";
}

Complaint check_basic_constraints_critical(const Inspection& it) {
  if (!it.is_ca() || it.basic_constraints.extension->critical) return {};
  return "basicConstraints of a CA is not critical";
}

Complaint check_name_constraints(const Inspection& it) {
  const ExtensionView* extension = it.name_constraints.extension;
  if (extension == nullptr) return {};
  if (!it.is_ca()) return "nameConstraints in a certificate that is no CA's";
  if (!extension->critical) return "nameConstraints is not critical";
  return {};
}

Complaint check_names_form(const Inspection& it) {
  if (!it.names.value) return {};
  const bool intercepts = it.profile() != nullptr && it.profile()->interception;
  for (const x509::GeneralName& name : *it.names.value)
    if (intercepts && name.kind() == x509::GeneralName::Kind::dns) {
      if (!profile::is_interception_dns_name(name.text()))
        return fmt::format("{} is no host name", profile::shown(name.to_text()));
    } else if (const auto checked = name.check(); !checked)
      return fmt::format("{}: {}", profile::shown(name.to_text()), checked.error().detail);
  return {};
}

Complaint check_names_unique(const Inspection& it) {
  if (!it.names.value || it.names.value->size() < 2) return {};
  std::set<std::pair<x509::GeneralName::Kind, std::string_view>> seen;
  for (const x509::GeneralName& name : *it.names.value)
    if (!seen.emplace(name.kind(), as_text(name.octets())).second)
      return fmt::format("{} comes twice", profile::shown(name.to_text()));
  return {};
}

bool has_purpose(const Inspection& it, const der::Oid& purpose) {
  return it.purposes.value && std::ranges::find(*it.purposes.value, purpose) != it.purposes.value->end();
}

Complaint check_no_any_purpose(const Inspection& it) {
  if (!has_purpose(it, oids::kAnyExtendedKeyUsage)) return {};
  return "anyExtendedKeyUsage";
}

bool is_web_uri(std::string_view uri) {
  return (uri.starts_with("http://") || uri.starts_with("https://")) && x509::valid_absolute_uri(uri);
}

Complaint check_crl_uris(const Inspection& it) {
  if (!it.crl_uris.value) return {};
  if (it.crl_uris.value->empty()) return "no URI of a CRL";
  for (const std::string& uri : *it.crl_uris.value)
    if (!is_web_uri(uri)) return fmt::format("{} is no absolute http URI", profile::shown(uri));
  return {};
}

Complaint check_access_uris(const Inspection& it) {
  if (!it.access.value) return {};
  if (it.access.value->ocsp.empty() && it.access.value->ca_issuers.empty())
    return "neither a responder's URI nor the issuer's";
  for (const auto* list : {&it.access.value->ocsp, &it.access.value->ca_issuers})
    for (const std::string& uri : *list)
      if (!is_web_uri(uri)) return fmt::format("{} is no absolute http URI", profile::shown(uri));
  return {};
}

constexpr RuleCheck kExtensionRules[] = {
    {{"rfc5280.4.2.extension_once", "no extension comes twice"}, check_extension_once},
    {{"rfc5280.4.2.critical_known",
      "a critical extension is one this CA writes or the profile copies"},
     check_critical_known},
    {{"profile.extension_listed",
      "an extension is one this CA writes or the profile copies"},
     check_extension_listed},
    {{"profile.extension_size", "a copied extension is within its rule's size"}, check_copied_size},
    {{"rfc5280.4.2.extension_form", "every extension this CA writes has the form of its standard"},
     check_extension_form},
    {{"rfc5280.4.2.not_critical",
      "key identifiers, CRL and access URIs and ocsp-nocheck are not critical"},
     check_not_critical},
    {{"rfc5280.4.2.1.2.subject_key_identifier",
      "subjectKeyIdentifier is there and the SHA-1 of the key's bits"},
     check_subject_key_identifier},
    {{"rfc5280.4.2.1.3.key_usage_critical", "keyUsage is there and critical"},
     check_key_usage_critical},
    {{"rfc5280.4.2.1.3.key_usage_fits_key", "keyUsage is what the key's type can do"},
     check_key_usage_fits},
    {{"rfc5280.4.2.1.3.cert_sign_iff_ca", "keyCertSign is set if and only if cA is"},
     check_cert_sign},
    {{"rfc5280.4.2.1.9.critical_in_ca", "basicConstraints of a CA is critical"},
     check_basic_constraints_critical},
    {{"rfc5280.4.2.1.10.ca_and_critical", "nameConstraints is a CA's, and critical"},
     check_name_constraints},
    {{"rfc5280.4.2.1.6.name_form", "every subject alternative name is well formed for its type"},
     check_names_form},
    {{"certwright.name_once", "no subject alternative name comes twice"}, check_names_unique},
    {{"rfc5280.4.2.1.12.no_any_purpose", "extKeyUsage has no anyExtendedKeyUsage"},
     check_no_any_purpose},
    {{"rfc5280.4.2.1.13.crl_uris", "the URIs of CRLs are absolute http or https URIs"},
     check_crl_uris},
    {{"rfc5280.4.2.2.1.access_uris", "the URIs of authorityInfoAccess are absolute http or https URIs"},
     check_access_uris},
};

}  // namespace

std::span<const RuleCheck> extension_rules() noexcept { return kExtensionRules; }

}  // namespace certwright::lint
