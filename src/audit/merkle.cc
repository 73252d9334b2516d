#include "audit/merkle.h"

#include <algorithm>
#include <bit>

#include "crypto/digest.h"

namespace certwright::audit {
namespace {

// The root of leaves [begin, end) of a tree, where `begin` is a multiple of the range's largest
// perfect subtree: the ranges that proofs name. Perfect subtrees, folded from the right.
Result<Hash> range_root(const NodeSource& nodes, std::uint64_t begin, std::uint64_t end) {
  std::vector<Hash> parts;
  while (begin < end) {
    const auto level = static_cast<unsigned>(std::bit_width(end - begin) - 1);
    CERTWRIGHT_TRY(const Hash part, nodes(level, begin >> level));
    parts.push_back(part);
    begin += std::uint64_t{1} << level;
  }
  Hash root = parts.back();
  for (std::size_t i = parts.size() - 1; i-- > 0;) root = node_hash(parts[i], root);
  return root;
}

// The k of RFC 9162 section 2.1.1: the largest power of two smaller than n, for n > 1.
std::uint64_t split(std::uint64_t n) noexcept { return std::bit_floor(n - 1); }

}  // namespace

Hash leaf_hash(ByteView leaf) {
  if (leaf.size() < 1024) {  // one call for what nearly every record is
    std::array<std::uint8_t, 1024> message;
    message[0] = 0;
    std::ranges::copy(leaf, message.begin() + 1);
    return crypto::sha256(ByteView(message).first(leaf.size() + 1));
  }
  constexpr std::array<std::uint8_t, 1> kPrefix{0};
  crypto::Sha256 hash;
  hash.update(kPrefix);
  hash.update(leaf);
  return hash.finish();
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 65> message;
  message[0] = 1;
  std::ranges::copy(left, message.begin() + 1);
  std::ranges::copy(right, message.begin() + 33);
  return crypto::sha256(message);
}

Hash empty_root() { return crypto::sha256({}); }

Result<CompactRange> CompactRange::create(std::uint64_t size, std::vector<Hash> peaks) {
  if (peaks.size() != static_cast<std::size_t>(std::popcount(size)))
    return fail(Errc::invalid, "The number of hashes does not fit the size of the tree.");
  CompactRange range;
  range.size_ = size;
  range.peaks_ = std::move(peaks);
  return range;
}

void CompactRange::append(const Hash& leaf) {
  peaks_.push_back(leaf);
  for (std::uint64_t carry = size_; (carry & 1) != 0; carry >>= 1) {
    const Hash right = peaks_.back();
    peaks_.pop_back();
    peaks_.back() = node_hash(peaks_.back(), right);
  }
  ++size_;
}

Hash CompactRange::root() const {
  if (peaks_.empty()) return empty_root();
  Hash root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) root = node_hash(peaks_[i], root);
  return root;
}

Result<CompactRange> read_compact_range(const NodeSource& nodes, std::uint64_t size) {
  std::vector<Hash> peaks;
  for (std::uint64_t begin = 0; begin < size;) {
    const auto level = static_cast<unsigned>(std::bit_width(size - begin) - 1);
    CERTWRIGHT_TRY(const Hash peak, nodes(level, begin >> level));
    peaks.push_back(peak);
    begin += std::uint64_t{1} << level;
  }
  return CompactRange::create(size, std::move(peaks));
}

Result<std::vector<Hash>> inclusion_proof(const NodeSource& nodes, std::uint64_t index,
                                          std::uint64_t size) {
  if (index >= size) return fail(Errc::invalid, "The tree does not have this leaf.");
  std::vector<Hash> proof;
  for (std::uint64_t begin = 0, end = size; end - begin > 1;) {
    const std::uint64_t middle = begin + split(end - begin);
    const bool left = index < middle;
    CERTWRIGHT_TRY(const Hash sibling,
                   left ? range_root(nodes, middle, end) : range_root(nodes, begin, middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  std::ranges::reverse(proof);  // found from the root down
  return proof;
}

Result<std::vector<Hash>> consistency_proof(const NodeSource& nodes, std::uint64_t first,
                                            std::uint64_t second) {
  if (first == 0 || first > second) return fail(Errc::invalid, "The first tree is not a prefix.");
  std::vector<Hash> proof;
  std::uint64_t begin = 0, end = second;
  bool complete = true;  // the b of SUBPROOF: the first tree's root is known to the verifier
  while (first != end) {
    const std::uint64_t middle = begin + split(end - begin);
    const bool left = first <= middle;
    CERTWRIGHT_TRY(const Hash sibling,
                   left ? range_root(nodes, middle, end) : range_root(nodes, begin, middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
    complete = complete && left;
  }
  if (!complete) {
    CERTWRIGHT_TRY(const Hash last, range_root(nodes, begin, end));
    proof.push_back(last);
  }
  std::ranges::reverse(proof);
  return proof;
}

bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                      const std::vector<Hash>& proof, const Hash& root) {
  if (index >= size) return false;
  std::uint64_t fn = index, sn = size - 1;  // the names of RFC 9162 section 2.1.3.2
  Hash r = leaf;
  for (const Hash& p : proof) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      r = node_hash(p, r);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      r = node_hash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && r == root;
}

bool verify_consistency(std::uint64_t first, std::uint64_t second, const Hash& first_root,
                        const Hash& second_root, const std::vector<Hash>& proof) {
  if (first == 0 || first > second) return false;
  if (first == second) return proof.empty() && first_root == second_root;
  // RFC 9162 section 2.1.4.2: where `first` is a power of two, its root begins the proof.
  std::vector<Hash> path;
  if (std::has_single_bit(first)) path.push_back(first_root);
  path.insert(path.end(), proof.begin(), proof.end());
  if (path.empty()) return false;
  std::uint64_t fn = first - 1, sn = second - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  Hash fr = path.front(), sr = path.front();
  for (std::size_t i = 1; i < path.size(); ++i) {
    const Hash& c = path[i];
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      fr = node_hash(c, fr);
      sr = node_hash(c, sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = node_hash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && fr == first_root && sr == second_root;
}

}  // namespace certwright::audit
