#pragma once
// What the rules look at: the octets read once, for all of them.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "crypto/algorithm.h"
#include "lint/lint.h"
#include "lint/tbs_view.h"
#include "x509/extension.h"
#include "x509/general_name.h"
#include "x509/name.h"

namespace certwright::lint {

// An extension's value. Rules about what it says look at `value` only, so that one mistake is one
// finding: that it does not parse is the business of rfc5280.4.2.extension_form alone.
template <class T>
struct Parsed {
  const ExtensionView* extension = nullptr;  // null if absent
  std::optional<T> value;                    // none if absent or malformed
  std::string error;                         // why it is malformed
};

struct Inspection {
  Inspection(const Context& about, TbsView view) : context(about), tbs(std::move(view)) {}

  const Context& context;
  TbsView tbs;
  std::optional<x509::Name> subject;               // none if malformed
  const crypto::KeyAlgorithm* key_algorithm = nullptr;  // null if crypto does not know it
  Parsed<x509::BasicConstraints> basic_constraints;
  Parsed<x509::KeyUsage> key_usage;
  Parsed<std::vector<der::Oid>> purposes;
  Parsed<std::vector<x509::GeneralName>> names;
  Parsed<Bytes> subject_key_identifier;
  Parsed<x509::AuthorityKeyIdentifier> authority_key_identifier;
  Parsed<std::vector<std::string>> crl_uris;
  Parsed<x509::AuthorityInfoAccess> access;
  Parsed<x509::NameConstraints> name_constraints;
  Parsed<bool> ocsp_nocheck;  // true where present

  const profile::Profile* profile() const noexcept { return context.profile; }
  const x509::Certificate* issuer() const noexcept { return context.issuer; }
  bool subject_empty() const noexcept { return subject && subject->empty(); }
  bool is_ca() const noexcept { return basic_constraints.value && basic_constraints.value->ca; }
};

// Errors: as parse_tbs(). `context` and the octets must outlive the result.
Result<Inspection> inspect(ByteView tbs_tlv, const Context& context);

// A rule at work: what is wrong, in one sentence with the value, or nothing.
using Complaint = std::optional<std::string>;
struct RuleCheck {
  Rule rule;
  Complaint (*check)(const Inspection&);
};

// The rules by what they are about. Constants.
std::span<const RuleCheck> field_rules() noexcept;      // serial, names, validity, key
std::span<const RuleCheck> extension_rules() noexcept;  // RFC 5280 section 4.2 by itself
std::span<const RuleCheck> issuer_rules() noexcept;     // against the issuer's certificate
std::span<const RuleCheck> profile_rules() noexcept;    // against the profile

}  // namespace certwright::lint
