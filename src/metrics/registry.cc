#include "metrics/registry.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <mutex>
#include <sstream>

namespace certwright::metrics {
namespace {

[[noreturn]] void mistake(std::string_view name, const char* what) {
  std::fprintf(stderr, "metric %.*s: %s\n", static_cast<int>(name.size()), name.data(), what);
  std::abort();
}

prometheus::Labels to_prometheus(const Labels& labels) {
  return {labels.begin(), labels.end()};
}

}  // namespace

void Counter::increment(double by) const noexcept {
  if (series_ != nullptr) static_cast<prometheus::Counter*>(series_)->Increment(by);
}
double Counter::value() const noexcept {
  return series_ == nullptr ? 0 : static_cast<prometheus::Counter*>(series_)->Value();
}
void Gauge::set(double value) const noexcept {
  if (series_ != nullptr) static_cast<prometheus::Gauge*>(series_)->Set(value);
}
void Gauge::add(double by) const noexcept {
  if (series_ != nullptr) static_cast<prometheus::Gauge*>(series_)->Increment(by);
}
double Gauge::value() const noexcept {
  return series_ == nullptr ? 0 : static_cast<prometheus::Gauge*>(series_)->Value();
}
void Histogram::observe(double value) const noexcept {
  if (series_ != nullptr) static_cast<prometheus::Histogram*>(series_)->Observe(value);
}

const std::vector<double>& duration_buckets_s() {
  static const std::vector<double> buckets = {5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2,
                                              2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
  return buckets;
}

class Registry::Impl {
 public:
  // The family of that name; made by the first caller. prometheus-cpp throws when a name is taken
  // by another type, and for a name that is not legal: both are mistakes in the program.
  template <class Family, class Builder>
  Family& family(std::map<std::string, Family*, std::less<>>& known, Builder builder,
                 std::string_view name, std::string_view help) {
    if (!name.starts_with("certwright_")) mistake(name, "the name does not begin with certwright_");
    if (const auto at = known.find(name); at != known.end()) return *at->second;
    try {
      Family& made = builder.Name(std::string(name)).Help(std::string(help)).Register(registry_);
      known.emplace(name, &made);
      return made;
    } catch (const std::exception& e) {
      mistake(name, e.what());
    }
  }

  template <class Family, class... Arguments>
  void* series(Family& family, const Labels& labels, const Arguments&... arguments) {
    try {
      return &family.Add(to_prometheus(labels), arguments...);
    } catch (const std::exception& e) {
      mistake(family.GetName(), e.what());
    }
  }

  std::mutex lock_;
  prometheus::Registry registry_{prometheus::Registry::InsertBehavior::Throw};
  std::map<std::string, prometheus::Family<prometheus::Counter>*, std::less<>> counters_;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*, std::less<>> gauges_;
  std::map<std::string, prometheus::Family<prometheus::Histogram>*, std::less<>> histograms_;
  std::map<std::string, std::vector<double>, std::less<>> buckets_;
  std::vector<std::function<void()>> collectors_;
  std::mutex scrape_;
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard guard(impl_->lock_);
  auto& family = impl_->family(impl_->counters_, prometheus::BuildCounter(), name, help);
  Counter handle;
  handle.series_ = impl_->series(family, labels);
  return handle;
}

Gauge Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard guard(impl_->lock_);
  auto& family = impl_->family(impl_->gauges_, prometheus::BuildGauge(), name, help);
  Gauge handle;
  handle.series_ = impl_->series(family, labels);
  return handle;
}

Histogram Registry::histogram(std::string_view name, std::string_view help, const Labels& labels,
                              const std::vector<double>& buckets) {
  const std::lock_guard guard(impl_->lock_);
  auto& family = impl_->family(impl_->histograms_, prometheus::BuildHistogram(), name, help);
  const auto& chosen = impl_->buckets_.try_emplace(std::string(name), buckets).first->second;
  Histogram handle;
  handle.series_ = impl_->series(family, labels, chosen);
  return handle;
}

void Registry::on_scrape(std::function<void()> collect) {
  const std::lock_guard guard(impl_->lock_);
  impl_->collectors_.push_back(std::move(collect));
}

void Registry::counter_from(std::string_view name, std::string_view help,
                            std::function<double()> total, const Labels& labels) {
  const Counter counted = counter(name, help, labels);
  on_scrape([counted, total = std::move(total)] {
    const double ahead = total() - counted.value();
    if (ahead > 0) counted.increment(ahead);
  });
}

std::string Registry::text() const {
  const std::lock_guard scrape(impl_->scrape_);
  std::vector<std::function<void()>> collectors;
  {
    const std::lock_guard guard(impl_->lock_);
    collectors = impl_->collectors_;
  }
  for (const auto& collect : collectors) {
    try {
      collect();
    } catch (...) {  // the series keep their last value; a scrape must not fail for one of them
    }
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry_.Collect());
  return std::move(out).str();
}

}  // namespace certwright::metrics
