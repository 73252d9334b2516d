#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::delivery {

// The shape of a download grant: a JWT (RFC 7519) in JWS compact form (RFC 7515 section 7.1) with
// one header, HS256, and four claims. Nothing else is read or written.
struct GrantToken {
  static constexpr std::size_t kMaxOctets = 1024;
  static constexpr std::size_t kSecretOctets = 32;

  std::array<std::uint8_t, kSecretOctets> secret{};  // jti
  std::int64_t expires_at_s = 0;                     // exp, Unix time

  std::string sign(ByteView key) const;
  // The header must be ours octet for octet, so no other `alg` is ever tried; the signature is
  // compared in constant time before a claim is looked at. Does not check the expiry.
  // Errors: unauthenticated, the same for every reason.
  static Result<GrantToken> verify(std::string_view token, ByteView key);
};

}  // namespace certwright::delivery
