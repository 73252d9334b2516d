#include "access/stored_principal.h"

namespace certwright::access {

Result<Principal> stored_principal(const store::Store& store, std::string_view id) {
  const auto refused = fail(Errc::unauthenticated, "the account is disabled");
  CERTWRIGHT_TRY(const auto record, store.find_principal(id));
  if (!record || record->disabled) return refused;
  CERTWRIGHT_TRY(const auto tenant, store.find_tenant(record->tenant));
  if (!tenant || tenant->disabled) return refused;
  CERTWRIGHT_TRY(const auto bindings, store.list_role_bindings(record->id));
  Principal principal{record->id, record->name, record->tenant, record->email, {}};
  for (const auto& binding : bindings)
    if (const auto role = role_named(binding.role))
      principal.bindings.push_back({*role, binding.tenant, binding.ca});
  return principal;
}

}  // namespace certwright::access
