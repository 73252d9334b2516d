#pragma once
// The table lineage_state: which lineages a page of one state has to look at.
#include <cstdint>

#include "store/sqlite/database.h"

namespace certwright::store::sqlite {

// A lineage is in the list of one state, in its tenant's and in that of all tenants. `revoked` is
// exact at every commit. The other two say what a sweep last found by the clock: between the
// sweep and now the expiry index knows better, and filters decide again on the lineage's own row.
enum class ListedState : std::uint8_t { current = 0, expired = 1, revoked = 2 };  // stored

// In place of a tenant: all of them.
inline constexpr const char* kAllTenants = "";

// How far notAfter was swept: certificates before (not_after, lineage) are done.
struct Sweep {
  Time not_after{};
  CertificateId lineage = 0;
  friend auto operator<=>(const Sweep&, const Sweep&) = default;
};
Result<Sweep> read_sweep(Database& database);

// Moves the lineage into the list where its row belongs. For the writer's thread, in a transaction.
// `sweep` is read_sweep()'s, for who places many; only sweep_expired() changes it.
Result<void> place_lineage(Database& database, CertificateId lineage, const Sweep& sweep);
Result<void> place_lineage(Database& database, CertificateId lineage);
// The same for one that is in no list, or in the right one, already.
Result<void> place_new_lineage(Database& database, CertificateId lineage, const Sweep& sweep);

// Sweeps a few of the certificates with notAfter < now that are left, or takes some back after a clock
// was set back. False: there were none.
Result<bool> sweep_expired(Database& database, Time now);

}  // namespace certwright::store::sqlite
