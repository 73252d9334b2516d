#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bytes/bytes.h"

namespace certwright::msgpack {

// Writes MessagePack in its shortest encodings into a buffer of the caller's. What does not fit is not
// written at all: fits() is false from then on, and size() is what would have been needed, so an empty
// buffer measures. Text is not checked to be UTF-8. That as many elements follow a container's head as
// it announces is the caller's business.
class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> buffer) noexcept : buffer_(buffer) {}

  Writer& nil() noexcept { return head(0xc0, 0, 0); }
  Writer& boolean(bool value) noexcept { return head(value ? 0xc3 : 0xc2, 0, 0); }
  Writer& unsigned_integer(std::uint64_t value) noexcept;
  Writer& integer(std::int64_t value) noexcept;
  Writer& floating(double value) noexcept;  // always 64 bits
  // Heads: `size` octets, elements or pairs must follow.
  Writer& text_head(std::uint32_t size_octets) noexcept;
  Writer& binary_head(std::uint32_t size_octets) noexcept;
  Writer& array_head(std::uint32_t elements) noexcept;
  Writer& map_head(std::uint32_t pairs) noexcept;

  Writer& text(std::string_view value) noexcept { return text_head(static_cast<std::uint32_t>(value.size())).raw(as_bytes(value)); }
  Writer& binary(ByteView value) noexcept { return binary_head(static_cast<std::uint32_t>(value.size())).raw(value); }
  Writer& extension(std::int8_t type, ByteView value) noexcept;
  // Octets that are MessagePack already, or the payload of a head.
  Writer& raw(ByteView octets) noexcept;

  bool fits() const noexcept { return size_ <= buffer_.size(); }
  std::size_t size() const noexcept { return size_; }
  // What was written; only while fits().
  ByteView written() const noexcept { return buffer_.first(size_); }

 private:
  Writer& head(std::uint8_t octet, std::uint64_t value, unsigned value_octets) noexcept;
  std::span<std::uint8_t> buffer_;
  std::size_t size_ = 0;
};

}  // namespace certwright::msgpack
