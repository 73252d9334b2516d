#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::daemon {

// Recurring work, each on a thread of its own so that a long CRL does not delay a checkpoint. A job
// that fails or throws is logged, at most once a minute, and tried again at its next turn.
class Housekeeping {
 public:
  struct Job {
    std::string name;
    std::chrono::milliseconds every;
    std::function<Result<void>()> run;
  };
  explicit Housekeeping(std::vector<Job> jobs);
  ~Housekeeping();  // waits for the runs under way
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

 private:
  void run(const Job& job);
  const std::vector<Job> jobs_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace certwright::daemon
