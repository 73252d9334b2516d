#include "unicode/hidden.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace certwright::unicode {
namespace {

struct Range {
  char32_t first, last;
};

// In order. Unassigned ones that Unicode sets aside to be ignored are among them.
constexpr Range kHidden[] = {
    {0xad, 0xad},          // soft hyphen
    {0x34f, 0x34f},        // combining grapheme joiner
    {0x61c, 0x61c},        // Arabic letter mark
    {0x115f, 0x1160},      // Hangul fillers
    {0x17b4, 0x17b5},      // Khmer inherent vowels
    {0x180b, 0x180f},      // Mongolian variation selectors, vowel separator
    {0x200b, 0x200f},      // zero width space, joiners, direction marks
    {0x2028, 0x202e},      // line and paragraph separators, embeddings and overrides of direction
    {0x2060, 0x206f},      // word joiner, invisible operators, isolates, deprecated controls
    {0x2800, 0x2800},      // Braille pattern blank
    {0x3164, 0x3164},      // Hangul filler
    {0xfe00, 0xfe0f},      // variation selectors
    {0xfeff, 0xfeff},      // zero width no-break space, the byte order mark
    {0xffa0, 0xffa0},      // halfwidth Hangul filler
    {0xfff0, 0xfffb},      // set aside; interlinear annotation
    {0x13430, 0x1343f},    // Egyptian hieroglyph format controls
    {0x1bca0, 0x1bca3},    // shorthand format controls
    {0x1d159, 0x1d159},    // musical symbol null notehead
    {0x1d173, 0x1d17a},    // musical format controls
    {0xe0000, 0xe0fff}};   // tags, more variation selectors, set aside

}  // namespace

CodePoint first_code_point(std::string_view text) noexcept {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = octet(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4U : first >= 0xe0 ? 3U : 2U;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return {};
  char32_t point = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((octet(i) & 0xc0U) != 0x80) return {};
    point = (point << 6) | (octet(i) & 0x3fU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < kLeast[size] || point > 0x10ffff || is_surrogate) return {};
  return {point, size};
}

bool is_control(char32_t point) noexcept { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

bool is_hidden(char32_t point) noexcept {
  if (point < kHidden[0].first) return false;  // nearly all text
  const auto after = std::ranges::upper_bound(kHidden, point, {}, &Range::first);
  return point <= std::prev(after)->last;
}

std::optional<char32_t> find_hidden(std::string_view utf8) noexcept {
  while (!utf8.empty()) {
    const CodePoint next = first_code_point(utf8);
    if (next.octets != 0 && is_hidden(next.value)) return next.value;
    utf8.remove_prefix(std::max<std::size_t>(next.octets, 1));
  }
  return std::nullopt;
}

std::string name_of(char32_t point) { return fmt::format("U+{:04X}", static_cast<std::uint32_t>(point)); }

std::string marked(char32_t point) { return fmt::format("[{}]", name_of(point)); }

}  // namespace certwright::unicode
