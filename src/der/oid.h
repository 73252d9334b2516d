#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "bytes/bytes.h"

namespace certwright::der {

// OBJECT IDENTIFIER, X.690 section 8.19. Immutable, no heap, at least two arcs. An arc may be of
// any size as long as the whole value has at most kMaxOctets content octets (a 128-bit arc takes
// 19).
class Oid {
 public:
  static constexpr std::size_t kMaxOctets = 63;

  // For constants: `inline constexpr Oid kCommonName = Oid::of({2, 5, 4, 3});`. A list that is no
  // OID does not compile.
  static consteval Oid of(std::initializer_list<std::uint64_t> arcs) {
    Oid oid;
    const std::uint64_t* arc = arcs.begin();
    const std::uint64_t first = *arc++;
    const std::uint64_t second = *arc++;
    if (first > 2 || (first < 2 && second > 39)) throw "not an OBJECT IDENTIFIER";
    oid.append_arc(first * 40 + second);
    while (arc != arcs.end()) oid.append_arc(*arc++);
    return oid;
  }
  // Reads content octets (no tag, no length). Errors: bad_encoding if empty, longer than
  // kMaxOctets, cut short, or with an arc padded by a leading 0x80.
  static Result<Oid> parse(ByteView content);
  // Reads dotted decimal text, e.g. "2.99999.1.0". Errors: bad_encoding for another form, for an
  // arc with a leading zero, for a first arc above 2 or a second above 39 under 0 and 1; too_large.
  static Result<Oid> from_text(std::string_view text);

  // Valid as long as *this.
  constexpr ByteView content() const noexcept { return {octets_.data(), size_}; }
  // Dotted decimal, e.g. "2.5.4.3".
  std::string to_text() const;

  friend constexpr bool operator==(const Oid& a, const Oid& b) noexcept {
    if (a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i)
      if (a.octets_[i] != b.octets_[i]) return false;
    return true;
  }
  // The order of the encodings, which sorts by arcs only roughly: good for maps, not for people.
  friend std::strong_ordering operator<=>(const Oid& a, const Oid& b) noexcept;

 private:
  constexpr Oid() = default;
  constexpr void append_arc(std::uint64_t arc) {
    int groups = 1;
    for (std::uint64_t rest = arc >> 7; rest != 0; rest >>= 7) ++groups;
    while (groups-- > 0) {
      const auto septet = static_cast<std::uint8_t>((arc >> (7 * groups)) & 0x7f);
      octets_[size_++] = static_cast<std::uint8_t>(groups > 0 ? septet | 0x80 : septet);
    }
  }
  bool append_decimal_arc(std::string_view digits, unsigned add);

  std::array<std::uint8_t, kMaxOctets> octets_{};
  std::uint8_t size_ = 0;
};

}  // namespace certwright::der

template <>
struct std::hash<certwright::der::Oid> {
  std::size_t operator()(const certwright::der::Oid& oid) const noexcept {
    return std::hash<std::string_view>{}(certwright::as_text(oid.content()));
  }
};
