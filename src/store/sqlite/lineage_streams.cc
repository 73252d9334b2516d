// The streams of LineageSearch: one per kind of index.
#include <algorithm>
#include <utility>

#include "store/sqlite/lineage_search.h"

namespace certwright::store::sqlite {
namespace {

constexpr std::uint32_t kOfManyStreams = 2;  // ids to begin with, of streams that are merged
constexpr std::uint64_t kFew = 64;           // ids that are sorted rather than merged from spans

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
    std::vector<IdStreamPtr> streams;
    auto tenants = filter_.tenants;
    if (tenants.empty()) {
      CERTWRIGHT_TRY(auto few, collect(database_.query(Statement::lineages_of_entity,
                                                       filter_.entity_id, kFew + 1),
                                       {}, kFew));
      if (few) {
        streams.push_back(stream_of(std::move(*few), order));
      } else {
        CERTWRIGHT_TRY(tenants, first_column(database_.query(Statement::entity_counters,
                                                             filter_.entity_id)));
      }
    }
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

IdStreamPtr LineageSearch::listed_as(ListedState state, const Order& order) {
  std::vector<IdStreamPtr> streams;
  const auto add = [&](std::string_view tenant) {
    streams.push_back(stream_of(
        [this, tenant, state, newest = order.newest_first](CertificateId bound,
                                                           std::uint32_t limit) {
          return database_.query(newest ? Statement::state_descending : Statement::state_ascending,
                                 bound, limit, tenant, static_cast<int>(state));
        },
        order, filter_.tenants.size() > 1 ? kOfManyStreams : 16));
  };
  for (const auto& tenant : filter_.tenants) add(tenant);
  if (filter_.tenants.empty()) add(kAllTenants);
  return merged(std::move(streams), order);
}

// What was listed as valid or expired by the sweep's time may be the other by the filter's: that
// is what expires in between.
IdStreamPtr LineageSearch::by_state(const Order& order) {
  if (filter_.state == CertificateState::revoked) return listed_as(ListedState::revoked, order);
  return std::make_unique<LateStream>([this, order]() -> Result<IdStreamPtr> {
    CERTWRIGHT_TRY(const auto sweep, read_sweep(database_));
    const bool valid = filter_.state == CertificateState::valid;
    const Range between = valid ? Range{filter_.now, sweep.not_after + Duration(1)}
                                : Range{sweep.not_after, filter_.now};
    std::vector<IdStreamPtr> streams;
    streams.push_back(listed_as(valid ? ListedState::current : ListedState::expired, order));
    CERTWRIGHT_TRY(auto few, collect(database_.query(Statement::expiring_between, between.from,
                                                     between.to, kFew + 1),
                                     {}, kFew));
    if (few) {
      streams.push_back(stream_of(std::move(*few), order));
    } else {
      CERTWRIGHT_CHECK(expiring_in(streams, between, order));
    }
    // Of a lineage whose newest certificate is here, that one's notAfter counts; the others were
    // listed by their newest. A renewal does not know its lineage's tenant.
    streams.push_back(stream_of(from_tail([&](const TailEntry& e) {
                                  return valid == (e.not_after >= filter_.now) &&
                                         (!e.is_first() || tenant_selected(e.tenant));
                                }),
                                order));
    return merged(std::move(streams), order);
  });
}

IdStreamPtr LineageSearch::expiry_span(int width_bits, std::int64_t span, const Order& order) {
  return stream_of(
      [this, width_bits, span, newest = order.newest_first](CertificateId bound,
                                                            std::uint32_t limit) {
        return database_.query(
            newest ? Statement::expiry_span_descending : Statement::expiry_span_ascending, bound,
            limit, width_bits, span);
      },
      order, kOfManyStreams);
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
  if (ids) {
    streams.push_back(stream_of(std::move(*ids), order));
    return {};
  }
  const int bits = kSpanBits.front();
  for (auto span = span_of(range.from, bits); span <= span_of(range.to - Duration(1), bits); ++span)
    streams.push_back(expiry_span(bits, span, order));
  return {};
}

// What is indexed of a range: its ends, then spans as wide as fit.
Result<void> LineageSearch::expiring_in(std::vector<IdStreamPtr>& streams, Range range,
                                        const Order& order) {
  // Some 139,000 years on either side: no notAfter is outside, and it is a multiple of every span.
  constexpr Time kFar = Time(Seconds(std::int64_t{1} << 42));
  range = {std::max(range.from, Time(-kFar.time_since_epoch())), std::min(range.to, kFar)};
  if (range.from >= range.to) return {};
  const auto start_of = [](std::int64_t span) { return Time(Seconds(span << kSpanBits.front())); };
  auto first = span_of(range.from, kSpanBits.front());
  if (start_of(first) < range.from) ++first;
  auto end = span_of(range.to, kSpanBits.front());  // not in it
  if (first >= end) return add_end(streams, range, order);
  CERTWRIGHT_CHECK(add_end(streams, {range.from, start_of(first)}, order));
  CERTWRIGHT_CHECK(add_end(streams, {start_of(end), range.to}, order));
  for (std::size_t width = 0; first < end && width + 1 < kSpanBits.size(); ++width) {
    for (; first < end && first % kSpansOfNext != 0; ++first)
      streams.push_back(expiry_span(kSpanBits[width], first, order));
    for (; first < end && end % kSpansOfNext != 0; --end)
      streams.push_back(expiry_span(kSpanBits[width], end - 1, order));
    first /= kSpansOfNext;
    end /= kSpansOfNext;
  }
  // Of the widest those that have any lineage.
  for (const int bits = kSpanBits.back(); first < end; ++first) {
    CERTWRIGHT_TRY(auto next, database_.query(Statement::next_expiry_span, bits, first));
    CERTWRIGHT_TRY(const bool found, next.next());
    if (!found || next.integer(0) >= end) return {};
    first = next.integer(0);
    streams.push_back(expiry_span(bits, first, order));
  }
  return {};
}

IdStreamPtr LineageSearch::by_expiry(const Range& range, const Order& order) {
  return std::make_unique<LateStream>([this, range, order]() -> Result<IdStreamPtr> {
    std::vector<IdStreamPtr> streams;
    CERTWRIGHT_CHECK(expiring_in(streams, range, order));
    streams.push_back(stream_of(from_tail([&](const TailEntry& e) {
                                  return e.not_after >= range.from && e.not_after < range.to;
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
