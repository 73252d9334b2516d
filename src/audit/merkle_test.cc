#include "audit/merkle.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <string>

#include "crypto/digest.h"

namespace certwright::audit {
namespace {

Hash from_text(std::string_view hex) {
  Hash hash{};
  const Bytes octets = from_hex(hex).value();
  std::copy(octets.begin(), octets.end(), hash.begin());
  return hash;
}

// The inputs and results that implementations of RFC 6962 and RFC 9162 publish and share.
constexpr std::string_view kLeaves[] = {"",
                                        "00",
                                        "10",
                                        "2021",
                                        "3031",
                                        "40414243",
                                        "5051525354555657",
                                        "606162636465666768696a6b6c6d6e6f"};
constexpr std::string_view kRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

// MTH as RFC 9162 section 2.1.1 writes it down: the reference that everything else is held against.
Hash naive_root(const std::vector<Hash>& leaves, std::size_t begin, std::size_t end) {
  if (begin == end) return crypto::sha256({});
  if (end - begin == 1) return leaves[begin];
  const std::size_t k = std::bit_floor(end - begin - 1);
  return node_hash(naive_root(leaves, begin, begin + k), naive_root(leaves, begin + k, end));
}

NodeSource nodes_over(const std::vector<Hash>& leaves) {
  return [&leaves](unsigned level, std::uint64_t index) -> Result<Hash> {
    const std::uint64_t begin = index << level, end = (index + 1) << level;
    if (end > leaves.size()) return fail(Errc::not_found, "beyond the end");
    return naive_root(leaves, begin, end);
  };
}

std::vector<Hash> published_leaves() {
  std::vector<Hash> leaves;
  for (const std::string_view hex : kLeaves) leaves.push_back(leaf_hash(from_hex(hex).value()));
  return leaves;
}

std::vector<Hash> numbered_leaves(std::size_t count) {
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(leaf_hash(as_bytes(std::to_string(i))));
  return leaves;
}

TEST(Rfc9162Section2_1_1_MerkleTreeHash, HasThePublishedRoots) {
  CompactRange range;
  EXPECT_EQ(range.root(), from_text(kRoots[0]));
  std::size_t size = 0;
  for (const Hash& leaf : published_leaves()) {
    range.append(leaf);
    EXPECT_EQ(to_hex(range.root()), kRoots[++size]) << size;
  }
}

TEST(Rfc9162Section2_1_1_MerkleTreeHash, LongLeavesHashAsShortOnes) {
  for (const std::size_t size : {1022u, 1023u, 1024u, 1025u, 5000u}) {
    const Bytes leaf(size, 0x61);
    Bytes message{0};
    message.insert(message.end(), leaf.begin(), leaf.end());
    EXPECT_EQ(leaf_hash(leaf), crypto::sha256(message)) << size;
  }
}

struct PathCase {
  const char* name;
  std::uint64_t index, size;
  std::vector<std::string_view> path;
};
class InclusionVector : public testing::TestWithParam<PathCase> {};
TEST_P(InclusionVector, IsWhatWasPublished) {
  const auto& c = GetParam();
  const auto leaves = published_leaves();
  const auto proof = inclusion_proof(nodes_over(leaves), c.index, c.size).value();
  ASSERT_EQ(proof.size(), c.path.size());
  for (std::size_t i = 0; i < proof.size(); ++i) EXPECT_EQ(to_hex(proof[i]), c.path[i]);
  EXPECT_TRUE(
      verify_inclusion(leaves[c.index], c.index, c.size, proof, from_text(kRoots[c.size])));
}
INSTANTIATE_TEST_SUITE_P(
    Rfc9162Section2_1_3, InclusionVector,
    testing::Values(
        PathCase{"OnlyLeaf", 0, 1, {}},
        PathCase{"FirstOf8",
                 0,
                 8,
                 {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                  "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        PathCase{"SixthOf8",
                 5,
                 8,
                 {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                  "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        PathCase{"LastOf3",
                 2,
                 3,
                 {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
        PathCase{"SecondOf5",
                 1,
                 5,
                 {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                  "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}}),
    [](const auto& c) { return std::string(c.param.name); });

struct ConsistencyCase {
  const char* name;
  std::uint64_t first, second;
  std::vector<std::string_view> path;
};
class ConsistencyVector : public testing::TestWithParam<ConsistencyCase> {};
TEST_P(ConsistencyVector, IsWhatWasPublished) {
  const auto& c = GetParam();
  const auto leaves = published_leaves();
  const auto proof = consistency_proof(nodes_over(leaves), c.first, c.second).value();
  ASSERT_EQ(proof.size(), c.path.size());
  for (std::size_t i = 0; i < proof.size(); ++i) EXPECT_EQ(to_hex(proof[i]), c.path[i]);
  EXPECT_TRUE(verify_consistency(c.first, c.second, from_text(kRoots[c.first]),
                                 from_text(kRoots[c.second]), proof));
}
INSTANTIATE_TEST_SUITE_P(
    Rfc9162Section2_1_4, ConsistencyVector,
    testing::Values(
        ConsistencyCase{"Same", 1, 1, {}},
        ConsistencyCase{"From1To8",
                        1,
                        8,
                        {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                         "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                         "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        ConsistencyCase{"From6To8",
                        6,
                        8,
                        {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                         "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        ConsistencyCase{"From2To5",
                        2,
                        5,
                        {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                         "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}}),
    [](const auto& c) { return std::string(c.param.name); });

constexpr std::size_t kSizes = 40;

TEST(Rfc9162Section2_1_CompactRange, IsTheRecursiveDefinitionAtEverySize) {
  const auto leaves = numbered_leaves(kSizes);
  CompactRange range;
  for (std::size_t size = 0; size < kSizes; ++size) {
    EXPECT_EQ(range.root(), naive_root(leaves, 0, size)) << size;
    const auto read = read_compact_range(nodes_over(leaves), size).value();
    EXPECT_EQ(read.peaks(), range.peaks()) << size;
    range.append(leaves[size]);
  }
}

TEST(Rfc9162Section2_1_CompactRange, NeedsOneHashForEachBit) {
  EXPECT_TRUE(CompactRange::create(0, {}));
  EXPECT_TRUE(CompactRange::create(5, {Hash{}, Hash{}}));
  EXPECT_FALSE(CompactRange::create(5, {Hash{}}));
  EXPECT_FALSE(CompactRange::create(0, {Hash{}}));
}

TEST(Rfc9162Section2_1_3_Inclusion, HoldsForEveryLeafAndNothingElse) {
  const auto leaves = numbered_leaves(kSizes);
  const NodeSource nodes = nodes_over(leaves);
  for (std::size_t size = 1; size < kSizes; ++size) {
    const Hash root = naive_root(leaves, 0, size);
    for (std::size_t i = 0; i < size; ++i) {
      auto proof = inclusion_proof(nodes, i, size).value();
      ASSERT_TRUE(verify_inclusion(leaves[i], i, size, proof, root)) << i << " of " << size;
      EXPECT_FALSE(verify_inclusion(leaves[i + 1 < size ? i + 1 : 0], i, size, proof, root) &&
                   size > 1);
      EXPECT_FALSE(verify_inclusion(leaves[i], size, size, proof, root));
      for (std::size_t other = 0; other < size; ++other) {
        if (other != i) {
          EXPECT_FALSE(verify_inclusion(leaves[i], other, size, proof, root));
        }
      }
      for (Hash& hash : proof) {
        hash[7] ^= 1;
        EXPECT_FALSE(verify_inclusion(leaves[i], i, size, proof, root));
        hash[7] ^= 1;
      }
      proof.push_back(root);
      EXPECT_FALSE(verify_inclusion(leaves[i], i, size, proof, root));
      proof.pop_back();
      if (proof.empty()) continue;
      proof.pop_back();
      EXPECT_FALSE(verify_inclusion(leaves[i], i, size, proof, root));
    }
  }
  EXPECT_EQ(inclusion_proof(nodes, 3, 3).error().code, Errc::invalid);
}

TEST(Rfc9162Section2_1_4_Consistency, HoldsForEveryPrefixAndNothingElse) {
  const auto leaves = numbered_leaves(kSizes);
  const NodeSource nodes = nodes_over(leaves);
  for (std::size_t second = 1; second < kSizes; ++second) {
    for (std::size_t first = 1; first <= second; ++first) {
      const Hash a = naive_root(leaves, 0, first), b = naive_root(leaves, 0, second);
      auto proof = consistency_proof(nodes, first, second).value();
      ASSERT_TRUE(verify_consistency(first, second, a, b, proof)) << first << " " << second;
      Hash changed = a;
      changed[0] ^= 1;
      EXPECT_FALSE(verify_consistency(first, second, changed, b, proof));
      changed = b;
      changed[0] ^= 1;
      EXPECT_FALSE(verify_consistency(first, second, a, changed, proof));
      for (Hash& hash : proof) {
        hash[31] ^= 0x80;
        EXPECT_FALSE(verify_consistency(first, second, a, b, proof));
        hash[31] ^= 0x80;
      }
      proof.push_back(b);
      EXPECT_FALSE(verify_consistency(first, second, a, b, proof));
    }
  }
  EXPECT_EQ(consistency_proof(nodes, 0, 3).error().code, Errc::invalid);
  EXPECT_EQ(consistency_proof(nodes, 4, 3).error().code, Errc::invalid);
  EXPECT_FALSE(verify_consistency(0, 3, empty_root(), naive_root(leaves, 0, 3), {}));
}

TEST(Rfc9162Section2_1_3_Inclusion, TellsWhatTheSourceTold) {
  const NodeSource away = [](unsigned, std::uint64_t) -> Result<Hash> {
    return fail(Errc::unavailable, "disk");
  };
  EXPECT_EQ(inclusion_proof(away, 0, 2).error().code, Errc::unavailable);
  EXPECT_EQ(consistency_proof(away, 1, 2).error().code, Errc::unavailable);
  EXPECT_EQ(read_compact_range(away, 1).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace certwright::audit
