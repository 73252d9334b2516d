#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "audit/journal.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "notification/courier.h"
#include "store/store.h"

namespace certwright::notification {

struct DeliveryOptions {
  std::string holder;  // of the lease: this process
  Duration lease = std::chrono::minutes(3);
  Duration attempt_limit = std::chrono::seconds(60);  // no attempt takes longer
  Duration first_delay = std::chrono::seconds(30);    // doubled with each attempt
  Duration longest_delay = std::chrono::hours(6);
  Duration give_up_after = std::chrono::hours(72);    // since it was enqueued
  std::uint32_t least_attempts = 3;                   // before that: after a long standstill too
  Duration turn = std::chrono::seconds(15);           // of one recipient, before others have theirs
  std::uint32_t lanes = 64;                           // recipients in one round
  std::uint32_t threads = 4;                          // so many slow endpoints at once
  // Told of each attempt that failed, from any thread; may be empty.
  std::function<void(std::string_view recipient, std::string_view reason)> on_failure{};
};

struct DeliveryCounts {
  std::uint64_t delivered = 0, retried = 0, failed = 0;
};

// Empties the outbox of one channel: at least once, in order for each recipient. Only the holder of the
// lease delivers; a crash between delivery and its record delivers again. What fails is tried again with
// exponential back-off and jitter, and given up, with an audit record, when it is old, together with all of
// its recipient's that are. The back-off is the recipient's: it begins anew with a success only. Holds no
// thread of its own between rounds.
class Delivery {
 public:
  struct Dependencies {  // all must outlive this
    store::Store& store;
    audit::Journal& journal;
    Courier& courier;
    crypto::Random& random;
    const Clock& clock;
  };
  Delivery(const Dependencies& dependencies, DeliveryOptions options);

  // Until nothing is due any more, another node has the lease, or stop() was called. One call at a time.
  // Errors: of the store, and internal for what was thrown; what was under way is tried again.
  Result<void> run_due();
  // From any thread: attempts under way are broken off within about a second, and do not count.
  void stop() noexcept { stop_ = true; }
  // Since the start of this process. From any thread.
  DeliveryCounts counts() const noexcept;

  // The wait after this many attempts: at most 20 % to either side of its mean.
  Duration delay_after(std::uint32_t attempts);

 private:
  Result<bool> round();
  std::uint64_t settled() const noexcept { return delivered_ + retried_ + failed_; }
  Result<bool> hold_lease();
  Result<void> deliver_lane(const store::NotificationLane& lane);
  using Deadline = std::chrono::steady_clock::time_point;
  Result<bool> attempt(const store::NotificationLane& lane, Deadline until);
  Result<bool> one_by_one(const store::NotificationLane& lane, const std::vector<store::NotificationRecord>& waiting,
                          Deadline until);
  Result<void> settle(const store::NotificationLane& lane, const std::vector<store::NotificationRecord>& tried,
                      const Result<void>& outcome);
  struct Sorted {
    std::vector<store::NotificationId> done, again;
  };
  Result<Sorted> sort_failed(const store::NotificationLane& lane, const std::vector<store::NotificationRecord>& tried,
                             Time now) const;
  std::uint32_t count_failure(const std::string& recipient, std::uint32_t attempts);
  void forget_failures(const std::string& recipient);

  const Dependencies d_;
  const DeliveryOptions options_;
  const std::string lease_name_;
  Stop stop_{false};
  std::mutex lease_mutex_;
  Time lease_until_{};
  std::mutex failures_mutex_;
  std::map<std::string, std::uint32_t> failures_;  // of recipients, since their last success
  std::atomic<std::uint64_t> delivered_{0}, retried_{0}, failed_{0};
};

std::string_view name_of(store::NotificationChannel channel) noexcept;  // "in_product", "email", "webhook"
std::string_view name_of(store::NotificationState state) noexcept;      // "waiting", "delivered", ...

}  // namespace certwright::notification
