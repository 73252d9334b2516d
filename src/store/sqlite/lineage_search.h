#pragma once
// Which index answers a filter, and what is checked on each lineage it leads to.
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/sqlite/id_stream.h"
#include "store/sqlite/indexer.h"
#include "store/sqlite/lineage_state.h"
#include "store/sqlite/tail.h"
#include "store/store.h"

namespace certwright::store::sqlite {

// One search within one snapshot of the database. `tail` was viewed before the snapshot began.
//
// Each condition names an index. A search reads the one that is certain to be short, if
// there is one; else the most selective by kind, in order of lineage; and looks at the lineage's
// own row for the conditions that are left. A range (name prefix, notAfter) is not in order of
// lineage: a short one is sorted, a long notAfter range merges its spans, and a long name prefix is
// checked on lineages in order, which finds enough of them soon because they are many.
class LineageSearch {
 public:
  LineageSearch(Database& database, TailView tail, const LineageFilter& filter);

  // Errors: too_large if it had to look at too many lineages.
  Result<std::vector<LineageRow>> page(const Page& page);
  // See Store::count_lineages().
  Result<Count> count();

 private:
  // A way to answer the filter: an index, and the conditions that it leaves open.
  struct Way {
    LineageFilter rest;
    std::function<IdStreamPtr(const Order&)> in_order;  // empty for a name prefix
    // All ids, in any order; nothing if there are more than `most`.
    std::function<Result<std::optional<std::vector<CertificateId>>>(std::size_t most)> if_short;
    // The index leads to all that match and to some that do not: the row decides on the whole filter.
    bool is_hint = false;
  };
  struct Range {
    Time from, to;
  };
  static constexpr std::size_t kSortable = 200'000;  // ids of a range that are sorted at the utmost

  std::vector<Way> ways();
  void add_exact_ways(std::vector<Way>& ways);
  void add_range_ways(std::vector<Way>& ways);
  Way way_by_key(KeyKind kind, const std::string& value, LineageFilter rest);
  IdStreamPtr by_key(KeyKind kind, const std::string& value, const Order& order);
  IdStreamPtr by_tenants(const Order& order);
  IdStreamPtr by_entity(const Order& order);
  IdStreamPtr by_public_key(const Order& order);
  IdStreamPtr by_state(const Order& order);
  IdStreamPtr listed_as(ListedState state, const Order& order);
  IdStreamPtr by_expiry(const Range& range, const Order& order);
  Result<void> expiring_in(std::vector<IdStreamPtr>& streams, Range range, const Order& order);
  IdStreamPtr expiry_span(int width_bits, std::int64_t span, const Order& order);
  Result<void> add_end(std::vector<IdStreamPtr>& streams, const Range& range, const Order& order);
  IdStreamPtr all(const Order& order);
  Result<std::optional<std::vector<CertificateId>>> collect(Result<Query> rows,
                                                            std::vector<CertificateId> tail,
                                                            std::size_t most);

  struct Chosen {
    IdStreamPtr stream;
    LineageFilter rest;
  };
  Result<Chosen> choose(const Order& order, std::uint64_t wanted, std::size_t short_is);
  Result<bool> expiry_is_better(std::uint64_t wanted);
  Result<bool> accepts(const LineageFilter& rest, CertificateId id);
  Result<bool> accepts_keys(const LineageFilter& rest, CertificateId id);

  enum class Visit : std::uint8_t { more, enough };
  // False: it gave up after `budget` lineages.
  Result<bool> visit(Chosen& chosen, std::uint64_t budget,
                     const std::function<Result<Visit>(CertificateId)>& accepted);

  Result<std::optional<Count>> count_exactly();
  Result<std::uint64_t> count_entity();

  std::optional<Range> expiry_range() const;
  template <class Predicate>
  std::vector<CertificateId> from_tail(Predicate predicate) const;
  bool tenant_selected(std::string_view tenant) const;

  Database& database_;
  TailView tail_;
  const LineageFilter& filter_;
};

template <class Predicate>
std::vector<CertificateId> LineageSearch::from_tail(Predicate predicate) const {
  std::vector<CertificateId> ids;
  for (const auto& piece : tail_)
    for (const auto& entry : *piece)
      if (predicate(entry)) ids.push_back(entry.lineage);
  return ids;
}

}  // namespace certwright::store::sqlite
