#pragma once
#include <cstdint>

namespace certwright::profile {

// What the certificate generator's clients say a certificate is for; the protocol's numbers.
enum class InterceptionUsage : std::uint8_t {
  tls_server = 0,
  tls_server_tongsuo = 1,
  tlcp_server_signature = 11,
  tlcp_server_encryption = 12,
};

}  // namespace certwright::profile
