#include "access/principal.h"

#include <algorithm>
#include <array>

namespace certwright::access {
namespace {

// How far a role's right to an action goes, within its binding's tenant and CA.
enum class Reach : std::uint8_t {
  none,
  own,  // objects that the principal owns; to issue: in its own tenant
  all,
};
using enum Reach;

// What a stranger must not learn: whoever lacks this right over the object is told not_found.
struct Row {
  Action action;
  Action sees;  // the right that makes the object visible; the action itself: nothing to hide
  std::array<Reach, 5> reach;  // admin, issuer, approver, auditor, requester
};

using enum Action;
constexpr auto kTable = std::to_array<Row>({
    // action                sees              admin issuer approver auditor requester
    {certificate_issue,      ca_read,          {all, all,  none, none, own}},
    {certificate_issue_csr,  ca_read,          {all, all,  none, none, own}},
    {certificate_read,       certificate_read, {all, all,  all,  all,  own}},
    {certificate_list,       certificate_read, {all, all,  all,  all,  own}},
    {certificate_renew,      certificate_read, {all, all,  none, none, own}},
    {certificate_revoke,     certificate_read, {all, all,  none, none, own}},
    {certificate_download,   certificate_read, {all, all,  none, none, own}},
    {ca_read,                ca_read,          {all, all,  all,  all,  all}},
    {ca_manage,              ca_read,          {all, none, none, none, none}},
    {ca_issue_subordinate,   ca_read,          {all, none, none, none, none}},
    {crl_import,             ca_read,          {all, none, none, none, none}},
    {profile_read,           profile_read,     {all, all,  all,  all,  all}},
    {profile_manage,         profile_read,     {all, none, none, none, none}},
    {access_read,            access_read,      {all, own,  own,  all,  own}},
    {access_manage,          access_read,      {all, none, none, none, none}},
    {audit_read,             audit_read,       {all, none, none, all,  none}},
    {metrics_read,           metrics_read,     {all, none, none, all,  none}},
    {keys_manage,            keys_manage,      {all, none, none, none, none}},
    {request_read,           request_read,     {all, all,  all,  all,  own}},  // as certificate_read: one scope
    {request_decide,         request_read,     {all, none, all,  none, none}},
});

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].action) != i) return false;
  return true;
}
static_assert(table_is_in_order() && kTable.size() == static_cast<std::size_t>(request_decide) + 1);

constexpr const Row& row_of(Action action) noexcept {
  return kTable[static_cast<std::size_t>(action)];
}

constexpr bool issues(Action action) noexcept {
  return action == certificate_issue || action == certificate_issue_csr;
}

// CAs and profiles are shared by all tenants: whoever has a role may see those of its binding's CA.
constexpr bool shared(Action action) noexcept {
  return action == ca_read || action == profile_read;
}

// What belongs to no tenant is not for a tenant's administrator to change, whatever the door named.
constexpr bool installation_wide(Action action) noexcept {
  return action == ca_manage || action == ca_issue_subordinate || action == crl_import ||
         action == profile_manage || action == audit_read || action == metrics_read ||
         action == keys_manage;
}

bool covers_tenant(const RoleBinding& binding, Action action, const Object& object) noexcept {
  if (binding.tenant == "*") return true;
  if (installation_wide(action)) return false;
  // A list that did not ask for one tenant is narrowed by the caller's scope.
  if (object.tenant.empty()) return action == certificate_list || shared(action);
  return binding.tenant == object.tenant;
}

bool covers_ca(const RoleBinding& binding, Action action, const Object& object) noexcept {
  if (binding.ca.empty()) return true;
  if (object.ca.empty()) return action == certificate_list || action == profile_read;
  return binding.ca == object.ca;
}

bool owns(const Principal& principal, Action action, const Object& object) noexcept {
  if (issues(action)) return object.tenant == principal.tenant;
  if (object.owner.empty()) return action == certificate_list;  // the scope narrows the rows
  return object.owner == principal.id;
}

bool allowed(const Principal& principal, Action action, const Object& object) noexcept {
  const Row& row = row_of(action);
  return std::ranges::any_of(principal.bindings, [&](const RoleBinding& binding) {
    const Reach reach = row.reach[static_cast<std::size_t>(binding.role)];
    if (reach == Reach::none || !covers_tenant(binding, action, object) ||
        !covers_ca(binding, action, object))
      return false;
    return reach == Reach::all || owns(principal, action, object);
  });
}

bool sees(const Principal& principal, Action action, const Object& object) noexcept {
  const Action read = row_of(action).sees;
  return read == action ? action == audit_read || action == metrics_read || action == keys_manage
                        : allowed(principal, read, object);
}

constexpr std::string_view kRoleNames[] = {"admin", "issuer", "approver", "auditor", "requester"};
constexpr Role kRoles[] = {Role::admin, Role::issuer, Role::approver, Role::auditor,
                           Role::requester};
constexpr auto kActions = [] {
  std::array<Action, kTable.size()> actions{};
  for (std::size_t i = 0; i < actions.size(); ++i) actions[i] = kTable[i].action;
  return actions;
}();

bool contains(const Scope::Grant& outer, const Scope::Grant& inner) noexcept {
  return (outer.tenant == "*" || outer.tenant == inner.tenant) &&
         (outer.ca.empty() || outer.ca == inner.ca) &&
         (outer.owner.empty() || outer.owner == inner.owner);
}

}  // namespace

std::string_view name_of(Role role) noexcept { return kRoleNames[static_cast<std::size_t>(role)]; }

std::string_view name_of(Action action) noexcept {
  switch (action) {
    case certificate_issue: return "certificate_issue";
    case certificate_issue_csr: return "certificate_issue_csr";
    case certificate_read: return "certificate_read";
    case certificate_list: return "certificate_list";
    case certificate_renew: return "certificate_renew";
    case certificate_revoke: return "certificate_revoke";
    case certificate_download: return "certificate_download";
    case ca_read: return "ca_read";
    case ca_manage: return "ca_manage";
    case ca_issue_subordinate: return "ca_issue_subordinate";
    case crl_import: return "crl_import";
    case profile_read: return "profile_read";
    case profile_manage: return "profile_manage";
    case access_read: return "access_read";
    case access_manage: return "access_manage";
    case audit_read: return "audit_read";
    case metrics_read: return "metrics_read";
    case keys_manage: return "keys_manage";
    case request_read: return "request_read";
    case request_decide: return "request_decide";
  }
  return "unknown";
}

std::optional<Role> role_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kRoleNames, name);
  if (found == std::ranges::end(kRoleNames)) return std::nullopt;
  return kRoles[found - std::ranges::begin(kRoleNames)];
}

std::span<const Role> all_roles() noexcept { return kRoles; }
std::span<const Action> all_actions() noexcept { return kActions; }

Error not_found_error() { return Error{Errc::not_found, "There is no such object.", {}}; }

Result<void> authorise(const Principal& principal, Action action, const Object& object) {
  if (allowed(principal, action, object)) return {};
  if (!sees(principal, action, object)) return tl::unexpected<Error>(not_found_error());
  return fail(Errc::not_permitted, "Your roles do not include " + std::string(name_of(action)) +
                                       " for this object.");
}

Result<void> may_manage(const Principal& actor, const Principal& target) {
  CERTWRIGHT_CHECK(authorise(actor, access_manage, Object{target.tenant, {}, target.id}));
  for (const RoleBinding& binding : target.bindings)
    if (!allowed(actor, access_manage, Object{binding.tenant, binding.ca, {}}))
      return fail(Errc::not_permitted, "This principal has a role that you could not grant.");
  return {};
}

bool Scope::permits(const Object& object) const noexcept {
  return std::ranges::any_of(grants, [&](const Grant& grant) {
    return (grant.tenant == "*" || grant.tenant == object.tenant) &&
           (grant.ca.empty() || grant.ca == object.ca) &&
           (grant.owner.empty() || grant.owner == object.owner);
  });
}

Scope readable_scope(const Principal& principal) {
  std::vector<Scope::Grant> all_grants;
  for (const RoleBinding& binding : principal.bindings) {
    const Reach reach = row_of(certificate_read).reach[static_cast<std::size_t>(binding.role)];
    if (reach != Reach::none)
      all_grants.push_back({binding.tenant, binding.ca, reach == Reach::own ? principal.id : ""});
  }
  Scope scope;
  for (std::size_t i = 0; i < all_grants.size(); ++i) {
    bool redundant = false;
    for (std::size_t j = 0; j < all_grants.size() && !redundant; ++j)
      redundant = i != j && contains(all_grants[j], all_grants[i]) &&
                  (!contains(all_grants[i], all_grants[j]) || j < i);  // of equals, the first stays
    if (!redundant) scope.grants.push_back(all_grants[i]);
  }
  return scope;
}

}  // namespace certwright::access
