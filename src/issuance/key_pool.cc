#include "issuance/key_pool.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include <sys/resource.h>
#include <unistd.h>

namespace certwright::issuance {

KeyPool::KeyPool(std::size_t capacity, Maker make)
    : capacity_(capacity), make_(std::move(make)), slots_(std::make_unique<Slot[]>(capacity)) {
  if (capacity_ != 0) thread_ = std::jthread([this](const std::stop_token& stop) { fill(stop); });
}

KeyPool::~KeyPool() {
  thread_.request_stop();
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

void KeyPool::fill(const std::stop_token& stop) {
  constexpr auto kToNextTry = std::chrono::seconds(5);
  // Not SCHED_IDLE, nor nice 19: beside work of others such a thread gets a turn after seconds only, and
  // exec() and exit() wait for it to take the one in which it ends. A tenth of an ordinary share will do.
  constexpr int kNice = 10;
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);  // Linux: of this thread alone
  const std::stop_callback wake(stop, [this] {
    ++changes_;
    changes_.notify_all();
  });
  std::mutex mutex;  // the filler's own: only to sleep until a stop
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    const auto seen = changes_.load();
    if (depth() >= capacity_) {
      if (!stop.stop_requested()) changes_.wait(seen);
      continue;
    }
    if (auto key = make_(stop))
      put(std::make_unique<crypto::PrivateKey>(std::move(*key)));
    else
      stopped.wait_for(lock, stop, kToNextTry, [] { return false; });
  }
}

}  // namespace certwright::issuance
