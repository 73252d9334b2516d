#include "gateway/g3fcgen/statsd.h"

#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>

namespace certwright::gateway::g3fcgen {
namespace {

using namespace std::chrono_literals;

TEST(DurationWindow, QuantilesAreAtMostThreePercentTooLarge) {
  DurationWindow window;
  for (std::uint64_t i = 1; i <= 1'000; ++i) window.record(std::chrono::nanoseconds(i * 1'000));
  const auto summary = window.take({0.0, 0.5, 0.99, 1.0});
  EXPECT_EQ(summary.count, 1'000U);
  EXPECT_EQ(summary.min_ns, 1'000U);
  EXPECT_EQ(summary.max_ns, 1'000'000U);
  EXPECT_NEAR(summary.mean_ns, 500'500, 1);
  const std::uint64_t exact[] = {1'000, 500'000, 990'000, 1'000'000};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_GE(summary.quantiles_ns[i], exact[i]) << i;
    EXPECT_LE(static_cast<double>(summary.quantiles_ns[i]), static_cast<double>(exact[i]) * 1.033) << i;
  }
  EXPECT_EQ(window.take({0.5}).count, 0U);
}

TEST(DurationWindow, TakesEveryDuration) {
  DurationWindow window;
  for (const std::int64_t ns : {std::int64_t{-5}, std::int64_t{0}, std::int64_t{31}, std::int64_t{32}, std::int64_t{63}, std::int64_t{64}, INT64_MAX})
    window.record(std::chrono::nanoseconds(ns));
  const auto summary = window.take({1.0});
  EXPECT_EQ(summary.count, 7U);
  EXPECT_EQ(summary.min_ns, 0U);
  EXPECT_EQ(summary.quantiles_ns[0], static_cast<std::uint64_t>(INT64_MAX));
}

TEST(Segments, AreFilledUpToTheirSize) {
  EXPECT_EQ(segments({"aaa", "bbb", "ccc"}, 8), (std::vector<std::string>{"aaa\nbbb\n", "ccc\n"}));
  EXPECT_EQ(segments({"aaa", "bbb"}, 7), (std::vector<std::string>{"aaa\n", "bbb\n"}));
  EXPECT_EQ(segments({"aaaaaaaaa", "b"}, 7), (std::vector<std::string>{"aaaaaaaaa\n", "b\n"}));
  EXPECT_TRUE(segments({}, 7).empty());
}

std::optional<std::string> receive_one(int fd) {
  pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
  if (::poll(&readable, 1, 5'000) <= 0) return {};
  std::array<char, 65'536> buffer{};
  const auto size = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (size < 0) return {};
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

certgen::DoorStatistics some_statistics() {
  certgen::DoorStatistics s;
  s.requests = 10;
  s.invalid = 1;
  s.answered_cached = 4;
  s.answered_issued = 3;
  s.failed = 1;
  s.shed_late = 1;
  s.issued = 3;
  s.issue_failed = 1;
  s.refreshed = 2;
  return s;
}

// Octet for octet what g3fcgen 0.9.0 sends with such counts (its stat/metrics and lib/g3-statsd-client):
// backend, durations, frontend; zeros too; durations as floating-point numbers.
TEST(StatsdEmitter, SendsTheDatagramsOfG3fcgenOverUdp) {
  const auto sink = certgen::UdpSocket::bind({.address = "127.0.0.1", .port = 0}).value();
  StatsdOptions options;
  options.udp = ListenAddress{"127.0.0.1", sink.port()};
  options.udp_bind_ip = "127.0.0.1";
  options.emit_interval = 10ms;
  options.rotate = 1ms;
  options.quantiles = {"0.50", "0.999"};
  options.prefix = "site.g3fcgen";
  std::atomic<std::uint64_t> requests = 10;
  const auto emitter = StatsdEmitter::open(options, [&] {
                         auto statistics = some_statistics();
                         statistics.requests = requests;
                         return statistics;
                       }).value();
  EXPECT_EQ(receive_one(sink.fd()),
            "site.g3fcgen.backend.refresh_total:2|c\n"
            "site.g3fcgen.backend.refresh_ok:2|c\n"
            "site.g3fcgen.backend.request_total:4|c\n"
            "site.g3fcgen.backend.request_ok:3|c\n"
            "site.g3fcgen.backend.request_duration:0.0|g|#quantile:min\n"
            "site.g3fcgen.backend.request_duration:0.0|g|#quantile:max\n"
            "site.g3fcgen.backend.request_duration:0.0|g|#quantile:mean\n"
            "site.g3fcgen.backend.request_duration:0.0|g|#quantile:0.50\n"
            "site.g3fcgen.backend.request_duration:0.0|g|#quantile:0.999\n"
            "site.g3fcgen.frontend.request_total:10|c\n"
            "site.g3fcgen.frontend.request_invalid:1|c\n"
            "site.g3fcgen.frontend.response_total:7|c\n"
            "site.g3fcgen.frontend.response_fail:2|c\n");
  emitter->record(1'500us);
  requests = 12;
  bool seen_requests = false;
  std::optional<std::string> last;
  for (int i = 0; i < 500 && (!seen_requests || last->find(":1500000.0|g") == std::string::npos); ++i) {
    last = receive_one(sink.fd());
    ASSERT_TRUE(last);
    seen_requests = seen_requests || last->find("frontend.request_total:2|c\n") != std::string::npos;
  }
  EXPECT_TRUE(seen_requests) << "counters are deltas";
  do {
    last = receive_one(sink.fd());
  } while (last && last->find("request_total:2|c") != std::string::npos);
  EXPECT_EQ(last,  // nothing happens: counters are 0, durations keep their last value
            "site.g3fcgen.backend.refresh_total:0|c\n"
            "site.g3fcgen.backend.refresh_ok:0|c\n"
            "site.g3fcgen.backend.request_total:0|c\n"
            "site.g3fcgen.backend.request_ok:0|c\n"
            "site.g3fcgen.backend.request_duration:1500000.0|g|#quantile:min\n"
            "site.g3fcgen.backend.request_duration:1500000.0|g|#quantile:max\n"
            "site.g3fcgen.backend.request_duration:1500000.0|g|#quantile:mean\n"
            "site.g3fcgen.backend.request_duration:1500000.0|g|#quantile:0.50\n"
            "site.g3fcgen.backend.request_duration:1500000.0|g|#quantile:0.999\n"
            "site.g3fcgen.frontend.request_total:0|c\n"
            "site.g3fcgen.frontend.request_invalid:0|c\n"
            "site.g3fcgen.frontend.response_total:0|c\n"
            "site.g3fcgen.frontend.response_fail:0|c\n");
}

TEST(StatsdEmitter, SplitsAtTheSegmentSizeBetweenLines) {
  const auto sink = certgen::UdpSocket::bind({.address = "127.0.0.1", .port = 0}).value();
  StatsdOptions options;
  options.udp = ListenAddress{"127.0.0.1", sink.port()};
  options.max_segment_octets = 100;
  const auto emitter = StatsdEmitter::open(options, some_statistics).value();
  for (int i = 0; i < 8; ++i) {
    const auto datagram = receive_one(sink.fd());
    ASSERT_TRUE(datagram);
    EXPECT_LE(datagram->size(), 100U);
    EXPECT_TRUE(datagram->starts_with("g3fcgen.") && datagram->ends_with("\n")) << *datagram;
  }
}

TEST(StatsdEmitter, SendsToAUnixSocketThatComesLater) {
  const auto path = std::filesystem::temp_directory_path() / ("certwright-statsd-" + std::to_string(::getpid()));
  StatsdOptions options;
  options.unix_path = path.string();
  options.prefix = "p";
  options.emit_interval = 20ms;
  const auto emitter = StatsdEmitter::open(options, some_statistics).value();
  std::this_thread::sleep_for(50ms);
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  std::ranges::copy(path.string(), local.sun_path);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local), 0);
  const auto datagram = receive_one(fd);
  ASSERT_TRUE(datagram);
  EXPECT_NE(datagram->find("p.backend.request_duration:0.0|g|#quantile:min\n"), std::string::npos) << *datagram;
  ::close(fd);
  std::filesystem::remove(path);
}

TEST(StatsdEmitter, RefusesAddressesThatAreNone) {
  StatsdOptions options;
  options.unix_path = "relative";
  EXPECT_EQ(StatsdEmitter::check(options).error().code, Errc::invalid);
  EXPECT_EQ(StatsdEmitter::open(options, some_statistics).error().code, Errc::invalid);
  options.udp = ListenAddress{"statsd.example", 8125};
  EXPECT_EQ(StatsdEmitter::open(options, some_statistics).error().code, Errc::invalid);
  options.udp = ListenAddress{"127.0.0.1", 8125};
  EXPECT_TRUE(StatsdEmitter::check(options));
  options.udp_bind_ip = "203.0.113.77";  // not this host's
  EXPECT_EQ(StatsdEmitter::check(options).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace certwright::gateway::g3fcgen
