#include "gateway/web/rate_limiter.h"

#include <algorithm>
#include <functional>

namespace certwright::gateway::web {

double RateLimiter::refilled(const Bucket& bucket, Time now) const noexcept {
  // A clock that was set back gives nothing and takes nothing.
  const double passed_s = std::max(0.0, std::chrono::duration<double>(now - bucket.at).count());
  return std::min(burst_, bucket.tokens + passed_s * per_s_);
}

double RateLimiter::take(std::string_view key, Time now) {
  if (per_s_ <= 0) return 0;
  Shard& shard = shards_[std::hash<std::string_view>{}(key) % kShards];
  const std::lock_guard lock(shard.mutex);
  if (shard.buckets.size() >= kKeysPerShard) {
    std::erase_if(shard.buckets,
                  [&](const auto& entry) { return refilled(entry.second, now) >= burst_; });
    if (shard.buckets.size() >= kKeysPerShard) shard.buckets.clear();
  }
  const auto [entry, is_new] = shard.buckets.try_emplace(std::string(key), Bucket{burst_, now});
  Bucket& bucket = entry->second;
  bucket.tokens = refilled(bucket, now);
  bucket.at = now;
  if (bucket.tokens < 1) return (1 - bucket.tokens) / per_s_;
  bucket.tokens -= 1;
  return 0;
}

}  // namespace certwright::gateway::web
