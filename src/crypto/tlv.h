#pragma once
// Private to crypto: just enough strict DER to take a SubjectPublicKeyInfo apart. Crypto lies below
// the `der` room, which is the reader for everything else.
#include <optional>

#include "bytes/bytes.h"

namespace certwright::crypto {

// Reads the element with `tag` at the start of `rest` and moves `rest` behind it. Nothing for
// another tag, a length that is not minimal, or one past the end. Low tag numbers only.
inline std::optional<ByteView> take_tlv(ByteView& rest, std::uint8_t tag) noexcept {
  if (rest.size() < 2 || rest[0] != tag) return std::nullopt;
  std::size_t at = 2;
  std::size_t length = rest[1];
  if (length > 0x7f) {
    const std::size_t octets = length & 0x7f;
    if (octets == 0 || octets > 3 || rest.size() < 2 + octets || rest[2] == 0) return std::nullopt;
    length = 0;
    for (; at < 2 + octets; ++at) length = length << 8 | rest[at];
    if (length < 0x80) return std::nullopt;
  }
  if (rest.size() - at < length) return std::nullopt;
  const ByteView content = rest.subspan(at, length);
  rest = rest.subspan(at + length);
  return content;
}

// The magnitude of a non-negative INTEGER, without its leading zero octet.
inline std::optional<ByteView> take_unsigned(ByteView& rest) noexcept {
  const auto content = take_tlv(rest, 0x02);
  if (!content || content->empty() || ((*content)[0] & 0x80) != 0) return std::nullopt;
  if ((*content)[0] != 0 || content->size() == 1) return content;
  if (((*content)[1] & 0x80) == 0) return std::nullopt;
  return content->subspan(1);
}

}  // namespace certwright::crypto
