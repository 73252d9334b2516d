#pragma once
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "errors/result.h"

namespace certwright::session {

// Memory and cores for password hashes: so many at once, so many that wait, and of those only a few for one
// account and for one address. Over that, callers are sent away, so that a flood of sign-ins takes neither
// the memory nor all threads, and nobody takes all places. Safe to call from any thread.
class HashSlots {
 public:
  static constexpr std::size_t kPerAccount = 2, kPerPeer = 4;  // running and waiting

  HashSlots(std::size_t at_once, std::size_t waiting) : free_(at_once), may_wait_(waiting) {}
  HashSlots(const HashSlots&) = delete;
  HashSlots& operator=(const HashSlots&) = delete;

  // Gives its place back when it goes.
  class Slot {
   public:
    Slot(Slot&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)), account_(std::move(other.account_)), peer_(std::move(other.peer_)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (slots_ != nullptr) slots_->give_back(account_, peer_);
    }

   private:
    friend class HashSlots;
    Slot(HashSlots& slots, std::string account, std::string peer) noexcept
        : slots_(&slots), account_(std::move(account)), peer_(std::move(peer)) {}
    HashSlots* slots_;
    std::string account_, peer_;
  };

  // Waits for a place. `peer` as access::peer_of() gives it. Errors: too_many_requests, at once, if as many
  // as may wait do so already, or if account or peer have all the places they may.
  Result<Slot> take(std::string_view account, std::string_view peer) {
    std::unique_lock lock(mutex_);
    if ((free_ == 0 && waiting_ >= may_wait_) || taken(accounts_, account) >= kPerAccount ||
        taken(peers_, peer) >= kPerPeer)
      return fail(Errc::too_many_requests, "Too many people sign in at this moment; try again in a few seconds.");
    ++accounts_[std::string(account)];
    ++peers_[std::string(peer)];
    if (free_ == 0) {
      ++waiting_;
      given_back_.wait(lock, [&] { return free_ > 0; });
      --waiting_;
    }
    --free_;
    return Slot(*this, std::string(account), std::string(peer));
  }

 private:
  using Counts = std::map<std::string, std::size_t, std::less<>>;
  static std::size_t taken(const Counts& counts, std::string_view key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }
  static void give_back(Counts& counts, const std::string& key) noexcept {
    const auto found = counts.find(key);
    if (found != counts.end() && --found->second == 0) counts.erase(found);
  }
  void give_back(const std::string& account, const std::string& peer) noexcept {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
      give_back(accounts_, account);
      give_back(peers_, peer);
    }
    given_back_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable given_back_;
  std::size_t free_, waiting_ = 0;
  Counts accounts_, peers_;  // as many entries as places
  const std::size_t may_wait_;
};

}  // namespace certwright::session
