#pragma once
#include <cstddef>
#include <cstdint>

#include "bytes/bytes.h"

namespace certwright::msgpack {

enum class Type : std::uint8_t { nil, boolean, unsigned_integer, negative_integer, floating, text, binary, array, map, extension };

// One item of MessagePack. A container's elements follow it in the input: `count` of them for an
// array, `count` pairs for a map.
struct Item {
  Type type = Type::nil;
  bool boolean = false;
  std::int8_t extension_type = 0;
  std::uint64_t unsigned_integer = 0;  // also of an integer that was written as a signed type and is not negative
  std::int64_t negative_integer = 0;   // below 0
  double floating = 0;
  std::uint32_t count = 0;  // array: elements; map: pairs
  ByteView payload;         // text, binary, extension; points into the input. Text is not checked to be UTF-8

  // Text, or octets in its place: encoders from before 2013 knew one type for both.
  bool is_textual() const noexcept { return type == Type::text || type == Type::binary; }
};

// Reads MessagePack from front to back without copying; accepts every encoding of a value, also
// longer ones than needed. Views point into the input, which must outlive them.
// A Reader is a value: copy it to look ahead. After an error its position is unspecified.
//
// Errors of every read: bad_encoding for input that ends too early, for the octet 0xc1, for a
// container with more elements than there are octets left. Nothing here allocates on success.
class Reader {
 public:
  static constexpr unsigned kMaxDepth = 32;

  explicit Reader(ByteView input) noexcept : rest_(input) {}

  bool at_end() const noexcept { return rest_.empty(); }
  // What has not been read: never checked.
  ByteView rest() const noexcept { return rest_; }

  // The next item; of a container only the head.
  Result<Item> read();
  // Steps over the next value with everything in it. Errors: as above; too_large if it is nested
  // deeper than kMaxDepth.
  Result<void> skip();

 private:
  Result<std::uint64_t> take_unsigned(unsigned size_octets);
  Result<Item> take_payload(Type type, std::uint64_t size_octets);
  Result<Item> take_container(Type type, std::uint64_t count);
  Result<Item> take_extension(std::uint64_t size_octets);
  Result<Item> take_fixed_width(std::uint8_t head);

  ByteView rest_;
};

}  // namespace certwright::msgpack
