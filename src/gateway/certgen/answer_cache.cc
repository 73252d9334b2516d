#include "gateway/certgen/answer_cache.h"

#include <algorithm>
#include <cstring>

#include "crypto/digest.h"

namespace certwright::gateway::certgen {
namespace {

constexpr std::size_t kEntryOctets = 256;      // map, list and control block, about
constexpr Seconds kExpiredLifetime{10};        // of an answer with ttl 0: what clients give it
constexpr int kRefreshNumerator = 4, kRefreshDenominator = 5;

}  // namespace

AnswerKey answer_key(std::uint64_t issuer_generation, const Request& request) {
  thread_local crypto::Sha256 hash;
  const std::uint64_t fixed[] = {issuer_generation, static_cast<std::uint64_t>(request.usage), request.host.size()};
  hash.update({reinterpret_cast<const std::uint8_t*>(fixed), sizeof fixed});
  hash.update(as_bytes(request.host));
  hash.update(request.upstream_certificate);
  return hash.finish();
}

std::size_t AnswerKeyHash::operator()(const AnswerKey& key) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, key.data(), sizeof value);
  return value;
}

std::size_t AnswerCache::octets_of(const Answer& answer) noexcept { return answer.body.size() + kEntryOctets; }

void AnswerCache::remove(Entries::iterator entry, Entries& gone) {
  octets_ -= octets_of(*entry->answer);
  by_key_.erase(entry->key);
  gone.splice(gone.begin(), by_use_, entry);
}

std::optional<AnswerCache::Hit> AnswerCache::find(const AnswerKey& key, Time now) {
  Entries gone;
  const std::lock_guard guard(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return {};
  const auto entry = found->second;
  if (now >= entry->expires_at) {
    remove(entry, gone);
    return {};
  }
  by_use_.splice(by_use_.begin(), by_use_, entry);
  const bool due = now >= entry->refresh_at && !entry->refreshing;
  entry->refreshing = entry->refreshing || due;
  return Hit{entry->answer, due};
}

void AnswerCache::put(const AnswerKey& key, std::shared_ptr<const Answer> answer, Time now) {
  const std::size_t octets = octets_of(*answer);
  if (octets > limits_.octets_max || limits_.entries_max == 0) return;
  const Seconds ttl{answer->ttl_s_at(now)};
  const Seconds lifetime = ttl.count() == 0 ? std::min(kExpiredLifetime, limits_.lifetime) : std::min(limits_.lifetime, ttl);
  Entries gone;
  const std::lock_guard guard(mutex_);
  if (const auto old = by_key_.find(key); old != by_key_.end()) remove(old->second, gone);
  while (!by_use_.empty() && (octets_ + octets > limits_.octets_max || by_use_.size() >= limits_.entries_max))
    remove(std::prev(by_use_.end()), gone);
  by_use_.push_front({key, std::move(answer), now + lifetime * kRefreshNumerator / kRefreshDenominator, now + lifetime});
  by_key_[key] = by_use_.begin();
  octets_ += octets;
}

void AnswerCache::clear() {
  Entries gone;
  const std::lock_guard guard(mutex_);
  by_key_.clear();
  gone.swap(by_use_);
  octets_ = 0;
}

std::size_t AnswerCache::entries() const {
  const std::lock_guard guard(mutex_);
  return by_use_.size();
}

std::size_t AnswerCache::octets() const {
  const std::lock_guard guard(mutex_);
  return octets_;
}

}  // namespace certwright::gateway::certgen
