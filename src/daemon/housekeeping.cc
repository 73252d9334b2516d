#include "daemon/housekeeping.h"

#include <exception>

#include "daemon/log.h"

namespace certwright::daemon {

Housekeeping::Housekeeping(std::vector<Job> jobs) : jobs_(std::move(jobs)) {
  for (const auto& job : jobs_) threads_.emplace_back([this, &job] { run(job); });
}

Housekeeping::~Housekeeping() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

namespace {

// Thrown on a thread of its own it would end the process, and memory may be short for a moment.
Result<void> run_once(const Housekeeping::Job& job) noexcept {
  try {
    return job.run();
  } catch (const std::exception& e) {
    return fail(Errc::internal, e.what());
  }
}

}  // namespace

void Housekeeping::run(const Job& job) {
  using SteadyTime = std::chrono::steady_clock;
  auto quiet_until = SteadyTime::time_point{};
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, job.every, [this] { return stopping_; })) {
    lock.unlock();
    if (const auto result = run_once(job); !result && SteadyTime::now() >= quiet_until) {
      log_error("housekeeping failed; it is tried again", {{"job", job.name}, {"reason", result.error().detail}});
      quiet_until = SteadyTime::now() + std::chrono::minutes(1);
    }
    lock.lock();
  }
}

}  // namespace certwright::daemon
