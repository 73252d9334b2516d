#pragma once
// For the tests of http only: a blocking socket that speaks octets, and a handler made of lambdas.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "http/server.h"

namespace certwright::http {

class TestSocket {
 public:
  explicit TestSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~TestSocket() { ::close(fd_); }
  TestSocket(const TestSocket&) = delete;
  TestSocket& operator=(const TestSocket&) = delete;

  int fd() const { return fd_; }
  bool connected() const { return connected_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  // Reads until `enough` says so, the peer closes, or the time is up. Returns all read since the
  // last take().
  template <class Enough>
  std::string read_until(Enough enough, std::chrono::milliseconds patience = kPatience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!closed_ && !enough(std::string_view(in_))) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      pollfd poll_for{fd_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&poll_for, 1, static_cast<int>(left.count())) <= 0) break;
      char buffer[16384];
      const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
      if (got <= 0) closed_ = true;
      else in_.append(buffer, static_cast<std::size_t>(got));
    }
    return std::exchange(in_, {});
  }
  std::string read_to_end() {
    return read_until([](std::string_view) { return false; });
  }
  // One answer with a Content-Length; further octets stay.
  std::string read_answer() {
    std::string all = read_until([](std::string_view in) { return answer_size(in) != 0; });
    const std::size_t size = answer_size(all);
    if (size != 0 && size < all.size()) {
      in_ = all.substr(size);
      all.resize(size);
    }
    return all;
  }
  bool closed_by_peer() const { return closed_; }

  static constexpr std::chrono::milliseconds kPatience{10'000};

 private:
  static std::size_t answer_size(std::string_view in) {
    const std::size_t end = in.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    const std::size_t field = in.find("Content-Length: ");
    const std::size_t head = end + 4;
    if (field == std::string_view::npos || field > end) return head;
    const std::size_t length = std::stoul(std::string(in.substr(field + 16, 12)));
    return in.size() >= head + length ? head + length : 0;
  }
  int fd_;
  bool connected_ = false;
  bool closed_ = false;
  std::string in_;
};

struct TestHandler : Handler {
  std::function<Dispatch(const RequestHead&)> on_dispatch = [](const RequestHead&) {
    return Dispatch{Run::inline_, 1'024};
  };
  std::function<Response(Request&&)> on_request = [](Request&& request) {
    return respond(200, "text/plain", request.method + ' ' + request.target + ' ' +
                                          std::string(request.body_text()));
  };
  std::function<std::optional<Response>(const Request&)> on_answer_now = [](const Request&) {
    return std::nullopt;
  };
  Dispatch dispatch(const RequestHead& head) override { return on_dispatch(head); }
  std::optional<Response> answer_now(const Request& request) override {
    return on_answer_now(request);
  }
  Response handle(Request&& request) override { return on_request(std::move(request)); }
};

inline int status_of(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(std::string(answer.substr(9, 3))) : 0;
}

// The server counts behind what its client sees: waits until a count is `expected`, at most ten
// seconds, and returns what it was last.
inline std::uint64_t settled(const Server& server, std::uint64_t ServerStatistics::*count,
                             std::uint64_t expected) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (server.statistics().*count != expected && std::chrono::steady_clock::now() < patience)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return server.statistics().*count;
}

}  // namespace certwright::http
