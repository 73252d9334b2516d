#pragma once
#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "gateway/certgen/answer.h"

namespace certwright::gateway::certgen {

// SHA-256 over everything an answer's body depends on: which issuer and which of its generations,
// usage, host and upstream certificate.
using AnswerKey = std::array<std::uint8_t, 32>;
AnswerKey answer_key(std::uint64_t issuer_generation, const Request& request);
struct AnswerKeyHash {
  std::size_t operator()(const AnswerKey& key) const noexcept;
};

struct CacheLimits {
  std::size_t octets_max = 64 * 1024 * 1024;  // of answers; 0: nothing is kept
  std::size_t entries_max = 20'000;
  Seconds lifetime{3'600};  // also at most the answer's own ttl
};

// Answers that were given, least recently used ones given up first. Their keys are wiped with the last
// use. Safe to call from any thread.
class AnswerCache {
 public:
  explicit AnswerCache(CacheLimits limits) : limits_(limits) {}

  struct Hit {
    std::shared_ptr<const Answer> answer;
    bool refresh_due = false;  // for one caller only, when a fifth of the lifetime is left
  };
  std::optional<Hit> find(const AnswerKey& key, Time now);
  void put(const AnswerKey& key, std::shared_ptr<const Answer> answer, Time now);
  void clear();

  std::size_t entries() const;
  std::size_t octets() const;

 private:
  struct Entry {
    AnswerKey key;
    std::shared_ptr<const Answer> answer;
    Time refresh_at, expires_at;
    bool refreshing = false;
  };
  using Entries = std::list<Entry>;
  static std::size_t octets_of(const Answer& answer) noexcept;
  // Moves what has to go into `gone`, to be wiped without the lock.
  void remove(Entries::iterator entry, Entries& gone);

  const CacheLimits limits_;
  mutable std::mutex mutex_;
  Entries by_use_;  // most recent first
  std::unordered_map<AnswerKey, Entries::iterator, AnswerKeyHash> by_key_;
  std::size_t octets_ = 0;
};

}  // namespace certwright::gateway::certgen
