// What a server does about those who are slow, many or in the way, and when it stops.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <thread>

#include "http/testing_server.h"

namespace certwright::http {
namespace {

TEST_F(ServerTest, SlowHeadsAreCutOffWith408) {
  options_.limits.header_timeout = milliseconds(150);
  start();
  TestSocket slow(port_);
  slow.send("GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(status_of(slow.read_to_end()), 408);
  TestSocket silent(port_);
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(silent.closed_by_peer());
  EXPECT_GE(server_->statistics().timeouts, 2U);
}

TEST_F(ServerTest, ASenderThatTricklesItsHeadIsCutOff) {
  options_.limits.header_timeout = milliseconds(200);
  start();
  TestSocket slow(port_);
  const auto begin = std::chrono::steady_clock::now();
  slow.send("GET / HTTP/1.1\r\n");
  while (slow.send("X: a\r\n") &&
         std::chrono::steady_clock::now() - begin < std::chrono::seconds(20)) {
    if (!slow.read_until([](auto in) { return !in.empty(); }, milliseconds(40)).empty()) break;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(ServerTest, ASlowBodyIsCutOffUnlessItKeepsTheRate) {
  options_.limits.transfer_timeout = milliseconds(200);
  options_.limits.min_rate_octets_per_s = 10;
  start();
  TestSocket slow(port_);
  slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\nx");
  EXPECT_EQ(status_of(slow.read_to_end()), 408);
  // 50 octets each 100 ms, or up to 5 s on a busy machine, keep the rate, and take three times
  // transfer_timeout.
  TestSocket steady(port_);
  steady.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300\r\n\r\n");
  for (int i = 0; i < 6; ++i) {
    steady.send(std::string(50, 'x'));
    std::this_thread::sleep_for(milliseconds(100));
  }
  EXPECT_EQ(status_of(steady.read_answer()), 200);
}

TEST_F(ServerTest, AReceiverThatDoesNotReadIsCutOff) {
  options_.limits.transfer_timeout = milliseconds(200);
  options_.limits.min_rate_octets_per_s = 1'000'000'000;
  const auto huge = std::make_shared<const Bytes>(64 * 1024 * 1024, std::uint8_t{'x'});
  handler_.on_request = [&](Request&&) { return respond(200, "a/b", Body(huge)); };
  start();
  TestSocket socket(port_);
  socket.send(kGet);
  std::this_thread::sleep_for(milliseconds(900));
  EXPECT_EQ(settled(*server_, &ServerStatistics::connections_open, 0U), 0U);
  EXPECT_LT(socket.read_to_end().size(), huge->size());
}

TEST_F(ServerTest, IdleConnectionsAreClosed) {
  options_.limits.idle_timeout = milliseconds(150);
  start();
  TestSocket socket(port_);
  socket.send(kGet);
  EXPECT_EQ(status_of(socket.read_answer()), 200);
  EXPECT_EQ(socket.read_to_end(), "");
  EXPECT_TRUE(socket.closed_by_peer());
}

TEST_F(ServerTest, RequestsPerConnectionAreLimited) {
  options_.limits.requests_per_connection = 2;
  start();
  TestSocket socket(port_);
  socket.send(kGet);
  EXPECT_EQ(socket.read_answer().find("Connection: close"), std::string::npos);
  socket.send(kGet);
  EXPECT_NE(socket.read_to_end().find("Connection: close"), std::string::npos);
  EXPECT_TRUE(socket.closed_by_peer());
}

TEST_F(ServerTest, ConnectionsPerPeerAreLimited) {
  options_.limits.connections_per_peer = 2;
  start();
  auto first = std::make_unique<TestSocket>(port_);
  TestSocket second(port_);
  for (TestSocket* socket : {first.get(), &second}) {
    socket->send(kGet);
    EXPECT_EQ(status_of(socket->read_answer()), 200);
  }
  TestSocket third(port_);
  third.send(kGet);
  EXPECT_EQ(third.read_to_end(), "");
  EXPECT_EQ(settled(*server_, &ServerStatistics::connections_refused, 1U), 1U);
  first.reset();
  for (int i = 0; i < 500 && server_->statistics().connections_open > 1; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(status_of(ask(kGet)), 200);
}

TEST_F(ServerTest, TooManyRequestsInFlightAre503) {
  options_.limits.worker_requests = 2;
  Gate gate;
  handler_.on_dispatch = [](const RequestHead&) { return Dispatch{Run::worker, 1'024}; };
  handler_.on_request = [&](Request&&) {
    gate.pass();
    return respond(200, "text/plain", "done");
  };
  start();
  TestSocket a(port_);
  TestSocket b(port_);
  a.send(kGet);
  b.send(kGet);
  gate.until_waiting(2);
  const std::string refused = ask(kGet);
  EXPECT_EQ(status_of(refused), 503);
  EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(settled(*server_, &ServerStatistics::requests_in_flight, 2U), 2U);
  gate.open();
  EXPECT_EQ(status_of(a.read_answer()), 200);
  EXPECT_EQ(status_of(b.read_answer()), 200);
}

TEST_F(ServerTest, StopAnswersWhatIsInFlightAndClosesTheIdle) {
  Gate gate;
  handler_.on_dispatch = [](const RequestHead& head) {
    return Dispatch{head.raw_path == "/slow" ? Run::worker : Run::inline_, 1'024};
  };
  handler_.on_request = [&](Request&& request) {
    if (request.raw_path == "/slow") gate.pass();
    return respond(200, "text/plain", "done");
  };
  start();
  TestSocket idle(port_);
  idle.send(kGet);
  EXPECT_EQ(status_of(idle.read_answer()), 200);
  TestSocket busy(port_);
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  gate.until_waiting(1);
  std::thread stopper([&] { server_->stop(std::chrono::seconds(10)); });
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_FALSE(TestSocket(port_).connected());
  gate.open();
  const std::string answer = busy.read_to_end();
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  stopper.join();
}

TEST_F(ServerTest, StopCutsOffAtItsDeadline) {
  start();
  TestSocket half(port_);
  half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx");
  std::this_thread::sleep_for(milliseconds(50));
  const auto begin = std::chrono::steady_clock::now();
  server_->stop(milliseconds(200));
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, milliseconds(190));
  EXPECT_LT(took, std::chrono::seconds(5));
  half.read_to_end();
  EXPECT_TRUE(half.closed_by_peer());
}

TEST_F(ServerTest, OneThatPipelinesLetsTheOthersOfItsThreadHaveTheirTurn) {
  constexpr int kPipelined = 2'000;  // in one read: less than 64 KiB
  options_.io_threads = 1;
  Gate gate;
  std::atomic<int> answered{0}, before_other{kPipelined};
  handler_.on_request = [&](Request&& request) {
    if (request.raw_path == "/first") gate.pass();
    if (request.raw_path == "/other") before_other = answered.load();
    ++answered;
    return respond(200, "text/plain", "");
  };
  start();
  TestSocket other(port_);
  other.send(kGet);
  EXPECT_EQ(status_of(other.read_answer()), 200);
  std::string many = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < kPipelined; ++i) many += kGet;
  TestSocket greedy(port_);
  greedy.send(many);
  gate.until_waiting(1);
  other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  gate.open();
  EXPECT_EQ(status_of(other.read_answer()), 200);
  EXPECT_LT(before_other, kPipelined / 2);
  for (int i = 0; i <= kPipelined; ++i) ASSERT_EQ(status_of(greedy.read_answer()), 200) << i;
}

// A tick that was due at the very moment of stop() went on for ever, and so did stop().
TEST_F(ServerTest, StopsAtWhateverMoment) {
  for (int round = 0; round < 150; ++round) {
    ServerOptions options;
    options.io_threads = 2;
    options.worker_threads = 1;
    options.limits.handshake_timeout = milliseconds(40);  // a tick every 10 ms
    options.listeners.push_back({.name = "http", .security = Security::plain});
    auto server = Server::bind(std::move(options), handler_);
    ASSERT_TRUE(server && (*server)->start());
    std::this_thread::sleep_for(std::chrono::microseconds(9'700 + 4 * round));
    auto stopped = std::async(std::launch::async, [&] { (*server)->stop(milliseconds(0)); });
    if (stopped.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
      ADD_FAILURE() << "stop() does not return, round " << round;
      std::abort();  // nothing could end the thread
    }
  }
}

}  // namespace
}  // namespace certwright::http
