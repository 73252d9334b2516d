#pragma once
#include <string_view>
#include <vector>

#include "errors/result.h"
#include "store/store.h"

namespace certwright::notification {

inline constexpr std::size_t kMostRecipients = 100;  // of one event; the first by their ids

using Principals = std::vector<store::PrincipalRecord>;

// Who is to be told: enabled principals of enabled tenants, each once.
class Recipients {
 public:
  explicit Recipients(const store::Store& store) : store_(store) {}

  // Those who may decide about requests of this tenant for this CA.
  Result<Principals> officers(std::string_view tenant, std::string_view ca) const {
    return holders("approver", tenant, ca);
  }
  // Of a tenant; of "*": of the installation.
  Result<Principals> administrators(std::string_view tenant) const { return holders("admin", tenant, ""); }
  // Empty if there is none of that id, or it is disabled.
  Result<Principals> principal(std::string_view id) const;

 private:
  // Bindings for the tenant and for all tenants; of those, for the CA and for all CAs.
  Result<Principals> holders(std::string_view role, std::string_view tenant, std::string_view ca) const;
  const store::Store& store_;
};

}  // namespace certwright::notification
