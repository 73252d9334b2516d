#include "access/remote_limit.h"

#include <gtest/gtest.h>

namespace certwright::access {
namespace {

struct PeerCase { const char* name; const char* remote; const char* peer; };
class PeerOf : public testing::TestWithParam<PeerCase> {};
TEST_P(PeerOf, IsOneHost) { EXPECT_EQ(peer_of(GetParam().remote), GetParam().peer); }
INSTANTIATE_TEST_SUITE_P(
    Rfc4291, PeerOf,
    testing::Values(PeerCase{"Ipv4", "192.0.2.1", "192.0.2.1"},
                    PeerCase{"Ipv4InIpv6", "::ffff:192.0.2.1", "192.0.2.1"},
                    PeerCase{"Ipv6IsItsSlash64", "2001:db8:1:2:3:4:5:6", "20010db800010002/64"},
                    PeerCase{"Ipv6Neighbour", "2001:db8:1:2::1", "20010db800010002/64"},
                    PeerCase{"Ipv6Elsewhere", "2001:db8:1:3::1", "20010db800010003/64"},
                    PeerCase{"LinkLocalWithZone", "fe80::1%eth0", "fe80000000000000/64"},
                    PeerCase{"Socket", "unix", "unix"}, PeerCase{"None", "", ""}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(PeerOf, LongTextIsCut) { EXPECT_EQ(peer_of(std::string(1000, 'x')).size(), 64u); }

const Time kWindowStart = from_unix_s(1'700'000'000);

TEST(RemoteLimit, Forgets) {
  RemoteLimit limit(1, Seconds(60), 10);
  limit.failed("a", kWindowStart);
  limit.failed("b", kWindowStart);
  limit.forget("a");
  limit.forget("c");
  EXPECT_FALSE(limit.is_over("a", kWindowStart));
  EXPECT_TRUE(limit.is_over("b", kWindowStart));
}

TEST(RemoteLimit, CountsWithinAWindow) {
  RemoteLimit limit(3, Seconds(60), 10);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(limit.is_over("a", kWindowStart));
    limit.failed("a", kWindowStart + Seconds(i));
  }
  EXPECT_TRUE(limit.is_over("a", kWindowStart + Seconds(2)));
  EXPECT_TRUE(limit.is_over("a", kWindowStart + Seconds(60) - Duration(1)));
  EXPECT_FALSE(limit.is_over("a", kWindowStart + Seconds(60)));
  EXPECT_FALSE(limit.is_over("b", kWindowStart));
  limit.failed("a", kWindowStart + Seconds(60));
  EXPECT_FALSE(limit.is_over("a", kWindowStart + Seconds(60))) << "a new window begins";
}

TEST(RemoteLimit, AClockThatIsSetBackLocksNobodyOut) {
  RemoteLimit limit(1, Seconds(60), 10);
  limit.failed("a", kWindowStart);
  EXPECT_TRUE(limit.is_over("a", kWindowStart));
  EXPECT_FALSE(limit.is_over("a", kWindowStart - Seconds(3600)));
}

TEST(RemoteLimit, ForgetsTheOneThatFailedLongestAgo) {
  RemoteLimit limit(1, Seconds(60), 2);
  limit.failed("a", kWindowStart);
  limit.failed("b", kWindowStart);
  limit.failed("a", kWindowStart);
  limit.failed("c", kWindowStart);
  EXPECT_TRUE(limit.is_over("a", kWindowStart));
  EXPECT_FALSE(limit.is_over("b", kWindowStart));
  EXPECT_TRUE(limit.is_over("c", kWindowStart));
}

}  // namespace
}  // namespace certwright::access
