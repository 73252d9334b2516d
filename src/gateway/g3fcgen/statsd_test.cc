#include "gateway/g3fcgen/statsd.h"

#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

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
  EXPECT_EQ(segments({"aaa", "bbb", "ccc"}, 7), (std::vector<std::string>{"aaa\nbbb", "ccc"}));
  EXPECT_EQ(segments({"aaaaaaaaa", "b"}, 7), (std::vector<std::string>{"aaaaaaaaa", "b"}));
  EXPECT_TRUE(segments({}, 7).empty());
}

std::string receive_until(int fd, const std::string& wanted) {
  std::string all;
  for (int i = 0; i < 100 && all.find(wanted) == std::string::npos; ++i) {
    pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 5'000) <= 0) break;
    std::array<char, 65'536> buffer{};
    const auto size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size > 0) all += std::string(buffer.data(), static_cast<std::size_t>(size)) + "\n";
  }
  return all;
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
  return s;
}

TEST(StatsdEmitter, SendsTheNamesOfG3fcgenOverUdp) {
  const auto sink = certgen::UdpSocket::bind({.address = "127.0.0.1", .port = 0}).value();
  StatsdOptions options;
  options.udp = ListenAddress{"127.0.0.1", sink.port()};
  options.udp_bind_ip = "127.0.0.1";
  options.emit_interval = 20ms;
  options.rotate = 40ms;
  const auto emitter = StatsdEmitter::open(options, some_statistics).value();
  emitter->record(1'500us);
  const std::string text = receive_until(sink.fd(), "quantile:max");
  for (const auto* line : {"g3fcgen.frontend.request_total:10|c\n", "g3fcgen.frontend.request_invalid:1|c\n", "g3fcgen.frontend.response_total:7|c\n",
                           "g3fcgen.frontend.response_fail:2|c\n", "g3fcgen.backend.request_total:4|c\n", "g3fcgen.backend.request_ok:3|c\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  const std::string later = receive_until(sink.fd(), "g3fcgen.backend.request_duration:1500000|g|#quantile:max");
  EXPECT_NE(later.find("g3fcgen.backend.request_duration:1500000|g|#quantile:0.99"), std::string::npos) << later;
  EXPECT_EQ(later.find("request_total"), std::string::npos) << "counters are deltas";
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
  EXPECT_NE(receive_until(fd, "quantile:min").find("p.backend.request_duration:0|g|#quantile:min"), std::string::npos);
  ::close(fd);
  std::filesystem::remove(path);
}

TEST(StatsdEmitter, RefusesAddressesThatAreNone) {
  StatsdOptions options;
  options.unix_path = "relative";
  EXPECT_EQ(StatsdEmitter::open(options, some_statistics).error().code, Errc::invalid);
  options.udp = ListenAddress{"statsd.example", 8125};
  EXPECT_EQ(StatsdEmitter::open(options, some_statistics).error().code, Errc::invalid);
}

}  // namespace
}  // namespace certwright::gateway::g3fcgen
