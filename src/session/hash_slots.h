#pragma once
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

#include "errors/result.h"

namespace certwright::session {

// Memory and cores for password hashes: so many at once, so many that wait. Over that, callers are sent
// away, so that a flood of sign-ins takes neither the memory nor all threads. Safe to call from any thread.
class HashSlots {
 public:
  HashSlots(std::size_t at_once, std::size_t waiting) : free_(at_once), may_wait_(waiting) {}
  HashSlots(const HashSlots&) = delete;
  HashSlots& operator=(const HashSlots&) = delete;

  // Gives its place back when it goes.
  class Slot {
   public:
    Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (slots_ != nullptr) slots_->give_back();
    }

   private:
    friend class HashSlots;
    explicit Slot(HashSlots& slots) noexcept : slots_(&slots) {}
    HashSlots* slots_;
  };

  // Waits for a place. Errors: too_many_requests, at once, if as many as may wait do so already.
  Result<Slot> take() {
    std::unique_lock lock(mutex_);
    if (free_ == 0) {
      if (waiting_ >= may_wait_)
        return fail(Errc::too_many_requests, "Too many people sign in at this moment; try again in a few seconds.");
      ++waiting_;
      given_back_.wait(lock, [&] { return free_ > 0; });
      --waiting_;
    }
    --free_;
    return Slot(*this);
  }

 private:
  void give_back() noexcept {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    given_back_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable given_back_;
  std::size_t free_, waiting_ = 0;
  const std::size_t may_wait_;
};

}  // namespace certwright::session
