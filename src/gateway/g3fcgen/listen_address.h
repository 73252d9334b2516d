#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "errors/result.h"

namespace certwright::gateway::g3fcgen {

struct ListenAddress {
  std::string address = "127.0.0.1";
  std::uint16_t port = 2999;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// Where g3fcgen listens: 127.0.0.1:2999; under the group name "port<N>", N on every address; wherever
// the environment's UDP_LISTEN_ADDR says ("ip:port"), above both. `listen_environment` empty: not set.
// Errors: invalid for such a variable that is no address, with its name.
Result<ListenAddress> listen_address(std::string_view group_name, std::string_view listen_environment);

// "192.0.2.1:2999", "[2001:db8::1]:2999". Errors: invalid.
Result<ListenAddress> parse_ip_and_port(std::string_view text);

}  // namespace certwright::gateway::g3fcgen
