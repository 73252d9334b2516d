#include "access/remote_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "bytes/bytes.h"

namespace certwright::access {

std::string peer_of(std::string_view remote) {
  constexpr std::size_t kMaxOctets = 64;
  std::string text(remote.substr(0, kMaxOctets));
  if (const auto zone = text.find('%'); zone != text.npos) text.resize(zone);
  std::array<std::uint8_t, 16> address{};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) != 1) return text;
  constexpr std::array<std::uint8_t, 12> kMappedIpv4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMappedIpv4.begin(), kMappedIpv4.end(), address.begin())) {
    std::array<char, INET_ADDRSTRLEN> ipv4{};
    inet_ntop(AF_INET, address.data() + 12, ipv4.data(), ipv4.size());
    return ipv4.data();
  }
  return to_hex(ByteView(address).first(8)) + "/64";
}

bool RemoteLimit::runs(const Entry& entry, Time now) const noexcept {
  // A clock that was set back must not lock anyone out for longer than a window.
  return now >= entry.begins && now - entry.begins < window_;
}

bool RemoteLimit::is_over(const std::string& peer, Time now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(peer);
  return found != entries_.end() && runs(found->second, now) &&
         found->second.failures >= failures_;
}

void RemoteLimit::failed(const std::string& peer, Time now) {
  const std::scoped_lock lock(mutex_);
  auto found = entries_.find(peer);
  if (found == entries_.end()) {
    if (entries_.size() >= peers_ && !by_age_.empty()) {
      entries_.erase(by_age_.front());
      by_age_.pop_front();
    }
    by_age_.push_back(peer);
    found = entries_.emplace(peer, Entry{now, 0, std::prev(by_age_.end())}).first;
  } else {
    by_age_.splice(by_age_.end(), by_age_, found->second.age);
    if (!runs(found->second, now)) found->second = Entry{now, 0, found->second.age};
  }
  ++found->second.failures;
}

void RemoteLimit::forget(const std::string& peer) {
  const std::scoped_lock lock(mutex_);
  const auto found = entries_.find(peer);
  if (found == entries_.end()) return;
  by_age_.erase(found->second.age);
  entries_.erase(found);
}

}  // namespace certwright::access
