// The streams of LineageSearch: one per kind of index.
#include <algorithm>
#include <utility>

#include "store/sqlite/lineage_search.h"

namespace certwright::store::sqlite {
namespace {

constexpr std::uint32_t kOfManyStreams = 2;  // ids to begin with, of streams that are merged

}  // namespace

IdStreamPtr LineageSearch::by_key(KeyKind kind, const std::string& value, const Order& order) {
  std::vector<IdStreamPtr> streams;
  streams.push_back(stream_of(
      [this, kind, &value, newest = order.newest_first](CertificateId bound, std::uint32_t limit) {
        return database_.query(newest ? Statement::key_descending : Statement::key_ascending, bound,
                               limit, static_cast<int>(kind), value);
      },
      order));
  streams.push_back(stream_of(from_tail([&](const TailEntry& e) {
                                switch (kind) {
                                  case KeyKind::tenant:
                                    return e.is_first() && e.tenant == value;
                                  case KeyKind::principal:
                                    return e.is_first() && e.principal == value;
                                  case KeyKind::entity_type:
                                    return e.is_first() && e.entity_type == value;
                                  case KeyKind::ca:
                                    return e.ca == value;
                                  case KeyKind::name:
                                    return std::ranges::find(e.names, value) != e.names.end();
                                }
                                return false;
                              }),
                              order));
  return merged(std::move(streams), order);
}

IdStreamPtr LineageSearch::by_tenants(const Order& order) {
  std::vector<IdStreamPtr> streams;
  for (const auto& tenant : filter_.tenants)
    streams.push_back(by_key(KeyKind::tenant, tenant, order));
  return merged(std::move(streams), order);
}

IdStreamPtr LineageSearch::by_public_key(const Order& order) {
  const auto& key = *filter_.subject_public_key_sha256;
  std::vector<IdStreamPtr> streams;
  streams.push_back(stream_of(
      [this, &key, newest = order.newest_first](CertificateId bound, std::uint32_t limit) {
        return database_.query(
            newest ? Statement::public_key_descending : Statement::public_key_ascending, bound,
            limit, key);
      },
      order));
  streams.push_back(stream_of(
      from_tail([&](const TailEntry& e) { return e.subject_public_key_sha256 == key; }), order));
  return merged(std::move(streams), order);
}

namespace {

// A stream that is opened when it is first read, because opening asks the database.
class LateStream final : public IdStream {
 public:
  explicit LateStream(std::function<Result<IdStreamPtr>()> open) : open_(std::move(open)) {}
  Result<std::optional<CertificateId>> next() override {
    if (!stream_) {
      CERTWRIGHT_TRY(stream_, open_());
    }
    return stream_->next();
  }

 private:
  std::function<Result<IdStreamPtr>()> open_;
  IdStreamPtr stream_;
};

Result<std::vector<std::string>> first_column(Result<Query> rows) {
  std::vector<std::string> values;
  if (!rows) return tl::unexpected<Error>(rows.error());
  while (true) {
    CERTWRIGHT_TRY(const bool more, rows->next());
    if (!more) return values;
    values.push_back(rows->text(0));
  }
}

}  // namespace

IdStreamPtr LineageSearch::by_entity(const Order& order) {
  return std::make_unique<LateStream>([this, order]() -> Result<IdStreamPtr> {
    CERTWRIGHT_TRY(auto tenants, filter_.tenants.empty()
                                     ? first_column(database_.query(Statement::entity_counters,
                                                                    filter_.entity_id))
                                     : Result<std::vector<std::string>>(filter_.tenants));
    std::vector<IdStreamPtr> streams;
    for (auto& tenant : tenants)
      streams.push_back(stream_of(
          [this, tenant = std::move(tenant), newest = order.newest_first](CertificateId bound,
                                                                          std::uint32_t limit) {
            return database_.query(
                newest ? Statement::entity_descending : Statement::entity_ascending, bound, limit,
                filter_.entity_id, tenant);
          },
          order));
    streams.push_back(stream_of(from_tail([&](const TailEntry& e) {
                                  return e.is_first() && e.entity_id == filter_.entity_id &&
                                         tenant_selected(e.tenant);
                                }),
                                order));
    return merged(std::move(streams), order);
  });
}

IdStreamPtr LineageSearch::by_revoked(const Order& order) {
  return std::make_unique<LateStream>([this, order]() -> Result<IdStreamPtr> {
    CERTWRIGHT_TRY(auto tenants,
                   filter_.tenants.empty()
                       ? first_column(database_.query(Statement::list_tenant_counters))
                       : Result<std::vector<std::string>>(filter_.tenants));
    std::vector<IdStreamPtr> streams;
    for (auto& tenant : tenants)
      streams.push_back(stream_of(
          [this, tenant = std::move(tenant), newest = order.newest_first](CertificateId bound,
                                                                          std::uint32_t limit) {
            return database_.query(
                newest ? Statement::revoked_descending : Statement::revoked_ascending, bound, limit,
                tenant);
          },
          order, tenants.size() > 1 ? kOfManyStreams : 16));
    return merged(std::move(streams), order);
  });
}

// The spans from <= span < to that have any lineage.
Result<void> LineageSearch::add_spans(std::vector<IdStreamPtr>& streams, int width_bits,
                                      std::int64_t from, std::int64_t to, const Order& order) {
  while (from < to) {
    CERTWRIGHT_TRY(auto next, database_.query(Statement::next_expiry_span, width_bits, from));
    CERTWRIGHT_TRY(const bool found, next.next());
    if (!found || next.integer(0) >= to) return {};
    const auto span = next.integer(0);
    streams.push_back(stream_of(
        [this, width_bits, span, newest = order.newest_first](CertificateId bound,
                                                              std::uint32_t limit) {
          return database_.query(
              newest ? Statement::expiry_span_descending : Statement::expiry_span_ascending, bound,
              limit, width_bits, span);
        },
        order, kOfManyStreams));
    from = span + 1;
  }
  return {};
}

// A piece of a range that is shorter than a span: sorted, or if that is too much, the whole span:
// the lineage's row decides.
Result<void> LineageSearch::add_end(std::vector<IdStreamPtr>& streams, const Range& range,
                                    const Order& order) {
  if (range.from >= range.to) return {};
  CERTWRIGHT_TRY(auto ids,
                 collect(database_.query(Statement::expiring_between, range.from, range.to,
                                         static_cast<std::uint64_t>(kSortable) + 1),
                         {}, kSortable));
  if (!ids)
    return add_spans(streams, kShortSpanBits, span_of(range.from, kShortSpanBits),
                     span_of(range.to - Duration(1), kShortSpanBits) + 1, order);
  streams.push_back(stream_of(std::move(*ids), order));
  return {};
}

IdStreamPtr LineageSearch::by_expiry(const Order& order) {
  return std::make_unique<LateStream>([this, order]() -> Result<IdStreamPtr> {
    // Some 139,000 years on either side: no notAfter is outside, and it is a multiple of a span.
    constexpr Time kFar = Time(Seconds(std::int64_t{1} << 42));
    constexpr int kRatioBits = kLongSpanBits - kShortSpanBits;
    const Range wanted = *expiry_range();
    const Range range{std::max(wanted.from, Time(-kFar.time_since_epoch())),
                      std::min(wanted.to, kFar)};
    const auto start_of = [](std::int64_t span) { return Time(Seconds(span << kShortSpanBits)); };
    const auto first_from = [](std::int64_t span, int bits) {  // rounded up
      return (span + (std::int64_t{1} << bits) - 1) >> bits;
    };
    std::vector<IdStreamPtr> streams;
    auto first = span_of(range.from, kShortSpanBits);
    if (start_of(first) < range.from) ++first;
    const auto last = span_of(range.to, kShortSpanBits);  // not in it
    if (first >= last) {
      CERTWRIGHT_CHECK(add_end(streams, range, order));
    } else {
      CERTWRIGHT_CHECK(add_end(streams, {range.from, start_of(first)}, order));
      CERTWRIGHT_CHECK(add_end(streams, {start_of(last), range.to}, order));
      const auto first_long = first_from(first, kRatioBits);
      const auto last_long = last >> kRatioBits;
      const bool any_long = first_long < last_long;
      CERTWRIGHT_CHECK(add_spans(streams, kShortSpanBits, first,
                                 any_long ? first_long << kRatioBits : last, order));
      if (any_long) {
        CERTWRIGHT_CHECK(add_spans(streams, kLongSpanBits, first_long, last_long, order));
        CERTWRIGHT_CHECK(add_spans(streams, kShortSpanBits, last_long << kRatioBits, last, order));
      }
    }
    streams.push_back(stream_of(from_tail([&](const TailEntry& e) {
                                  return e.not_after >= wanted.from && e.not_after < wanted.to;
                                }),
                                order));
    return merged(std::move(streams), order);
  });
}

IdStreamPtr LineageSearch::all(const Order& order) {
  return stream_of(
      [this, newest = order.newest_first](CertificateId bound, std::uint32_t limit) {
        return database_.query(
            newest ? Statement::lineages_descending : Statement::lineages_ascending, bound, limit);
      },
      order);
}

Result<std::optional<std::vector<CertificateId>>> LineageSearch::collect(
    Result<Query> rows, std::vector<CertificateId> tail, std::size_t most) {
  if (!rows) return tl::unexpected<Error>(rows.error());
  auto ids = std::move(tail);
  while (ids.size() <= most) {
    CERTWRIGHT_TRY(const bool more, rows->next());
    if (!more) return ids;
    ids.push_back(rows->natural(0));
  }
  return std::nullopt;
}

}  // namespace certwright::store::sqlite
