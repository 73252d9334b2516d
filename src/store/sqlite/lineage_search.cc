#include "store/sqlite/lineage_search.h"

#include <algorithm>
#include <map>
#include <utility>

#include "store/limits.h"
#include "store/sqlite/rows.h"

namespace certwright::store::sqlite {
namespace {

constexpr std::size_t kShort = 64;  // ids that are read just to know that they are few
constexpr std::uint64_t kFirstBudget =
    20'000;  // lineages looked at before a range is sorted instead
constexpr std::uint64_t kLastBudget = 300'000;  // lineages looked at before a search gives up
constexpr std::uint64_t kSmallTenant = 10'000;  // lineages of a tenant that are looked at gladly

bool has_facts(const LineageFilter& f) {
  return !f.tenants.empty() || !f.ca.empty() || !f.principal.empty() || !f.entity_type.empty() ||
         !f.entity_id.empty() || f.state != CertificateState::any || f.expires_before ||
         f.expires_after;
}
bool has_keys(const LineageFilter& f) {
  return !f.name.empty() || f.subject_public_key_sha256.has_value();
}
bool is_prefix(const LineageFilter& f) { return f.name.ends_with('*'); }

// The least text that is greater than every text with this prefix.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace

LineageSearch::LineageSearch(Database& database, TailView tail, const LineageFilter& filter)
    : database_(database), tail_(std::move(tail)), filter_(filter) {}

bool LineageSearch::tenant_selected(std::string_view tenant) const {
  return filter_.tenants.empty() ||
         std::ranges::find(filter_.tenants, tenant) != filter_.tenants.end();
}

std::optional<LineageSearch::Range> LineageSearch::expiry_range() const {
  Range range{Time::min(), Time::max()};
  if (filter_.expires_after) range.from = *filter_.expires_after;
  if (filter_.expires_before) range.to = *filter_.expires_before;
  if (range.from == Time::min() && range.to == Time::max()) return std::nullopt;
  return range;
}

LineageSearch::Way LineageSearch::way_by_key(KeyKind kind, const std::string& value,
                                             LineageFilter rest) {
  return {std::move(rest),
          [this, kind, &value](const Order& order) { return by_key(kind, value, order); },
          {}};
}

// The most selective first.
void LineageSearch::add_exact_ways(std::vector<Way>& ways) {
  if (filter_.subject_public_key_sha256) {
    auto rest = filter_;
    rest.subject_public_key_sha256.reset();
    ways.push_back({rest, [this](const Order& order) { return by_public_key(order); }, {}});
  }
  if (!filter_.name.empty() && !is_prefix(filter_)) {
    auto rest = filter_;
    rest.name.clear();
    ways.push_back(way_by_key(KeyKind::name, filter_.name, std::move(rest)));
  }
  if (!filter_.entity_id.empty()) {
    auto rest = filter_;
    rest.entity_id.clear();
    rest.tenants.clear();
    ways.push_back({rest, [this](const Order& order) { return by_entity(order); }, {}});
  }
  if (!filter_.principal.empty()) {
    auto rest = filter_;
    rest.principal.clear();
    ways.push_back(way_by_key(KeyKind::principal, filter_.principal, std::move(rest)));
  }
}

void LineageSearch::add_range_ways(std::vector<Way>& ways) {
  if (is_prefix(filter_)) {
    auto rest = filter_;
    rest.name.clear();
    ways.push_back({rest, {}, [this](std::size_t most) {
                      const auto prefix = filter_.name.substr(0, filter_.name.size() - 1);
                      const auto end = after_prefix(prefix);
                      return collect(database_.query(Statement::names_with_prefix, prefix, end,
                                                     static_cast<std::uint64_t>(most) + 1),
                                     from_tail([&](const TailEntry& e) {
                                       return std::ranges::any_of(e.names, [&](const auto& name) {
                                         return name.starts_with(prefix);
                                       });
                                     }),
                                     most);
                    }});
  }
  if (const auto range = expiry_range()) {
    auto rest = filter_;
    rest.expires_after.reset();
    rest.expires_before.reset();
    // A hint: the index keeps the notAfter of certificates that were renewed.
    ways.push_back({rest, [this, range](const Order& order) { return by_expiry(*range, order); },
                    [this, range](std::size_t most) {
                      return collect(
                          database_.query(Statement::expiring_between, range->from, range->to,
                                          static_cast<std::uint64_t>(most) + 1),
                          from_tail([&](const TailEntry& e) {
                            return e.not_after >= range->from && e.not_after < range->to;
                          }),
                          most);
                    },
                    true});
  }
}

std::vector<LineageSearch::Way> LineageSearch::ways() {
  std::vector<Way> ways;
  add_exact_ways(ways);
  const auto add_state = [&] {
    auto rest = filter_;
    rest.state = CertificateState::any;
    rest.tenants.clear();
    ways.push_back({rest, [this](const Order& order) { return by_state(order); }, {}, true});
  };
  if (filter_.state == CertificateState::revoked) add_state();  // few, as a rule
  add_range_ways(ways);
  if (filter_.state == CertificateState::valid || filter_.state == CertificateState::expired)
    add_state();
  if (!filter_.tenants.empty()) {
    auto rest = filter_;
    rest.tenants.clear();
    ways.push_back({rest, [this](const Order& order) { return by_tenants(order); }, {}});
  }
  // The row decides again: a renewal may come from another CA.
  if (!filter_.ca.empty()) ways.push_back(way_by_key(KeyKind::ca, filter_.ca, filter_));
  if (!filter_.entity_type.empty()) {
    auto rest = filter_;
    rest.entity_type.clear();
    ways.push_back(way_by_key(KeyKind::entity_type, filter_.entity_type, std::move(rest)));
  }
  ways.push_back({filter_, [this](const Order& order) { return all(order); }, {}});
  return ways;
}

// Tenant and a long notAfter range: how many lineages each would have to look at, if those that
// match are spread evenly.
Result<bool> LineageSearch::expiry_is_better(std::uint64_t wanted) {
  std::uint64_t total = 0;
  std::uint64_t selected = 0;
  CERTWRIGHT_TRY(auto counters, database_.query(Statement::list_tenant_counters));
  while (true) {
    CERTWRIGHT_TRY(const bool more, counters.next());
    if (!more) break;
    total += counters.natural(1);
    if (tenant_selected(as_text(counters.view(0)))) selected += counters.natural(1);
  }
  return selected > kSmallTenant && wanted * (total / selected + 1) < selected;
}

Result<LineageSearch::Chosen> LineageSearch::choose(const Order& order, std::uint64_t wanted,
                                                    std::size_t short_is) {
  auto candidates = ways();
  const auto open = [this](Way& way) { return way.is_hint ? filter_ : std::move(way.rest); };
  // With one condition, `all` is the only other way and there is nothing to compare.
  const bool compare = candidates.size() > 2;
  for (auto& way : candidates) {
    if (&way == &candidates.back()) break;
    if (!way.if_short && !has_facts(way.rest) && !has_keys(way.rest))  // nothing is better
      return Chosen{way.in_order(order), open(way)};
    if (way.if_short) {
      CERTWRIGHT_TRY(auto ids, way.if_short(short_is));
      if (ids) return Chosen{stream_of(std::move(*ids), order), open(way)};
    } else if (compare) {
      const auto stream = way.in_order(order);
      std::vector<CertificateId> ids;
      bool ended = false;
      while (ids.size() <= kShort && !ended) {
        CERTWRIGHT_TRY(const auto id, stream->next());
        if (id) {
          ids.push_back(*id);
        } else {
          ended = true;
        }
      }
      if (ended) return Chosen{stream_of(std::move(ids), order), open(way)};
    }
  }
  const bool has_range = expiry_range().has_value();
  for (auto& way : candidates) {
    if (!way.in_order) continue;
    if (has_range && way.if_short && !filter_.tenants.empty()) {
      CERTWRIGHT_TRY(const bool better, expiry_is_better(wanted));
      if (!better) continue;
    }
    return Chosen{way.in_order(order), open(way)};
  }
  return fail(Errc::internal, "no way to answer a filter");
}

Result<bool> LineageSearch::accepts_keys(const LineageFilter& rest, CertificateId id) {
  std::vector<CertificateId> certificates{id};
  {
    CERTWRIGHT_TRY(auto renewals, database_.query(Statement::list_renewals, id,
                                                  static_cast<std::uint64_t>(kMaxLineageRows)));
    while (true) {
      CERTWRIGHT_TRY(const bool more, renewals.next());
      if (!more) break;
      certificates.push_back(renewals.natural(0));
    }
  }
  bool name = rest.name.empty();
  bool key = !rest.subject_public_key_sha256;
  for (const auto certificate : certificates) {
    CERTWRIGHT_TRY(auto keys, database_.query(Statement::find_certificate_keys, certificate));
    CERTWRIGHT_TRY(const bool found, keys.next());
    if (!found) continue;
    key = key || keys.hash(1) == *rest.subject_public_key_sha256;
    if (!name)
      name = std::ranges::any_of(split_names(as_text(keys.view(0))),
                                 [&](const auto& n) { return name_matches(rest.name, n); });
    if (name && key) return true;
  }
  return false;
}

Result<bool> LineageSearch::accepts(const LineageFilter& rest, CertificateId id) {
  if (has_facts(rest)) {
    CERTWRIGHT_TRY(auto row, database_.query(Statement::find_lineage, id));
    CERTWRIGHT_TRY(const bool found, row.next());
    if (!found) return false;
    const LineageFacts facts{as_text(row.view(4)), as_text(row.view(3)), as_text(row.view(7)),
                             as_text(row.view(5)), as_text(row.view(6)), row.time(1),
                             row.integer(2) != 0};
    if (!matches(rest, facts)) return false;
  }
  return has_keys(rest) ? accepts_keys(rest, id) : Result<bool>(true);
}

Result<bool> LineageSearch::visit(Chosen& chosen, std::uint64_t budget,
                                  const std::function<Result<Visit>(CertificateId)>& accepted) {
  const bool open_conditions = has_facts(chosen.rest) || has_keys(chosen.rest);
  for (std::uint64_t looked_at = 0;; ++looked_at) {
    CERTWRIGHT_TRY(const auto id, chosen.stream->next());
    if (!id) return true;
    if (open_conditions) {
      if (looked_at >= budget) return false;
      CERTWRIGHT_TRY(const bool match, accepts(chosen.rest, *id));
      if (!match) continue;
    }
    CERTWRIGHT_TRY(const auto answer, accepted(*id));
    if (answer == Visit::enough) return true;
  }
}

Result<std::vector<LineageRow>> LineageSearch::page(const Page& page) {
  const auto order = Order::of(page.newest_first, page.after);
  const auto wanted = page.offset + page.limit;
  std::vector<CertificateId> ids;
  std::uint64_t skipped = 0;
  const auto take = [&](CertificateId id) -> Result<Visit> {
    if (skipped < page.offset) {
      ++skipped;
      return Visit::more;
    }
    ids.push_back(id);
    return ids.size() == page.limit ? Visit::enough : Visit::more;
  };
  CERTWRIGHT_TRY(auto chosen, choose(order, wanted, kShort));
  const bool has_range = is_prefix(filter_) || expiry_range();
  CERTWRIGHT_TRY(bool complete, visit(chosen, has_range ? kFirstBudget : kLastBudget, take));
  if (!complete && has_range) {
    ids.clear();
    skipped = 0;
    CERTWRIGHT_TRY(chosen, choose(order, wanted, kSortable));
    CERTWRIGHT_TRY(complete, visit(chosen, kLastBudget, take));
  }
  if (!complete)
    return fail_field(Errc::too_large, "filter",
                      "too few of too many certificates match these conditions together: "
                      "add one that selects more");
  std::vector<LineageRow> rows;
  rows.reserve(ids.size());
  for (const auto id : ids) {
    CERTWRIGHT_TRY(auto row, database_.query(Statement::find_lineage_row, id));
    CERTWRIGHT_TRY(const bool found, row.next());
    if (!found) return fail_field(Errc::internal, "store", "an index leads to no lineage");
    CERTWRIGHT_TRY(auto record, lineage_row(row));
    rows.push_back(std::move(record));
  }
  return rows;
}

// Counter and index are committed together; what is not in them yet is in the tail.
Result<std::uint64_t> LineageSearch::count_entity() {
  CERTWRIGHT_TRY(const auto progress, read_progress(database_));
  std::uint64_t total = 0;
  {
    CERTWRIGHT_TRY(auto counters, database_.query(Statement::entity_counters, filter_.entity_id));
    while (true) {
      CERTWRIGHT_TRY(const bool more, counters.next());
      if (!more) break;
      if (tenant_selected(as_text(counters.view(0)))) total += counters.natural(1);
    }
  }
  for (const auto& piece : tail_)
    for (const auto& entry : *piece)
      if (entry.is_first() && entry.entity_id == filter_.entity_id &&
          tenant_selected(entry.tenant) &&
          entry.sequence > progress.counted_to(entry.entity_id, entry.tenant))
        ++total;
  return total;
}

Result<std::optional<Count>> LineageSearch::count_exactly() {
  auto rest = filter_;
  rest.tenants.clear();
  rest.entity_id.clear();
  if (has_facts(rest) || has_keys(rest)) return std::nullopt;
  Count count;
  if (!filter_.entity_id.empty()) {
    CERTWRIGHT_TRY(count.value, count_entity());
    return count;
  }
  CERTWRIGHT_TRY(auto counters, database_.query(Statement::list_tenant_counters));
  while (true) {
    CERTWRIGHT_TRY(const bool more, counters.next());
    if (!more) return count;
    if (tenant_selected(as_text(counters.view(0)))) count.value += counters.natural(1);
  }
}

Result<Count> LineageSearch::count() {
  CERTWRIGHT_TRY(const auto exact, count_exactly());
  if (exact) return *exact;
  const auto order = Order::of(false, std::nullopt);
  CERTWRIGHT_TRY(auto chosen, choose(order, Count::kStopsAt, kShort));
  Count count;
  const auto take = [&](CertificateId) -> Result<Visit> {
    if (count.value == Count::kStopsAt) {
      count.exact = false;
      return Visit::enough;
    }
    ++count.value;
    return Visit::more;
  };
  CERTWRIGHT_TRY(const bool complete, visit(chosen, kLastBudget, take));
  if (!complete) count.exact = false;
  return count;
}

}  // namespace certwright::store::sqlite
