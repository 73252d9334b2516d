#pragma once
// When a CA wants people to look before it issues: part of CaPolicy, JSON member "approval".
#include <cstdint>
#include <string>
#include <vector>

#include "clock/clock.h"

namespace certwright::ca {

// Requests that need nobody although the rule would want somebody: of this tenant, with at least one
// name, and with no name but these. Patterns as in a profile's name rules: exact text, or "*" for one or
// more characters; a request's wildcard names are never covered.
struct StandingRule {
  std::string tenant{};
  std::vector<std::string> names{};

  friend bool operator==(const StandingRule&, const StandingRule&) = default;
};

// A rule for some profiles of a CA. Of a policy's rules the first that names the profile counts; a
// profile that none names needs no approval.
struct ApprovalRule {
  std::vector<std::string> profiles{};    // empty: every profile of the CA
  std::uint32_t officers = 1;           // how many must approve, 0 to kMaxOfficers; 0: none
  std::vector<std::string> officers_of{}; // principals that count; empty: whoever may decide
  bool password = false;                // the CA's approval password stands for the officers
  bool renewals = false;                // an unchanged renewal needs approval too
  Seconds time_limit{7 * 86'400};       // undecided for so long: expired
  std::vector<StandingRule> automatic{};

  static constexpr std::uint32_t kMaxOfficers = 10;
  friend bool operator==(const ApprovalRule&, const ApprovalRule&) = default;
};

}  // namespace certwright::ca
