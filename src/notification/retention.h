#pragma once
#include <chrono>
#include <cstdint>

#include "audit/journal.h"
#include "clock/clock.h"
#include "notification/transport.h"
#include "store/store.h"

namespace certwright::notification {

struct RetentionOptions {
  // Longer than any threshold of the sweep: what is forgotten could be told again.
  Duration keep = std::chrono::hours(24) * 400;
  Duration every = std::chrono::hours(1);
  std::uint32_t batch = 500;                              // in one transaction: so long do others wait
  std::chrono::milliseconds turn = std::chrono::seconds(20);  // of one call; the next goes on
};

// Drops what was settled and is older than it is kept: in batches until nothing is left, each with its audit
// record. What waits is never dropped. Holds no thread of its own between two calls.
class Retention {
 public:
  struct Dependencies {  // all must outlive this
    store::Store& store;
    audit::Journal& journal;
    const Clock& clock;
  };
  Retention(const Dependencies& dependencies, RetentionOptions options) : d_(dependencies), options_(options) {}

  // Drops if the last time that nothing was left is long enough ago. Errors: of the store; the next call goes on.
  Result<void> run_due();
  // From any thread: ends at the next batch.
  void stop() noexcept { stop_ = true; }

 private:
  Result<std::uint32_t> prune(store::NotificationState state, Time before);

  const Dependencies d_;
  const RetentionOptions options_;
  Stop stop_{false};
  Time next_{};
};

}  // namespace certwright::notification
