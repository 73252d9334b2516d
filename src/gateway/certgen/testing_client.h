#pragma once
// A client for tests: one connected socket, as g3proxy has.
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <optional>

#include "gateway/certgen/response.h"
#include "gateway/certgen/socket_address.h"
#include "gateway/certgen/udp_socket.h"

namespace certwright::gateway::certgen {

class TestingClient {
 public:
  // Asks `address`, from `from` if that is given: not every host has it, see connected().
  explicit TestingClient(std::uint16_t port, const char* address = "127.0.0.1", const char* from = nullptr) {
    const auto to = SocketAddress::of(address, port).value();
    fd_ = ::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (from != nullptr) {
      const auto source = SocketAddress::of(from, 0).value();
      if (::bind(fd_, source.get(), source.octets()) != 0) return;
    }
    connected_ = ::connect(fd_, to.get(), to.octets()) == 0;
  }
  TestingClient(const TestingClient&) = delete;
  ~TestingClient() { ::close(fd_); }

  bool connected() const { return connected_; }
  bool send(ByteView datagram) const { return ::send(fd_, datagram.data(), datagram.size(), 0) == static_cast<ssize_t>(datagram.size()); }
  bool ask(std::string_view host, std::uint8_t service = 0, ByteView certificate = {}) const {
    return send(encode_request({.host = host, .service = service, .usage = {}, .upstream_certificate = certificate}));
  }
  // The next datagram; none if nothing came in time. The kernel drops what is not from the server's
  // very address, because the socket is connected.
  std::optional<Bytes> receive(std::chrono::milliseconds wait = std::chrono::seconds(5)) const {
    pollfd readable{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, static_cast<int>(wait.count())) <= 0) return {};
    Bytes buffer(65'536);
    const auto size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (size < 0) return {};
    buffer.resize(static_cast<std::size_t>(size));
    return buffer;
  }
  std::optional<Response> answer(std::chrono::milliseconds wait = std::chrono::seconds(5)) const {
    const auto datagram = receive(wait);
    if (!datagram) return {};
    auto response = decode_response(*datagram);
    if (!response) return {};
    return std::move(*response);
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
};

}  // namespace certwright::gateway::certgen
