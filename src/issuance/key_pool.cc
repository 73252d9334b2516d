#include "issuance/key_pool.h"

#include <chrono>

#include <pthread.h>
#include <sched.h>

namespace certwright::issuance {

KeyPool::KeyPool(std::size_t capacity, Maker make) : capacity_(capacity), make_(std::move(make)) {
  keys_.reserve(capacity_);
  if (capacity_ != 0) thread_ = std::thread([this] { fill(); });
}

KeyPool::~KeyPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<crypto::PrivateKey> KeyPool::take() {
  std::optional<crypto::PrivateKey> key;
  {
    const std::lock_guard lock(mutex_);
    if (!keys_.empty()) {
      key.emplace(std::move(keys_.back()));
      keys_.pop_back();
    }
  }
  if (key) wanted_.notify_one();
  else dry_.fetch_add(1, std::memory_order_relaxed);
  return key;
}

std::size_t KeyPool::depth() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

void KeyPool::fill() {
  constexpr std::chrono::seconds kAfterFailure{5};
  const sched_param none{};
  (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);  // refused: then at ours
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (keys_.size() >= capacity_) {
      wanted_.wait(lock);
      continue;
    }
    lock.unlock();
    auto key = make_();
    lock.lock();
    if (key) {
      keys_.push_back(std::move(*key));
      made_.fetch_add(1, std::memory_order_relaxed);
    } else {
      wanted_.wait_for(lock, kAfterFailure, [this] { return stopping_; });
    }
  }
}

}  // namespace certwright::issuance
