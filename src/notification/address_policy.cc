#include "notification/address_policy.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace certwright::notification {
namespace {

struct Forbidden {
  const char* network;
  const char* what;
};

// Everything in the special-purpose registry that is not globally reachable, and multicast.
constexpr Forbidden kForbidden4[] = {
    {"0.0.0.0/8", "this host"},          {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared"},         {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "reserved"},        {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "6to4 relay"},    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"}, {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},        {"240.0.0.0/4", "reserved"},
};

// Of IPv6 only 2000::/3 is global unicast; inside of it these are not what they seem.
constexpr const char* kGlobalUnicast6 = "2000::/3";
constexpr Forbidden kForbidden6[] = {
    {"2001::/23", "reserved"},  // Teredo, benchmarking, ORCHID
    {"2001:db8::/32", "documentation"}, {"2002::/16", "6to4"}, {"3fff::/20", "documentation"},
};

struct ForbiddenNetwork {
  Network network;
  const char* what;
};

template <std::size_t N>
std::vector<ForbiddenNetwork> networks_of(const Forbidden (&forbidden)[N]) {
  std::vector<ForbiddenNetwork> rows;
  for (const auto& [network, what] : forbidden) rows.push_back({Network::parse(network).value(), what});
  return rows;
}

bool parse_v4(std::string_view text, std::array<std::uint8_t, 4>& octets) {
  for (std::size_t i = 0; i < 4; ++i) {
    const auto end = i == 3 ? text.size() : text.find('.');
    if (end == std::string_view::npos || end == 0 || end > 3) return false;
    const auto number = text.substr(0, end);
    if (number.size() > 1 && number.front() == '0') return false;  // octal to some
    const auto [last, error] = std::from_chars(number.data(), number.data() + number.size(), octets[i]);
    if (error != std::errc() || last != number.data() + number.size()) return false;
    text.remove_prefix(i == 3 ? end : end + 1);
  }
  return text.empty();
}

tl::unexpected<Error> refused(const IpAddress& address, std::string_view what) {
  return fail_field(Errc::policy, "url",
                    "the address " + address.text() + " is " + std::string(what) +
                        ": not to be reached unless an administrator lists it");
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<std::uint8_t, 4> v4_octets{};
  if (parse_v4(text, v4_octets)) return v4(v4_octets);
  constexpr std::size_t kLongest = 45;
  std::array<std::uint8_t, 16> v6_octets{};
  if (text.size() <= kLongest && text.find('\0') == std::string_view::npos && text.find(':') != std::string_view::npos &&
      inet_pton(AF_INET6, std::string(text).c_str(), v6_octets.data()) == 1)
    return v6(v6_octets);
  return fail(Errc::bad_encoding, "not an IP address");
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> octets) noexcept {
  IpAddress address;
  address.is_v4_ = true;
  std::ranges::copy(octets, address.octets_.begin());
  return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& octets) noexcept {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), octets.begin()))
    return v4({octets[12], octets[13], octets[14], octets[15]});
  IpAddress address;
  address.octets_ = octets;
  return address;
}

std::string IpAddress::text() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(is_v4_ ? AF_INET : AF_INET6, octets_.data(), text, sizeof text);
  return text;
}

Result<Network> Network::parse(std::string_view text) {
  const auto refuse = [] { return fail(Errc::invalid, "expected an address or ADDRESS/BITS"); };
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  // A mapped address has another prefix length than its IPv4 one.
  if (!address || (address->is_v4() && text.find(':') != std::string_view::npos)) return refuse();
  const unsigned most = address->is_v4() ? 32 : 128;
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const auto number = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
    if (error != std::errc() || end != number.data() + number.size() || bits > most) return refuse();
  }
  const auto& octets = address->octets();
  for (unsigned bit = bits; bit < most; ++bit)
    if (((static_cast<unsigned>(octets[bit / 8]) >> (7 - bit % 8)) & 1U) != 0)
      return fail(Errc::invalid, "bits after the prefix must be zero");
  return Network{*address, static_cast<std::uint8_t>(bits)};
}

bool Network::contains(const IpAddress& candidate) const noexcept {
  if (candidate.is_v4() != address.is_v4()) return false;
  const std::size_t whole = prefix_bits / 8;
  const unsigned rest = prefix_bits % 8;
  if (std::memcmp(candidate.octets().data(), address.octets().data(), whole) != 0) return false;
  if (rest == 0) return true;
  const unsigned mask = 0xFFU & (0xFFU << (8 - rest));
  return (candidate.octets()[whole] & mask) == (address.octets()[whole] & mask);
}

bool AddressPolicy::is_listed(const IpAddress& address) const noexcept {
  return std::ranges::any_of(allowed_, [&](const Network& network) { return network.contains(address); });
}

Result<void> AddressPolicy::check(const IpAddress& address) const {
  static const std::vector<ForbiddenNetwork> forbidden4 = networks_of(kForbidden4);
  static const std::vector<ForbiddenNetwork> forbidden6 = networks_of(kForbidden6);
  static const Network global6 = Network::parse(kGlobalUnicast6).value();
  if (is_listed(address)) return {};
  for (const auto& [network, what] : address.is_v4() ? forbidden4 : forbidden6)
    if (network.contains(address)) return refused(address, what);
  if (!address.is_v4() && !global6.contains(address)) return refused(address, "no global unicast address");
  return {};
}

}  // namespace certwright::notification
