#pragma once
// For the tests of http only: a server with a handler made of lambdas, and a way to hold it up.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "http/testing_client.h"

namespace certwright::http {

using std::chrono::milliseconds;
inline constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

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

}  // namespace certwright::http
