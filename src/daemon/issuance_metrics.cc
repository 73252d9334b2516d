#include "daemon/issuance_metrics.h"

namespace certwright::daemon {

IssuanceMetrics::IssuanceMetrics(metrics::Registry& registry) : registry_(registry) {
  for (const char* stage : {"approve", "build", "intent", "sign", "verify", "record"})
    stages_.emplace(stage, registry.histogram("certwright_issuance_stage_seconds",
                                              "Time of one stage of the issuance path.", {{"stage", stage}}));
}

void IssuanceMetrics::on_stage(std::string_view stage, std::chrono::nanoseconds took) noexcept {
  if (const auto found = stages_.find(stage); found != stages_.end())
    found->second.observe(std::chrono::duration<double>(took).count());
}

void IssuanceMetrics::on_outcome(std::string_view door, std::string_view ca, std::string_view profile,
                                 std::string_view outcome) noexcept {
  std::string key;
  for (const auto part : {door, ca, profile, outcome}) key.append(part).push_back('\n');
  const std::lock_guard lock(mutex_);
  auto found = outcomes_.find(key);
  if (found == outcomes_.end()) {
    const bool full = outcomes_.size() >= kMaxSeries || profile.size() > 63;
    const metrics::Labels labels = {{"door", std::string(door)},
                                    {"ca", std::string(ca)},
                                    {"profile", full ? "other" : std::string(profile)},
                                    {"outcome", std::string(outcome)}};
    const auto counter = registry_.counter("certwright_issuance_total",
                                           "Requests for certificates, by outcome.", labels);
    if (full) return counter.increment();
    found = outcomes_.emplace(std::move(key), counter).first;
  }
  found->second.increment();
}

}  // namespace certwright::daemon
