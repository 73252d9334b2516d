#include "gateway/certgen/peer.h"

#include <arpa/inet.h>

#include <gtest/gtest.h>

namespace certwright::gateway::certgen {
namespace {

using namespace std::chrono_literals;

IpAddress ip(const char* text) {
  sockaddr_storage storage{};
  if (inet_pton(AF_INET, text, &reinterpret_cast<sockaddr_in&>(storage).sin_addr) == 1) storage.ss_family = AF_INET;
  else if (inet_pton(AF_INET6, text, &reinterpret_cast<sockaddr_in6&>(storage).sin6_addr) == 1) storage.ss_family = AF_INET6;
  return IpAddress::of(storage);
}

TEST(IpAddress, IPv4AndItsMappedFormAreOnePeer) {
  EXPECT_EQ(ip("192.0.2.1"), ip("::ffff:192.0.2.1"));
  EXPECT_EQ(ip("::ffff:192.0.2.1").text(), "192.0.2.1");
  EXPECT_EQ(ip("2001:db8::1").text(), "2001:db8::1");
}

TEST(IpAddress, Loopback) {
  for (const auto* text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}) EXPECT_TRUE(ip(text).is_loopback()) << text;
  for (const auto* text : {"126.255.255.255", "128.0.0.1", "::2", "::", "0.0.0.0"}) EXPECT_FALSE(ip(text).is_loopback()) << text;
}

struct PrefixCase { const char* name; const char* prefix; const char* address; bool inside; };
class Prefix : public testing::TestWithParam<PrefixCase> {};
TEST_P(Prefix, HasItsAddresses) {
  const auto prefix = AddressPrefix::parse(GetParam().prefix);
  ASSERT_TRUE(prefix);
  EXPECT_EQ(prefix->contains(ip(GetParam().address)), GetParam().inside);
}
INSTANTIATE_TEST_SUITE_P(
    Addresses, Prefix,
    testing::Values(PrefixCase{"First", "192.0.2.0/24", "192.0.2.0", true}, PrefixCase{"Last", "192.0.2.0/24", "192.0.2.255", true},
                    PrefixCase{"Below", "192.0.2.0/24", "192.0.1.255", false}, PrefixCase{"Above", "192.0.2.0/24", "192.0.3.0", false},
                    PrefixCase{"OddLength", "192.0.2.128/25", "192.0.2.127", false}, PrefixCase{"OneAddress", "192.0.2.7", "192.0.2.7", true},
                    PrefixCase{"OneAddressOnly", "192.0.2.7", "192.0.2.8", false}, PrefixCase{"AllIPv4", "0.0.0.0/0", "203.0.113.9", true},
                    PrefixCase{"AllIPv4IsNotIPv6", "0.0.0.0/0", "2001:db8::1", false}, PrefixCase{"AllIPv6", "::/0", "2001:db8::1", true},
                    PrefixCase{"IPv6", "2001:db8::/33", "2001:db8:7fff::1", true}, PrefixCase{"IPv6Beyond", "2001:db8::/33", "2001:db8:8000::1", false}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(AddressPrefix, RefusesWhatIsNone) {
  for (const auto* text : {"", "/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "192.0.2.1/24", "2001:db8::1/32", "::/129", "host", "192.0.2.0/24x"})
    EXPECT_FALSE(AddressPrefix::parse(text)) << text;
}

TEST(PeerPolicy, WithoutAListOnlyThisHost) {
  const PeerPolicy policy;
  EXPECT_TRUE(policy.allows(ip("127.0.0.1"), ip("127.0.0.1")));
  EXPECT_TRUE(policy.allows(ip("::1"), ip("::1")));
  EXPECT_TRUE(policy.allows(ip("192.0.2.9"), ip("192.0.2.9")));
  EXPECT_FALSE(policy.allows(ip("192.0.2.8"), ip("192.0.2.9")));
}

TEST(PeerPolicy, WithAListLoopbackAndTheListed) {
  const PeerPolicy policy({AddressPrefix::parse("192.0.2.0/28").value()});
  EXPECT_TRUE(policy.allows(ip("127.0.0.1"), ip("127.0.0.1")));
  EXPECT_TRUE(policy.allows(ip("192.0.2.8"), ip("192.0.2.20")));
  EXPECT_FALSE(policy.allows(ip("192.0.2.20"), ip("192.0.2.20")));
}

TEST(PeerRateLimit, GivesABurstThenTheRate) {
  PeerRateLimit limit(10, 3);
  const auto start = std::chrono::steady_clock::time_point(1h);
  const auto peer = ip("192.0.2.1");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.take(peer, start));
  EXPECT_FALSE(limit.take(peer, start));
  EXPECT_FALSE(limit.take(peer, start + 99ms));
  EXPECT_TRUE(limit.take(peer, start + 101ms));
  EXPECT_FALSE(limit.take(peer, start + 101ms));
  EXPECT_TRUE(limit.take(ip("192.0.2.2"), start));
}

TEST(PeerRateLimit, AnIPv6NetworkIsOnePeerAndLoopbackHasNoLimit) {
  PeerRateLimit limit(10, 1);
  const auto start = std::chrono::steady_clock::time_point(1h);
  EXPECT_TRUE(limit.take(ip("2001:db8::1"), start));
  EXPECT_FALSE(limit.take(ip("2001:db8::2"), start));
  EXPECT_TRUE(limit.take(ip("2001:db8:0:1::2"), start));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limit.take(ip("127.0.0.1"), start));
}

TEST(PeerRateLimit, RemembersAsManyPeersAsItWasTold) {
  PeerRateLimit limit(1, 1, 2);
  const auto start = std::chrono::steady_clock::time_point(1h);
  EXPECT_TRUE(limit.take(ip("192.0.2.1"), start));
  EXPECT_TRUE(limit.take(ip("192.0.2.2"), start + 1ms));
  EXPECT_TRUE(limit.take(ip("192.0.2.3"), start + 2ms));  // the first one is forgotten
  EXPECT_FALSE(limit.take(ip("192.0.2.2"), start + 3ms));
  EXPECT_FALSE(limit.take(ip("192.0.2.3"), start + 3ms));
}

// One look-up a request, also when every peer it remembers is a new one.
TEST(PeerRateLimit, ForgetsManyPeersInLittleTime) {
  constexpr std::size_t kPeers = 20'000;
  PeerRateLimit limit(0.001, 1, kPeers);
  const auto start = std::chrono::steady_clock::time_point(1h);
  const auto began = std::chrono::steady_clock::now();
  IpAddress peer = ip("10.0.0.0");
  for (std::size_t i = 0; i < 5 * kPeers; ++i) {
    for (std::size_t octet = 0; octet < 3; ++octet) peer.octets[15 - octet] = static_cast<std::uint8_t>(i >> (8 * octet));
    ASSERT_TRUE(limit.take(peer, start + std::chrono::microseconds(i)));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);  // a search through all each time takes minutes
  EXPECT_FALSE(limit.take(peer, start + 1s));
}

}  // namespace
}  // namespace certwright::gateway::certgen
