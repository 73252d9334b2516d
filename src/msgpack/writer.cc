#include "msgpack/writer.h"

#include <array>
#include <bit>
#include <cstring>

namespace certwright::msgpack {
namespace {

constexpr std::uint64_t kMax8 = 0xff, kMax16 = 0xffff, kMax32 = 0xffffffff;

}  // namespace

Writer& Writer::raw(ByteView octets) noexcept {
  const std::size_t room = fits() ? buffer_.size() - size_ : 0;
  if (octets.size() <= room && !octets.empty()) std::memcpy(buffer_.data() + size_, octets.data(), octets.size());
  size_ += octets.size();
  return *this;
}

Writer& Writer::head(std::uint8_t octet, std::uint64_t value, unsigned value_octets) noexcept {
  std::array<std::uint8_t, 9> encoded{octet};
  for (unsigned i = 0; i < value_octets; ++i)
    encoded[value_octets - i] = static_cast<std::uint8_t>(value >> (8U * i));
  return raw(ByteView(encoded).first(1U + value_octets));
}

Writer& Writer::unsigned_integer(std::uint64_t value) noexcept {
  if (value <= 0x7f) return head(static_cast<std::uint8_t>(value), 0, 0);
  if (value <= kMax8) return head(0xcc, value, 1);
  if (value <= kMax16) return head(0xcd, value, 2);
  if (value <= kMax32) return head(0xce, value, 4);
  return head(0xcf, value, 8);
}

Writer& Writer::integer(std::int64_t value) noexcept {
  const auto bits = static_cast<std::uint64_t>(value);
  if (value >= 0) return unsigned_integer(bits);
  if (value >= -32) return head(static_cast<std::uint8_t>(bits), 0, 0);
  if (value >= INT8_MIN) return head(0xd0, bits, 1);
  if (value >= INT16_MIN) return head(0xd1, bits, 2);
  if (value >= INT32_MIN) return head(0xd2, bits, 4);
  return head(0xd3, bits, 8);
}

Writer& Writer::floating(double value) noexcept { return head(0xcb, std::bit_cast<std::uint64_t>(value), 8); }

Writer& Writer::text_head(std::uint32_t size_octets) noexcept {
  if (size_octets < 32) return head(static_cast<std::uint8_t>(0xa0U | size_octets), 0, 0);
  if (size_octets <= kMax8) return head(0xd9, size_octets, 1);
  if (size_octets <= kMax16) return head(0xda, size_octets, 2);
  return head(0xdb, size_octets, 4);
}

Writer& Writer::binary_head(std::uint32_t size_octets) noexcept {
  if (size_octets <= kMax8) return head(0xc4, size_octets, 1);
  if (size_octets <= kMax16) return head(0xc5, size_octets, 2);
  return head(0xc6, size_octets, 4);
}

Writer& Writer::array_head(std::uint32_t elements) noexcept {
  if (elements < 16) return head(static_cast<std::uint8_t>(0x90U | elements), 0, 0);
  if (elements <= kMax16) return head(0xdc, elements, 2);
  return head(0xdd, elements, 4);
}

Writer& Writer::map_head(std::uint32_t pairs) noexcept {
  if (pairs < 16) return head(static_cast<std::uint8_t>(0x80U | pairs), 0, 0);
  if (pairs <= kMax16) return head(0xde, pairs, 2);
  return head(0xdf, pairs, 4);
}

Writer& Writer::extension(std::int8_t type, ByteView value) noexcept {
  const std::size_t size = value.size();
  if (std::has_single_bit(size) && size <= 16)
    head(static_cast<std::uint8_t>(0xd4 + std::countr_zero(size)), 0, 0);
  else if (size <= kMax8) head(0xc7, size, 1);
  else if (size <= kMax16) head(0xc8, size, 2);
  else head(0xc9, size, 4);
  const std::array<std::uint8_t, 1> kind{static_cast<std::uint8_t>(type)};
  return raw(kind).raw(value);
}

}  // namespace certwright::msgpack
