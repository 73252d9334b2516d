#pragma once
// Internal to http: the threads that handlers may block.
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace certwright::http {

class Job {
 public:
  virtual ~Job() = default;
  virtual void run() noexcept = 0;
};

// A fixed number of threads and a bounded queue. Thread-safe but for start() and stop().
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t most_jobs) noexcept : most_jobs_(most_jobs) {}
  ~WorkerPool() { stop(); }

  void start(std::size_t threads);
  // False, and nothing happens, if as many jobs as allowed are queued or running.
  bool try_submit(std::shared_ptr<Job> job);
  bool is_full() const noexcept { return in_flight() >= most_jobs_; }
  std::size_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }
  // Drops what is queued, waits for what runs.
  void stop();

 private:
  void work();

  const std::size_t most_jobs_;
  std::atomic<std::size_t> in_flight_{0};
  std::mutex lock_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// For threads of the server: signals are the main thread's business, and a write to a connection
// that the peer has closed must not kill the process.
void block_signals_in_this_thread() noexcept;

}  // namespace certwright::http
