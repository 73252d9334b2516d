#pragma once
// The one thread that writes: group commit.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/sqlite/command_runner.h"
#include "store/sqlite/parker.h"

namespace certwright::store::sqlite {

// Takes whatever transactions were queued while its last commit was on its way to the disk, runs
// them, commits once and wakes their callers. A transaction that fails a precondition rolls back
// alone. Between commits it runs the jobs of the background threads, in small pieces.
class Writer {
 public:
  // `counters` as of the database's last commit. `tail` learns of every commit before its callers
  // do.
  Writer(std::unique_ptr<Database> database, Counters counters, Tail& tail, bool synchronous);
  // Finishes what is queued. No caller may be waiting or arrive.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Blocks until the commit is durable, or the transaction failed.
  Result<void> apply(const Transaction& transaction);

  enum class Job : std::uint8_t {
    index,      // in a transaction of its own, which need not be durable: lost work is done again
    checkpoint  // outside of transactions
  };
  using Work = std::function<Result<void>(Database&)>;
  // Blocks until the writer has run `work`, one at a time per kind. Callers' commits go first,
  // except that a job waits for at most kMaxJobDelay, and a long tail lets index jobs go first.
  Result<void> run(Job job, const Work& work);

  // Calls `listener(pages)` after each commit with the frames in the write-ahead log. Set before
  // use.
  void on_commit(std::function<void(std::uint32_t)> listener) { on_commit_ = std::move(listener); }

  std::uint64_t audit_size() const noexcept { return audit_size_.load(std::memory_order_acquire); }
  std::uint64_t commits() const noexcept { return commits_.load(std::memory_order_relaxed); }
  std::uint64_t transactions() const noexcept {
    return transactions_.load(std::memory_order_relaxed);
  }

 private:
  struct Request {
    const Transaction* transaction = nullptr;
    Result<void> result;
    Parker parker;
    Request* first_to_wake = nullptr;  // a woken caller wakes others in turn
    Request* next_to_wake = nullptr;
  };
  struct QueuedJob {
    const Work* work = nullptr;
    std::chrono::steady_clock::time_point since{};
    Result<void> result;
    Parker parker;
  };

  void loop();
  void commit(std::vector<Request*>& batch);
  // False: the batch was rolled back because a failed transaction had written; run it carefully.
  bool run_batch(const std::vector<Request*>& batch, bool carefully, Effects& effects);
  Result<void> run_one(const Transaction& transaction, bool carefully, Counters& counters,
                       Effects& effects);
  static void wake(std::vector<Request*>& batch);
  static void wake_list(Request* first);
  bool job_is_due(Job job, bool idle) const;
  void run_job(Job job);
  Result<void> run_index(const Work& work);
  Result<void> restore_durability();

  std::unique_ptr<Database> database_;
  Counters counters_;
  Tail& tail_;
  const bool synchronous_;
  bool relaxed_ = false;  // the connection does not sync its commits at the moment
  std::function<void(std::uint32_t)> on_commit_;
  std::atomic<std::uint64_t> audit_size_;
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> transactions_{0};

  std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::vector<Request*> queue_;
  QueuedJob* jobs_[2] = {nullptr, nullptr};
  bool stopping_ = false;
  bool asleep_ = false;

  std::thread thread_;
};

}  // namespace certwright::store::sqlite
