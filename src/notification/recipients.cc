#include "notification/recipients.h"

#include <set>
#include <string>

namespace certwright::notification {

Result<Principals> Recipients::principal(std::string_view id) const {
  Principals found;
  if (id.empty()) return found;
  CERTWRIGHT_TRY(auto record, store_.find_principal(id));
  if (!record || record->disabled) return found;
  CERTWRIGHT_TRY(const auto tenant, store_.find_tenant(record->tenant));
  if (tenant && !tenant->disabled) found.push_back(std::move(*record));
  return found;
}

Result<Principals> Recipients::holders(std::string_view role, std::string_view tenant, std::string_view ca) const {
  std::set<std::string> ids;
  std::vector<std::string_view> tenants{"*"};
  if (tenant != "*") tenants.push_back(tenant);
  for (const auto bound : tenants) {
    CERTWRIGHT_TRY(const auto bindings, store_.notifications().role_holders(role, bound));
    for (const auto& binding : bindings)
      if (binding.ca.empty() || binding.ca == ca) ids.insert(binding.principal);
  }
  Principals all;
  for (const auto& id : ids) {
    if (all.size() == kMostRecipients) break;
    CERTWRIGHT_TRY(auto found, principal(id));
    for (auto& record : found) all.push_back(std::move(record));
  }
  return all;
}

}  // namespace certwright::notification
