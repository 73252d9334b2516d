#pragma once
// The log's tree over the store: tiles first, leaves where there is no tile yet.
#include <cstdint>
#include <span>

#include "audit/merkle.h"
#include "errors/result.h"
#include "store/store.h"

namespace certwright::audit {

// A tile holds 256 neighbouring hashes of one level: tile (t, i) the roots of the subtrees of
// height 8t number 256i to 256i + 255. Only complete tiles are stored.
inline constexpr unsigned kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 256;

// The root of a perfect tree over 1, 2, 4, ... hashes.
Hash perfect_root(std::span<const Hash> hashes);

// Reads nodes of the tree. What tiles say is believed: whoever needs more verifies the result
// against a signed root, as export and the checkpointer do. `store` must outlive the source. One
// thread at a time. Costs one read for a node within a stored tile; near the end of the log up to
// 255 for each tile level. Errors: not_found beyond the end of the log; internal if the store's
// data is not a tree.
NodeSource stored_nodes(const store::Store& store);

}  // namespace certwright::audit
