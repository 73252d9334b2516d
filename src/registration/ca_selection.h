#pragma once
// Which CA suits a request that names none: a pure function from facts to a scored, explained choice.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"
#include "ca/ca_directory.h"
#include "registration/profile_directory.h"

namespace certwright::registration {

// A tenant's wishes about one CA. What is left empty says nothing. The first rule of a CA counts.
struct SelectionRule {
  std::string ca{};
  std::vector<std::string> purposes{};   // purpose categories, as the tenant names them: "web", "vpn"
  std::vector<std::string> emails{};     // "@example.com" (also of its subdomains), or whole addresses
  std::vector<std::string> networks{};   // "10.0.0.0/8", "2001:db8::/32", or addresses
  std::vector<std::string> key_types{};  // crypto's names, or families: "rsa", "ecdsa", "ed25519"
  bool required = false;               // true: what is said and not met excludes the CA

  friend bool operator==(const SelectionRule&, const SelectionRule&) = default;
};

// A tenant's configuration; kept as a JSON document in the setting selection_setting(tenant).
struct SelectionPolicy {
  // Points for a criterion that a rule states and the request meets.
  int purpose_points = 40, email_points = 30, network_points = 20, key_type_points = 10;
  // For a CA that lasts at least twice as long as what is asked for; half of it for one that only
  // just suffices. None for one that gives not the usual profile (tls-server-client) to a request that says
  // nothing of what it is for.
  int lifetime_points = 10;
  Seconds remaining_min{};  // a CA that ends sooner is not chosen
  std::vector<SelectionRule> rules{};

  friend bool operator==(const SelectionPolicy&, const SelectionPolicy&) = default;
};

// Errors: bad_encoding; invalid with the field, also for unknown members; too_large.
Result<SelectionPolicy> parse_selection_policy(std::string_view json_text);
// For the CAs that there are now: a rule is for an issuing CA that serves the tenant, of a CA there is one, and
// its key types exist. Errors: invalid with the field; a CA of other tenants looks like none.
Result<void> check_selection_policy(const SelectionPolicy& policy, std::string_view tenant, const ca::CaDirectory& cas);
// A key algorithm's name, or the family that begins it.
bool is_key_type(std::string_view text);
std::string write_selection_policy(const SelectionPolicy& policy);
std::string selection_setting(std::string_view tenant);  // "ca-selection:<tenant>"

// The authenticated facts (DESIGN invariant 7): nothing here is what the requester merely claims,
// but for purpose, profile and validity, which are its wishes.
struct SelectionFacts {
  const access::Principal& principal;  // tenant, e-mail and roles come from it
  std::string tenant{};                  // one of the principal's
  std::string purpose{};                 // category; empty: none
  std::string profile{};                 // one that the CA must have attached; empty: decided afterwards
  std::vector<std::string> extensions{}; // server_auth, ...: the CA must have a profile that gives them
  std::string client_address{};          // the socket's peer
  std::string key_type{};                // crypto's name: "rsa-2048"; empty: not known yet
  std::optional<Seconds> validity{};
};

struct SelectionCandidate {
  std::string ca{};
  bool excluded = false;
  int points = 0;
  std::vector<std::string> reasons{};  // "purpose \"web\" is one of its rule's (+40)"
};

struct Selection {
  std::string ca{};  // empty: none suits
  // All that the caller may see: the chosen first, then by points, then the excluded ones; equal
  // points by who gives the usual profile, the longer remaining lifetime, then by id. Roots and retired CAs
  // are never candidates.
  std::vector<SelectionCandidate> candidates{};
  // "chose issuing (50 points) because ...; vpn excluded because ..."
  std::string explanation{};
};

// Deterministic: the same facts, CAs, profiles and time give the same answer. A CA that the principal
// may not issue by is no candidate and is not named: its existence is none of its business.
Selection select_ca(const SelectionFacts& facts, const SelectionPolicy& policy,
                    const ca::CaDirectory& cas, const ProfileDirectory& profiles, Time now);

// The profile of `ca` for what is wanted: that whose extended key usages are exactly `extensions`, else
// the smallest that has them all, of equals the first in the CA's policy. None wanted: `purpose` if it
// names a profile of the CA, else tls-server-client, else the CA's first. Never one of CAs, of
// interception, or internal. Null if there is none.
std::shared_ptr<const profile::Profile> profile_for(const ca::CertificationAuthority& ca,
                                                    const ProfileDirectory& profiles,
                                                    const std::vector<std::string>& extensions,
                                                    std::string_view purpose);
// The extended key usages of a profile by the names above; those without a name are left out.
std::vector<std::string> extension_names(const profile::Profile& profile);
inline constexpr std::string_view kExtensionNames[] = {"server_auth", "client_auth",
                                                       "email_protection", "code_signing"};

}  // namespace certwright::registration
