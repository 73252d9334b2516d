#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "http/testing_server.h"

namespace certwright::http {
namespace {

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

}  // namespace
}  // namespace certwright::http
