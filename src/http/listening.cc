#include "http/listening.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace certwright::http {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<SocketAddress> socket_address(const ListenerOptions& options) {
  SocketAddress made;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
  if (inet_pton(AF_INET, options.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(options.port);
    made.size = sizeof *v4;
  } else if (inet_pton(AF_INET6, options.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(options.port);
    made.size = sizeof *v6;
  } else {
    return fail(Errc::invalid, fmt::format("\"{}\" is not an IP address", options.address));
  }
  return made;
}

std::string errno_text() { return std::strerror(errno); }  // NOLINT: one thread at start

}  // namespace

std::string Endpoint::text() const {
  return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port)
                                                : fmt::format("[{}]:{}", address, port);
}

Peer peer_from(const sockaddr_storage& address) {
  Peer peer;
  std::array<char, INET6_ADDRSTRLEN> text{};
  constexpr std::uint32_t kLoopbackNet = 127;
  constexpr unsigned kFirstOctetShift = 24;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    peer.port = ntohs(v4.sin_port);
    peer.is_loopback = ntohl(v4.sin_addr.s_addr) >> kFirstOctetShift == kLoopbackNet;
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    peer.port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      constexpr std::size_t kMappedPrefix = 12;
      const unsigned char* v4 = v6.sin6_addr.s6_addr + kMappedPrefix;
      inet_ntop(AF_INET, v4, text.data(), text.size());
      peer.is_loopback = *v4 == kLoopbackNet;
    } else {
      inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
      peer.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
  }
  peer.address = text.data();
  return peer;
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(other.release()), endpoint_(std::move(other.endpoint_)) {}

ListeningSocket::~ListeningSocket() {
  if (fd_ >= 0) ::close(fd_);
}

int ListeningSocket::release() noexcept { return std::exchange(fd_, -1); }

Result<ListeningSocket> ListeningSocket::open(const ListenerOptions& options) {
  constexpr int kBacklog = 1024;
  const int on = 1;
  const int off = 0;
  ListeningSocket made(-1);
  if (options.inherited_fd) {
    made.fd_ = *options.inherited_fd;
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(made.fd_, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
      return fail(Errc::invalid,
                  fmt::format("the inherited socket \"{}\" is not listening", options.name));
    }
  } else {
    CERTWRIGHT_TRY(const SocketAddress address, socket_address(options));
    made.fd_ = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_v6 = address.storage.ss_family == AF_INET6;
    if (made.fd_ < 0 || setsockopt(made.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (is_v6 && setsockopt(made.fd_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) ||
        ::bind(made.fd_, address.get(), address.size) != 0 || ::listen(made.fd_, kBacklog) != 0) {
      return fail(Errc::unavailable,
                  fmt::format("cannot listen on {} for {}: {}",
                              Endpoint{.name = "", .address = options.address, .port = options.port}.text(), options.name,
                              errno_text()));
    }
  }
  if (const int flags = fcntl(made.fd_, F_GETFL); flags >= 0) {
    fcntl(made.fd_, F_SETFL, flags | O_NONBLOCK);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(made.fd_, reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
      (bound.ss_family != AF_INET && bound.ss_family != AF_INET6)) {
    return fail(Errc::invalid, fmt::format("the socket \"{}\" is not a TCP socket", options.name));
  }
  const Peer own = peer_from(bound);
  made.endpoint_ = {.name = options.name, .address = own.address, .port = own.port, .fd = made.fd_};
  return made;
}

std::string PeerCounts::key_of(const std::string& address) {
  constexpr std::size_t kPrefixOctets = 8;  // a /64 is one subscriber's
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return address;
  return {reinterpret_cast<const char*>(v6.s6_addr), kPrefixOctets};
}

bool PeerCounts::try_add(const std::string& address) {
  const std::string key = key_of(address);
  const std::lock_guard guard(lock_);
  if (open_ >= most_in_all_) return false;
  std::size_t& count = by_peer_[key];
  if (count >= most_per_peer_) {
    if (count == 0) by_peer_.erase(key);
    return false;
  }
  ++count;
  ++open_;
  return true;
}

void PeerCounts::remove(const std::string& address) {
  const std::string key = key_of(address);
  const std::lock_guard guard(lock_);
  const auto at = by_peer_.find(key);
  if (at == by_peer_.end()) return;
  --open_;
  if (--at->second == 0) by_peer_.erase(at);
}

std::size_t PeerCounts::open() const {
  const std::lock_guard guard(lock_);
  return open_;
}

}  // namespace certwright::http
