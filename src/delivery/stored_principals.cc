#include "delivery/download_grants.h"

namespace certwright::delivery {

Result<access::Principal> StoredPrincipals::current(std::string_view principal_id) {
  const auto refused = fail(Errc::unauthenticated, "the account of this token is disabled");
  CERTWRIGHT_TRY(const auto record, store_.find_principal(principal_id));
  if (!record || record->disabled) return refused;
  CERTWRIGHT_TRY(const auto tenant, store_.find_tenant(record->tenant));
  if (!tenant || tenant->disabled) return refused;
  CERTWRIGHT_TRY(const auto bindings, store_.list_role_bindings(record->id));
  access::Principal principal{record->id, record->name, record->tenant, record->email, {}};
  for (const auto& binding : bindings)
    if (const auto role = access::role_named(binding.role))
      principal.bindings.push_back({*role, binding.tenant, binding.ca});
  return principal;
}

}  // namespace certwright::delivery
