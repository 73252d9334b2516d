#include "http/worker_pool.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace certwright::http {

void block_signals_in_this_thread() noexcept {
  sigset_t all;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) {
    sigdelset(&all, fault);
  }
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void WorkerPool::start(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

bool WorkerPool::try_submit(std::shared_ptr<Job> job) {
  {
    const std::lock_guard guard(lock_);
    if (stopping_ || is_full()) return false;
    in_flight_.fetch_add(1, std::memory_order_relaxed);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::work() {
  block_signals_in_this_thread();
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock guard(lock_);
      wake_.wait(guard, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job->run();
    job.reset();
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
  }
}

void WorkerPool::stop() {
  std::deque<std::shared_ptr<Job>> dropped;
  {
    const std::lock_guard guard(lock_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace certwright::http
