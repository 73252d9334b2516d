#include "keys/sealer.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace certwright::keys {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SealerTest : public testing::Test {
 protected:
  KeyEncryptionKey new_kek() { return KeyEncryptionKey::generate(random_); }
  static KeyEncryptionKey copy_of(const KeyEncryptionKey& kek) {
    return KeyEncryptionKey::create(kek.secret().clone()).value();
  }

  crypto::DeterministicRandom random_{7};
  KeyEncryptionKey first_ = new_kek();
  KeyEncryptionKey second_ = new_kek();
  Sealer sealer_{copy_of(first_), random_};
};

TEST_F(SealerTest, OpensWhatItSealed) {
  for (const std::size_t size : {0u, 1u, 31u, 138u, 4096u}) {
    const Bytes plaintext(size, 0x42);
    const Bytes sealed = sealer_.seal("ca-key:1", plaintext).value();
    EXPECT_EQ(sealed.size(), EnvelopeHeader::kMinEnvelopeOctets + size);
    EXPECT_EQ(to_bytes(sealer_.open("ca-key:1", sealed).value().reveal()), plaintext);
  }
}

TEST_F(SealerTest, SealsTheSameDifferentlyEachTime) {
  const ByteView same = as_bytes("same");
  EXPECT_NE(sealer_.seal("x", same).value(), sealer_.seal("x", same).value());
}

// The layout of README.md, put together by hand.
TEST_F(SealerTest, EnvelopeIsTheDocumentedOne) {
  const Bytes sealed = sealer_.seal("context", as_bytes("plain")).value();
  EXPECT_EQ(sealed[0], 1);
  EXPECT_EQ(to_hex(ByteView(sealed).subspan(1, 8)), first_.id_hex());
  const ByteView salt = ByteView(sealed).subspan(9, 16);
  const auto key = crypto::hkdf_sha256(first_.secret().reveal(), salt,
                                       as_bytes("certwright envelope"), 32).value();
  Bytes additional(sealed.begin(), sealed.begin() + 25);
  const ByteView context = as_bytes("context");
  additional.insert(additional.end(), context.begin(), context.end());
  const auto opened = crypto::open(key, additional, ByteView(sealed).subspan(25));
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(opened->reveal()), "plain");
}

TEST_F(SealerTest, EveryAlteredOctetIsNoticed) {
  const Bytes sealed = sealer_.seal("ca-key:1", as_bytes("a private key")).value();
  for (std::size_t i = 0; i < sealed.size(); ++i)
    for (const unsigned bit : {0x01u, 0x80u}) {
      Bytes altered = sealed;
      altered[i] = static_cast<std::uint8_t>(altered[i] ^ bit);
      const auto opened = sealer_.open("ca-key:1", altered);
      ASSERT_FALSE(opened) << i;
      const Errc expected = i == 0 ? Errc::bad_encoding : i <= 8 ? Errc::not_found : Errc::invalid;
      EXPECT_EQ(opened.error().code, expected) << i;
    }
}

TEST_F(SealerTest, EveryOtherLengthIsNoticed) {
  const Bytes sealed = sealer_.seal("ca-key:1", as_bytes("a private key")).value();
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(sealer_.open("ca-key:1", ByteView(sealed).first(size))) << size;
  Bytes longer = sealed;
  longer.push_back(0);
  EXPECT_FALSE(sealer_.open("ca-key:1", longer));
}

TEST_F(SealerTest, DoesNotOpenForAnotherUse) {
  const Bytes sealed = sealer_.seal("ca-key:1", as_bytes("key")).value();
  for (const char* context : {"ca-key:2", "ca-key:", "ca-key:11", "entity-key:1"}) {
    const auto opened = sealer_.open(context, sealed);
    ASSERT_FALSE(opened) << context;
    EXPECT_EQ(opened.error().code, Errc::invalid);
  }
}

TEST_F(SealerTest, WrongKekNamesBothIds) {
  const Sealer other(copy_of(second_), random_);
  const Bytes sealed = other.seal("ca-key:1", as_bytes("key")).value();
  const auto opened = sealer_.open("ca-key:1", sealed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::not_found);
  EXPECT_THAT(opened.error().detail, HasSubstr(first_.id_hex()));
  EXPECT_THAT(opened.error().detail, HasSubstr(second_.id_hex()));
}

TEST_F(SealerTest, RefusesWhatIsOutOfBounds) {
  EXPECT_EQ(sealer_.seal("", as_bytes("x")).error().code, Errc::invalid);
  EXPECT_TRUE(sealer_.seal(std::string(256, 'c'), as_bytes("x")));
  EXPECT_EQ(sealer_.seal(std::string(257, 'c'), as_bytes("x")).error().code, Errc::invalid);
  constexpr std::size_t kMost =
      EnvelopeHeader::kMaxEnvelopeOctets - EnvelopeHeader::kMinEnvelopeOctets;
  const auto largest = sealer_.seal("c", Bytes(kMost));
  ASSERT_TRUE(largest);
  EXPECT_TRUE(sealer_.open("c", *largest));
  EXPECT_EQ(sealer_.seal("c", Bytes(kMost + 1)).error().code, Errc::too_large);
  EXPECT_EQ(sealer_.open("c", Bytes(EnvelopeHeader::kMaxEnvelopeOctets + 1, 1)).error().code,
            Errc::too_large);
}

std::string kek_of(ByteView sealed) { return to_hex(EnvelopeHeader::parse(sealed).value().kek_id); }

TEST_F(SealerTest, RotatesWithoutLosingTheOld) {
  const Bytes old = sealer_.seal("ca-key:1", as_bytes("key")).value();
  EXPECT_EQ(kek_of(old), first_.id_hex());
  EXPECT_EQ(sealer_.activate(second_.id_hex()).error().code, Errc::not_found);
  ASSERT_TRUE(sealer_.add(copy_of(second_)));
  ASSERT_TRUE(sealer_.add(copy_of(second_)));
  EXPECT_EQ(sealer_.active_id_hex(), first_.id_hex());
  ASSERT_TRUE(sealer_.activate(second_.id_hex()));
  EXPECT_THAT(sealer_.ids_hex(), ElementsAre(second_.id_hex(), first_.id_hex()));

  EXPECT_TRUE(sealer_.open("ca-key:1", old));
  const Bytes resealed = sealer_.reseal("ca-key:1", old).value();
  EXPECT_EQ(kek_of(resealed), second_.id_hex());

  EXPECT_EQ(sealer_.remove(second_.id_hex()).error().code, Errc::conflict);
  ASSERT_TRUE(sealer_.remove(first_.id_hex()));
  EXPECT_EQ(sealer_.remove(first_.id_hex()).error().code, Errc::not_found);
  EXPECT_EQ(sealer_.open("ca-key:1", old).error().code, Errc::not_found);
  EXPECT_EQ(as_text(sealer_.open("ca-key:1", resealed).value().reveal()), "key");
}

TEST_F(SealerTest, HoldsABoundedNumberOfKeks) {
  for (std::size_t i = 1; i < Sealer::kMaxKeks; ++i) ASSERT_TRUE(sealer_.add(new_kek())) << i;
  EXPECT_EQ(sealer_.add(new_kek()).error().code, Errc::too_large);
  EXPECT_TRUE(sealer_.add(copy_of(first_)));
}

// For ThreadSanitizer, and for a seal that would mix two KEKs.
TEST_F(SealerTest, RotatesWhileOthersSealAndOpen) {
  ASSERT_TRUE(sealer_.add(copy_of(second_)));
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([this] {
      for (int i = 0; i < 200; ++i) {
        const auto sealed = sealer_.seal("c", as_bytes("key"));
        ASSERT_TRUE(sealed);
        ASSERT_TRUE(sealer_.open("c", *sealed));
      }
    });
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(sealer_.activate((i % 2 == 0 ? second_ : first_).id_hex()));
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace certwright::keys
