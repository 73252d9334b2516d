// What is said of a CA by its id, said of its successor.
#include "authority/authority.h"
#include "registration/approval_password.h"
#include "registration/selection_policies.h"

namespace certwright::authority {
namespace {

Result<std::size_t> open_requests_of(const store::Store& store, const std::string& ca) {
  using enum store::RequestState;
  const store::RequestFilter filter{.scope = {{.tenant = "*"}}, .states = {received, pending, approved}, .ca = ca};
  store::RequestPage page{.limit = store::RequestPage::kMaxLimit};
  std::size_t open = 0;
  for (;;) {
    CERTWRIGHT_TRY(const auto list, store.list_requests(filter, page));
    open += list.requests.size();
    if (!list.next) return open;
    page.after = *list.next;
  }
}

}  // namespace

// A role that is taken away meanwhile is not given again: what is written holds for the roles that were read. Each
// with the evidence that a grant of it has: an auditor asks who was given what, not how.
Result<std::size_t> Authority::carry_roles_over(const std::string& principal, const std::string& from,
                                                const std::string& to, const audit::Actor& actor) {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    CERTWRIGHT_TRY(auto bindings, d_.store.list_role_bindings(principal));
    store::Transaction transaction{store::RequireRoles{principal, bindings}};
    std::size_t carried = 0;
    for (auto& binding : bindings) {
      if (binding.ca != from) continue;
      binding.ca = to;
      transaction.push_back(d_.journal.leaf({.type = audit::EventType::role_granted,
                                             .actor = actor,
                                             .fields = {{"principal", binding.principal},
                                                        {"role", binding.role},
                                                        {"tenant", binding.tenant},
                                                        {"ca", binding.ca}}}));
      transaction.push_back(store::PutRoleBinding{std::move(binding)});
      ++carried;
    }
    if (carried == 0) return 0;
    const auto stored = d_.store.apply(transaction);
    if (stored) return carried;
    if (stored.error().field != "roles" || attempt == kAttempts) return tl::unexpected(stored.error());
  }
}

Result<CarriedOver> Authority::carry_over(const std::string& from, const std::string& to, const audit::Actor& actor) {
  CarriedOver carried;
  using registration::ApprovalPasswords;
  CERTWRIGHT_TRY(const auto verifier, d_.store.find_setting(ApprovalPasswords::setting(from)));
  carried.approval_password = verifier && !verifier->empty();
  if (carried.approval_password)
    CERTWRIGHT_CHECK(d_.store.apply({store::PutSetting{ApprovalPasswords::setting(to), *verifier},
                                     d_.journal.leaf({.type = audit::EventType::approval_password_set,
                                                      .actor = actor,
                                                      .fields = {{"ca", to}}})}));
  CERTWRIGHT_TRY(const auto tenants, d_.store.list_tenants());
  for (const auto& tenant : tenants) {
    CERTWRIGHT_TRY(const auto principals, d_.store.list_principals(tenant.id));
    for (const auto& principal : principals) {
      CERTWRIGHT_TRY(const auto roles, carry_roles_over(principal.id, from, to, actor));
      carried.roles += roles;
    }
  }
  registration::SelectionPolicies policies(d_.store, d_.journal);
  CERTWRIGHT_TRY(carried.selection_rules, policies.carry_over(from, to, actor));
  CERTWRIGHT_TRY(carried.open_requests, open_requests_of(d_.store, from));
  return carried;
}

}  // namespace certwright::authority
