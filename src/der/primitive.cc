#include "der/primitive.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace certwright::der {

Result<bool> parse_boolean(ByteView content) {
  if (content.size() != 1 || (content[0] != 0 && content[0] != 0xff))
    return fail(Errc::bad_encoding, "a BOOLEAN is one octet, 00 or ff");
  return content[0] != 0;
}

Result<void> check_integer(ByteView content) {
  if (content.empty()) return fail(Errc::bad_encoding, "an INTEGER is empty");
  if (content.size() > 1 &&
      ((content[0] == 0 && content[1] < 0x80) || (content[0] == 0xff && content[1] >= 0x80)))
    return fail(Errc::bad_encoding, "an INTEGER is padded");
  return {};
}

Result<std::uint64_t> parse_unsigned(ByteView content) {
  CERTWRIGHT_CHECK(check_integer(content));
  if (content[0] >= 0x80) return fail(Errc::bad_encoding, "an INTEGER is negative");
  if (content.size() > 8) return fail(Errc::bad_encoding, "an INTEGER is above 2^63-1");
  std::uint64_t value = 0;
  for (const std::uint8_t octet : content) value = value << 8 | octet;
  return value;
}

Result<BitString> parse_bit_string(ByteView content) {
  if (content.empty()) return fail(Errc::bad_encoding, "a BIT STRING is empty");
  const unsigned unused = content[0];
  const ByteView octets = content.subspan(1);
  if (unused > 7 || (unused > 0 && octets.empty()))
    return fail(Errc::bad_encoding, "a BIT STRING has an impossible count of unused bits");
  if (unused > 0 && (octets.back() & ((1U << unused) - 1)) != 0)
    return fail(Errc::bad_encoding, "the unused bits of a BIT STRING are not zero");
  return BitString{octets, unused};
}

namespace {

// Two decimal digits, or -1.
int two_digits(const std::uint8_t* at) noexcept {
  const unsigned tens = at[0] - unsigned{'0'}, ones = at[1] - unsigned{'0'};
  return tens > 9 || ones > 9 ? -1 : static_cast<int>(tens * 10 + ones);
}

// `at` is MMDDHHMMSSZ.
Result<Time> parse_after_year(int year, const std::uint8_t* at) {
  const int month = two_digits(at), day = two_digits(at + 2), hour = two_digits(at + 4);
  const int minute = two_digits(at + 6), second = two_digits(at + 8);
  if (month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0 || at[10] != 'Z')
    return fail(Errc::bad_encoding, "a time is not digits and a Z");
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59)
    return fail(Errc::bad_encoding, "a time is not one that exists");
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + Seconds(second);
}

}  // namespace

Result<Time> parse_utc_time(ByteView content) {
  if (content.size() != 13) return fail(Errc::bad_encoding, "a UTCTime is not YYMMDDHHMMSSZ");
  const int year = two_digits(content.data());
  if (year < 0) return fail(Errc::bad_encoding, "a time is not digits and a Z");
  return parse_after_year(year < 50 ? 2000 + year : 1900 + year, content.data() + 2);
}

Result<Time> parse_generalized_time(ByteView content) {
  if (content.size() != 15)
    return fail(Errc::bad_encoding, "a GeneralizedTime is not YYYYMMDDHHMMSSZ");
  const int century = two_digits(content.data()), year = two_digits(content.data() + 2);
  if (century < 0 || year < 0) return fail(Errc::bad_encoding, "a time is not digits and a Z");
  return parse_after_year(century * 100 + year, content.data() + 4);
}

namespace {

bool is_scalar_value(std::uint32_t c) noexcept {
  return c < 0xd800 || (c > 0xdfff && c <= 0x10ffff);
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto push = [&](std::uint32_t octet) { out += static_cast<char>(octet); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xc0 | c >> 6);
    push(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    push(0xe0 | c >> 12);
    push(0x80 | (c >> 6 & 0x3f));
    push(0x80 | (c & 0x3f));
  } else {
    push(0xf0 | c >> 18);
    push(0x80 | (c >> 12 & 0x3f));
    push(0x80 | (c >> 6 & 0x3f));
    push(0x80 | (c & 0x3f));
  }
}

// Characters of `width` octets each, big-endian. Calls `use` for each; false if one is no
// character.
template <class Use>
bool for_each_wide(ByteView content, std::size_t width, Use use) {
  if (content.size() % width != 0) return false;
  for (std::size_t i = 0; i < content.size(); i += width) {
    std::uint32_t c = 0;
    for (std::size_t k = 0; k < width; ++k) c = c << 8 | content[i + k];
    if (!is_scalar_value(c)) return false;
    use(c);
  }
  return true;
}

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
  const ByteView in = as_bytes(text);
  std::size_t i = 0;
  while (i < in.size()) {
    const std::uint32_t lead = in[i];
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || in.size() - i < size) return false;
    std::uint32_t c = lead & (0x7fU >> size);
    for (std::size_t k = 1; k < size; ++k) {
      if ((in[i + k] & 0xc0) != 0x80) return false;
      c = c << 6 | (in[i + k] & 0x3fU);
    }
    if (!is_scalar_value(c) || (size == 3 && c < 0x800) || (size == 4 && c < 0x10000)) return false;
    i += size;
  }
  return true;
}

bool is_printable_string(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
  });
}

bool is_string_tag(Tag tag) noexcept {
  switch (tag) {
    case Tag::utf8_string:
    case Tag::numeric_string:
    case Tag::printable_string:
    case Tag::teletex_string:
    case Tag::ia5_string:
    case Tag::visible_string:
    case Tag::universal_string:
    case Tag::bmp_string:
      return true;
    default:
      return false;
  }
}

Result<void> check_string(Tag tag, ByteView content) {
  const auto below_128 = [](std::uint8_t octet) { return octet < 0x80; };
  const auto ignore = [](std::uint32_t) {};
  bool good = false;
  switch (tag) {
    case Tag::utf8_string:
      good = is_valid_utf8(as_text(content));
      break;
    case Tag::numeric_string:
      good = std::ranges::all_of(content, [](std::uint8_t octet) {
        return octet == ' ' || (octet >= '0' && octet <= '9');
      });
      break;
    case Tag::printable_string:
    case Tag::ia5_string:
    case Tag::visible_string:
      good = std::ranges::all_of(content, below_128);
      break;
    case Tag::teletex_string:
      good = true;
      break;
    case Tag::universal_string:
      good = for_each_wide(content, 4, ignore);
      break;
    case Tag::bmp_string:
      good = for_each_wide(content, 2, ignore);
      break;
    default:
      return fail(Errc::bad_encoding, "not a character string type");
  }
  if (!good) return fail(Errc::bad_encoding, "a string has octets that its type does not allow");
  return {};
}

Result<std::string> string_to_utf8(Tag tag, ByteView content) {
  CERTWRIGHT_CHECK(check_string(tag, content));
  std::string text;
  const auto append = [&](std::uint32_t c) { append_utf8(text, c); };
  switch (tag) {
    case Tag::universal_string:
      for_each_wide(content, 4, append);
      break;
    case Tag::bmp_string:
      for_each_wide(content, 2, append);
      break;
    case Tag::teletex_string:
      for (const std::uint8_t octet : content) append_utf8(text, octet);
      break;
    default:
      text = as_text(content);
  }
  return text;
}

}  // namespace certwright::der
