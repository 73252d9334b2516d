#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "errors/result.h"

namespace certwright::gateway::certgen {

// An IP address and a port, as system calls take them.
class SocketAddress {
 public:
  // `ip` is an IPv4 or IPv6 literal, without brackets. Errors: invalid.
  static Result<SocketAddress> of(const std::string& ip, std::uint16_t port);

  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t octets() const noexcept { return octets_; }
  int family() const noexcept { return storage_.ss_family; }
  const sockaddr_storage& storage() const noexcept { return storage_; }

 private:
  sockaddr_storage storage_{};
  socklen_t octets_ = 0;
};

}  // namespace certwright::gateway::certgen
