#include "x509/serial_number.h"

#include <algorithm>
#include <cstdlib>

namespace certwright::x509 {
namespace {

constexpr std::uint32_t kBillion = 1'000'000'000;

// 160 bits, least significant limb first: a schoolbook bignum is enough for 49 digits.
using Limbs = std::array<std::uint32_t, 5>;

// value = value * factor + add; false if that needs more than 160 bits.
bool multiply_add(Limbs& value, std::uint32_t factor, std::uint32_t add) noexcept {
  std::uint64_t carry = add;
  for (std::uint32_t& limb : value) {
    carry += std::uint64_t{limb} * factor;
    limb = static_cast<std::uint32_t>(carry);
    carry >>= 32;
  }
  return carry == 0;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

Result<SerialNumber> SerialNumber::parse(ByteView content) {
  if (content.empty()) return fail(Errc::bad_encoding, "serial number: empty");
  if (content.size() > kMaxOctets)
    return fail(Errc::bad_encoding, "serial number: longer than 20 octets");
  if (content[0] >= 0x80) return fail(Errc::bad_encoding, "serial number: negative");
  if (content[0] == 0 && content.size() == 1)
    return fail(Errc::bad_encoding, "serial number: zero");
  if (content[0] == 0 && content[1] < 0x80)
    return fail(Errc::bad_encoding, "serial number: padded with a zero octet");
  SerialNumber serial;
  std::ranges::copy(content, serial.octets_.begin());
  serial.size_ = static_cast<std::uint8_t>(content.size());
  return serial;
}

// `magnitude` is big-endian and may have leading zeros.
Result<SerialNumber> SerialNumber::from_magnitude(ByteView magnitude) {
  while (!magnitude.empty() && magnitude[0] == 0) magnitude = magnitude.subspan(1);
  if (magnitude.empty()) return fail(Errc::bad_encoding, "serial number: zero");
  const std::size_t sign = magnitude[0] >= 0x80 ? 1 : 0;
  if (magnitude.size() + sign > kMaxOctets)
    return fail(Errc::too_large, "serial number: larger than 20 octets hold");
  SerialNumber serial;
  std::copy(magnitude.begin(), magnitude.end(), serial.octets_.begin() + sign);
  serial.size_ = static_cast<std::uint8_t>(magnitude.size() + sign);
  return serial;
}

Result<SerialNumber> SerialNumber::from_decimal(std::string_view digits) {
  if (digits.empty() || digits[0] == '0' || !std::ranges::all_of(digits, is_digit))
    return fail(Errc::bad_encoding,
                "serial number: not a positive decimal number without leading zeros");
  Limbs value{};
  while (!digits.empty()) {  // nine digits at a time
    const std::string_view chunk = digits.substr(0, 9);
    std::uint32_t factor = 1, add = 0;
    for (const char digit : chunk) {
      factor *= 10;
      add = add * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    if (!multiply_add(value, factor, add))
      return fail(Errc::too_large, "serial number: larger than 20 octets hold");
    digits.remove_prefix(chunk.size());
  }
  std::array<std::uint8_t, kMaxOctets> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[kMaxOctets - 1 - i] = static_cast<std::uint8_t>(value[i / 4] >> (8 * (i % 4)));
  return from_magnitude(octets);
}

Result<SerialNumber> SerialNumber::from_text(std::string_view text) {
  const bool marked = text.starts_with("0x") || text.starts_with("0X");
  const bool colons = text.find(':') != std::string_view::npos;
  if (!marked && !colons) return from_decimal(text);
  if (marked) text.remove_prefix(2);
  if (text.size() > 128) return fail(Errc::too_large, "serial number: too long");
  const auto malformed = fail(Errc::bad_encoding, "serial number: not hexadecimal");
  Bytes octets;
  if (colons && !marked) {  // pairs between colons
    if (text.size() % 3 != 2) return malformed;
    for (std::size_t i = 0; i < text.size(); i += 3) {
      const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
      if (high < 0 || low < 0 || (i + 2 < text.size() && text[i + 2] != ':')) return malformed;
      octets.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return from_magnitude(octets);
  }
  if (text.empty()) return malformed;
  int high = text.size() % 2 != 0 ? 0 : -1;  // an odd first digit has a zero before it
  for (const char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0) return malformed;
    if (high < 0) {
      high = digit;
    } else {
      octets.push_back(static_cast<std::uint8_t>(high * 16 + digit));
      high = -1;
    }
  }
  return from_magnitude(octets);
}

SerialNumber SerialNumber::from_id(std::uint64_t id, const std::array<std::uint8_t, 8>& random) {
  if (id >> 63 != 0 || id >> 56 == 0) std::abort();
  SerialNumber serial;
  for (std::size_t i = 0; i < 8; ++i)
    serial.octets_[i] = static_cast<std::uint8_t>(id >> (56 - 8 * i) & 0xff);
  std::ranges::copy(random, serial.octets_.begin() + 8);
  serial.size_ = 16;
  return serial;
}

std::optional<std::uint64_t> SerialNumber::id() const noexcept {
  if (size_ != 16 || octets_[0] == 0) return std::nullopt;
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | octets_[i];
  return id;
}

std::string SerialNumber::decimal() const {
  Limbs value{};
  for (std::size_t i = 0; i < size_; ++i)
    value[i / 4] |= std::uint32_t{octets_[size_ - 1 - i]} << (8 * (i % 4));
  std::array<char, 54> digits{};  // nine digits a round; 2^160 takes 49
  std::size_t start = digits.size();
  std::size_t top = value.size();
  while (true) {
    while (top > 0 && value[top - 1] == 0) --top;
    if (top == 0) break;
    std::uint64_t remainder = 0;
    for (std::size_t i = top; i-- > 0;) {
      remainder = remainder << 32 | value[i];
      value[i] = static_cast<std::uint32_t>(remainder / kBillion);
      remainder %= kBillion;
    }
    auto chunk = static_cast<std::uint32_t>(remainder);
    for (int i = 0; i < 9; ++i, chunk /= 10) digits[--start] = static_cast<char>('0' + chunk % 10);
  }
  while (start + 1 < digits.size() && digits[start] == '0') ++start;
  return std::string(digits.begin() + static_cast<std::ptrdiff_t>(start), digits.end());
}

std::string SerialNumber::hex() const { return to_hex(integer_content()); }

std::strong_ordering operator<=>(const SerialNumber& a, const SerialNumber& b) noexcept {
  // Minimal positive encodings: the longer one is the larger number.
  if (a.size_ != b.size_) return a.size_ <=> b.size_;
  return a.octets_ <=> b.octets_;
}

}  // namespace certwright::x509
