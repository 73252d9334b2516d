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
  const std::string document = write_selection_policy(policy);
  return store_.apply({store::PutSetting{selection_setting(tenant), to_bytes(as_bytes(document))},
                       journal_.leaf({.type = audit::EventType::selection_changed,
                                      .actor = actor,
                                      .fields = {{"tenant", std::string(tenant)},
                                                 {"before", write_selection_policy(before)},
                                                 {"after", document}}})});
}

}  // namespace certwright::registration
