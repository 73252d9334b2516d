#pragma once
// Who a credential was, a moment ago. Private to this room.
#include <cstdint>
#include <cstring>
#include <iterator>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "access/principal.h"
#include "clock/clock.h"
#include "store/records.h"

namespace certwright::access {

enum class ProofKind : std::uint8_t { token, client_certificate, session };

// What somebody showed. One kind is never taken for another.
struct CacheKey {
  ProofKind kind{};
  store::Sha256 hash{};  // of the whole
  friend bool operator==(const CacheKey&, const CacheKey&) = default;
};

// Principals by the hash of a whole credential, for a short time; the oldest is dropped first. A change
// of who may what begins a new generation: what was found out before is believed no more, but that the
// credential was good lately is still known. Safe to call from any thread.
class PrincipalCache {
 public:
  PrincipalCache(Duration ttl, std::size_t entries) : ttl_(ttl), max_(entries) {}

  std::optional<Principal> find(const CacheKey& key, Time now) const {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    const Entry& entry = found->second;
    if (entry.generation != generation_) return std::nullopt;
    if (now < entry.since || now - entry.since >= ttl_) return std::nullopt;
    if (entry.expires_at && now >= *entry.expires_at) return std::nullopt;
    return entry.principal;
  }

  // Was good lately, whether its time here is over or not: no guess.
  bool remembers(const CacheKey& key) const {
    const std::scoped_lock lock(mutex_);
    return entries_.contains(key);
  }
  void forget(const CacheKey& key) {
    const std::scoped_lock lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    by_age_.erase(found->second.age);
    entries_.erase(found);
  }

  // To be asked before the store is read.
  std::uint64_t generation() const {
    const std::scoped_lock lock(mutex_);
    return generation_;
  }

  // Does nothing if a new generation has begun since: what was read may be of before the change.
  void put(const CacheKey& key, const Principal& principal, std::optional<Time> expires_at,
           Time now, std::uint64_t generation) {
    const std::scoped_lock lock(mutex_);
    if (generation != generation_ || max_ == 0) return;
    if (const auto found = entries_.find(key); found != entries_.end()) {
      by_age_.splice(by_age_.end(), by_age_, found->second.age);
      found->second = Entry{principal, expires_at, now, generation, found->second.age};
      return;
    }
    if (entries_.size() >= max_) {
      entries_.erase(by_age_.front());
      by_age_.pop_front();
    }
    by_age_.push_back(key);
    entries_.emplace(key, Entry{principal, expires_at, now, generation, std::prev(by_age_.end())});
  }

  void begin_generation() {
    const std::scoped_lock lock(mutex_);
    ++generation_;
  }

 private:
  struct HashOfHash {
    std::size_t operator()(const CacheKey& key) const noexcept {
      std::size_t value = 0;
      std::memcpy(&value, key.hash.data(), sizeof value);  // it is a hash already
      return value;
    }
  };
  struct Entry {
    Principal principal;
    std::optional<Time> expires_at;  // of the credential
    Time since{};
    std::uint64_t generation = 0;
    std::list<CacheKey>::iterator age;
  };
  const Duration ttl_;
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::uint64_t generation_ = 0;
  std::list<CacheKey> by_age_;  // the oldest first
  std::unordered_map<CacheKey, Entry, HashOfHash> entries_;
};

}  // namespace certwright::access
