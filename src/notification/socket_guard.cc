#include "notification/socket_guard.h"

#include <array>
#include <cstring>

#include <netinet/in.h>

namespace certwright::notification {
namespace {

extern "C" {
static curl_socket_t certwright_notification_socket(void* guard, curlsocktype purpose,
                                                    curl_sockaddr* address) noexcept {
  return static_cast<SocketGuard*>(guard)->open(purpose, *address);
}
}

}  // namespace

std::optional<IpAddress> address_of_socket(const sockaddr* address, std::size_t size_octets) {
  if (address->sa_family == AF_INET && size_octets >= sizeof(sockaddr_in)) {
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, octets.size());
    return IpAddress::v4(octets);
  }
  if (address->sa_family == AF_INET6 && size_octets >= sizeof(sockaddr_in6)) {
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, octets.size());
    return IpAddress::v6(octets);
  }
  return std::nullopt;
}

void SocketGuard::watch(CurlHandle& curl) {
  curl.set(CURLOPT_OPENSOCKETFUNCTION, certwright_notification_socket);
  curl.set(CURLOPT_OPENSOCKETDATA, this);
}

curl_socket_t SocketGuard::open(curlsocktype purpose, const curl_sockaddr& address) {
  const auto to = address_of_socket(&address.addr, address.addrlen);
  if (has_refused_ || purpose != CURLSOCKTYPE_IPCXN || !to || !policy_.check(*to)) {
    has_refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
}

}  // namespace certwright::notification
