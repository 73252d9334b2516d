#include "crypto/password_hash.h"

#include <gtest/gtest.h>

namespace certwright::crypto {
namespace {

constexpr Argon2idParameters kCheap{.passes = 1, .memory_kib = 8};

TEST(PasswordHash, FitsItsPasswordAndNoOther) {
  DeterministicRandom random(1);
  const auto verifier = hash_password("correct horse battery", kCheap, random).value();
  EXPECT_TRUE(verifier.starts_with("$argon2id$v=19$m=8,t=1,p=1$")) << verifier;
  EXPECT_EQ(verifier.size(), 27U + 22 + 1 + 43) << verifier;  // no padding
  EXPECT_TRUE(verify_password(verifier, "correct horse battery").value());
  for (const std::string_view wrong : {"correct horse batterz", "correct horse battery ", "Correct horse battery", "", " "})
    EXPECT_FALSE(verify_password(verifier, wrong).value()) << wrong;
}

TEST(PasswordHash, SaltsDiffer) {
  DeterministicRandom random(1);
  EXPECT_NE(hash_password("the same for both", kCheap, random).value(),
            hash_password("the same for both", kCheap, random).value());
}

// libsodium's crypto_pwhash_str() made this: another program's verifiers can be taken over.
TEST(PasswordHash, IsTheFormatOfOthers) {
  EXPECT_TRUE(verify_password("$argon2id$v=19$m=8,t=1,p=1$58caS6fQz1MUKRy3PCdSsg$MYXtmc2WsdWw2AnRv4IBToAtmPTnUEjf1/NR5y1hZJ0", "correct horse battery").value());
}

TEST(PasswordHash, KnowsItsCost) {
  DeterministicRandom random(1);
  const auto verifier = hash_password("correct horse battery", kCheap, random).value();
  EXPECT_TRUE(has_cost(verifier, kCheap));
  EXPECT_FALSE(has_cost(verifier, {.passes = 2, .memory_kib = 8}));
  EXPECT_FALSE(has_cost(verifier, {.passes = 1, .memory_kib = 16}));
  EXPECT_FALSE(has_cost("", kCheap));
}

TEST(PasswordHash, NobodysVerifierFitsNothing) {
  const auto verifier = nobodys_verifier(kCheap);
  for (const std::string_view password : {"", " ", "a password of some length"})
    EXPECT_FALSE(verify_password(verifier, password).value());
}

TEST(PasswordHash, RefusesOtherTexts) {
  DeterministicRandom random(1);
  const auto good = hash_password("correct horse battery", kCheap, random).value();
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_FALSE(verify_password(good.substr(0, cut), "correct horse battery").value_or(false)) << cut;
  for (const char* text : {"", "$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA", "$argon2id$v=16$m=8,t=1,p=1$AAAA$AAAA",
                           "$argon2id$v=19$m=8,t=1,p=2$AAAA$AAAA", "$argon2id$v=19$m=x,t=1,p=1$AAAA$AAAA",
                           "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA"}) {
    const auto verdict = verify_password(text, "correct horse battery");
    ASSERT_FALSE(verdict) << text;
    EXPECT_EQ(verdict.error().code, Errc::bad_encoding) << text;
  }
}

TEST(PasswordHash, CostsAreLimited) {
  DeterministicRandom random(1);
  EXPECT_EQ(hash_password("correct horse battery", {.passes = 0, .memory_kib = 8}, random).error().code, Errc::invalid);
  EXPECT_EQ(verify_password("$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                            "correct horse battery")
                .error()
                .code,
            Errc::invalid);
}

}  // namespace
}  // namespace certwright::crypto
