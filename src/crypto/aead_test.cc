#include "crypto/aead.h"

#include <gtest/gtest.h>

namespace certwright::crypto {
namespace {

SecretBytes secret(std::string_view hex) { return SecretBytes::copy_of(from_hex(hex).value()); }

// Gives the octets it was made with: a nonce that a test vector names.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(Bytes octets) : octets_(std::move(octets)) {}
  void fill(std::span<std::uint8_t> out) noexcept override {
    std::copy_n(octets_.begin(), out.size(), out.begin());
  }

 private:
  Bytes octets_;
};

struct GcmCase { const char* name; const char *key, *nonce, *additional, *plaintext, *sealed; };
constexpr GcmCase kGcmCases[] = {
    {"Case13", "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"Case14", "0000000000000000000000000000000000000000000000000000000000000000",
     "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
    {"Case16", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"}};

class Gcm : public testing::TestWithParam<GcmCase> {};
TEST_P(Gcm, IsTheSpecifications) {
  const auto& c = GetParam();
  const Bytes nonce = from_hex(c.nonce).value();
  const Bytes additional = from_hex(c.additional).value();
  FixedRandom random(nonce);
  const auto sealed = seal(secret(c.key), additional, from_hex(c.plaintext).value(), random);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(to_hex(*sealed), std::string(c.nonce) + c.sealed);
  const auto opened = open(secret(c.key), additional, *sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(to_hex(opened->reveal()), c.plaintext);
}
INSTANTIATE_TEST_SUITE_P(Sp80038d, Gcm, testing::ValuesIn(kGcmCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Aead, EveryAlteredOctetAndLengthIsNoticed) {
  SystemRandom random;
  const SecretBytes key = secret(kGcmCases[2].key);
  const Bytes sealed = seal(key, as_bytes("context"), as_bytes("plaintext"), random).value();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes altered = sealed;
    altered[i] = static_cast<std::uint8_t>(altered[i] ^ 1u);
    ASSERT_FALSE(open(key, as_bytes("context"), altered)) << i;
    EXPECT_EQ(open(key, as_bytes("context"), altered).error().code, Errc::invalid);
    const auto shortened = open(key, as_bytes("context"), ByteView(sealed).first(i));
    ASSERT_FALSE(shortened) << i;
    EXPECT_EQ(shortened.error().code, i < 28 ? Errc::bad_encoding : Errc::invalid) << i;
  }
  EXPECT_FALSE(open(key, as_bytes("contexu"), sealed));
  EXPECT_FALSE(open(key, {}, sealed));
  EXPECT_FALSE(open(secret(kGcmCases[0].key), as_bytes("context"), sealed));
  EXPECT_TRUE(open(key, as_bytes("context"), sealed));
}

TEST(Aead, KeyHas32Octets) {
  SystemRandom random;
  for (const std::size_t octets : {0u, 16u, 31u, 33u}) {
    EXPECT_EQ(seal(SecretBytes(octets), {}, {}, random).error().code, Errc::invalid);
    EXPECT_EQ(open(SecretBytes(octets), {}, Bytes(28)).error().code, Errc::invalid);
  }
}

TEST(Aead, NoncesDiffer) {
  SystemRandom random;
  const SecretBytes key(32);
  EXPECT_NE(seal(key, {}, {}, random).value(), seal(key, {}, {}, random).value());
}

struct HkdfCase { const char* name; const char *key, *salt, *info, *out; };
constexpr HkdfCase kHkdfCases[] = {
    {"Case1", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"Case2",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
     "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
     "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
     "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
     "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"Case3NoSaltNoInfo", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"}};

class Hkdf : public testing::TestWithParam<HkdfCase> {};
TEST_P(Hkdf, IsTheStandards) {
  const auto& c = GetParam();
  const auto out = hkdf_sha256(from_hex(c.key).value(), from_hex(c.salt).value(),
                               from_hex(c.info).value(), std::string_view(c.out).size() / 2);
  ASSERT_TRUE(out);
  EXPECT_EQ(to_hex(out->reveal()), c.out);
}
INSTANTIATE_TEST_SUITE_P(Rfc5869AppendixA, Hkdf, testing::ValuesIn(kHkdfCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(HkdfLengths, AreLimited) {
  EXPECT_FALSE(hkdf_sha256({}, {}, {}, 0));
  EXPECT_TRUE(hkdf_sha256({}, {}, {}, 8160));
  EXPECT_FALSE(hkdf_sha256({}, {}, {}, 8161));
}

// Made with python-cryptography 48's Argon2id (OpenSSL's), one lane.
TEST(Argon2id, AgreesWithAnotherImplementation) {
  const auto key = argon2id(SecretBytes::copy_of(as_bytes("correct horse battery")),
                            from_hex("000102030405060708090a0b0c0d0e0f").value(), {2, 64}, 32);
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->reveal()),
            "8b43092dd6040f5014c8c8fdc04f1e15a8057ef0595f6cd2d61193c9b691cc8c");
}

TEST(Argon2id, RefusesWhatIsOutOfRange) {
  const SecretBytes passphrase = SecretBytes::copy_of(as_bytes("passphrase"));
  const Bytes salt(16);
  EXPECT_TRUE(argon2id(passphrase, salt, {1, 8}, 32));
  EXPECT_FALSE(argon2id(SecretBytes(), salt, {1, 8}, 32));
  EXPECT_FALSE(argon2id(passphrase, Bytes(15), {1, 8}, 32));
  EXPECT_FALSE(argon2id(passphrase, Bytes(17), {1, 8}, 32));
  EXPECT_FALSE(argon2id(passphrase, salt, {0, 8}, 32));
  EXPECT_FALSE(argon2id(passphrase, salt, {65, 8}, 32));
  EXPECT_FALSE(argon2id(passphrase, salt, {1, 7}, 32));
  EXPECT_FALSE(argon2id(passphrase, salt, {1, 4 * 1024 * 1024 + 1}, 32));
  EXPECT_FALSE(argon2id(passphrase, salt, {1, 8}, 15));
}

}  // namespace
}  // namespace certwright::crypto
