#include "metrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace certwright::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Registry, WritesTheTextExposition) {
  Registry registry;
  registry.counter("certwright_issued_total", "Issued.", {{"ca", "a\"b\\"}}).increment(2);
  registry.gauge("certwright_crl_age_seconds", "Age.").set(1.5);
  const Histogram h = registry.histogram("certwright_sign_seconds", "Time.", {}, {0.1, 1});
  h.observe(0.1);
  h.observe(0.5);
  h.observe(7);
  const std::string text = registry.text();
  EXPECT_THAT(text, HasSubstr("# HELP certwright_issued_total Issued.\n"
                              "# TYPE certwright_issued_total counter\n"
                              "certwright_issued_total{ca=\"a\\\"b\\\\\"} 2"));
  EXPECT_THAT(text, HasSubstr("certwright_crl_age_seconds 1.5\n"));
  EXPECT_THAT(text, HasSubstr("certwright_sign_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("certwright_sign_seconds_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("certwright_sign_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("certwright_sign_seconds_count 3\n"));
}

TEST(Registry, TheSameNameAndLabelsAreOneSeries) {
  Registry registry;
  registry.counter("certwright_a_total", "A.", {{"x", "1"}, {"y", "2"}}).increment();
  const Counter again = registry.counter("certwright_a_total", "A.", {{"y", "2"}, {"x", "1"}});
  again.increment();
  EXPECT_EQ(again.value(), 2);
  EXPECT_EQ(registry.counter("certwright_a_total", "A.", {{"x", "2"}}).value(), 0);
}

TEST(Registry, CollectorsRunAtEveryScrape) {
  Registry registry;
  const Gauge gauge = registry.gauge("certwright_open", "Open.");
  double total = 5;
  int runs = 0;
  registry.on_scrape([&] { gauge.set(++runs); });
  registry.on_scrape([] { throw std::runtime_error("away"); });
  registry.counter_from("certwright_requests_total", "R.", [&] { return total; });
  EXPECT_THAT(registry.text(), HasSubstr("certwright_requests_total 5\n"));
  total = 9;
  const std::string second = registry.text();
  EXPECT_THAT(second, HasSubstr("certwright_open 2\n"));
  EXPECT_THAT(second, HasSubstr("certwright_requests_total 9\n"));
}

TEST(Registry, HandlesCountFromAllThreads) {
  Registry registry;
  const Counter counter = registry.counter("certwright_n_total", "N.");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) counter.increment();
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40'000);
}

TEST(Handles, CountNothingWithoutARegistry) {
  Counter().increment();
  Gauge().set(1);
  Histogram().observe(1);
  EXPECT_EQ(Counter().value(), 0);
  EXPECT_EQ(Gauge().value(), 0);
}

TEST(RegistryDeathTest, MistakesInNamesEndTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Registry registry;
  registry.counter("certwright_a_total", "A.").increment();
  EXPECT_DEATH(static_cast<void>(registry.gauge("certwright_a_total", "A.")), "certwright_a_total");
  EXPECT_DEATH(static_cast<void>(registry.counter("a_total", "A.")), "does not begin");
  EXPECT_DEATH(static_cast<void>(registry.counter("certwright_a b", "A.")), "certwright_a b");
}

}  // namespace
}  // namespace certwright::metrics
