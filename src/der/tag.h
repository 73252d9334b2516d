#pragma once
#include <cstdint>

namespace certwright::der {

// The identifier octet, X.690 section 8.1.2, low-tag-number form only: X.509 and its relatives use
// no tag number above 30, and the reader refuses the longer form.
enum class Tag : std::uint8_t {
  boolean = 0x01,
  integer = 0x02,
  bit_string = 0x03,
  octet_string = 0x04,
  null = 0x05,
  object_identifier = 0x06,
  enumerated = 0x0a,
  utf8_string = 0x0c,
  numeric_string = 0x12,
  printable_string = 0x13,
  teletex_string = 0x14,
  ia5_string = 0x16,
  utc_time = 0x17,
  generalized_time = 0x18,
  visible_string = 0x1a,
  universal_string = 0x1c,
  bmp_string = 0x1e,
  sequence = 0x30,
  set = 0x31,
};

// [number] IMPLICIT of a primitive type. `number` is 0 to 30.
constexpr Tag context(std::uint8_t number) noexcept { return static_cast<Tag>(0x80 | number); }
// [number] EXPLICIT, or [number] IMPLICIT of a constructed type. `number` is 0 to 30.
constexpr Tag context_constructed(std::uint8_t number) noexcept {
  return static_cast<Tag>(0xa0 | number);
}
constexpr bool is_constructed(Tag tag) noexcept {
  return (static_cast<std::uint8_t>(tag) & 0x20) != 0;
}

}  // namespace certwright::der
