#include "audit/about.h"

#include <algorithm>
#include <string>

namespace certwright::audit {
namespace {

constexpr std::size_t kLeastIdOctets = 16;
constexpr std::uint32_t kBatch = 1'000;
constexpr Duration kSlack = Seconds(60);

// A record begins {"v":1,"time":"2026-...: RFC 3339 with six decimals always, so text sorts by time.
std::string_view time_of(std::string_view record) {
  constexpr std::string_view kBefore = R"({"v":1,"time":")";
  constexpr std::size_t kTimeOctets = 27;
  return record.starts_with(kBefore) ? record.substr(kBefore.size(), kTimeOctets) : std::string_view();
}

// As to_rfc3339(), but with whole seconds it leaves the decimals out, and '.' sorts before 'Z'.
std::string sortable(Time time) {
  std::string text = to_rfc3339(std::chrono::floor<Seconds>(time));
  text.back() = '.';
  return text;
}

Result<std::uint64_t> first_not_before(const store::Store& store, std::string_view time, std::uint64_t size) {
  std::uint64_t low = 0, high = size;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    CERTWRIGHT_TRY(const auto leaf, store.audit_leaves(middle, 1));
    if (leaf.empty() || time_of(as_text(leaf.front().record)) >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}

}  // namespace

Result<RecordsAbout> records_about(const store::Store& store, std::string_view id, Time from, Time to) {
  if (id.size() < kLeastIdOctets) return fail(Errc::invalid, "too short an id to look for");
  CERTWRIGHT_TRY(const auto size, store.audit_size());
  CERTWRIGHT_TRY(const auto begin, first_not_before(store, sortable(from - kSlack), size));
  const std::string end_time = sortable(to + kSlack);
  const std::string quoted = "\"" + std::string(id) + "\"";
  RecordsAbout found;
  for (std::uint64_t at = begin; at < size; at += kBatch) {
    if (at - begin >= kMaxExaminedAbout) {
      found.complete = false;
      return found;
    }
    CERTWRIGHT_TRY(auto leaves, store.audit_leaves(at, kBatch));
    if (leaves.empty() || time_of(as_text(leaves.front().record)) > end_time) return found;
    for (auto& leaf : leaves)
      if (as_text(leaf.record).find(quoted) != std::string_view::npos) found.records.push_back(std::move(leaf));
  }
  return found;
}

}  // namespace certwright::audit
