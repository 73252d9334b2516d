#include "registration/selection_policies.h"

#include "audit/events.h"

namespace certwright::registration {

Result<SelectionPolicy> SelectionPolicies::find(std::string_view tenant) const {
  CERTWRIGHT_TRY(const auto stored, store_.find_setting(selection_setting(tenant)));
  if (!stored || stored->empty()) return SelectionPolicy{};
  auto policy = parse_selection_policy(as_text(*stored));
  if (!policy)
    return fail(Errc::internal, "the stored selection policy of " + std::string(tenant) + ": " + policy.error().detail);
  return policy;
}

Result<void> SelectionPolicies::put(std::string_view tenant, const SelectionPolicy& policy, const ca::CaDirectory& cas,
                                    const audit::Actor& actor) {
  CERTWRIGHT_CHECK(check_selection_policy(policy, tenant, cas));
  CERTWRIGHT_TRY(const auto before, find(tenant));
  return replace(tenant, before, policy, actor);
}

Result<std::size_t> SelectionPolicies::carry_over(std::string_view from, std::string_view to, const audit::Actor& actor) {
  std::size_t carried = 0;
  CERTWRIGHT_TRY(const auto tenants, store_.list_tenants());
  for (const auto& tenant : tenants) {
    CERTWRIGHT_TRY(const auto before, find(tenant.id));
    auto policy = before;
    for (auto& rule : policy.rules) {
      if (rule.ca != from) continue;
      rule.ca = to;
      ++carried;
    }
    if (policy != before) CERTWRIGHT_CHECK(replace(tenant.id, before, policy, actor));
  }
  return carried;
}

Result<void> SelectionPolicies::replace(std::string_view tenant, const SelectionPolicy& before,
                                        const SelectionPolicy& policy, const audit::Actor& actor) {
  const std::string document = write_selection_policy(policy);
  return store_.apply({store::PutSetting{selection_setting(tenant), to_bytes(as_bytes(document))},
                       journal_.leaf({.type = audit::EventType::selection_changed,
                                      .actor = actor,
                                      .fields = {{"tenant", std::string(tenant)},
                                                 {"before", write_selection_policy(before)},
                                                 {"after", document}}})});
}

}  // namespace certwright::registration
