#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "errors/result.h"

namespace certwright::gateway::certgen {

// An IP address as sixteen octets: IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that both
// kinds of socket give the same peer.
struct IpAddress {
  std::array<std::uint8_t, 16> octets{};

  static IpAddress of(const sockaddr_storage& address) noexcept;
  bool is_ipv4() const noexcept;
  bool is_loopback() const noexcept;
  std::string text() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// "192.0.2.0/24", "2001:db8::/32", or one address.
class AddressPrefix {
 public:
  // Errors: invalid, also for set bits beyond the length.
  static Result<AddressPrefix> parse(std::string_view text);
  bool contains(const IpAddress& address) const noexcept;

 private:
  IpAddress base_;
  unsigned bits_ = 128;
};

// Whoever reaches the door can have any server's name: beyond this host only listed peers get answers.
// Without a list: loopback, and this host under its own addresses, i.e. datagrams whose sender is their
// receiver. With a list: loopback and the listed ones.
class PeerPolicy {
 public:
  PeerPolicy() = default;
  explicit PeerPolicy(std::vector<AddressPrefix> allowed) : allowed_(std::move(allowed)) {}
  bool has_list() const noexcept { return !allowed_.empty(); }
  bool allows(const IpAddress& peer, const IpAddress& asked) const noexcept;

 private:
  std::vector<AddressPrefix> allowed_;
};

// A token bucket per peer address, for IPv6 per /64. Loopback has no limit. Remembers as many peers as
// it is told to; the one that was idle longest is forgotten first, which gives it a full bucket.
// Safe to call from any thread.
class PeerRateLimit {
 public:
  // Requests a second and in one burst. A rate of 0: no limit.
  PeerRateLimit(double per_second, double burst, std::size_t peers_max = 65'536);
  bool take(const IpAddress& peer, std::chrono::steady_clock::time_point now);

 private:
  struct Bucket { IpAddress peer; double tokens; std::chrono::steady_clock::time_point at; };
  struct Hash { std::size_t operator()(const IpAddress& a) const noexcept; };

  const double per_second_, burst_;
  const std::size_t peers_max_;
  std::mutex mutex_;
  std::list<Bucket> buckets_;  // by their last request, newest first
  std::unordered_map<IpAddress, std::list<Bucket>::iterator, Hash> by_peer_;
};

}  // namespace certwright::gateway::certgen
