#include "cli/waiting.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

namespace certwright::cli {

class Waiting::Ticker {
 public:
  explicit Ticker(std::string what)
      : what_(std::move(what)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

 private:
  void run(const std::stop_token& stop) {
    const auto started = std::chrono::steady_clock::now();
    auto next = started + std::chrono::milliseconds(500);
    bool shown = false;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_until(lock, stop, next, [&] { return stop.stop_requested(); })) {
      if (stop.stop_requested()) break;
      const auto took = std::chrono::steady_clock::now() - started;
      fmt::print(stderr, "\r{} ... {} s", what_,
                 std::chrono::duration_cast<std::chrono::seconds>(took).count());
      std::fflush(stderr);
      shown = true;
      next += std::chrono::seconds(1);
    }
    if (shown) fmt::print(stderr, "\r\x1b[K");
  }

  std::string what_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

Waiting::Waiting(std::string what) {
  if (::isatty(STDERR_FILENO) != 0) ticker_ = std::make_unique<Ticker>(std::move(what));
}

Waiting::~Waiting() = default;

}  // namespace certwright::cli
