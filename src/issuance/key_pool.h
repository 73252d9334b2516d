#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

#include "crypto/private_key.h"

namespace certwright::issuance {

// Private keys made ahead, each given away once: for RSA, which takes a third of a second a key. One
// thread fills it at a low priority (nice 10), so that others are served first and yet a stop is heard
// soon. It holds no lock that a taker could wait for, however long it does not run. Keys
// that are left are wiped with the pool. Safe to call from any thread.
class KeyPool {
 public:
  // Gives up soon after a stop is requested, with any error.
  using Maker = std::function<Result<crypto::PrivateKey>(const std::stop_token& stop)>;
  // capacity 0: no thread, always dry.
  KeyPool(std::size_t capacity, Maker make);
  ~KeyPool();  // the key that is being made is given up: waits for as long as the maker needs for that
  KeyPool(const KeyPool&) = delete;
  KeyPool& operator=(const KeyPool&) = delete;

  // Never waits. Nothing: the pool is dry.
  std::optional<crypto::PrivateKey> take();

  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t depth() const noexcept;
  std::uint64_t dry_count() const noexcept { return dry_; }   // take() calls that got nothing
  std::uint64_t made_count() const noexcept { return made_; }

 private:
  using Slot = std::atomic<crypto::PrivateKey*>;  // owns
  void fill(const std::stop_token& stop);
  void put(std::unique_ptr<crypto::PrivateKey> key) noexcept;
  const std::size_t capacity_;
  const Maker make_;
  const std::unique_ptr<Slot[]> slots_;
  std::atomic<std::uint32_t> changes_{0};  // of anything that the filler waits for
  std::atomic<std::uint64_t> dry_{0}, made_{0};
  std::jthread thread_;
};

}  // namespace certwright::issuance
