#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ca/approval_rule.h"
#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::ca {

// What an operator decides about one CA. Kept as a JSON document in store::CaRecord::policy.
struct CaPolicy {
  // Base of the URLs written into certificates, without a trailing slash: "http://pki.example:8080".
  // Empty: issued certificates carry no CRL distribution point and no authorityInfoAccess.
  std::string public_url;
  bool ocsp = true;               // answered here, and its URL is written into certificates
  std::uint32_t crl_shards = 1;   // 1: one full CRL without issuingDistributionPoint; at most 1024
  Seconds crl_period{std::chrono::hours(24)};        // nextUpdate - thisUpdate
  Seconds crl_refresh{std::chrono::hours(12)};       // rebuilt at least this often, if nothing changed
  Seconds ocsp_period{std::chrono::hours(1)};        // nextUpdate - thisUpdate of an answer
  std::vector<std::string> tenants{"*"};  // who may be served: ids, or "*"
  std::vector<std::string> profiles;      // attached profiles; "*" is not allowed
  std::vector<ApprovalRule> approval;     // which requests people must approve; none: no request

  friend bool operator==(const CaPolicy&, const CaPolicy&) = default;
};

// Errors: bad_encoding; invalid with the field, also for unknown members and values out of range.
Result<CaPolicy> parse_ca_policy(std::string_view json_text);
// What is stored: without approval rules as older versions wrote it, without "approval".
std::string write_ca_policy(const CaPolicy& policy);

// An operator's document in the place of the whole policy: also refuses one without public_url, tenants,
// profiles or approval. Left out by mistake, their defaults open a CA to every tenant without approval.
Result<CaPolicy> parse_whole_ca_policy(std::string_view json_text);
// `present`, with each member of the document in the place of its own. Also refuses a member that is null:
// nobody knows whether it is to go or to stay.
Result<CaPolicy> change_ca_policy(const CaPolicy& present, std::string_view json_text);
// A document that both take: every member, also an empty "approval".
std::string write_whole_ca_policy(const CaPolicy& policy);

}  // namespace certwright::ca
