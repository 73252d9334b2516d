#pragma once
// Merkle trees as in RFC 9162 section 2.1, with SHA-256. Nothing here knows what a leaf holds.
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bytes/bytes.h"
#include "errors/result.h"

namespace certwright::audit {

using Hash = std::array<std::uint8_t, 32>;

// RFC 9162 section 2.1.1: SHA-256(0x00 || leaf), SHA-256(0x01 || left || right), and of no leaf
// SHA-256().
Hash leaf_hash(ByteView leaf);
Hash node_hash(const Hash& left, const Hash& right);
Hash empty_root();

// The roots of the perfect subtrees that make up the first `size` leaves, largest first: enough to
// append and to know the root. At most 64 hashes.
class CompactRange {
 public:
  CompactRange() = default;
  // Errors: invalid unless there is one hash for each bit that is set in `size`.
  static Result<CompactRange> create(std::uint64_t size, std::vector<Hash> peaks);

  void append(const Hash& leaf);
  std::uint64_t size() const noexcept { return size_; }
  Hash root() const;  // O(log size)
  const std::vector<Hash>& peaks() const noexcept { return peaks_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> peaks_;
};

// The root of the perfect subtree over leaves [index << level, (index + 1) << level).
using NodeSource = std::function<Result<Hash>(unsigned level, std::uint64_t index)>;

// The compact range of the first `size` leaves.
Result<CompactRange> read_compact_range(const NodeSource& nodes, std::uint64_t size);

// PATH(index, D_size), RFC 9162 section 2.1.3.1. Errors: invalid unless index < size; the source's.
Result<std::vector<Hash>> inclusion_proof(const NodeSource& nodes, std::uint64_t index,
                                          std::uint64_t size);
// PROOF(first, D_second), section 2.1.4.1. Errors: invalid unless 0 < first <= second; the
// source's.
Result<std::vector<Hash>> consistency_proof(const NodeSource& nodes, std::uint64_t first,
                                            std::uint64_t second);

// Sections 2.1.3.2 and 2.1.4.2. For verify_consistency with first == second the proof is empty and
// the roots are equal.
bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                      const std::vector<Hash>& proof, const Hash& root);
bool verify_consistency(std::uint64_t first, std::uint64_t second, const Hash& first_root,
                        const Hash& second_root, const std::vector<Hash>& proof);

}  // namespace certwright::audit
