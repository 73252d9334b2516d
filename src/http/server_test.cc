#include "http/server.h"

#include <gtest/gtest.h>

#include <fcntl.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "bytes/secret_bytes.h"
#include "http/testing_client.h"

namespace certwright::http {
namespace {

using std::chrono::milliseconds;
constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

// Lets tests hold a handler in the middle of a request.
class Gate {
 public:
  void open() {
    const std::lock_guard guard(lock_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock guard(lock_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(guard, [this] { return open_; });
  }
  void until_waiting(int count) {
    std::unique_lock guard(lock_);
    changed_.wait_for(guard, std::chrono::seconds(10), [&] { return waiting_ >= count; });
    ASSERT_GE(waiting_, count);
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.io_threads = 2;
    options_.worker_threads = 4;
    options_.listeners.push_back({.name = "http", .security = Security::plain});
  }
  ~ServerTest() override {
    if (server_) server_->stop(milliseconds(0));
  }
  void start() {
    auto bound = Server::bind(std::move(options_), handler_);
    ASSERT_TRUE(bound) << bound.error().detail;
    server_ = std::move(*bound);
    ASSERT_TRUE(server_->start());
    port_ = server_->endpoints().front().port;
  }
  std::string ask(std::string_view request) {
    TestSocket socket(port_);
    socket.send(request);
    return socket.read_answer();
  }

  ServerOptions options_;
  TestHandler handler_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(ServerTest, WhatIsAtHandIsAnsweredWithoutAWorker) {
  Gate gate;
  handler_.on_dispatch = [](const RequestHead&) { return Dispatch{Run::either, 1'024}; };
  handler_.on_answer_now = [](const Request& request) -> std::optional<Response> {
    if (request.target == "/throws") throw std::runtime_error("a handler's mistake");
    if (request.target != "/x") return std::nullopt;
    return respond(200, "text/plain", "at hand" + std::string(request.body_text()));
  };
  handler_.on_request = [&](Request&& request) {
    gate.pass();
    return respond(200, "text/plain", "worker " + request.target + std::string(request.body_text()));
  };
  start();
  TestSocket slow(port_);
  slow.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n:b" + std::string(kGet));
  gate.until_waiting(1);
  EXPECT_TRUE(ask(kGet).ends_with("\r\n\r\nat hand")) << "while a worker is busy";
  EXPECT_TRUE(ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n:c").ends_with("at hand:c"));
  EXPECT_EQ(status_of(ask("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n")), 500);
  gate.open();
  EXPECT_TRUE(slow.read_answer().ends_with("worker /slow:b"));
  EXPECT_TRUE(slow.read_answer().ends_with("at hand")) << "pipelined answers keep their order";
  EXPECT_EQ(settled(*server_, &ServerStatistics::handler_exceptions, 1U), 1U);
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

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  handler_.on_request = [](Request&& request) {
    EXPECT_EQ(request.peer->address, "127.0.0.1");
    EXPECT_TRUE(request.peer->is_loopback);
    EXPECT_FALSE(request.peer->is_tls());
    EXPECT_EQ(request.peer->listener, "http");
    return respond(200, "text/plain", request.target + std::string(request.body_text()));
  };
  start();
  TestSocket socket(port_);
  socket.send(kGet);
  const std::string first = socket.read_answer();
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\nDate: ")) << first;
  EXPECT_TRUE(first.ends_with("\r\n\r\n/x")) << first;
  socket.send("POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(socket.read_answer().ends_with("/yabc"));
  socket.send(
      "POST /z HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
  EXPECT_TRUE(socket.read_answer().ends_with("/zab"));
  EXPECT_EQ(settled(*server_, &ServerStatistics::requests, 3U), 3U);
  EXPECT_EQ(settled(*server_, &ServerStatistics::connections_open, 1U), 1U);
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  start();
  const std::string answer = ask("HEAD /abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 10\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  handler_.on_dispatch = [](const RequestHead& head) {
    return Dispatch{head.raw_path == "/slow" ? Run::worker : Run::inline_, 16};
  };
  handler_.on_request = [](Request&& request) {
    if (request.raw_path == "/slow") std::this_thread::sleep_for(milliseconds(50));
    return respond(200, "text/plain", "[" + request.raw_path + "]");
  };
  start();
  TestSocket socket(port_);
  std::string all;
  for (const char* path : {"/1", "/slow", "/2", "/3"})
    all += std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  all += "POST /4 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxx";
  socket.send(all);
  const std::string answers = socket.read_to_end();
  std::size_t at = 0;
  for (const char* path : {"[/1]", "[/slow]", "[/2]", "[/3]", "[/4]"}) {
    at = answers.find(path, at);
    ASSERT_NE(at, std::string::npos) << path << "\n" << answers;
  }
  EXPECT_TRUE(socket.closed_by_peer());
}

TEST_F(ServerTest, LargeBodiesArriveWhole) {
  const auto shared = std::make_shared<const Bytes>(3'000'000, std::uint8_t{'x'});
  auto prepared = PreparedResponse::make(respond(200, "a/b", Body(shared))).value();
  handler_.on_request = [&](Request&& request) {
    if (request.raw_path == "/shared") return respond(200, "a/b", Body(shared));
    Response response;
    response.prepared = prepared;
    return response;
  };
  start();
  TestSocket socket(port_);
  for (const char* path : {"/shared", "/prepared"}) {
    socket.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n" +
                "HEAD " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string answer = socket.read_answer();
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, shared->size());
    const std::string head = socket.read_until([](auto in) { return in.ends_with("\r\n\r\n"); });
    EXPECT_NE(head.find("Content-Length: 3000000\r\n"), std::string::npos);
  }
}

TEST_F(ServerTest, RefusesABodyOverTheRoutesLimitWithoutReadingIt) {
  handler_.on_dispatch = [](const RequestHead& head) {
    return Dispatch{Run::inline_, head.raw_path == "/large" ? std::size_t{8} : std::size_t{4}};
  };
  start();
  EXPECT_EQ(status_of(ask("POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n12345678")),
            200);
  EXPECT_EQ(status_of(ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n1234")), 200);
  // Only the head is sent: the answer comes without the body.
  EXPECT_EQ(status_of(ask("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")), 413);
  const std::string chunked =
      ask("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n");
  EXPECT_EQ(status_of(chunked), 413);
  EXPECT_NE(chunked.find("Connection: close\r\n"), std::string::npos);
}

TEST_F(ServerTest, TheRefusalSurvivesAClientThatKeepsSending) {
  start();
  TestSocket socket(port_);
  socket.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n");
  socket.send(std::string(400'000, 'x'));
  const std::string answer = socket.read_to_end();
  EXPECT_EQ(status_of(answer), 413);
}

TEST_F(ServerTest, Expect100Continue) {
  start();
  TestSocket socket(port_);
  socket.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(socket.read_until([](auto in) { return in.ends_with("\r\n\r\n"); }),
            "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("ok");
  EXPECT_TRUE(socket.read_answer().ends_with("ok"));
  socket.send(
      "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(status_of(socket.read_answer()), 413);
}

TEST_F(ServerTest, SyntaxErrorsAreAnsweredAndClose) {
  start();
  for (const auto& [request, status] :
       {std::pair{"GET / HTTP/1.1\r\n\r\n", 400},
        {"BREW / HTTP/1.1\r\n\r\n", 501},
        {"GET / HTTP/3.0\r\n\r\n", 505},
        {"POST / HTTP/1.0\r\n\r\n", 411},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         400}}) {
    TestSocket socket(port_);
    socket.send(request);
    const std::string answer = socket.read_to_end();
    EXPECT_EQ(status_of(answer), status) << request;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
    EXPECT_TRUE(socket.closed_by_peer());
  }
  EXPECT_EQ(settled(*server_, &ServerStatistics::requests_refused, 5U), 5U);
}

TEST_F(ServerTest, ErrorAnswersHaveTheCallersForm) {
  options_.error_response = [](int status, std::string_view message) {
    return respond(status, "text/x", "mine: " + std::string(message));
  };
  start();
  EXPECT_NE(ask("GET / HTTP/1.1\r\n\r\n").find("mine: the Host field is missing"),
            std::string::npos);
}

TEST_F(ServerTest, ExceptionsAreLoggedAndAnswered) {
  std::mutex lock;
  std::vector<std::string> logged;
  options_.log = [&](std::string_view message) {
    const std::lock_guard guard(lock);
    logged.emplace_back(message);
  };
  handler_.on_dispatch = [](const RequestHead& head) -> Dispatch {
    if (head.raw_path == "/dispatch") throw std::runtime_error("in dispatch");
    return {head.raw_path == "/worker" ? Run::worker : Run::inline_, 1'024};
  };
  handler_.on_request = [](Request&& request) -> Response {
    if (request.raw_path == "/odd") throw 5;
    throw std::runtime_error("in " + request.raw_path);
  };
  start();
  for (const char* path : {"/dispatch", "/inline", "/worker", "/odd"}) {
    const std::string answer = ask(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(status_of(answer), 500) << path;
    EXPECT_NE(answer.find("\"status\":500"), std::string::npos);
    EXPECT_EQ(answer.find("in "), std::string::npos) << "the cause is for the log only";
  }
  const std::lock_guard guard(lock);
  ASSERT_EQ(logged.size(), 4U);
  EXPECT_NE(logged[2].find("in /worker"), std::string::npos);
  EXPECT_EQ(settled(*server_, &ServerStatistics::handler_exceptions, 4U), 4U);
}

TEST_F(ServerTest, AnImpossibleAnswerIsA500) {
  handler_.on_request = [](Request&& request) {
    Response response;
    if (request.raw_path == "/status") response.status = 99;
    else response.headers.add("X", "a\r\nY: b");
    return response;
  };
  start();
  EXPECT_EQ(status_of(ask("GET /status HTTP/1.1\r\nHost: a\r\n\r\n")), 500);
  const std::string split = ask("GET /split HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(split), 500);
  EXPECT_EQ(split.find("Y: b"), std::string::npos);
}

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

TEST_F(ServerTest, ServesAnInheritedSocket) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd, 8), 0);
  options_.listeners = {{.name = "given", .security = Security::plain, .inherited_fd = fd}};
  start();
  EXPECT_EQ(server_->endpoints().front().name, "given");
  EXPECT_EQ(status_of(ask(kGet)), 200);
}

TEST_F(ServerTest, SaysWhatCannotBeBound) {
  start();
  ServerOptions again;
  again.listeners.push_back({.name = "http", .port = port_, .security = Security::plain});
  auto taken = Server::bind(std::move(again), handler_);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::unavailable);
  EXPECT_NE(taken.error().detail.find("127.0.0.1:" + std::to_string(port_)), std::string::npos);
  ServerOptions bad;
  bad.listeners.push_back({.name = "http", .address = "localhost", .security = Security::plain});
  EXPECT_EQ(Server::bind(std::move(bad), handler_).error().code, Errc::invalid);
  ServerOptions none;
  none.listeners.push_back({.name = "https"});
  EXPECT_EQ(Server::bind(std::move(none), handler_).error().code, Errc::invalid);
}

TEST(Endpoint, BracketsIpv6) {
  EXPECT_EQ((Endpoint{"a", "127.0.0.1", 80}.text()), "127.0.0.1:80");
  EXPECT_EQ((Endpoint{"a", "::1", 80}.text()), "[::1]:80");
}

TEST_F(ServerTest, ManyClientsAtOnce) {
  handler_.on_dispatch = [](const RequestHead& head) {
    return Dispatch{head.raw_path == "/w" ? Run::worker : Run::inline_, 1'024};
  };
  start();
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      TestSocket socket(port_);
      for (int i = 0; i < 100; ++i) {
        const std::string body = std::to_string(c * 1000 + i);
        socket.send(std::string("POST ") + (i % 2 != 0 ? "/w" : "/i") +
                    " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body);
        if (socket.read_answer().ends_with(" " + body)) ++good;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 800);
}

// What a secret leaves in this process's memory. The octets are computed, so that the test holds none.
constexpr std::size_t kSecretOctets = 6'400;
std::size_t which_secret = 0;  // another one for each test: freed memory may hold what was no secret before
char secret_octet(std::size_t at) {
  return static_cast<char>('A' + (at % 64 * (37 + which_secret) + at % 64 / 7) % 53);
}

std::string make_secret() {
  std::string text(kSecretOctets, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = secret_octet(i);
  return text;
}

bool holds_secret(std::string_view memory) {
  constexpr std::size_t kEnough = 64;
  for (std::size_t at = 0; at + kEnough <= memory.size(); ++at) {
    std::size_t same = 0;
    while (same < kEnough && memory[at + same] == secret_octet(same)) ++same;
    if (same == kEnough) return true;
  }
  return false;
}

bool is_in_memory() {
  std::ifstream maps("/proc/self/maps");
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  std::string line;
  std::string chunk;
  bool found = false;
  while (!found && std::getline(maps, line)) {
    unsigned long begin = 0, end = 0;
    char mode[8] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %7s", &begin, &end, mode) != 3 || mode[1] != 'w') continue;
    constexpr unsigned long kChunk = 1024 * 1024, kOverlap = 64;
    for (unsigned long at = begin; !found && at < end; at += kChunk) {
      chunk.resize(std::min(kChunk + kOverlap, end - at));
      const ssize_t got = ::pread(memory, chunk.data(), chunk.size(), static_cast<off_t>(at));
      if (got > 0) found = holds_secret(std::string_view(chunk).substr(0, static_cast<std::size_t>(got)));
    }
  }
  wipe_memory(chunk.data(), chunk.size());
  ::close(memory);
  return found;
}

// The server cleans up behind the last octet that the client sees.
bool leaves_memory() {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (is_in_memory()) {
    if (std::chrono::steady_clock::now() > patience) return false;
    std::this_thread::sleep_for(milliseconds(50));
  }
  return true;
}

// Sanitizers keep terabytes of shadow, and copies of what is freed.
constexpr bool memory_can_be_searched() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

// Reads an answer whose body has that many octets, and keeps nothing.
void swallow_answer(const TestSocket& socket, std::size_t body_octets) {
  std::array<char, 32 * 1024> buffer{};
  std::size_t got = 0;
  std::size_t needed = SIZE_MAX;
  while (got < needed) {
    const ssize_t more = ::recv(socket.fd(), buffer.data() + got, buffer.size() - got, 0);
    ASSERT_GT(more, 0);
    got += static_cast<std::size_t>(more);
    const auto head = std::string_view(buffer.data(), got).find("\r\n\r\n");
    if (head != std::string_view::npos) needed = head + 4 + body_octets;
  }
  EXPECT_TRUE(body_octets == 0 || holds_secret({buffer.data(), got}));
  wipe_memory(buffer.data(), buffer.size());
}

TEST_F(ServerTest, ASecretAnswerIsNotLeftInMemory) {
  if (!memory_can_be_searched() || ::access("/proc/self/mem", R_OK) != 0)
    GTEST_SKIP() << "no memory to search";
  which_secret = 1;
  handler_.on_request = [](Request&& request) {
    auto response = respond(200, "text/plain", make_secret());
    response.secret = request.target == "/secret";
    return response;
  };
  start();
  TestSocket socket(port_);
  for (const char* request : {"GET /secret HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /secret HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    socket.send(request);
    swallow_answer(socket, request[0] == 'G' ? kSecretOctets : 0);
    EXPECT_TRUE(leaves_memory()) << request;
  }
  socket.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  swallow_answer(socket, kSecretOctets);
  EXPECT_TRUE(is_in_memory()) << "the search finds what is there";
}

TEST_F(ServerTest, AKeyThatIsSentIsNotLeftInMemory) {
  if (!memory_can_be_searched() || ::access("/proc/self/mem", R_OK) != 0)
    GTEST_SKIP() << "no memory to search";
  which_secret = 2;
  handler_.on_dispatch = [](const RequestHead&) { return Dispatch{Run::worker, 64 * 1024}; };
  std::atomic<bool> arrived{false};
  handler_.on_request = [&](Request&& request) {
    arrived = holds_secret(request.body_text());
    wipe(request.body);
    return respond(200, "text/plain", "");
  };
  start();
  TestSocket socket(port_);
  socket.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kSecretOctets) + "\r\n\r\n");
  std::string secret = make_secret();
  for (std::size_t at = 0; at < secret.size(); at += 1'000) {  // in pieces, so that buffers grow
    socket.send(std::string_view(secret).substr(at, 1'000));
    std::this_thread::sleep_for(milliseconds(5));
  }
  wipe(secret);
  swallow_answer(socket, 0);
  EXPECT_TRUE(arrived);
  EXPECT_TRUE(leaves_memory());
}

}  // namespace
}  // namespace certwright::http
