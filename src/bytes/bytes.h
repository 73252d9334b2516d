#pragma once
// Octets: views for what is read during a call, Bytes for what is kept, SecretBytes (secret_bytes.h)
// for what must be wiped.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"

namespace certwright {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// The octets of `text`; valid as long as the text is.
inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
// `bytes` seen as characters; valid as long as the bytes are.
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

// Lower-case hexadecimal, two digits an octet.
std::string to_hex(ByteView bytes);
// Accepts both cases. Errors: bad_encoding for an odd length or another character.
Result<Bytes> from_hex(std::string_view hex);

// Base64, RFC 4648 section 4 (`+/`, padded) and section 5 (`-_`, no padding).
std::string to_base64(ByteView bytes);
std::string to_base64url(ByteView bytes);
// Strict: canonical padding (none for base64url), no white space, unused bits zero.
// Errors: bad_encoding.
Result<Bytes> from_base64(std::string_view text);
Result<Bytes> from_base64url(std::string_view text);

// Compares in time that depends on the lengths only. Lengths are not secret.
bool equal_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace certwright
