#pragma once
// Certificates that are committed, but not in the search indexes yet.
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/records.h"

namespace certwright::store::sqlite {

struct TailEntry {
  std::uint64_t sequence = 0;  // in index_queue: the order of commit
  CertificateId certificate = 0;
  CertificateId lineage = 0;
  std::string tenant, ca, principal, entity_type, entity_id;
  std::vector<std::string> names;
  Sha256 subject_public_key_sha256{};
  Time not_after{};
  // Tenant, entity and principal are indexed for the first certificate of a lineage only.
  bool is_first() const noexcept { return certificate == lineage; }
};

// What one commit added, never changed after it was published.
using TailPiece = std::shared_ptr<const std::vector<TailEntry>>;
using TailView = std::vector<TailPiece>;  // ascending sequences

// Safe to call from any thread. A search takes view() before it begins its read transaction: what
// was dropped before is in the indexes that it sees.
class Tail {
 public:
  void append(std::vector<TailEntry> entries);
  // Everything up to `sequence` is indexed. A piece goes when all of it is.
  void drop_to(std::uint64_t sequence);
  TailView view() const;
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  TailView pieces_;
  std::size_t size_ = 0;
};

}  // namespace certwright::store::sqlite
