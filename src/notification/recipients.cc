#include "notification/recipients.h"

#include <algorithm>
#include <set>
#include <string>

namespace certwright::notification {

Result<bool> Recipients::is_enabled(std::string_view tenant) const {
  if (tenant == "*") return true;
  CERTWRIGHT_TRY(const auto record, store_.find_tenant(tenant));
  return record && !record->disabled;
}

Result<Principals> Recipients::principal(std::string_view id) const {
  Principals found;
  if (id.empty()) return found;
  CERTWRIGHT_TRY(auto record, store_.find_principal(id));
  if (!record || record->disabled) return found;
  CERTWRIGHT_TRY(const bool enabled, is_enabled(record->tenant));
  if (enabled) found.push_back(std::move(*record));
  return found;
}

void add_missing(Principals& to, Principals more) {
  for (auto& principal : more)
    if (std::ranges::find(to, principal.id, &store::PrincipalRecord::id) == to.end())
      to.push_back(std::move(principal));
}

template <class Ids>
Result<void> Recipients::add(Principals& to, const Ids& ids, const Deciders& who, std::size_t most) const {
  most += to.size();
  for (const std::string& id : ids) {
    if (to.size() == most) break;
    CERTWRIGHT_TRY(const bool counts, who.counts ? who.counts(id) : Result<bool>(true));
    if (!counts) continue;
    CERTWRIGHT_TRY(auto found, principal(id));
    add_missing(to, std::move(found));
  }
  return {};
}

Result<Principals> Recipients::holders(std::string_view role, std::string_view tenant, std::string_view ca,
                                       const Deciders& who) const {
  Principals all;
  std::vector<std::string_view> tenants{"*"};
  if (tenant != "*" && !who.of_installation) tenants.push_back(tenant);
  for (const auto bound : tenants) {
    std::set<std::string> ids;
    CERTWRIGHT_TRY(const auto bindings, store_.notifications().role_holders(role, bound));
    for (const auto& binding : bindings)
      if (binding.ca.empty() || binding.ca == ca) ids.insert(binding.principal);
    CERTWRIGHT_CHECK(add(all, ids, who, kMostRecipients));
  }
  return all;
}

Result<Principals> Recipients::deciders(std::string_view tenant, std::string_view ca, std::size_t needed,
                                        const Deciders& who) const {
  Principals all;
  if (!who.named.empty()) {
    CERTWRIGHT_CHECK(add(all, who.named, who, who.named.size()));
    return all;
  }
  CERTWRIGHT_TRY(all, holders("approver", tenant, ca, who));
  if (all.size() < needed) {
    CERTWRIGHT_TRY(auto administrators, holders("admin", tenant, ca, who));
    add_missing(all, std::move(administrators));
  }
  return all;
}

}  // namespace certwright::notification
