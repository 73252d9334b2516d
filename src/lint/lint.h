#pragma once
// The last look before a key is used: is this TBSCertificate what RFC 5280 and its profile allow?
// Works on the encoded bytes, parsed anew, so that a mistake of the builder cannot hide in its structs.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "errors/result.h"
#include "lint/issuers_above.h"
#include "profile/profile.h"
#include "x509/certificate.h"

namespace certwright::lint {

struct Finding {
  std::string rule;    // stable, for logs and audit: "rfc5280.4.1.2.2.serial_positive", "profile.validity_max"
  std::string detail;  // one sentence for a person, with the value
};

struct Context {
  const profile::Profile* profile = nullptr;        // of the certificate; null: no `profile.` rules
  const x509::Certificate* issuer = nullptr;        // null for a self-signed root
  const IssuersAbove* above = nullptr;              // of the issuer; null: only the issuer is looked at
  ByteView expected_subject_public_key_info;        // the key that was checked; must be the one inside
  ByteView expected_signature_algorithm;            // TLV
  Time now{};
};

struct Rule {
  std::string_view id;     // Finding::rule
  std::string_view wants;  // what the rule wants, for people
};
// Every rule there is, in the order they are applied. Valid for ever.
std::span<const Rule> rules() noexcept;

// Of context.issuer validity, path length, key usage, name constraints and extended key usage are looked
// at; of the CAs above, validity, name constraints and extended key usage, which bind everything below.
// Empty: nothing found. Every finding is fatal: the caller does not sign. Never throws; a TBS that
// does not parse is one finding. May be called from any thread.
std::vector<Finding> lint_tbs_certificate(ByteView tbs_tlv, const Context& context);

// For error messages and audit: "rule: detail; rule: detail".
std::string to_text(const std::vector<Finding>& findings);

}  // namespace certwright::lint
