#pragma once
// How often a remote address, or another name, failed lately.
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "clock/clock.h"

namespace certwright::access {

// What stands for a peer: an IPv4 address; of an IPv6 address its /64, which one host may own
// whole; other text as it is, cut to 64 octets.
std::string peer_of(std::string_view remote);

// Counts failures per peer in windows of fixed length that begin with the first failure. Holds at
// most `peers` of them; the one that failed longest ago is forgotten first. Safe to call from any
// thread.
class RemoteLimit {
 public:
  RemoteLimit(std::uint32_t failures, Duration window, std::size_t peers)
      : failures_(failures), window_(window), peers_(peers) {}

  bool is_over(const std::string& peer, Time now) const;
  void failed(const std::string& peer, Time now);
  // As if it had never failed.
  void forget(const std::string& peer);

 private:
  struct Entry {
    Time begins{};
    std::uint32_t failures = 0;
    std::list<std::string>::iterator age;
  };
  bool runs(const Entry& entry, Time now) const noexcept;

  const std::uint32_t failures_;
  const Duration window_;
  const std::size_t peers_;
  mutable std::mutex mutex_;
  std::list<std::string> by_age_;  // the latest failure last
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace certwright::access
