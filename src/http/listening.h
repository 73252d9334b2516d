#pragma once
// Internal to http: listening sockets, peer addresses, and how many connections a peer has.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "errors/result.h"
#include "http/server.h"

namespace certwright::http {

// A listening socket, closed with its owner.
class ListeningSocket {
 public:
  // Binds and listens, or adopts the inherited socket. Errors: invalid, unavailable.
  static Result<ListeningSocket> open(const ListenerOptions& options);
  ListeningSocket(ListeningSocket&& other) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  int fd() const noexcept { return fd_; }
  int release() noexcept;
  const Endpoint& endpoint() const noexcept { return endpoint_; }

 private:
  explicit ListeningSocket(int fd) noexcept : fd_(fd) {}
  int fd_;
  Endpoint endpoint_;
};

// Address, port and is_loopback of a socket address.
Peer peer_from(const sockaddr_storage& address);

// Counts connections by peer; IPv6 addresses of one /64 count as one peer. Thread-safe.
class PeerCounts {
 public:
  PeerCounts(std::size_t most_in_all, std::size_t most_per_peer) noexcept
      : most_in_all_(most_in_all), most_per_peer_(most_per_peer) {}
  bool try_add(const std::string& address);  // false, and nothing counted, if over a limit
  void remove(const std::string& address);
  std::size_t open() const;

 private:
  static std::string key_of(const std::string& address);
  const std::size_t most_in_all_, most_per_peer_;
  mutable std::mutex lock_;
  std::size_t open_ = 0;
  std::map<std::string, std::size_t> by_peer_;
};

}  // namespace certwright::http
