#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ca/ca_directory.h"
#include "registration/profile_directory.h"

namespace certwright::registration {

// May a CA that ends in `root` (DER; `id` is its own) have these profiles? Interception has a hierarchy
// of its own (DESIGN section 4): whoever reaches the generator's port can have any server name, so
// nothing else may be trusted through the same root. Unknown profile names are not judged.
// Errors: policy, field "profiles", naming the CA that is in the way.
Result<void> check_hierarchy(const ca::CaDirectory& cas, const ProfileDirectory& profiles, ByteView root,
                             std::string_view id, const std::vector<std::string>& wanted);

// The CAs under whose root no CA has a profile of interception: elsewhere no certificate says who somebody
// is.
std::vector<ca::CaPtr> outside_of_interception(const ca::CaDirectory& cas, const ProfileDirectory& profiles);

}  // namespace certwright::registration
