#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/certgen/door.h"
#include "gateway/g3fcgen/duration_window.h"
#include "gateway/g3fcgen/listen_address.h"

namespace certwright::gateway::g3fcgen {

struct StatsdOptions {
  std::optional<ListenAddress> udp;       // to there,
  std::string udp_bind_ip;                // from there; empty: the system's choice
  std::string unix_path;                  // or to this datagram socket
  std::string prefix = "g3fcgen";
  std::chrono::nanoseconds emit_interval = std::chrono::milliseconds(200);
  std::size_t max_segment_octets = 1'400;  // of one datagram
  std::vector<std::string> quantiles = {"0.50", "0.80", "0.90", "0.95", "0.99"};  // tags, and what they mean
  std::chrono::nanoseconds rotate = std::chrono::seconds(4);  // window of the quantiles
};

// g3fcgen's metrics, for dashboards that exist: counters as deltas, durations in nanoseconds as gauges
// that keep their last value while nothing happens. What cannot be sent is dropped, as statsd is.
class StatsdEmitter {
 public:
  // `statistics` is called from the emitter's thread until it is destroyed.
  // Errors: invalid for an address or path; unavailable.
  static Result<void> check(const StatsdOptions& options);  // whether open() would do
  static Result<std::unique_ptr<StatsdEmitter>> open(StatsdOptions options, std::function<certgen::DoorStatistics()> statistics);
  ~StatsdEmitter();

  // For DoorOptions::on_answer; any thread.
  void record(std::chrono::nanoseconds took) noexcept { window_.record(took); }

 private:
  StatsdEmitter(StatsdOptions options, std::function<certgen::DoorStatistics()> statistics, int fd);
  void run();
  void emit();
  std::vector<std::string> lines(const certgen::DoorStatistics& now) const;
  void rotate_due();

  const StatsdOptions options_;
  const std::function<certgen::DoorStatistics()> statistics_;
  const int fd_;
  const std::string prefix_;  // with its dot
  std::vector<double> quantiles_;
  DurationWindow window_;
  DurationWindow::Summary shown_;
  std::chrono::steady_clock::time_point rotate_at_;
  certgen::DoorStatistics sent_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

// Lines of at most `segment_octets_max` a datagram, each with a line feed; a longer line goes alone.
std::vector<std::string> segments(const std::vector<std::string>& lines, std::size_t segment_octets_max);

}  // namespace certwright::gateway::g3fcgen
