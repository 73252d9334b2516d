#pragma once
#include <array>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "clock/clock.h"

namespace certwright::gateway::web {

// Token buckets by key. Bounded memory: full buckets are forgotten first, and when a shard is full
// of busy ones it starts anew. Safe to call from any thread.
class RateLimiter {
 public:
  // `requests_per_s` 0: no limit.
  RateLimiter(double requests_per_s, double burst) noexcept
      : per_s_(requests_per_s), burst_(burst < 1 ? 1 : burst) {}

  // Takes one token of `key`. Returns 0, or the seconds until there is one again.
  double take(std::string_view key, Time now);

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kKeysPerShard = 4'096;
  struct Bucket {
    double tokens = 0;
    Time at{};
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket> buckets;
  };
  double refilled(const Bucket& bucket, Time now) const noexcept;

  double per_s_, burst_;
  std::array<Shard, kShards> shards_;
};

}  // namespace certwright::gateway::web
