#include "der/oid.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace certwright::der {
namespace {

// An arc of base-128 septets, most significant first, as decimal text; `minus` is taken off first
// (the arc is at least that large).
std::string arc_to_decimal(ByteView septets, std::uint32_t minus) {
  if (septets.size() <= 9) {
    std::uint64_t value = 0;
    for (const std::uint8_t octet : septets) value = value << 7 | (octet & 0x7fU);
    return fmt::to_string(value - minus);
  }
  constexpr std::uint32_t kBase = 1'000'000'000;
  std::array<std::uint32_t, 16> limbs{};  // 63 septets are below 10^133
  for (const std::uint8_t octet : septets) {
    std::uint64_t carry = octet & 0x7fU;
    for (std::uint32_t& limb : limbs) {
      carry += std::uint64_t{limb} * 128;
      limb = static_cast<std::uint32_t>(carry % kBase);
      carry /= kBase;
    }
  }
  for (std::size_t i = 0; minus != 0; ++i) {
    const bool borrow = limbs[i] < minus;
    limbs[i] = borrow ? limbs[i] + kBase - minus : limbs[i] - minus;
    minus = borrow ? 1 : 0;
  }
  std::size_t top = limbs.size() - 1;
  while (top > 0 && limbs[top] == 0) --top;
  std::string text = fmt::to_string(limbs[top]);
  while (top-- > 0) text += fmt::format("{:09}", limbs[top]);
  return text;
}

bool is_decimal_arc(std::string_view digits) noexcept {
  if (digits.empty() || (digits.size() > 1 && digits[0] == '0')) return false;
  return std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<Oid> Oid::parse(ByteView content) {
  if (content.empty()) return fail(Errc::bad_encoding, "OBJECT IDENTIFIER: empty");
  if (content.size() > kMaxOctets)
    return fail(Errc::bad_encoding, "OBJECT IDENTIFIER: longer than 63 octets");
  bool at_start = true;
  for (const std::uint8_t octet : content) {
    if (at_start && octet == 0x80)
      return fail(Errc::bad_encoding, "OBJECT IDENTIFIER: an arc is padded");
    at_start = (octet & 0x80) == 0;
  }
  if (!at_start) return fail(Errc::bad_encoding, "OBJECT IDENTIFIER: the last arc is cut short");
  Oid oid;
  std::ranges::copy(content, oid.octets_.begin());
  oid.size_ = static_cast<std::uint8_t>(content.size());
  return oid;
}

// Schoolbook: the septets, least significant first, times ten plus the next digit.
bool Oid::append_decimal_arc(std::string_view digits, unsigned add) {
  std::array<std::uint8_t, kMaxOctets> septets{};
  std::size_t used = 1;
  const auto multiply_add = [&](unsigned factor, unsigned carry) {
    for (std::size_t i = 0; i < used || carry != 0; ++i) {
      if (i == septets.size()) return false;
      carry += septets[i] * factor;
      septets[i] = static_cast<std::uint8_t>(carry & 0x7f);
      carry >>= 7;
      used = std::max(used, i + 1);
    }
    return true;
  };
  for (const char digit : digits)
    if (!multiply_add(10, static_cast<unsigned>(digit - '0'))) return false;
  if (!multiply_add(1, add) || size_ + used > kMaxOctets) return false;
  while (used-- > 0)
    octets_[size_++] = static_cast<std::uint8_t>(septets[used] | (used > 0 ? 0x80 : 0));
  return true;
}

Result<Oid> Oid::from_text(std::string_view text) {
  constexpr std::size_t kMaxText = 512;
  if (text.size() > kMaxText) return fail(Errc::too_large, "OBJECT IDENTIFIER: too long");
  Oid oid;
  unsigned first_arc = 0;
  std::size_t arcs = 0;
  for (bool more = true; more; ++arcs) {
    const std::size_t dot = text.find('.');
    const std::string_view digits = text.substr(0, dot);
    if (!is_decimal_arc(digits))
      return fail(Errc::bad_encoding, "OBJECT IDENTIFIER: not dotted decimal");
    if (arcs == 0) {
      if (digits.size() != 1 || digits[0] > '2')
        return fail(Errc::bad_encoding, "OBJECT IDENTIFIER: the first arc is 0, 1 or 2");
      first_arc = static_cast<unsigned>(digits[0] - '0');
    } else {
      if (arcs == 1 && first_arc < 2 &&
          (digits.size() > 2 || (digits.size() == 2 && digits[0] >= '4')))
        return fail(Errc::bad_encoding, "OBJECT IDENTIFIER: the second arc is at most 39");
      if (!oid.append_decimal_arc(digits, arcs == 1 ? first_arc * 40 : 0))
        return fail(Errc::too_large, "OBJECT IDENTIFIER: longer than 63 octets");
    }
    more = dot != std::string_view::npos;
    if (more) text.remove_prefix(dot + 1);
  }
  if (arcs < 2) return fail(Errc::bad_encoding, "OBJECT IDENTIFIER: fewer than two arcs");
  return oid;
}

std::string Oid::to_text() const {
  std::string text;
  ByteView rest = content();
  while (!rest.empty()) {
    std::size_t size = 1;
    while ((rest[size - 1] & 0x80) != 0) ++size;
    const ByteView arc = rest.first(size);
    if (!text.empty()) {
      text += '.';
      text += arc_to_decimal(arc, 0);
    } else if (size > 1 || arc[0] >= 80) {
      text = "2." + arc_to_decimal(arc, 80);
    } else {
      text = fmt::format("{}.{}", arc[0] / 40, arc[0] % 40);
    }
    rest = rest.subspan(size);
  }
  return text;
}

std::strong_ordering operator<=>(const Oid& a, const Oid& b) noexcept {
  return std::lexicographical_compare_three_way(a.content().begin(), a.content().end(),
                                                b.content().begin(), b.content().end());
}

}  // namespace certwright::der
