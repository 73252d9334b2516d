#pragma once
// Lineage ids in order, from an index or from memory, as far as someone asks.
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "store/sqlite/database.h"

namespace certwright::store::sqlite {

struct Order {
  bool newest_first = false;
  // Only ids that come after this one.
  CertificateId bound = 0;

  static Order of(bool newest_first, std::optional<CertificateId> after) {
    constexpr auto kLast = static_cast<CertificateId>(std::numeric_limits<std::int64_t>::max());
    return {newest_first, after.value_or(newest_first ? kLast : 0)};
  }
  bool comes_before(CertificateId a, CertificateId b) const noexcept {
    return newest_first ? a > b : a < b;
  }
};

// Strictly in order, so without duplicates.
class IdStream {
 public:
  virtual ~IdStream() = default;
  virtual Result<std::optional<CertificateId>> next() = 0;
};
using IdStreamPtr = std::unique_ptr<IdStream>;

// Any ids: sorted, without duplicates and without those that are not after the bound.
IdStreamPtr stream_of(std::vector<CertificateId> ids, const Order& order);

// Reads an index a piece at a time, from `first_piece` ids on ever larger ones. `fetch(bound,
// limit)` runs the statement that returns up to `limit` ids in order after `bound`.
using Fetch = std::function<Result<Query>(CertificateId bound, std::uint32_t limit)>;
IdStreamPtr stream_of(Fetch fetch, const Order& order, std::uint32_t first_piece = 16);

// All of these in order; an id that several have comes once.
IdStreamPtr merged(std::vector<IdStreamPtr> streams, const Order& order);

}  // namespace certwright::store::sqlite
