#pragma once
// Private to revocation: what CrlIssuer keeps of one CRL.
#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

#include "clock/clock.h"
#include "revocation/crl_issuer.h"
#include "revocation/revoked_entries.h"

namespace certwright::revocation {

using CrlPtr = std::shared_ptr<const PublishedCrl>;

struct CrlShard {
  static constexpr std::int64_t kNoChange = std::numeric_limits<std::int64_t>::min();

  CrlShard(std::string_view ca_id, std::uint32_t shard) : ca(ca_id), number(shard) {}

  const std::string ca;
  const std::uint32_t number;

  // When the first change came that no CRL has, in microseconds; kNoChange: there is none.
  std::atomic<std::int64_t> first_change_us{kNoChange};
  void note_change(Time now) noexcept {
    std::int64_t none = kNoChange;
    first_change_us.compare_exchange_strong(none, to_unix_us(now));
  }

  // What readers see, whatever is being built.
  CrlPtr published() const {
    const std::lock_guard lock(published_mutex_);
    return published_;
  }
  void publish(CrlPtr crl) {
    const std::lock_guard lock(published_mutex_);
    published_ = std::move(crl);
  }

  // Held while a CRL is loaded, built or imported; guards everything below.
  std::mutex build_mutex;
  bool loaded = false;                   // last_number and what the store had
  std::uint64_t last_number = 0;         // the highest that was ever reserved
  std::uint64_t sequence = 0;            // of the store's changes that are in `entries`
  std::uint64_t published_sequence = 0;  // of those that are in the published CRL
  Time expires_from{};                   // what expired earlier was on a CRL after that
  RevokedEntries entries;
  Duration last_cost{};
  Time last_poll{};

 private:
  mutable std::mutex published_mutex_;
  CrlPtr published_;
};

// Shards are made when they are first asked for and stay as long as this does.
class CrlShards {
 public:
  CrlShard* find(std::string_view ca, std::uint32_t shard) const noexcept {
    const std::shared_lock lock(mutex_);
    const auto found = shards_.find(std::pair(ca, shard));
    return found == shards_.end() ? nullptr : found->second.get();
  }
  CrlShard& at(std::string_view ca, std::uint32_t shard) {
    if (CrlShard* const known = find(ca, shard)) return *known;
    const std::unique_lock lock(mutex_);
    auto& slot = shards_[{std::string(ca), shard}];
    if (slot == nullptr) slot = std::make_unique<CrlShard>(ca, shard);
    return *slot;
  }

 private:
  mutable std::shared_mutex mutex_;
  struct Before {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const noexcept {
      return a.first != b.first ? std::string_view(a.first) < std::string_view(b.first)
                                : a.second < b.second;
    }
  };
  std::map<std::pair<std::string, std::uint32_t>, std::unique_ptr<CrlShard>, Before> shards_;
};

}  // namespace certwright::revocation
