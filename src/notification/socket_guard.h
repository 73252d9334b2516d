#pragma once
// Private to this room: the last word on where a transfer connects to.
#include <sys/socket.h>

#include <cstddef>
#include <optional>

#include "notification/address_policy.h"
#include "notification/curl_handle.h"

namespace certwright::notification {

// Of an IPv4 or IPv6 socket address; nullopt for every other kind, and for one that is cut off.
std::optional<IpAddress> address_of_socket(const sockaddr* address, std::size_t size_octets);

// Asks the policy about each address that libcurl is about to connect to, whatever name led there and
// whoever looked it up, before there is a socket. After one refusal the transfer gets no other socket.
class SocketGuard {
 public:
  explicit SocketGuard(const AddressPolicy& policy) : policy_(policy) {}  // must outlive this
  SocketGuard(const SocketGuard&) = delete;
  SocketGuard& operator=(const SocketGuard&) = delete;

  void watch(CurlHandle& curl);  // this must outlive the handle's transfers
  bool has_refused() const noexcept { return has_refused_; }

  // What libcurl calls.
  curl_socket_t open(curlsocktype purpose, const curl_sockaddr& address);

 private:
  const AddressPolicy& policy_;
  bool has_refused_ = false;
};

}  // namespace certwright::notification
