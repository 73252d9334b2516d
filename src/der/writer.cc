#include "der/writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "der/primitive.h"
#include "der/reader.h"

namespace certwright::der {
namespace {

// How many octets follow the first length octet: 0 up to 127, then as many as the number has.
std::size_t long_form_octets(std::size_t size) noexcept {
  if (size < 0x80) return 0;
  return (static_cast<std::size_t>(std::bit_width(size)) + 7) / 8;
}

void put_length(std::uint8_t* at, std::size_t size) noexcept {
  const std::size_t more = long_form_octets(size);
  if (more == 0) {
    *at = static_cast<std::uint8_t>(size);
    return;
  }
  *at = static_cast<std::uint8_t>(0x80 | more);
  for (std::size_t i = more; i > 0; --i, size >>= 8) at[i] = static_cast<std::uint8_t>(size & 0xff);
}

void put_two_digits(std::uint8_t* at, unsigned value) noexcept {
  at[0] = static_cast<std::uint8_t>('0' + value / 10);
  at[1] = static_cast<std::uint8_t>('0' + value % 10);
}

// YYYYMMDDHHMMSSZ
std::array<std::uint8_t, 15> time_digits(Time time) noexcept {
  const Time clamped = std::clamp(time, kEarliestTime, kLatestTime);
  const auto days = std::chrono::floor<std::chrono::days>(clamped);
  const std::chrono::year_month_day date(days);
  const auto second = static_cast<unsigned>(std::chrono::floor<Seconds>(clamped - days).count());
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  std::array<std::uint8_t, 15> digits{};
  put_two_digits(&digits[0], year / 100);
  put_two_digits(&digits[2], year % 100);
  put_two_digits(&digits[4], static_cast<unsigned>(date.month()));
  put_two_digits(&digits[6], static_cast<unsigned>(date.day()));
  put_two_digits(&digits[8], second / 3600);
  put_two_digits(&digits[10], second / 60 % 60);
  put_two_digits(&digits[12], second % 60);
  digits[14] = 'Z';
  return digits;
}

}  // namespace

std::size_t header_size(std::size_t content_size) noexcept {
  return 2 + long_form_octets(content_size);
}

void Writer::header(Tag tag, std::size_t content_size) {
  std::array<std::uint8_t, 10> octets{};
  octets[0] = static_cast<std::uint8_t>(tag);
  put_length(&octets[1], content_size);
  raw(ByteView(octets).first(header_size(content_size)));
}

void Writer::primitive(Tag tag, ByteView content) {
  header(tag, content.size());
  raw(content);
}

std::size_t Writer::open(Tag tag) {
  out_.push_back(static_cast<std::uint8_t>(tag));
  out_.push_back(0);
  return out_.size();
}

void Writer::close(std::size_t mark) {
  const std::size_t size = out_.size() - mark;
  const std::size_t more = long_form_octets(size);
  if (more != 0) {
    out_.resize(out_.size() + more);
    std::memmove(out_.data() + mark + more, out_.data() + mark, size);
  }
  put_length(out_.data() + mark - 1, size);
}

void Writer::sort_elements(std::size_t mark) {
  std::vector<std::string> elements;  // compares as unsigned octets, with memcmp
  Reader reader(ByteView(out_).subspan(mark));
  while (!reader.at_end()) {
    const auto element = reader.read_any("SET OF");
    if (!element) return;  // raw() was given something that is not DER
    elements.emplace_back(as_text(element->tlv));
  }
  if (std::ranges::is_sorted(elements)) return;
  std::ranges::sort(elements);
  out_.resize(mark);
  for (const std::string& element : elements) raw(as_bytes(element));
}

void Writer::boolean(bool value) {
  const std::uint8_t octet = value ? 0xff : 0x00;
  primitive(Tag::boolean, {&octet, 1});
}

void Writer::integer(std::uint64_t value, Tag tag) {
  std::array<std::uint8_t, 9> octets{};
  for (std::size_t i = 8; i > 0; --i, value >>= 8)
    octets[i] = static_cast<std::uint8_t>(value & 0xff);
  std::size_t start = 0;
  while (start < 8 && octets[start] == 0 && octets[start + 1] < 0x80) ++start;
  primitive(tag, ByteView(octets).subspan(start));
}

void Writer::integer_magnitude(ByteView magnitude) {
  while (!magnitude.empty() && magnitude[0] == 0) magnitude = magnitude.subspan(1);
  const bool sign_octet = magnitude.empty() || magnitude[0] >= 0x80;
  header(Tag::integer, magnitude.size() + (sign_octet ? 1 : 0));
  if (sign_octet) out_.push_back(0);
  raw(magnitude);
}

void Writer::bit_string(ByteView octets, Tag tag) {
  header(tag, octets.size() + 1);
  out_.push_back(0);
  raw(octets);
}

void Writer::named_bits(std::uint32_t bits, Tag tag) {
  std::array<std::uint8_t, 5> content{};  // unused count, then bit 0 as the top bit
  for (unsigned bit = 0; bit < 32; ++bit)
    if ((bits >> bit & 1) != 0)
      content[1 + bit / 8] = static_cast<std::uint8_t>(content[1 + bit / 8] | 0x80U >> (bit % 8));
  const auto count = static_cast<std::size_t>(std::bit_width(bits));
  content[0] = static_cast<std::uint8_t>((8 - count % 8) % 8);
  primitive(tag, ByteView(content).first(1 + (count + 7) / 8));
}

void Writer::time(Time time) {
  const auto digits = time_digits(time);
  const unsigned year = (digits[0] - 48U) * 1000 + (digits[1] - 48U) * 100 +
                        (digits[2] - 48U) * 10 + (digits[3] - 48U);
  if (year >= 1950 && year <= 2049)
    primitive(Tag::utc_time, ByteView(digits).subspan(2));
  else
    primitive(Tag::generalized_time, digits);
}

void Writer::generalized_time(Time time, Tag tag) { primitive(tag, time_digits(time)); }

}  // namespace certwright::der
