#pragma once
#include <string_view>

#include "audit/journal.h"
#include "registration/ca_selection.h"
#include "store/store.h"

namespace certwright::registration {

// The tenants' selection policies, as they are stored. Safe to call from any thread.
class SelectionPolicies {
 public:
  // Both must outlive this.
  SelectionPolicies(store::Store& store, audit::Journal& journal) : store_(store), journal_(journal) {}

  // The default where the tenant has none. Errors: internal if it cannot be read; unavailable.
  Result<SelectionPolicy> find(std::string_view tenant) const;
  // With an audit record of before and after. Errors: those of check_selection_policy; unavailable.
  Result<void> put(std::string_view tenant, const SelectionPolicy& policy, const ca::CaDirectory& cas,
                   const audit::Actor& actor);
  // Every tenant's rules about the CA `from` are about `to` from then on, each tenant's with a record as of put.
  // How many they were. Errors: as find.
  Result<std::size_t> carry_over(std::string_view from, std::string_view to, const audit::Actor& actor);

 private:
  Result<void> replace(std::string_view tenant, const SelectionPolicy& before, const SelectionPolicy& policy,
                       const audit::Actor& actor);
  store::Store& store_;
  audit::Journal& journal_;
};

}  // namespace certwright::registration
