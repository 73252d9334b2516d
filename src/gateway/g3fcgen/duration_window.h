#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

namespace certwright::gateway::g3fcgen {

// Durations of a window of time, by logarithmic classes that are at most 1/32 wide, so a quantile is at
// most 3.2 % too large. record() may be called from any thread; take() from one.
class DurationWindow {
 public:
  struct Summary {
    std::uint64_t count = 0, min_ns = 0, max_ns = 0;
    double mean_ns = 0;
    std::vector<std::uint64_t> quantiles_ns;  // in the order that was asked for
  };

  void record(std::chrono::nanoseconds took) noexcept;
  // What came since the last take(). `quantiles` from 0 to 1.
  Summary take(const std::vector<double>& quantiles);

 private:
  static constexpr unsigned kSubBits = 5;
  static constexpr std::size_t kClasses = (64 - kSubBits) << kSubBits;
  static std::size_t class_of(std::uint64_t ns) noexcept;
  static std::uint64_t upper_of(std::size_t index) noexcept;
  std::array<std::atomic<std::uint64_t>, kClasses> counts_{};
  std::atomic<std::uint64_t> sum_ns_{0}, min_ns_{UINT64_MAX}, max_ns_{0};
};

}  // namespace certwright::gateway::g3fcgen
