#pragma once
// What is kept of one certificate of record level aggregate.
#include <array>
#include <compare>
#include <cstdint>

#include "audit/merkle.h"
#include "bytes/bytes.h"
#include "clock/clock.h"
#include "x509/serial_number.h"

namespace certwright::aggregate {

using Sha256 = std::array<std::uint8_t, 32>;

// A leaf of an interval's tree is these 48 octets; leaves are sorted by them, so by serial. Octets as
// they are on disk.
struct Entry {
  std::array<std::uint8_t, 16> serial{};  // x509::SerialNumber::from_id()
  Sha256 certificate_sha256{};            // of the DER

  ByteView octets() const noexcept { return {reinterpret_cast<const std::uint8_t*>(this), sizeof *this}; }
  friend auto operator<=>(const Entry&, const Entry&) = default;
};
static_assert(sizeof(Entry) == 48 && alignof(Entry) == 1);

// The id that its serial begins with.
inline std::uint64_t id_of(const Entry& entry) noexcept {
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | entry.serial[i];
  return id;
}

// Time is cut into intervals of a minute, numbered from 1970. A certificate belongs to the one its
// serial's id was made in, so that the serial alone says where to look.
inline constexpr std::uint64_t kInterval_ms = 60'000;
inline constexpr std::uint64_t interval_of_id(std::uint64_t id) noexcept { return (id >> 20) / kInterval_ms; }
inline constexpr std::uint64_t first_id_of(std::uint64_t interval) noexcept { return interval * kInterval_ms << 20; }
inline std::uint64_t interval_at(Time time) noexcept {
  return static_cast<std::uint64_t>(to_unix_us(time)) / 1000 / kInterval_ms;
}
inline Time begin_of(std::uint64_t interval) noexcept {
  return from_unix_s(static_cast<std::int64_t>(interval * (kInterval_ms / 1000)));
}

// An interval that no certificate will be added to any more.
struct ClosedInterval {
  std::uint64_t interval = 0;
  std::uint64_t count = 0;     // leaves
  audit::Hash root{};          // RFC 9162 section 2.1.1, over the sorted entries
  std::uint64_t previous = 0;  // the one closed before it: those between had no certificate
  std::uint64_t lost = 0;      // at most so many certificates were signed and are not in it
};

}  // namespace certwright::aggregate
