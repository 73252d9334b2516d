#pragma once
// What stands in a text and is not seen there, or turns the direction of what stands beside it: two texts
// that look the same must not be taken for the same. Functions of values; any thread.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace certwright::unicode {

struct CodePoint {
  char32_t value = 0;
  std::size_t octets = 0;  // 0: not UTF-8
};

// The code point that `text`, which is not empty, begins with (RFC 3629: shortest form, no surrogates).
CodePoint first_code_point(std::string_view text) noexcept;

// C0, DEL and C1.
bool is_control(char32_t point) noexcept;

// Default_Ignorable_Code_Point of Unicode 15 (UAX #44), where all bidirectional controls are, and what else shows
// as nothing, as a blank, or breaks the line. No control and no space. The joiners U+200C and U+200D are among
// them, although Persian and Indic scripts write with them, and so are the variation selectors of emoji.
bool is_hidden(char32_t point) noexcept;

// The first of `utf8` that is_hidden(); octets that are not UTF-8 are passed over.
std::optional<char32_t> find_hidden(std::string_view utf8) noexcept;

// "U+200B"; four digits or more.
std::string name_of(char32_t point);

// "[U+200B]": what stands in a text in its place.
std::string marked(char32_t point);

}  // namespace certwright::unicode
