#include "access/token.h"

#include <gtest/gtest.h>

#include <set>

namespace certwright::access {
namespace {

std::string shown(const NewToken& token) { return std::string(as_text(token.text.reveal())); }

TEST(Token, HasItsShapeAndIsStoredAsItsHash) {
  crypto::DeterministicRandom random(7);
  const NewToken token = make_token(random);
  const std::string text = shown(token);
  EXPECT_EQ(text.size(), kTokenCharacters);
  EXPECT_EQ(text.size(), 59u);
  EXPECT_EQ(text.substr(0, 3), "cw_");
  EXPECT_EQ(text.substr(3, 12), token.prefix);
  EXPECT_EQ(text[15], '_');
  EXPECT_EQ(from_base64url(text.substr(16)).value().size(), 32u);
  EXPECT_EQ(token_prefix(text).value(), token.prefix);
  const auto hash = token_hash(text);
  EXPECT_TRUE(std::equal(hash.begin(), hash.end(), token.verifier.begin(), token.verifier.end()));
}

TEST(Token, IsNeverTheSameTwice) {
  crypto::SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const NewToken token = make_token(random);
    EXPECT_TRUE(seen.insert(token.prefix).second);
    EXPECT_TRUE(seen.insert(shown(token)).second);
    EXPECT_TRUE(seen.insert(make_id("p", random)).second);
  }
}

TEST(Token, IsRefusedInAnyOtherShape) {
  crypto::DeterministicRandom random(7);
  const std::string good = shown(make_token(random));
  const auto changed = [&](std::size_t at, char c) {
    std::string text = good;
    text[at] = c;
    return text;
  };
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "a", good.substr(0, 58), changed(0, 'C'),
        changed(3, '1'), changed(4, 'A'), changed(15, '-'), changed(58, '='), changed(20, '\0'),
        changed(30, '+'), std::string(100'000, 'a')}) {
    const auto refused = token_prefix(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Errc::unauthenticated);
    EXPECT_EQ(refused.error().detail, "This is not a valid credential.");
  }
}

TEST(Token, IsRedactedForLogs) {
  crypto::DeterministicRandom random(7);
  const NewToken token = make_token(random);
  EXPECT_EQ(redacted_token(shown(token)), "cw_" + token.prefix + "_...");
  EXPECT_EQ(redacted_token("secret"), "(not a token)");
}

TEST(Id, IsOpaqueAndNamesItsKind) {
  crypto::DeterministicRandom random(7);
  const std::string id = make_id("p", random);
  EXPECT_EQ(id.size(), 27u);
  EXPECT_EQ(id[0], 'p');
  EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), id.npos);
}

}  // namespace
}  // namespace certwright::access
