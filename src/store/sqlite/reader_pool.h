#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "store/sqlite/database.h"

namespace certwright::store::sqlite {

// Read-only connections, lent to one thread at a time. The one used last is lent first: its cache
// is warm.
class ReaderPool {
 public:
  explicit ReaderPool(std::vector<std::unique_ptr<Database>> readers)
      : readers_(std::move(readers)) {}

  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Database> reader) noexcept
        : pool_(&pool), reader_(std::move(reader)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (reader_) pool_->give_back(std::move(reader_));
    }
    Database& operator*() const noexcept { return *reader_; }
    Database* operator->() const noexcept { return reader_.get(); }

   private:
    ReaderPool* pool_;
    std::unique_ptr<Database> reader_;
  };

  // Waits for one to be free. A thread must not hold two.
  Lease borrow() {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !readers_.empty(); });
    auto reader = std::move(readers_.back());
    readers_.pop_back();
    return Lease(*this, std::move(reader));
  }

 private:
  void give_back(std::unique_ptr<Database> reader) {
    {
      const std::lock_guard lock(mutex_);
      readers_.push_back(std::move(reader));
    }
    free_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<Database>> readers_;
};

}  // namespace certwright::store::sqlite
