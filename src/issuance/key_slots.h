#pragma once
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "errors/result.h"

namespace certwright::issuance {

// How many RSA keys are made at once. One takes up to seconds of a core, on a thread that answers
// requests: a requester who asks for many must not take all of them, or nobody is told any more what
// is revoked. Some may wait, briefly; others are asked to come again. Safe to call from any thread.
class KeySlots {
 public:
  struct Limits {
    unsigned running = 2, waiting = 16;
    std::chrono::milliseconds patience = std::chrono::seconds(10);

    // For a server with so many threads that answer requests, on so many cores: whatever is asked, half
    // of the threads are left for everybody else, where there are four or more.
    static Limits of(std::size_t workers, unsigned cores) {
      const auto quarter = static_cast<unsigned>(std::max<std::size_t>(1, workers / 4));
      return {.running = std::clamp(cores, 1U, quarter), .waiting = quarter};
    }
  };
  explicit KeySlots(Limits limits) : limits_(limits) {}

  // Held while a key is made. Must not outlive the slots.
  struct GiveBack {
    void operator()(KeySlots* slots) const noexcept { slots->give_back(); }
  };
  using Slot = std::unique_ptr<KeySlots, GiveBack>;

  // Errors: too_many_requests if too many wait, or none was free in time.
  Result<Slot> take() {
    std::unique_lock lock(mutex_);
    if (running_ >= limits_.running) {
      if (waiting_ >= limits_.waiting) return busy();
      ++waiting_;
      const bool is_free = freed_.wait_for(lock, limits_.patience, [this] { return running_ < limits_.running; });
      --waiting_;
      if (!is_free) return busy();
    }
    ++running_;
    return Slot(this);
  }

 private:
  static tl::unexpected<Error> busy() {
    return fail_field(Errc::too_many_requests, "key_type",
                      "key_type: many RSA keys are being made; try again shortly, ask for an "
                      "elliptic-curve key, or make the key yourself and send a CSR");
  }
  void give_back() noexcept {
    {
      const std::lock_guard lock(mutex_);
      --running_;
    }
    freed_.notify_one();
  }

  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable freed_;
  unsigned running_ = 0, waiting_ = 0;
};

}  // namespace certwright::issuance
