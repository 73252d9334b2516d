#pragma once
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "issuance/issuance_service.h"
#include "metrics/registry.h"

namespace certwright::daemon {

// certwright_issuance_stage_seconds{stage} and
// certwright_issuance_total{door,ca,profile,outcome}.
class IssuanceMetrics final : public issuance::StageObserver {
 public:
  explicit IssuanceMetrics(metrics::Registry& registry);
  void on_stage(std::string_view stage, std::chrono::nanoseconds took) noexcept override;
  void on_outcome(std::string_view door, std::string_view ca, std::string_view profile,
                  std::string_view outcome) noexcept override;

 private:
  static constexpr std::size_t kMaxSeries = 2'000;  // a requester's profile names are not all ours
  metrics::Registry& registry_;
  std::map<std::string, metrics::Histogram, std::less<>> stages_;
  std::mutex mutex_;
  std::map<std::string, metrics::Counter, std::less<>> outcomes_;
};

}  // namespace certwright::daemon
