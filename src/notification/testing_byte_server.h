#pragma once
// For the tests of the transports: a small server of bytes on loopback.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace certwright::notification::fixture {

// Accepts connections one after the other and hands each to `serve`.
class ByteServer {
 public:
  explicit ByteServer(std::function<void(int)> serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pollfd ready{listener_, POLLIN, 0};
        if (::poll(&ready, 1, 20) != 1) continue;
        const int connection = ::accept(listener_, nullptr, nullptr);
        ++connections;
        serve_(connection);
        ::close(connection);
      }
    });
  }
  ~ByteServer() {
    thread_.request_stop();
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }
  std::atomic<int> connections{0};

 private:
  std::function<void(int)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

inline bool say(int connection, std::string_view text) {
  return ::send(connection, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// Reads until `end` has come; "" if the other side closes before.
inline std::string read_until(int connection, std::string_view end) {
  std::string text;
  char c = 0;
  while (!text.ends_with(end)) {
    if (::recv(connection, &c, 1, 0) != 1) return "";
    text += c;
  }
  return text;
}

}  // namespace certwright::notification::fixture
