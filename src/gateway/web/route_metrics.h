#pragma once
// Private to this room.
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <utility>

#include "metrics/registry.h"

namespace certwright::gateway::web {

// The series of one route. Counters are made when a status is first seen: most never are.
class RouteMetrics {
 public:
  void init(metrics::Registry& registry, std::string route, std::string method) {
    registry_ = &registry;
    route_ = std::move(route);
    method_ = std::move(method);
    duration_ = registry.histogram("certwright_http_request_duration_seconds",
                                   "Time to answer an HTTP request, without sending it.",
                                   {{"route", route_}, {"method", method_}});
  }

  void count(int status, std::chrono::nanoseconds took) {
    duration_.observe(std::chrono::duration<double>(took).count());
    std::size_t slot = 0;
    while (slot < kCountedStatuses.size() && kCountedStatuses[slot] != status) ++slot;
    if (!made_[slot].load(std::memory_order_acquire)) {
      const std::lock_guard lock(mutex_);
      if (!made_[slot].load(std::memory_order_relaxed)) {
        counters_[slot] = registry_->counter(
            "certwright_http_requests_total", "HTTP requests answered, by route and status.",
            {{"route", route_},
             {"method", method_},
             {"status", slot < kCountedStatuses.size() ? std::to_string(status) : "other"}});
        made_[slot].store(true, std::memory_order_release);
      }
    }
    counters_[slot].increment();
  }

 private:
  static constexpr std::array kCountedStatuses = {200, 201, 202, 204, 206, 303, 304, 400, 401, 403, 404,
                                                  405, 406, 409, 410, 412, 413, 415, 422, 429, 500, 503};
  metrics::Registry* registry_ = nullptr;
  std::string route_, method_;
  metrics::Histogram duration_;
  std::mutex mutex_;
  std::array<std::atomic<bool>, kCountedStatuses.size() + 1> made_{};
  std::array<metrics::Counter, kCountedStatuses.size() + 1> counters_{};
};

}  // namespace certwright::gateway::web
