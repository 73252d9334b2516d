#pragma once
// When a CA wants people to look before it issues: part of CaPolicy, JSON member "approval".
#include <cstdint>
#include <string>
#include <vector>

#include "clock/clock.h"

namespace certwright::ca {

// Requests that need nobody although the rule would want somebody: of this tenant, with at least one
// name, and with no name but these. Patterns as in a profile's name rules, each for names of its type only:
// exact text, or "*" for one or more characters, dots too ("*.acme.example" covers a.b.acme.example); for
// addresses "10.0.0.0/8" or one address. A request's wildcard names are never covered.
struct StandingRule {
  std::string tenant{};
  std::vector<std::string> dns{};  // JSON: also "names", as it was called before there were the others
  std::vector<std::string> ip{}, email{}, uri{};

  friend bool operator==(const StandingRule&, const StandingRule&) = default;
};

// A rule for some profiles of a CA. Certificates of CAs do not wait here: their approval is the right of the
// CA's administrator, and no rule is about them. Of a policy's rules the first that names the profile counts; a
// profile that none names needs no approval.
struct ApprovalRule {
  std::vector<std::string> profiles{};    // empty: every profile of the CA for end entities
  std::uint32_t officers = 1;           // how many must approve, 0 to kMaxOfficers; 0: none
  // Principals that count; empty: whoever may decide. A tenant's administrator makes accounts and gives roles
  // in that tenant, the approver's too: where the administrator must not be able to approve what it asked for
  // itself, name principals here, or want officers of the installation.
  std::vector<std::string> officers_of{};
  // Only principals who may decide in every tenant count: no tenant's administrator makes one of those.
  bool installation_officers = false;
  bool password = false;                // the CA's approval password stands for the officers
  bool renewals = false;                // an unchanged renewal needs approval too
  Seconds time_limit{7 * 86'400};       // undecided for so long: expired
  std::vector<StandingRule> automatic{};

  static constexpr std::uint32_t kMaxOfficers = 10;
  friend bool operator==(const ApprovalRule&, const ApprovalRule&) = default;
};

}  // namespace certwright::ca
