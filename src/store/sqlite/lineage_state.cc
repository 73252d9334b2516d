#include "store/sqlite/lineage_state.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace certwright::store::sqlite {
namespace {

constexpr std::uint32_t kSweepPiece = 128;  // lineages: some 2 ms of the writer's time

struct Place {
  std::string tenant;
  ListedState state{};
};

Result<std::optional<Place>> place_of(Database& database, CertificateId lineage,
                                      const Sweep& sweep) {
  CERTWRIGHT_TRY(auto row, database.query(Statement::find_lineage, lineage));
  CERTWRIGHT_TRY(const bool found, row.next());
  if (!found) return std::nullopt;
  auto state = ListedState::current;
  if (row.integer(2) != 0) {
    state = ListedState::revoked;
  } else if (Sweep{row.time(1), lineage} < sweep) {
    state = ListedState::expired;
  }
  return Place{row.text(4), state};
}

Result<void> put(Database& database, const Place& place, CertificateId lineage) {
  for (const std::string_view tenant : {std::string_view(kAllTenants), std::string_view(place.tenant)})
    CERTWRIGHT_CHECK(
        database.run(Statement::put_state, tenant, static_cast<int>(place.state), lineage));
  return {};
}

}  // namespace

Result<Sweep> read_sweep(Database& database) {
  CERTWRIGHT_TRY(auto row, database.query(Statement::find_sweep));
  CERTWRIGHT_TRY(const bool found, row.next());
  if (!found) return fail_field(Errc::internal, "store", "expiry_sweep has no row");
  return Sweep{row.time(0), row.natural(1)};
}

Result<void> place_new_lineage(Database& database, CertificateId lineage, const Sweep& sweep) {
  CERTWRIGHT_TRY(const auto place, place_of(database, lineage, sweep));
  if (!place) return {};
  return put(database, *place, lineage);
}

Result<void> place_lineage(Database& database, CertificateId lineage) {
  CERTWRIGHT_TRY(const auto sweep, read_sweep(database));
  return place_lineage(database, lineage, sweep);
}

Result<void> place_lineage(Database& database, CertificateId lineage, const Sweep& sweep) {
  CERTWRIGHT_TRY(const auto place, place_of(database, lineage, sweep));
  if (!place) return {};
  for (const auto other : {ListedState::current, ListedState::expired, ListedState::revoked}) {
    if (other == place->state) continue;
    for (const std::string_view tenant :
         {std::string_view(kAllTenants), std::string_view(place->tenant)})
      CERTWRIGHT_CHECK(
          database.run(Statement::delete_state, tenant, static_cast<int>(other), lineage));
  }
  return put(database, *place, lineage);
}

Result<bool> sweep_expired(Database& database, Time now) {
  CERTWRIGHT_TRY(const auto from, read_sweep(database));
  // A clock that was set back: what it had expired is valid again.
  const bool back = now < from.not_after;
  std::vector<Sweep> due;
  {
    CERTWRIGHT_TRY(auto rows,
                   database.query(back ? Statement::list_swept : Statement::list_to_sweep,
                                  from.not_after, from.lineage, now, kSweepPiece));
    while (true) {
      CERTWRIGHT_TRY(const bool more, rows.next());
      if (!more) break;
      due.push_back({rows.time(0), rows.natural(1)});
    }
  }
  if (due.empty()) return false;
  // First the mark, which is what places them.
  const Sweep to{due.back().not_after, due.back().lineage + (back ? 0 : 1)};
  CERTWRIGHT_CHECK(database.run(Statement::put_sweep, to.not_after, to.lineage));
  for (const auto& [not_after, lineage] : due)
    CERTWRIGHT_CHECK(place_lineage(database, lineage, to));
  return true;
}

}  // namespace certwright::store::sqlite
