// What a policy must be for the CAs, profiles and tenants that there are, where one is stored. Approval rules that were
// stored before theirs are checked only where they or the profiles change: else nobody could rotate that CA.
#include <algorithm>

#include <fmt/format.h>

#include "authority/authority.h"
#include "profile/shown.h"

namespace certwright::authority {
namespace {

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

tl::unexpected<Error> refuse(const std::string& field, const std::string& why) {
  return fail_field(Errc::invalid, field, field + ": " + why);
}

}  // namespace

Result<void> Authority::check_profiles(const ca::CaPolicy& policy) const {
  for (const auto& name : policy.profiles) {
    const auto profile = d_.profiles.find(name);
    if (profile == nullptr || profile->internal)
      return refuse("profiles", "there is no profile \"" + name + "\" to attach");
  }
  return {};
}

Result<void> Authority::check_approval_rules(const ca::CaPolicy& policy) const {
  for (std::size_t i = 0; i < policy.approval.size(); ++i) CERTWRIGHT_CHECK(check_approval_rule(policy, i));
  return {};
}

// A rule that no request meets is a mistake in it, and what it was to hold is issued without anybody.
Result<void> Authority::check_approval_rule(const ca::CaPolicy& policy, std::size_t index) const {
  const auto& rule = policy.approval[index];
  const std::string field = fmt::format("approval[{}]", index);
  for (const auto& name : rule.profiles) {
    if (!has(policy.profiles, name))
      return refuse(field + ".profiles", fmt::format("profile {} is none of this policy's profiles ({})",
                                                     profile::shown(name), fmt::join(policy.profiles, ", ")));
    if (const auto profile = d_.profiles.find(name); profile != nullptr && profile->ca)
      return refuse(field + ".profiles", fmt::format("\"{}\" makes CAs, which no rule is about", name));
  }
  for (std::size_t before = 0; before < index; ++before) {
    const auto& taken = policy.approval[before].profiles;
    if (taken.empty())
      return refuse(field, fmt::format("approval[{}] is for every profile: nothing comes to this rule", before));
    for (const auto& name : rule.profiles)
      if (has(taken, name))
        return refuse(field + ".profiles",
                      fmt::format("approval[{}] is for \"{}\" already, and the first rule counts", before, name));
  }
  for (std::size_t i = 0; i < rule.automatic.size(); ++i) {
    CERTWRIGHT_TRY(const auto tenant, d_.store.find_tenant(rule.automatic[i].tenant));
    if (!tenant)
      return refuse(fmt::format("{}.automatic[{}].tenant", field, i),
                    fmt::format("there is no tenant {}", profile::shown(rule.automatic[i].tenant)));
  }
  return {};
}

}  // namespace certwright::authority
