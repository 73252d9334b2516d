#include "session/sign_in_limit.h"

#include <gtest/gtest.h>

namespace certwright::session {
namespace {

const Time kStart = from_unix_s(1'700'000'000);
constexpr SignInLimits kLimits{.per_account_and_remote = 3, .per_account = 6, .per_remote = 9,
                               .window = Seconds(60), .tracked = 100};

TEST(SignInLimit, LocksAnAccountFromOneAddressFirst) {
  SignInLimit limit(kLimits);
  EXPECT_FALSE(limit.failed("alice", "192.0.2.1", kStart));
  EXPECT_FALSE(limit.failed("alice", "192.0.2.1", kStart));
  EXPECT_TRUE(limit.check("alice", "192.0.2.1", kStart));
  EXPECT_EQ(limit.failed("alice", "192.0.2.1", kStart), SignInLimitKind::account_and_remote);
  EXPECT_FALSE(limit.failed("alice", "192.0.2.1", kStart)) << "told once";
  const auto locked = limit.check("alice", "192.0.2.1", kStart + Seconds(59));
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, Errc::too_many_requests);
  EXPECT_TRUE(limit.check("alice", "192.0.2.2", kStart)) << "the person herself, elsewhere";
  EXPECT_TRUE(limit.check("bob", "192.0.2.1", kStart)) << "a colleague behind the same address";
  EXPECT_TRUE(limit.check("alice", "192.0.2.1", kStart + Seconds(60)));
}

TEST(SignInLimit, LocksAnAccountFromEverywhereAfterMore) {
  SignInLimit limit(kLimits);
  for (int i = 1; i <= 5; ++i) EXPECT_FALSE(limit.failed("alice", "192.0.2." + std::to_string(i), kStart));
  EXPECT_EQ(limit.failed("alice", "192.0.2.6", kStart), SignInLimitKind::account);
  EXPECT_FALSE(limit.check("alice", "198.51.100.1", kStart));
}

TEST(SignInLimit, LocksAnAddressThatTriesManyNames) {
  SignInLimit limit(kLimits);
  for (int i = 1; i <= 8; ++i) EXPECT_FALSE(limit.failed("name" + std::to_string(i), "2001:db8::1", kStart));
  EXPECT_EQ(limit.failed("name9", "2001:db8::9", kStart), SignInLimitKind::remote) << "the same /64";
  EXPECT_FALSE(limit.check("anybody", "2001:db8::5", kStart));
  EXPECT_TRUE(limit.check("anybody", "2001:db8:1::5", kStart));
}

TEST(SignInLimit, TokensCountByAddressAlone) {
  SignInLimit limit(kLimits);
  for (int i = 1; i <= 8; ++i) EXPECT_FALSE(limit.failed(std::nullopt, "192.0.2.1", kStart));
  EXPECT_EQ(limit.failed(std::nullopt, "192.0.2.1", kStart), SignInLimitKind::remote);
  EXPECT_FALSE(limit.check(std::nullopt, "192.0.2.1", kStart));
  EXPECT_TRUE(limit.check(std::nullopt, "192.0.2.2", kStart));
}

TEST(SignInLimit, RightPasswordsAreCountedByAccount) {
  auto limits = kLimits;
  limits.right_per_account = 2;
  SignInLimit limit(limits);
  limit.was_right("alice", kStart);
  EXPECT_TRUE(limit.check("alice", "192.0.2.1", kStart));
  limit.was_right("alice", kStart);
  EXPECT_FALSE(limit.check("alice", "192.0.2.2", kStart));
  EXPECT_TRUE(limit.check("bob", "192.0.2.2", kStart));
  EXPECT_TRUE(limit.check("alice", "192.0.2.2", kStart + Seconds(60)));
}

TEST(SignInLimit, TheRightPasswordForgivesTheMistyped) {
  SignInLimit limit(kLimits);
  (void)limit.failed("alice", "192.0.2.1", kStart);
  (void)limit.failed("alice", "192.0.2.1", kStart);
  limit.succeeded("alice", "192.0.2.1");
  EXPECT_FALSE(limit.failed("alice", "192.0.2.1", kStart));
  EXPECT_TRUE(limit.check("alice", "192.0.2.1", kStart));
}

}  // namespace
}  // namespace certwright::session
