#include "registration/approval_policy.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "profile/name_rule.h"

namespace certwright::registration {
namespace {

// Say where somebody is, not who: a standing rule does not ask about them. The profile does.
constexpr std::array<std::string_view, 5> kPlaces = {"country", "state_or_province", "locality", "street_address",
                                                     "postal_code"};

bool has(const std::vector<std::string>& listed, std::string_view text) {
  return std::ranges::find(listed, text) != listed.end();
}

const std::vector<std::string>* patterns_for(const ca::StandingRule& rule, x509::GeneralName::Kind kind) {
  using Kind = x509::GeneralName::Kind;
  switch (kind) {
    case Kind::dns: return &rule.dns;
    case Kind::ip: return &rule.ip;
    case Kind::email: return &rule.email;
    case Kind::uri: return &rule.uri;
    default: return nullptr;
  }
}

bool is_covered(const ca::StandingRule& rule, const x509::GeneralName& name) {
  const auto* patterns = patterns_for(rule, name.kind());
  const bool is_wildcard = name.kind() == x509::GeneralName::Kind::dns && name.text().find('*') != std::string_view::npos;
  if (patterns == nullptr || is_wildcard) return false;
  return std::ranges::any_of(*patterns, [&](const auto& pattern) { return profile::name_matches(pattern, name); });
}

// A value of the subject that is a name, read as whoever verifies it reads it. None: it is something else,
// which no pattern is about.
std::optional<x509::GeneralName> name_in_subject(std::string_view attribute, std::string_view value) {
  const auto taken = [](Result<x509::GeneralName> name) -> std::optional<x509::GeneralName> {
    if (!name) return std::nullopt;
    return *std::move(name);
  };
  if (attribute == "email_address") return taken(x509::GeneralName::email(value));
  if (attribute != "common_name") return std::nullopt;
  if (value.find('@') != std::string_view::npos) return taken(x509::GeneralName::email(value));
  if (value.find("://") != std::string_view::npos) return taken(x509::GeneralName::uri(value));
  if (auto address = taken(x509::GeneralName::ip(value))) return address;
  return taken(x509::GeneralName::dns(value));
}

// The profile gives it, whatever is asked for.
bool is_fixed(const profile::Profile& profile, const profile::SubjectAttribute& asked) {
  return std::ranges::any_of(profile.subject.fixed, [&](const auto& fixed) {
    return fixed.first == asked.attribute && fixed.second == asked.value;
  });
}

bool is_copied(const profile::Profile& profile, const x509::Extension& extension) {
  return std::ranges::find(profile.copy_extensions, extension.oid, &profile::CopyRule::oid) !=
         profile.copy_extensions.end();
}

// All that would be signed and says who somebody is: names, groups, and what the requester says in extensions.
bool covers(const ca::StandingRule& rule, const profile::Profile& profile, std::string_view tenant,
            const profile::CertificateRequest& request) {
  if (rule.tenant != tenant) return false;
  for (const auto& extension : request.extensions)
    if (is_copied(profile, extension) && !has(rule.extensions, extension.oid.to_text())) return false;
  bool any = false;
  for (const auto& asked : request.subject) {
    const auto& [attribute, value] = asked;
    if (std::ranges::find(kPlaces, attribute) != kPlaces.end() || is_fixed(profile, asked)) continue;
    if (attribute == "organization" || attribute == "organizational_unit") {
      if (!has(attribute == "organization" ? rule.organization : rule.organizational_unit, value)) return false;
      continue;
    }
    const auto name = name_in_subject(attribute, value);
    if (!name || !is_covered(rule, *name)) return false;
    any = true;
  }
  for (const auto& name : request.names) {
    if (!is_covered(rule, name)) return false;
    any = true;
  }
  return any;
}

const ca::ApprovalRule* rule_for(const ca::CaPolicy& policy, const profile::Profile& profile) {
  if (profile.ca) return nullptr;
  const auto found = std::ranges::find_if(policy.approval, [&](const ca::ApprovalRule& rule) {
    return rule.profiles.empty() || std::ranges::find(rule.profiles, profile.name) != rule.profiles.end();
  });
  return found == policy.approval.end() ? nullptr : &*found;
}

}  // namespace

ApprovalRequirement approval_requirement(const ca::CertificationAuthority& ca, const profile::Profile& profile,
                                         std::string_view tenant,
                                         const profile::CertificateRequest& request) {
  const ca::ApprovalRule* rule = rule_for(ca.policy(), profile);
  if (rule == nullptr || rule->officers == 0) {
    return {.explanation = fmt::format("CA \"{}\" issues \"{}\" without approval", ca.id(), profile.name)};
  }
  const auto standing = std::ranges::find_if(
      rule->automatic, [&](const ca::StandingRule& each) { return covers(each, profile, tenant, request); });
  if (standing != rule->automatic.end())
    return {.by_standing_rule = true,
            .explanation = fmt::format("standing rule {} of CA \"{}\" lets these names of tenant \"{}\" pass",
                                       standing - rule->automatic.begin() + 1, ca.id(), tenant)};
  return {.officers = rule->officers,
          .password = rule->password,
          .officers_of = rule->officers_of,
          .installation_officers = rule->installation_officers,
          .time_limit = rule->time_limit,
          .explanation = fmt::format("CA \"{}\" issues \"{}\" with the approval of {} officer{}", ca.id(),
                                     profile.name, rule->officers, rule->officers == 1 ? "" : "s")};
}

ApprovalRequirement renewal_requirement(const ca::CertificationAuthority& ca, const profile::Profile& profile,
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
  const auto is_of_installation = [](const access::RoleBinding& binding) {
    return binding.tenant == "*" && binding.ca.empty() &&
           (binding.role == access::Role::approver || binding.role == access::Role::admin);
  };
  if (requirement.installation_officers && std::ranges::none_of(officer.bindings, is_of_installation))
    return fail(Errc::not_permitted, "The policy of CA \"" + request.ca +
                                         "\" wants officers of the whole installation for this profile.");
  return {};
}

bool has_approval_rules(const ca::CertificationAuthority& ca) noexcept {
  return std::ranges::any_of(ca.policy().approval,
                             [](const ca::ApprovalRule& rule) { return rule.officers != 0; });
}

}  // namespace certwright::registration
