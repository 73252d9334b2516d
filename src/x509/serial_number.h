#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bytes/bytes.h"

namespace certwright::x509 {

// CertificateSerialNumber, RFC 5280 section 4.1.2.2: positive, at most 20 octets. Immutable, no
// heap, ordered as an integer. Safe to share between threads.
class SerialNumber {
 public:
  static constexpr std::size_t kMaxOctets = 20;

  // Reads the content octets of a DER INTEGER (no tag, no length), big-endian.
  // Errors: bad_encoding if empty, longer than kMaxOctets, padded, zero or negative.
  static Result<SerialNumber> parse(ByteView integer_content);
  // Digits only: no sign, no space, no leading zero, not "0".
  // Errors: bad_encoding; too_large above 2^159-1, the most that 20 octets hold.
  static Result<SerialNumber> from_decimal(std::string_view digits);
  // What a person types: decimal, or "0x" and hex digits, or hex octets with colons ("0a:1B:ff").
  // Hex digits without a mark are refused where they hold a letter, and are decimal where not: an
  // all-digit hexadecimal serial would name another certificate. Leading zeros are fine in hex.
  // Errors: bad_encoding, too_large.
  static Result<SerialNumber> from_text(std::string_view text);
  // The shape this CA issues, 16 octets: `id` big-endian, then `random`. `id` is time-ordered (Unix
  // milliseconds << 20 | counter): its top bit must be clear and its first octet not zero, or the
  // program stops: such an id is our bug. Ids of times from April 1972 to 2248 fit.
  static SerialNumber from_id(std::uint64_t id, const std::array<std::uint8_t, 8>& random);
  // The id of a serial that has exactly the 16 octets of from_id(). A foreign serial of that length
  // has one too; it means nothing.
  std::optional<std::uint64_t> id() const noexcept;

  // Valid as long as *this.
  ByteView integer_content() const noexcept { return {octets_.data(), size_}; }
  // Decimal, the form of the certs-service API.
  std::string decimal() const;
  // Lower-case hex of the content octets, two digits an octet, no mark: the form of audit records.
  std::string hex() const;

  friend bool operator==(const SerialNumber&, const SerialNumber&) = default;
  friend std::strong_ordering operator<=>(const SerialNumber& a, const SerialNumber& b) noexcept;

 private:
  SerialNumber() = default;  // no public way to hold an invalid one
  static Result<SerialNumber> from_magnitude(ByteView magnitude);

  std::array<std::uint8_t, kMaxOctets> octets_{};  // unused ones stay zero
  std::uint8_t size_ = 0;
};

}  // namespace certwright::x509

template <>
struct std::hash<certwright::x509::SerialNumber> {
  std::size_t operator()(const certwright::x509::SerialNumber& serial) const noexcept {
    return std::hash<std::string_view>{}(certwright::as_text(serial.integer_content()));
  }
};
