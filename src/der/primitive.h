#pragma once
// Content octets of the primitive types, for implicit tags and for whoever has no Reader at hand.
// All checks are DER's (X.690 section 10 and 11): one value, one encoding. Errors: bad_encoding.
#include <cstdint>
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/tag.h"

namespace certwright::der {

// BIT STRING: the octets after the leading one, and how many low bits of the last are unused (0-7).
struct BitString {
  ByteView octets;
  unsigned unused_bits = 0;
};

Result<bool> parse_boolean(ByteView content);
// Not empty and not padded. The sign is the caller's business.
Result<void> check_integer(ByteView content);
// A non-negative INTEGER or ENUMERATED below 2^63.
Result<std::uint64_t> parse_unsigned(ByteView content);
// Unused bits must be zero; an empty string has none.
Result<BitString> parse_bit_string(ByteView content);

// Time as RFC 5280 section 4.1.2.5 restricts it: seconds present, `Z`, no fraction, a date that
// exists, no leap second. UTCTime is 1950 to 2049. parse_utc_time and parse_generalized_time take
// any year of their form; that a certificate before 2050 must use UTCTime binds writers only.
Result<Time> parse_utc_time(ByteView content);
Result<Time> parse_generalized_time(ByteView content);
// The years that the two forms can write: 0000 to 9999.
inline constexpr Time kEarliestTime = Time(Seconds(-62167219200));
inline constexpr Time kLatestTime = Time(Seconds(253402300799));  // RFC 5280's "no expiry"

// Is `tag` one of the character string types that check_string() knows?
bool is_string_tag(Tag tag) noexcept;
// Are the octets a value of that string type? UTF8String is valid UTF-8 (no surrogates), BMPString
// and UniversalString are valid Unicode of 2 and 4 octets, NumericString is digits and space, and
// IA5String, VisibleString and PrintableString are below 0x80. The real alphabet of PrintableString
// is is_printable_string(): certificates in the field break it, e.g. with `*`.
Result<void> check_string(Tag tag, ByteView content);
bool is_printable_string(std::string_view text) noexcept;
bool is_valid_utf8(std::string_view text) noexcept;
// The string as UTF-8. TeletexString is read as ISO 8859-1, as everyone does. Errors: bad_encoding
// where check_string() fails.
Result<std::string> string_to_utf8(Tag tag, ByteView content);

}  // namespace certwright::der
