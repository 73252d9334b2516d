#pragma once
#include <chrono>

#include "gateway/certgen/door.h"
#include "metrics/registry.h"

namespace certwright::gateway::certgen {

// The door's series, certwright_certgen_*.
class DoorMetrics {
 public:
  explicit DoorMetrics(metrics::Registry& registry);
  // For DoorOptions::on_answer. Safe from any thread.
  void observe(std::chrono::nanoseconds took, std::size_t octets) const noexcept;
  // Counters and gauges; `door` must outlive the last scrape.
  void follow(const Door& door);

 private:
  void follow_counters(const Door& door);
  void follow_issuer(const Door& door);
  metrics::Registry& registry_;
  metrics::Histogram seconds_, octets_;
};

}  // namespace certwright::gateway::certgen
