#include "registration/approval_policy.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "profile/name_rule.h"

namespace certwright::registration {
namespace {

// Say where somebody is, not who: a standing rule for names does not ask about them. The profile does.
constexpr std::array<std::string_view, 7> kPlaces = {
    "organization", "organizational_unit", "country",    "state_or_province",
    "locality",     "street_address",      "postal_code"};

bool is_covered(const std::vector<std::string>& patterns, std::string_view text) {
  if (text.empty() || text.find('*') != std::string_view::npos) return false;  // not for wildcards
  return std::ranges::any_of(
      patterns, [&](const std::string& pattern) { return profile::pattern_matches(pattern, text); });
}

std::string text_of(const x509::GeneralName& name) {
  if (name.kind() == x509::GeneralName::Kind::ip) return x509::ip_address_to_text(name.octets());
  return std::string(name.text());  // empty for kinds without text: covered by nothing
}

bool covers(const ca::StandingRule& rule, std::string_view tenant, const profile::CertificateRequest& request) {
  if (rule.tenant != tenant) return false;
  bool any = false;
  for (const auto& [attribute, value] : request.subject) {
    if (std::ranges::find(kPlaces, attribute) != kPlaces.end()) continue;
    if (!is_covered(rule.names, value)) return false;
    any = true;
  }
  for (const auto& name : request.names) {
    if (!is_covered(rule.names, text_of(name))) return false;
    any = true;
  }
  return any;
}

const ca::ApprovalRule* rule_for(const ca::CaPolicy& policy, std::string_view profile) {
  const auto found = std::ranges::find_if(policy.approval, [&](const ca::ApprovalRule& rule) {
    return rule.profiles.empty() || std::ranges::find(rule.profiles, profile) != rule.profiles.end();
  });
  return found == policy.approval.end() ? nullptr : &*found;
}

}  // namespace

ApprovalRequirement approval_requirement(const ca::CertificationAuthority& ca, std::string_view profile,
                                         std::string_view tenant,
                                         const profile::CertificateRequest& request) {
  const ca::ApprovalRule* rule = rule_for(ca.policy(), profile);
  if (rule == nullptr || rule->officers == 0) {
    return {.explanation = fmt::format("CA \"{}\" issues \"{}\" without approval", ca.id(), profile)};
  }
  const auto standing = std::ranges::find_if(
      rule->automatic, [&](const ca::StandingRule& each) { return covers(each, tenant, request); });
  if (standing != rule->automatic.end())
    return {.by_standing_rule = true,
            .explanation = fmt::format("standing rule {} of CA \"{}\" lets these names of tenant \"{}\" pass",
                                       standing - rule->automatic.begin() + 1, ca.id(), tenant)};
  return {.officers = rule->officers,
          .password = rule->password,
          .officers_of = rule->officers_of,
          .time_limit = rule->time_limit,
          .explanation = fmt::format("CA \"{}\" issues \"{}\" with the approval of {} officer{}", ca.id(),
                                     profile, rule->officers, rule->officers == 1 ? "" : "s")};
}

ApprovalRequirement renewal_requirement(const ca::CertificationAuthority& ca, std::string_view profile,
                                        std::string_view tenant, const profile::CertificateRequest& request,
                                        bool is_unchanged) {
  const ca::ApprovalRule* rule = rule_for(ca.policy(), profile);
  if (rule == nullptr || (is_unchanged && !rule->renewals)) return {};
  return approval_requirement(ca, profile, tenant, request);
}

Result<void> check_officer(const ApprovalRequirement& requirement, const access::Principal& officer,
                           const store::RequestRecord& request) {
  if (officer.id == request.principal)
    return fail(Errc::not_permitted, "Nobody decides their own request, whichever credential they use.");
  const auto& of = requirement.officers_of;
  if (!of.empty() && std::ranges::find(of, officer.id) == of.end())
    return fail(Errc::not_permitted, "You are not one of the officers that the policy of CA \"" + request.ca +
                                         "\" names for this profile.");
  return {};
}

bool has_approval_rules(const ca::CertificationAuthority& ca) noexcept {
  return std::ranges::any_of(ca.policy().approval,
                             [](const ca::ApprovalRule& rule) { return rule.officers != 0; });
}

}  // namespace certwright::registration
