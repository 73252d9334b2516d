#include "issuance/key_pool.h"

#include <chrono>

#include <pthread.h>
#include <sched.h>

namespace certwright::issuance {

KeyPool::KeyPool(std::size_t capacity, Maker make)
    : capacity_(capacity), make_(std::move(make)), slots_(std::make_unique<Slot[]>(capacity)) {
  if (capacity_ != 0) thread_ = std::thread([this] { fill(); });
}

KeyPool::~KeyPool() {
  stopping_ = true;
  ++changes_;
  changes_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (std::size_t i = 0; i < capacity_; ++i) delete slots_[i].load();
}

std::optional<crypto::PrivateKey> KeyPool::take() {
  for (std::size_t i = 0; i < capacity_; ++i) {
    if (slots_[i].load(std::memory_order_relaxed) == nullptr) continue;
    const std::unique_ptr<crypto::PrivateKey> key(slots_[i].exchange(nullptr));
    if (key == nullptr) continue;
    ++changes_;
    changes_.notify_one();
    return std::move(*key);
  }
  dry_.fetch_add(1, std::memory_order_relaxed);
  return std::nullopt;
}

std::size_t KeyPool::depth() const noexcept {
  std::size_t keys = 0;
  for (std::size_t i = 0; i < capacity_; ++i) keys += slots_[i].load(std::memory_order_relaxed) != nullptr;
  return keys;
}

// Only the filler fills, so there is an empty slot whenever it was seen to be below its capacity.
void KeyPool::put(std::unique_ptr<crypto::PrivateKey> key) noexcept {
  for (std::size_t i = 0; i < capacity_; ++i) {
    if (slots_[i].load() != nullptr) continue;
    slots_[i].store(key.release());
    made_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
}

void KeyPool::fill() {
  constexpr int kTriesToNext = 50;
  const sched_param none{};
  (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);  // refused: then at ours
  while (!stopping_) {
    const auto seen = changes_.load();
    if (depth() >= capacity_) {
      if (!stopping_) changes_.wait(seen);
      continue;
    }
    if (auto key = make_()) {
      put(std::make_unique<crypto::PrivateKey>(std::move(*key)));
      continue;
    }
    for (int i = 0; i < kTriesToNext && !stopping_; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace certwright::issuance
