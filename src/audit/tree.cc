#include "audit/tree.h"

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <utility>

namespace certwright::audit {

Hash perfect_root(std::span<const Hash> hashes) {
  std::vector<Hash> row(hashes.begin(), hashes.end());
  for (std::size_t width = row.size(); width > 1; width /= 2)
    for (std::size_t i = 0; i < width / 2; ++i) row[i] = node_hash(row[2 * i], row[2 * i + 1]);
  return row.front();
}

namespace {

class StoredTree {
 public:
  explicit StoredTree(const store::Store& store) : store_(store) {}

  Result<Hash> node(unsigned level, std::uint64_t index) {
    const unsigned tile_level = level / kTileHeight;
    const unsigned within = level % kTileHeight;
    CERTWRIGHT_TRY(const std::vector<Hash> hashes,
                   entries(tile_level, index << within, std::uint64_t{1} << within));
    return perfect_root(hashes);
  }

 private:
  // Entries [first, first + count) of a tile level; they lie within one tile.
  Result<std::vector<Hash>> entries(unsigned tile_level, std::uint64_t first, std::uint64_t count) {
    CERTWRIGHT_TRY(const Bytes* tile, find_tile(tile_level, first / kTileWidth));
    std::vector<Hash> hashes;
    if (tile != nullptr) {
      hashes.resize(count);
      auto from = tile->begin() + static_cast<std::ptrdiff_t>(first % kTileWidth * sizeof(Hash));
      for (Hash& hash : hashes) {
        std::copy_n(from, hash.size(), hash.begin());
        from += static_cast<std::ptrdiff_t>(hash.size());
      }
      return hashes;
    }
    if (tile_level == 0) return leaves(first, count);
    for (std::uint64_t i = first; i < first + count; ++i) {
      CERTWRIGHT_TRY(const auto below, entries(tile_level - 1, i * kTileWidth, kTileWidth));
      hashes.push_back(perfect_root(below));
    }
    return hashes;
  }

  Result<std::vector<Hash>> leaves(std::uint64_t first, std::uint64_t count) {
    CERTWRIGHT_TRY(const auto records,
                   store_.audit_leaves(first, static_cast<std::uint32_t>(count)));
    if (records.size() != count)
      return fail(Errc::not_found, "The audit log does not have as many records.");
    std::vector<Hash> hashes;
    for (const store::AuditLeaf& record : records) {
      if (record.position != first + hashes.size())
        return fail(Errc::internal, "The audit log's positions have a gap.");
      hashes.push_back(leaf_hash(record.record));
    }
    return hashes;
  }

  // Null if there is no such tile (yet). A proof asks for several nodes of one tile in a row.
  Result<const Bytes*> find_tile(unsigned level, std::uint64_t index) {
    auto& [cached_index, bytes] = last_[level];
    if (!bytes.empty() && cached_index == index) return &bytes;
    CERTWRIGHT_TRY(auto tile, store_.find_audit_tile(level, index));
    if (!tile) return nullptr;
    if (tile->size() != kTileWidth * sizeof(Hash))
      return fail(Errc::internal, "A tile of the audit log does not have 256 hashes.");
    cached_index = index;
    bytes = *std::move(tile);
    return &bytes;
  }

  const store::Store& store_;
  std::map<unsigned, std::pair<std::uint64_t, Bytes>> last_;  // per tile level
};

}  // namespace

NodeSource stored_nodes(const store::Store& store) {
  // Held by pointer because a std::function is copied.
  return [tree = std::make_shared<StoredTree>(store)](unsigned level, std::uint64_t index) {
    return tree->node(level, index);
  };
}

}  // namespace certwright::audit
