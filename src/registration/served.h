#pragma once
// What a CA's policy says it is there for.
#include <algorithm>
#include <string_view>

#include "ca/certification_authority.h"

namespace certwright::registration {

inline bool serves(const ca::CertificationAuthority& ca, std::string_view tenant) {
  return std::ranges::any_of(ca.policy().tenants,
                             [&](const std::string& each) { return each == "*" || each == tenant; });
}

inline bool has_profile(const ca::CertificationAuthority& ca, std::string_view profile) {
  return std::ranges::find(ca.policy().profiles, profile) != ca.policy().profiles.end();
}

}  // namespace certwright::registration
