#pragma once
// The last look before a key is used: is this TBSCertificate what RFC 5280 and its profile allow?
// Works on the encoded bytes, parsed anew, so that a mistake of the builder cannot hide in its structs.
#include <string>
#include <vector>

#include "bytes/bytes.h"
#include "errors/result.h"
#include "profile/profile.h"
#include "x509/certificate.h"

namespace certwright::lint {

struct Finding {
  std::string rule;    // stable, for logs and audit: "rfc5280.4.1.2.2.serial_positive", "profile.validity_max"
  std::string detail;  // one sentence for a person, with the value
};

struct Context {
  const profile::Profile* profile = nullptr;        // of the certificate; must outlive the call
  const x509::Certificate* issuer = nullptr;        // null for a self-signed root
  ByteView expected_subject_public_key_info;        // the key that was checked; must be the one inside
  ByteView expected_signature_algorithm;            // TLV
  Time now{};
};

// Empty: nothing found. Every finding is fatal: the caller does not sign. Never throws; a TBS that
// does not parse is one finding.
std::vector<Finding> lint_tbs_certificate(ByteView tbs_tlv, const Context& context);

// For error messages and audit: "rule: detail; rule: detail".
std::string to_text(const std::vector<Finding>& findings);

}  // namespace certwright::lint
