#include "gateway/g3fcgen/duration_window.h"

#include <algorithm>
#include <bit>

namespace certwright::gateway::g3fcgen {

// Values below 2^kSubBits have a class each; above, each power of two has 2^kSubBits.
std::size_t DurationWindow::class_of(std::uint64_t ns) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(ns));
  if (width <= kSubBits) return static_cast<std::size_t>(ns);
  const unsigned shift = width - kSubBits - 1;
  return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(ns >> shift);
}

std::uint64_t DurationWindow::upper_of(std::size_t index) noexcept {
  constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  if (index < 2 * kSub) return index;
  const std::size_t shift = (index >> kSubBits) - 1;
  const std::uint64_t mantissa = index - (shift << kSubBits);
  return ((mantissa + 1) << shift) - 1;
}

void DurationWindow::record(std::chrono::nanoseconds took) noexcept {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
  counts_[class_of(ns)].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(ns, std::memory_order_relaxed);
  for (auto seen = max_ns_.load(); ns > seen && !max_ns_.compare_exchange_weak(seen, ns);) {
  }
  for (auto seen = min_ns_.load(); ns < seen && !min_ns_.compare_exchange_weak(seen, ns);) {
  }
}

DurationWindow::Summary DurationWindow::take(const std::vector<double>& quantiles) {
  std::vector<std::uint64_t> counts(kClasses);
  Summary summary;
  for (std::size_t i = 0; i < kClasses; ++i) summary.count += counts[i] = counts_[i].exchange(0);
  const auto sum = sum_ns_.exchange(0);
  summary.min_ns = min_ns_.exchange(UINT64_MAX);
  summary.max_ns = max_ns_.exchange(0);
  summary.quantiles_ns.resize(quantiles.size());
  if (summary.count == 0) return {.quantiles_ns = std::move(summary.quantiles_ns)};
  summary.mean_ns = static_cast<double>(sum) / static_cast<double>(summary.count);
  for (std::size_t q = 0; q < quantiles.size(); ++q) {
    const auto rank = static_cast<std::uint64_t>(quantiles[q] * static_cast<double>(summary.count - 1)) + 1;
    std::uint64_t seen = 0;
    std::size_t index = 0;
    while (index < kClasses && (seen += counts[index]) < rank) ++index;
    summary.quantiles_ns[q] = std::clamp(upper_of(std::min(index, kClasses - 1)), std::min(summary.min_ns, summary.max_ns), summary.max_ns);
  }
  return summary;
}

}  // namespace certwright::gateway::g3fcgen
