#include "gateway/certgen/answer_cache.h"

#include <gtest/gtest.h>

namespace certwright::gateway::certgen {
namespace {

const Time kNow = from_unix_s(1'785'000'000);

std::shared_ptr<const Answer> answer(std::size_t octets = 1'000, std::int64_t good_for_s = 86'400) {
  auto made = std::make_shared<Answer>();
  made->body = SecretBytes(octets);
  made->not_after = kNow + Seconds(good_for_s);
  made->ttl_s = 86'400;
  return made;
}

AnswerKey key(std::uint8_t first) { return AnswerKey{first}; }

TEST(AnswerKey, DependsOnEverythingButTheService) {
  const Bytes certificate = {0x30, 0x00}, other = {0x30, 0x01};
  const Request request{.host = "a", .service = 0, .usage = {}, .upstream_certificate = certificate};
  const auto base = answer_key(1, request);
  Request changed = request;
  changed.service = 2;
  EXPECT_EQ(answer_key(1, changed), base);
  EXPECT_NE(answer_key(2, request), base);
  changed.host = "A";
  EXPECT_NE(answer_key(1, changed), base);
  changed = request;
  changed.usage = issuance::InterceptionUsage::tlcp_server_signature;
  EXPECT_NE(answer_key(1, changed), base);
  changed = request;
  changed.upstream_certificate = other;
  EXPECT_NE(answer_key(1, changed), base);
  // Where host ends and certificate begins counts.
  const Bytes shifted = {'b', 0x30, 0x00};
  EXPECT_NE(answer_key(1, {.host = "ab", .service = 0, .usage = {}, .upstream_certificate = certificate}),
            answer_key(1, {.host = "a", .service = 0, .usage = {}, .upstream_certificate = shifted}));
}

TEST(AnswerCache, FindsUntilTheLifetimeEnds) {
  AnswerCache cache({.octets_max = 10'000, .entries_max = 10, .lifetime = Seconds(100)});
  const auto kept = answer();
  EXPECT_FALSE(cache.find(key(1), kNow));
  cache.put(key(1), kept, kNow);
  EXPECT_EQ(cache.find(key(1), kNow + Seconds(99))->answer, kept);
  EXPECT_FALSE(cache.find(key(2), kNow));
  EXPECT_FALSE(cache.find(key(1), kNow + Seconds(100)));
  EXPECT_EQ(cache.entries(), 0U);
  EXPECT_EQ(cache.octets(), 0U);
}

TEST(AnswerCache, TellsOneCallerToRefreshAheadOfExpiry) {
  AnswerCache cache({.octets_max = 10'000, .entries_max = 10, .lifetime = Seconds(100)});
  cache.put(key(1), answer(), kNow);
  EXPECT_FALSE(cache.find(key(1), kNow + Seconds(79))->refresh_due);
  EXPECT_TRUE(cache.find(key(1), kNow + Seconds(80))->refresh_due);
  EXPECT_FALSE(cache.find(key(1), kNow + Seconds(81))->refresh_due);
  cache.put(key(1), answer(), kNow + Seconds(82));
  EXPECT_TRUE(cache.find(key(1), kNow + Seconds(181)));
}

TEST(AnswerCache, NothingOutlivesItsCertificateAndAnExpiredOneStaysTenSeconds) {
  AnswerCache cache({.octets_max = 10'000, .entries_max = 10, .lifetime = Seconds(100)});
  cache.put(key(1), answer(1'000, 50), kNow);
  EXPECT_TRUE(cache.find(key(1), kNow + Seconds(49)));
  EXPECT_FALSE(cache.find(key(1), kNow + Seconds(50)));
  cache.put(key(2), answer(1'000, -50), kNow);
  EXPECT_TRUE(cache.find(key(2), kNow + Seconds(9)));
  EXPECT_FALSE(cache.find(key(2), kNow + Seconds(10)));
}

TEST(AnswerCache, GivesUpTheLeastRecentlyUsedByCountAndByOctets) {
  AnswerCache by_count({.octets_max = 1'000'000, .entries_max = 2, .lifetime = Seconds(100)});
  for (const std::uint8_t i : {std::uint8_t{1}, std::uint8_t{2}}) by_count.put(key(i), answer(), kNow);
  EXPECT_TRUE(by_count.find(key(1), kNow));
  by_count.put(key(3), answer(), kNow);
  EXPECT_TRUE(by_count.find(key(1), kNow));
  EXPECT_FALSE(by_count.find(key(2), kNow));

  AnswerCache by_octets({.octets_max = 4'000, .entries_max = 100, .lifetime = Seconds(100)});
  for (std::uint8_t i = 1; i <= 4; ++i) by_octets.put(key(i), answer(1'000), kNow);
  EXPECT_LE(by_octets.octets(), 4'000U);
  EXPECT_FALSE(by_octets.find(key(1), kNow));
  EXPECT_TRUE(by_octets.find(key(4), kNow));
  by_octets.put(key(5), answer(5'000), kNow);
  EXPECT_FALSE(by_octets.find(key(5), kNow));
  EXPECT_TRUE(by_octets.find(key(4), kNow));
}

TEST(AnswerCache, ReleasesAnswersThatWipeTheirKeys) {
  AnswerCache cache({.octets_max = 10'000, .entries_max = 1, .lifetime = Seconds(100)});
  auto first = answer(), second = answer();
  const std::weak_ptr<const Answer> watched_first = first, watched_second = second;
  cache.put(key(1), std::move(first), kNow);
  cache.put(key(2), std::move(second), kNow);
  EXPECT_TRUE(watched_first.expired());
  EXPECT_FALSE(watched_second.expired());
  cache.clear();
  EXPECT_TRUE(watched_second.expired());
  EXPECT_EQ(cache.octets(), 0U);
}

TEST(AnswerCache, OfNoSizeKeepsNothing) {
  AnswerCache cache({.octets_max = 0, .entries_max = 10, .lifetime = Seconds(100)});
  cache.put(key(1), answer(), kNow);
  EXPECT_FALSE(cache.find(key(1), kNow));
}

}  // namespace
}  // namespace certwright::gateway::certgen
