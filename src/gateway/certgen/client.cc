#include "gateway/certgen/client.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "gateway/certgen/socket_address.h"

namespace certwright::gateway::certgen {
namespace {

using std::chrono::steady_clock;

class ConnectedSocket {
 public:
  static Result<ConnectedSocket> open(const std::string& address, std::uint16_t port) {
    CERTWRIGHT_TRY(const auto to, SocketAddress::of(address, port));
    ConnectedSocket made(::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (made.fd_ < 0 || ::connect(made.fd_, to.get(), to.octets()) != 0)
      return fail(Errc::unavailable, fmt::format("cannot reach {}:{}: {}", address, port, std::strerror(errno)));  // NOLINT: one thread
    return made;
  }
  ConnectedSocket(ConnectedSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ConnectedSocket& operator=(ConnectedSocket&&) = delete;
  ~ConnectedSocket() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void> send(ByteView datagram) const {
    if (::send(fd_, datagram.data(), datagram.size(), 0) >= 0) return {};
    return errno == EMSGSIZE ? fail(Errc::too_large, "the request is longer than a datagram") : refused();
  }

  // Errors: unavailable.
  Result<Bytes> receive(std::chrono::milliseconds wait) const {
    pollfd readable{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(wait.count(), 0))) <= 0) return fail(Errc::unavailable, "no answer in time");
    Bytes buffer(kRequestOctetsMax + 1);
    const auto octets = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (octets < 0) return refused();
    buffer.resize(static_cast<std::size_t>(octets));
    return buffer;
  }

 private:
  explicit ConnectedSocket(int fd) noexcept : fd_(fd) {}
  static tl::unexpected<Error> refused() {
    return fail(Errc::unavailable, errno == ECONNREFUSED ? "nobody listens there" : std::string("the network says: ") + std::strerror(errno));  // NOLINT
  }
  int fd_;
};

}  // namespace

Result<AskedAnswer> ask(const std::string& address, std::uint16_t port, const Request& request, std::chrono::milliseconds timeout) {
  CERTWRIGHT_TRY(const auto socket, ConnectedSocket::open(address, port));
  const auto started = steady_clock::now();
  CERTWRIGHT_CHECK(socket.send(encode_request(request)));
  for (;;) {
    const auto left = timeout - std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - started);
    CERTWRIGHT_TRY(auto datagram, socket.receive(left));
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - started);
    auto response = decode_response(datagram);
    wipe_memory(datagram.data(), datagram.size());
    if (!response) return tl::unexpected(response.error());
    if (response->host != request.host || response->service != request.service || response->usage != request.usage) continue;
    return AskedAnswer{std::move(*response), datagram.size(), took};
  }
}

}  // namespace certwright::gateway::certgen
