#pragma once
// Finding records by what they are about, without an index: for one thing whose time is known.
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "errors/result.h"
#include "store/store.h"

namespace certwright::audit {

struct RecordsAbout {
  std::vector<store::AuditLeaf> records;
  bool complete = true;  // false: there are more records in that time than were looked at
};

inline constexpr std::uint64_t kMaxExaminedAbout = 100'000;

// The records between `from` and `to` (each a minute more, because leaves are numbered in order of commit,
// not of time) that have `id` in a field. `id` is long and random: 16 octets or more of it. Errors: invalid
// for a shorter one; the store's.
Result<RecordsAbout> records_about(const store::Store& store, std::string_view id, Time from, Time to);

}  // namespace certwright::audit
