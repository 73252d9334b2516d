#include "gateway/certgen/peer.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "gateway/certgen/socket_address.h"

namespace certwright::gateway::certgen {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 96;
constexpr std::array<std::uint8_t, 16> kLoopback6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

bool same_bits(const IpAddress& a, const IpAddress& b, unsigned bits) noexcept {
  const unsigned whole = bits / 8, rest = bits % 8;
  if (!std::equal(a.octets.begin(), a.octets.begin() + whole, b.octets.begin())) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xffU << (8 - rest));
  return (a.octets[whole] & mask) == (b.octets[whole] & mask);
}

}  // namespace

IpAddress IpAddress::of(const sockaddr_storage& address) noexcept {
  IpAddress ip;
  if (address.ss_family == AF_INET) {
    std::ranges::copy(kMapped, ip.octets.begin());
    std::memcpy(ip.octets.data() + kMapped.size(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
  } else if (address.ss_family == AF_INET6) {
    std::memcpy(ip.octets.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, ip.octets.size());
  }
  return ip;
}

bool IpAddress::is_ipv4() const noexcept { return std::equal(kMapped.begin(), kMapped.end(), octets.begin()); }

bool IpAddress::is_loopback() const noexcept {
  constexpr std::uint8_t kLoopbackNet = 127;
  return is_ipv4() ? octets[kMapped.size()] == kLoopbackNet : octets == kLoopback6;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (is_ipv4()) inet_ntop(AF_INET, octets.data() + kMapped.size(), buffer.data(), buffer.size());
  else inet_ntop(AF_INET6, octets.data(), buffer.data(), buffer.size());
  return buffer.data();
}

Result<AddressPrefix> AddressPrefix::parse(std::string_view text) {
  const auto refuse = [&] { return fail(Errc::invalid, fmt::format("\"{}\" is not an IP address or prefix", text)); };
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  AddressPrefix prefix;
  const auto parsed = SocketAddress::of(address, 0);
  if (!parsed) return refuse();
  const bool is_ipv4 = parsed->family() == AF_INET;
  prefix.base_ = IpAddress::of(parsed->storage());
  if (slash == std::string_view::npos) return prefix;
  const auto digits = text.substr(slash + 1);
  const unsigned most = is_ipv4 ? 32 : 128;
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size() || bits > most) return refuse();
  prefix.bits_ = is_ipv4 ? bits + kMappedBits : bits;
  IpAddress host_bits = prefix.base_;
  for (unsigned bit = 0; bit < prefix.bits_; ++bit) host_bits.octets[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  if (std::ranges::any_of(host_bits.octets, [](std::uint8_t o) { return o != 0; }))
    return fail(Errc::invalid, fmt::format("\"{}\" has bits beyond its prefix length", text));
  return prefix;
}

bool AddressPrefix::contains(const IpAddress& address) const noexcept { return same_bits(base_, address, bits_); }

bool PeerPolicy::allows(const IpAddress& peer, const IpAddress& asked) const noexcept {
  if (peer.is_loopback()) return true;
  if (!has_list()) return peer == asked;
  return std::ranges::any_of(allowed_, [&](const AddressPrefix& prefix) { return prefix.contains(peer); });
}

PeerRateLimit::PeerRateLimit(double per_second, double burst, std::size_t peers_max)
    : per_second_(per_second), burst_(std::max(burst, 1.0)), peers_max_(std::max<std::size_t>(peers_max, 1)) {}

std::size_t PeerRateLimit::Hash::operator()(const IpAddress& a) const noexcept {
  std::uint64_t high = 0, low = 0;
  std::memcpy(&high, a.octets.data(), sizeof high);
  std::memcpy(&low, a.octets.data() + sizeof high, sizeof low);
  return std::hash<std::uint64_t>{}(high * 0x9e3779b97f4a7c15ULL ^ low);
}

bool PeerRateLimit::take(const IpAddress& peer, std::chrono::steady_clock::time_point now) {
  if (per_second_ <= 0 || peer.is_loopback()) return true;
  IpAddress key = peer;
  if (!peer.is_ipv4()) std::fill(key.octets.begin() + 8, key.octets.end(), std::uint8_t{0});
  const std::lock_guard guard(mutex_);
  const auto found = by_peer_.find(key);
  if (found != by_peer_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
  } else {
    if (buckets_.size() >= peers_max_) {
      by_peer_.erase(buckets_.back().peer);
      buckets_.pop_back();
    }
    buckets_.push_front({key, burst_, now});
    by_peer_.emplace(key, buckets_.begin());
  }
  auto& bucket = buckets_.front();
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - bucket.at).count());
  bucket.tokens = std::min(burst_, bucket.tokens + seconds * per_second_);
  bucket.at = std::max(bucket.at, now);
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace certwright::gateway::certgen
