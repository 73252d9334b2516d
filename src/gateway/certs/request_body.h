#pragma once
// What clients of the certs service send.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "errors/result.h"
#include "json/value.h"
#include "pkcs10/certification_request.h"
#include "profile/build.h"
#include "x509/general_name.h"
#include "x509/revocation_reason.h"

namespace certwright::gateway::certs {

inline constexpr std::string_view kDefaultProfile = "tls-server-client";

// The body of POST /certs/issue/...: every member is optional.
struct IssueBody {
  std::vector<profile::SubjectAttribute> subject;  // with common_name always
  std::vector<x509::GeneralName> names;            // each once
  std::optional<Seconds> validity;
  std::string key_type;  // empty: the profile's first
  std::string profile{kDefaultProfile};
  std::string ca;  // empty: any
};

// `common_name` is used where the body gives none: the entity's id. IP addresses become iPAddress,
// never dNSName. Errors: invalid with the field, for unknown members too; too_large.
Result<IssueBody> read_issue_body(const json::Value& document, std::string_view common_name);

// The body of POST /certs/csrs/{entityID}: {"csr": PEM}, and optionally "ttl", "profile", "ca".
struct CsrBody {
  pkcs10::CertificationRequest request;
  std::optional<Seconds> validity;
  std::string profile{kDefaultProfile};
  std::string ca;
};
// Errors: as above; bad_encoding for a PEM or a request that cannot be read.
Result<CsrBody> read_csr_body(const json::Value& document);

// {"reason": "keyCompromise"}; unspecified where there is none. Errors: invalid.
Result<x509::RevocationReason> read_revocation_body(const json::Value& document);

// A certificate's lifetime as Go writes durations: "8760h", "1h30m". Errors: invalid with the field
// "ttl" for text that is none, for zero, and for what is negative or absurdly long.
Result<Seconds> read_ttl(std::string_view text);

// RFC 3339 date-time, e.g. "2024-05-03T13:33:29.405109Z" or "...+02:00"; digits after the sixth of
// a second are dropped. Errors: bad_encoding with `field`.
Result<Time> read_time(std::string_view field, std::string_view text);

}  // namespace certwright::gateway::certs
