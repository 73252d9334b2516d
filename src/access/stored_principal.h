#pragma once
#include <string_view>

#include "access/principal.h"
#include "store/store.h"

namespace certwright::access {

// The principal as it is now, with its roles. Errors: unauthenticated if it is gone or disabled, or its
// tenant is; unavailable.
Result<Principal> stored_principal(const store::Store& store, std::string_view id);

}  // namespace certwright::access
