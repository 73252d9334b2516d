#pragma once
// Time is injected, so that a certificate is reproducible and a test can move it.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace certwright {

// UTC, microseconds since 1970-01-01T00:00:00Z. Certificates truncate to seconds.
using Time = std::chrono::sys_time<std::chrono::microseconds>;
using Duration = std::chrono::microseconds;
using Seconds = std::chrono::seconds;

class Clock {
 public:
  virtual ~Clock() = default;
  // Safe to call from any thread. Not guaranteed to be monotonic: the system's clock may be set.
  virtual Time now() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const noexcept override;
};

// For tests: stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) noexcept : now_us_(start.time_since_epoch().count()) {}
  Time now() const noexcept override { return Time(Duration(now_us_.load())); }
  void advance(Duration by) noexcept { now_us_ += by.count(); }
  void set(Time to) noexcept { now_us_ = to.time_since_epoch().count(); }

 private:
  std::atomic<std::int64_t> now_us_;
};

inline std::int64_t to_unix_us(Time t) noexcept { return t.time_since_epoch().count(); }
inline Time from_unix_us(std::int64_t us) noexcept { return Time(Duration(us)); }
inline std::int64_t to_unix_s(Time t) noexcept {
  return std::chrono::floor<Seconds>(t).time_since_epoch().count();
}
inline Time from_unix_s(std::int64_t s) noexcept { return Time(Seconds(s)); }

// RFC 3339 in UTC, with microseconds where they are not zero: "2024-05-03T13:33:29.405109Z".
std::string to_rfc3339(Time t);

}  // namespace certwright
