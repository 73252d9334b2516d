#include "audit/checkpointer.h"

#include <algorithm>
#include <utility>

#include "audit/tree.h"

namespace certwright::audit {
namespace {

constexpr std::uint32_t kLeavesPerRead = 1000;
constexpr std::size_t kTilesPerTransaction = 32;  // 256 KiB

tl::unexpected<Error> changed(std::string detail) {
  return fail(Errc::internal, "The audit log is not what was signed: " + std::move(detail));
}

}  // namespace

store::AcquireLease Checkpointer::lease() const {
  const Time now = clock_.now();
  return {std::string(kLease), options_.holder, now, now + options_.lease};
}

std::uint64_t Checkpointer::signed_size() const {
  const std::scoped_lock lock(mutex_);
  return range_.size();
}

Result<bool> Checkpointer::run_once() {
  const std::scoped_lock lock(mutex_);
  CERTWRIGHT_TRY(const std::uint64_t size, store_.audit_size());
  CERTWRIGHT_TRY(auto last, store_.latest_checkpoint());
  if (last ? size == last->tree_size : size == 0) return false;
  if (const auto held = store_.apply({lease()}); !held) {
    if (held.error().code == Errc::conflict) return false;
    return tl::unexpected<Error>(held.error());
  }
  // Again, now that no other process writes one.
  CERTWRIGHT_TRY(last, store_.latest_checkpoint());
  if (last && size < last->tree_size)
    return changed("it has fewer records than its last checkpoint.");
  if (last && size == last->tree_size) return false;
  CERTWRIGHT_CHECK(resume(last));

  const std::uint64_t end = std::min(size, range_.size() + options_.records_per_run);
  while (range_.size() < end) {
    CERTWRIGHT_TRY(const bool is_ours,
                   sign_up_to(std::min(end, range_.size() + options_.records_per_checkpoint)));
    if (!is_ours) return false;
  }
  return true;
}

// One checkpoint. False if another process took the lease.
Result<bool> Checkpointer::sign_up_to(std::uint64_t size) {
  resumed_ = false;  // until it is durable, what is in memory is not what is in the store
  store::Transaction pending;
  CERTWRIGHT_CHECK(extend(size, pending));
  store::AuditCheckpoint checkpoint{range_.size(), range_.root(), {}, clock_.now()};
  CERTWRIGHT_TRY(checkpoint.signed_note,
                 sign_checkpoint(checkpoint.tree_size, checkpoint.root, signer_));
  pending.push_back(lease());  // fails if somebody else took it: two must not sign at once
  pending.push_back(store::PutAuditCheckpoint{std::move(checkpoint)});
  if (const auto written = store_.apply(pending); !written) {
    if (written.error().code == Errc::conflict) return false;
    return tl::unexpected<Error>(written.error());
  }
  resumed_ = true;
  return true;
}

// Brings range_ and open_tiles_ to the last checkpoint, after checking that it is ours and that the
// tree has its root at its size.
Result<void> Checkpointer::resume(const std::optional<store::AuditCheckpoint>& last) {
  if (resumed_ && last && last->tree_size == range_.size() && last->root == range_.root())
    return {};
  resumed_ = false;
  range_ = CompactRange();
  open_tiles_.clear();
  if (!last) return {};

  const auto note = verify_checkpoint(last->signed_note, CheckpointKey::of(signer_));
  if (!note) return changed("its last checkpoint was not signed by this log's key.");
  if (note->tree_size != last->tree_size || note->root != last->root)
    return changed("its last checkpoint was signed for another tree.");

  const NodeSource nodes = stored_nodes(store_);
  CERTWRIGHT_TRY(auto range, read_compact_range(nodes, last->tree_size));
  if (range.root() != last->root)
    return changed("its records or tiles do not have the root of its last checkpoint.");
  for (unsigned level = 0; last->tree_size >> (level * kTileHeight) != 0; ++level) {
    const std::uint64_t end = last->tree_size >> (level * kTileHeight);
    Bytes& tile = open_tiles_.emplace_back();
    for (std::uint64_t i = end / kTileWidth * kTileWidth; i < end; ++i) {
      CERTWRIGHT_TRY(const Hash hash, nodes(level * kTileHeight, i));
      tile.insert(tile.end(), hash.begin(), hash.end());
    }
  }
  range_ = std::move(range);
  resumed_ = true;
  return {};
}

// Hashes records [range_.size(), to). What is left in `pending` goes with the checkpoint; tiles
// before that are written as they come: without a checkpoint they are only early.
Result<void> Checkpointer::extend(std::uint64_t to, store::Transaction& pending) {
  while (range_.size() < to) {
    const auto limit =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(kLeavesPerRead, to - range_.size()));
    CERTWRIGHT_TRY(const auto leaves, store_.audit_leaves(range_.size(), limit));
    if (leaves.empty()) return changed("records are missing at its end.");
    for (const store::AuditLeaf& leaf : leaves) CERTWRIGHT_CHECK(add_leaf(leaf, pending));
    if (pending.size() >= kTilesPerTransaction) {
      pending.push_back(lease());
      CERTWRIGHT_CHECK(store_.apply(pending));
      pending.clear();
    }
  }
  return {};
}

Result<void> Checkpointer::add_leaf(const store::AuditLeaf& leaf, store::Transaction& pending) {
  if (leaf.position != range_.size()) return changed("its positions have a gap.");
  const std::uint64_t position = range_.size();
  Hash hash = leaf_hash(leaf.record);
  range_.append(hash);
  for (unsigned level = 0;; ++level) {
    if (open_tiles_.size() == level) open_tiles_.emplace_back();
    Bytes& tile = open_tiles_[level];
    tile.insert(tile.end(), hash.begin(), hash.end());
    if (tile.size() < kTileWidth * sizeof(Hash)) return {};
    std::array<Hash, kTileWidth> hashes;
    for (std::size_t i = 0; i < hashes.size(); ++i)
      std::copy_n(tile.begin() + static_cast<std::ptrdiff_t>(i * sizeof(Hash)), sizeof(Hash),
                  hashes[i].begin());
    hash = perfect_root(hashes);
    pending.push_back(
        store::PutAuditTile{level, position >> ((level + 1) * kTileHeight), std::move(tile)});
    tile.clear();
  }
}

}  // namespace certwright::audit
