#include "access/stored_principal.h"
#include "delivery/download_grants.h"

namespace certwright::delivery {

Result<access::Principal> StoredPrincipals::current(std::string_view principal_id) {
  return access::stored_principal(store_, principal_id);
}

}  // namespace certwright::delivery
