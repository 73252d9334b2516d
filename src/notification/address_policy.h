#pragma once
// Where the server may be made to connect to by people who are not its operators: DESIGN invariant 14.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"

namespace certwright::notification {

// An IPv4 or IPv6 address. IPv4 inside of IPv6 (::ffff:0:0/96) is kept as the IPv4 address that the
// kernel would connect to.
class IpAddress {
 public:
  // Dotted decimal of four numbers without leading zeros, or RFC 4291 section 2.2 without a zone.
  // Errors: bad_encoding.
  static Result<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> octets) noexcept;
  static IpAddress v6(const std::array<std::uint8_t, 16>& octets) noexcept;

  bool is_v4() const noexcept { return is_v4_; }
  // Of a v4 address the first four.
  const std::array<std::uint8_t, 16>& octets() const noexcept { return octets_; }
  std::string text() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> octets_{};
  bool is_v4_ = false;
};

struct Network {
  IpAddress address;
  std::uint8_t prefix_bits = 0;
  // "10.1.0.0/16", "fd00::/8", or one address. Bits after the prefix must be zero. Errors: invalid.
  static Result<Network> parse(std::string_view text);
  bool contains(const IpAddress& candidate) const noexcept;
};

// Public addresses, and the networks that an administrator has listed.
class AddressPolicy {
 public:
  AddressPolicy() = default;
  explicit AddressPolicy(std::vector<Network> allowed) : allowed_(std::move(allowed)) {}

  // Errors: policy, for what is not globally reachable unicast (IANA special-purpose registries): this
  // host, loopback, private, shared, link-local, documentation, benchmarking, multicast, reserved,
  // unique-local, and every IPv6 range in which an IPv4 address hides (mapped, NAT64, 6to4, Teredo).
  Result<void> check(const IpAddress& address) const;
  bool is_listed(const IpAddress& address) const noexcept;

 private:
  std::vector<Network> allowed_;
};

}  // namespace certwright::notification
