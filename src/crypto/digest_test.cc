#include "crypto/digest.h"

#include <thread>

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace certwright::crypto {
namespace {

struct DigestCase { const char* name; DigestAlgorithm algorithm; std::string message, digest_hex; };
const DigestCase kDigestCases[] = {
    {"Sha1Empty", DigestAlgorithm::sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {"Sha1Abc", DigestAlgorithm::sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"Sha256Empty", DigestAlgorithm::sha256, "",
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"Sha256TwoBlocks", DigestAlgorithm::sha256,
     "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"Sha256MillionA", DigestAlgorithm::sha256, std::string(1000000, 'a'),
     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    {"Sha384Abc", DigestAlgorithm::sha384, "abc",
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
     "8086072ba1e7cc2358baeca134c825a7"},
    {"Sha512Abc", DigestAlgorithm::sha512, "abc",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"}};

class Digest : public testing::TestWithParam<DigestCase> {};
TEST_P(Digest, IsTheStandards) {
  const auto& c = GetParam();
  EXPECT_EQ(to_hex(digest(c.algorithm, as_bytes(c.message))), c.digest_hex);
  EXPECT_EQ(digest_size_octets(c.algorithm), c.digest_hex.size() / 2);
}
INSTANTIATE_TEST_SUITE_P(Fips180, Digest, testing::ValuesIn(kDigestCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(DigestFunctions, AgreeWithOpensslForEveryLengthAroundBlocks) {
  const auto openssl = [](const EVP_MD* md, ByteView text) {
    Bytes out(static_cast<std::size_t>(EVP_MD_get_size(md)));
    EXPECT_EQ(EVP_Digest(text.data(), text.size(), out.data(), nullptr, md, nullptr), 1);
    return out;
  };
  const auto same = [](const auto& ours, const Bytes& theirs) {
    return std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  };
  Bytes text;
  for (std::size_t size = 0; size < 260; ++size) {
    EXPECT_TRUE(same(sha1(text), openssl(EVP_sha1(), text))) << size;
    EXPECT_TRUE(same(sha256(text), openssl(EVP_sha256(), text))) << size;
    EXPECT_TRUE(same(sha384(text), openssl(EVP_sha384(), text))) << size;
    EXPECT_TRUE(same(sha512(text), openssl(EVP_sha512(), text))) << size;
    text.push_back(static_cast<std::uint8_t>(size));
  }
}

TEST(StreamingSha256, IsThatOfTheWhole) {
  const Bytes text(1000, 0x61);
  for (const std::size_t step : {1u, 7u, 63u, 64u, 65u, 999u}) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += step)
      hash.update(ByteView(text).subspan(at, std::min(step, text.size() - at)));
    Sha256 moved = std::move(hash);
    EXPECT_EQ(moved.finish(), sha256(text)) << step;
    EXPECT_EQ(moved.finish(), sha256({})) << "as new after finish";
  }
}

struct HmacCase { const char* name; const char *key_hex, *message_hex, *mac_hex; };
constexpr HmacCase kHmacCases[] = {
    {"Case1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"Case2", "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"Case4", "0102030405060708090a0b0c0d0e0f10111213141516171819",
     "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
     "cdcdcdcdcdcdcdcdcdcd",
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"Case6LongKey",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579"
     "204669727374",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"}};

class Hmac : public testing::TestWithParam<HmacCase> {};
TEST_P(Hmac, IsTheStandards) {
  const auto& c = GetParam();
  EXPECT_EQ(to_hex(hmac_sha256(from_hex(c.key_hex).value(), from_hex(c.message_hex).value())),
            c.mac_hex);
}
INSTANTIATE_TEST_SUITE_P(Rfc4231Section4, Hmac, testing::ValuesIn(kHmacCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(HmacKeys, OfAndBesideTheBlockLength) {
  // `openssl mac -digest SHA256 -macopt hexkey:... HMAC` over nothing, keys of 0, 63, 64, 65 zeros:
  // all but the last are padded to the same block.
  const auto of = [](std::size_t octets) { return hmac_sha256(Bytes(octets), {}); };
  EXPECT_EQ(to_hex(of(0)), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(of(63), of(0));
  EXPECT_EQ(of(64), of(0));
  EXPECT_NE(of(65), of(0));
}

// Threads come and go while others hash: for ThreadSanitizer and for contexts that outlive them.
TEST(DigestFunctions, WorkInThreadsThatEnd) {
  const auto expected = sha256(as_bytes("text"));
  for (int round = 0; round < 5; ++round) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) EXPECT_EQ(sha256(as_bytes("text")), expected);
      });
    for (auto& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace certwright::crypto
