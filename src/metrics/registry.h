#pragma once
// Metrics in the Prometheus exposition format. No library type in this header.
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace certwright::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Handles: copies name the same series; valid as long as the registry; safe from any thread, a few
// nanoseconds a call. A default-made handle counts nothing, so metrics can be left out in tests.
class Counter {
 public:
  Counter() = default;
  void increment(double by = 1) const noexcept;  // `by` >= 0
  double value() const noexcept;

 private:
  friend class Registry;
  void* series_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  void set(double value) const noexcept;
  void add(double by) const noexcept;
  double value() const noexcept;

 private:
  friend class Registry;
  void* series_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  void observe(double value) const noexcept;

 private:
  friend class Registry;
  void* series_ = nullptr;
};

// Upper bounds for durations in seconds: 50 us to 10 s in steps of about 2.5.
const std::vector<double>& duration_buckets_s();

// All series of the process. Names are `certwright_*`, counters end in `_total`, durations are in
// `_seconds`; a name has one help text and one type. Labels must have few values: never a serial, a
// name or an address. A name that is not a legal one, or is used with two types, aborts: it is a
// mistake in the program, not an input.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The same name and labels give the same series. Takes a lock: ask once and keep the handle.
  Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // `buckets` are upper bounds, ascending; the first caller of a name decides.
  Histogram histogram(std::string_view name, std::string_view help, const Labels& labels = {},
                      const std::vector<double>& buckets = duration_buckets_s());

  // Called at every scrape, before the text is made, to set gauges that are not worth keeping
  // up to date. An exception out of it is dropped: the gauges keep their last value.
  // What it captures must outlive the registry, or text() must not be called after.
  void on_scrape(std::function<void()> collect);
  // A counter whose value is kept elsewhere (e.g. http::ServerStatistics): set to `total()` at
  // every scrape; must never decrease.
  void counter_from(std::string_view name, std::string_view help, std::function<double()> total,
                    const Labels& labels = {});

  // The text exposition, format version 0.0.4 (Content-Type kContentType). One scrape at a time.
  std::string text() const;
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace certwright::metrics
