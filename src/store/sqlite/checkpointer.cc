#include "store/sqlite/checkpointer.h"

#include <chrono>

namespace certwright::store::sqlite {
namespace {

constexpr int kPasses = 3;  // beside the commits, each shorter than the one before
constexpr auto kPause = std::chrono::milliseconds(20);  // when readers or the disk are in the way

}  // namespace

Checkpointer::Checkpointer(Writer& writer, std::unique_ptr<Database> database, std::uint32_t pages)
    : writer_(writer), database_(std::move(database)), pages_(pages), thread_([this] { loop(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::committed(std::uint32_t wal_pages) {
  if (wal_pages < pages_) return;
  {
    const std::lock_guard lock(mutex_);
    if (due_) return;
    due_ = true;
  }
  changed_.notify_one();
}

void Checkpointer::loop() {
  name_this_thread("store-copier");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || due_; });
    if (stopping_) return;
    lock.unlock();
    checkpoint();
    lock.lock();
    due_ = false;
    // Until the next commit begins the log anew it still counts as long; do not run in a circle.
    changed_.wait_for(lock, kPause, [this] { return stopping_; });
  }
}

void Checkpointer::checkpoint() {
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto left = database_->checkpoint();
    if (!left) return;  // the disk's trouble shows in the commits
    if (*left < pages_ / 16) break;
  }
  const Writer::Work finish = [](Database& database) -> Result<void> {
    CERTWRIGHT_CHECK(database.checkpoint());
    return {};
  };
  static_cast<void>(writer_.run(Writer::Job::checkpoint, finish));
}

}  // namespace certwright::store::sqlite
