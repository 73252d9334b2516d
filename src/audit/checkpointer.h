#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/merkle.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "store/store.h"

namespace certwright::audit {

struct CheckpointerOptions {
  std::string holder;                     // of the lease: unique per process, e.g. host:pid:random
  Duration lease = Seconds(30);           // a dead holder is replaced after this
  std::uint64_t records_per_run = 262'144;  // a run that finds more signs this far and returns true
  // On its way it signs a checkpoint every so many: an export ends at a checkpoint, so this bounds
  // its parts.
  std::uint64_t records_per_checkpoint = 10'000;
};

// Hashes new records into the tree, writes its tiles and signs a checkpoint. Has no thread: whoever
// has one calls run_once(), every second, say. One checkpointer of an installation works at a time.
// Safe to call from any thread; calls are served one after the other.
class Checkpointer {
 public:
  static constexpr std::string_view kLease = "audit-checkpointer";

  // All must outlive the checkpointer.
  Checkpointer(store::Store& store, CheckpointSigner& signer, const Clock& clock,
               CheckpointerOptions options)
      : store_(store), signer_(signer), clock_(clock), options_(std::move(options)) {}

  // True if it wrote a checkpoint or several, false if there was nothing new or another process holds the
  // lease. Never signs a tree that does not continue the last checkpoint: that one must verify
  // under this key, and the tree must have its root at its size. Errors: internal
  // if not, which means that the log was changed behind our back; unavailable.
  Result<bool> run_once();

  // Records hashed and signed so far, for metrics; 0 before the first run.
  std::uint64_t signed_size() const;

 private:
  Result<bool> sign_up_to(std::uint64_t size);
  Result<void> resume(const std::optional<store::AuditCheckpoint>& last);
  Result<void> extend(std::uint64_t to, store::Transaction& pending);
  Result<void> add_leaf(const store::AuditLeaf& leaf, store::Transaction& pending);
  store::AcquireLease lease() const;

  store::Store& store_;
  CheckpointSigner& signer_;
  const Clock& clock_;
  const CheckpointerOptions options_;
  mutable std::mutex mutex_;
  CompactRange range_;                  // of what the last checkpoint covers
  std::vector<Bytes> open_tiles_;       // per tile level: hashes of the tile that is not complete
  bool resumed_ = false;
};

}  // namespace certwright::audit
