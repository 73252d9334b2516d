#include "gateway/certgen/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace certwright::gateway::certgen {

Result<SocketAddress> SocketAddress::of(const std::string& ip, std::uint16_t port) {
  SocketAddress made;
  auto& v4 = reinterpret_cast<sockaddr_in&>(made.storage_);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(made.storage_);
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    made.octets_ = sizeof v4;
  } else if (inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    made.octets_ = sizeof v6;
  } else {
    return fail(Errc::invalid, "\"" + ip + "\" is not an IP address");
  }
  return made;
}

}  // namespace certwright::gateway::certgen
