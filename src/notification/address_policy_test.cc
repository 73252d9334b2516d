#include "notification/address_policy.h"

#include <gtest/gtest.h>

#include "notification/webhook_url.h"

namespace certwright::notification {
namespace {

struct AddressCase {
  const char* name;
  const char* address;
  bool reachable;
};
class AddressPolicyTable : public testing::TestWithParam<AddressCase> {};

TEST_P(AddressPolicyTable, JudgesByRange) {
  const auto address = IpAddress::parse(GetParam().address);
  ASSERT_TRUE(address);
  const auto judged = AddressPolicy().check(*address);
  EXPECT_EQ(judged.has_value(), GetParam().reachable);
  if (!judged) {
    EXPECT_EQ(judged.error().code, Errc::policy);
  }
}

// Both sides of every boundary.
constexpr AddressCase kAddresses[] = {
    {"ThisHost", "0.0.0.0", false}, {"EndOfThisNetwork", "0.255.255.255", false}, {"AfterThisNetwork", "1.0.0.0", true},
    {"BeforeTen", "9.255.255.255", true}, {"Ten", "10.0.0.0", false}, {"EndOfTen", "10.255.255.255", false},
    {"AfterTen", "11.0.0.0", true}, {"BeforeShared", "100.63.255.255", true}, {"Shared", "100.64.0.0", false},
    {"EndOfShared", "100.127.255.255", false}, {"AfterShared", "100.128.0.0", true},
    {"BeforeLoopback", "126.255.255.255", true}, {"Loopback", "127.0.0.1", false},
    {"EndOfLoopback", "127.255.255.255", false}, {"AfterLoopback", "128.0.0.0", true},
    {"BeforeLinkLocal", "169.253.255.255", true}, {"CloudMetadata", "169.254.169.254", false},
    {"AfterLinkLocal", "169.255.0.0", true}, {"BeforeOneSevenTwo", "172.15.255.255", true},
    {"OneSevenTwo", "172.16.0.0", false}, {"EndOfOneSevenTwo", "172.31.255.255", false},
    {"AfterOneSevenTwo", "172.32.0.0", true}, {"Protocol", "192.0.0.170", false},
    {"Documentation1", "192.0.2.1", false}, {"Relay6to4", "192.88.99.1", false},
    {"BeforeOneNineTwo", "192.167.255.255", true}, {"OneNineTwo", "192.168.0.1", false},
    {"AfterOneNineTwo", "192.169.0.0", true}, {"Benchmark", "198.19.255.255", false},
    {"AfterBenchmark", "198.20.0.0", true}, {"Documentation2", "198.51.100.9", false},
    {"Documentation3", "203.0.113.9", false}, {"BeforeMulticast", "223.255.255.255", true},
    {"Multicast", "224.0.0.1", false}, {"Reserved", "240.0.0.1", false}, {"Broadcast", "255.255.255.255", false},
    {"PublicResolver", "8.8.8.8", true},
    {"Unspecified6", "::", false}, {"Loopback6", "::1", false}, {"Compatible", "::127.0.0.1", false},
    {"MappedLoopback", "::ffff:127.0.0.1", false}, {"MappedHex", "::ffff:7f00:1", false},
    {"MappedPrivate", "::ffff:10.1.2.3", false}, {"MappedPublic", "::ffff:8.8.8.8", true},
    {"Translated", "::ffff:0:127.0.0.1", false}, {"Nat64", "64:ff9b::7f00:1", false},
    {"Nat64Local", "64:ff9b:1::1", false}, {"Discard", "100::1", false},
    {"BeforeGlobal", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, {"Global", "2606:4700:4700::1111", true},
    {"EndOfGlobal", "3ffe:ffff::1", true}, {"AfterGlobal", "4000::1", false}, {"Teredo", "2001::1", false},
    {"Orchid", "2001:20::1", false}, {"EndOfReserved2001", "2001:1ff:ffff::1", false}, {"After2001", "2001:200::1", true},
    {"Documentation6", "2001:db8::1", false}, {"SixToFour", "2002:7f00:1::1", false}, {"Documentation62", "3fff:fff::1", false},
    {"UniqueLocal", "fc00::1", false}, {"UniqueLocalD", "fd12:3456::1", false}, {"LinkLocal6", "fe80::1", false},
    {"EndOfLinkLocal6", "febf::1", false}, {"SiteLocal", "fec0::1", false}, {"Multicast6", "ff02::1", false},
};
INSTANTIATE_TEST_SUITE_P(SpecialPurpose, AddressPolicyTable, testing::ValuesIn(kAddresses),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(AddressPolicy, WhatIsListedIsReachable) {
  const AddressPolicy policy({*Network::parse("127.0.0.0/8"), *Network::parse("fd00:1::/32"), *Network::parse("10.0.0.5")});
  const auto reachable = [&](const char* text) { return policy.check(*IpAddress::parse(text)).has_value(); };
  EXPECT_TRUE(reachable("127.0.0.1"));
  EXPECT_TRUE(reachable("::ffff:127.0.0.1"));
  EXPECT_TRUE(reachable("fd00:1::7"));
  EXPECT_TRUE(reachable("10.0.0.5"));
  EXPECT_FALSE(reachable("10.0.0.4"));
  EXPECT_FALSE(reachable("fd00:2::7"));
  EXPECT_FALSE(reachable("::1"));
}

TEST(IpAddressText, OnlyTheUsualFormIsAnAddress) {
  for (const auto* text : {"", "1", "127.1", "0x7f.0.0.1", "0177.0.0.1", "01.2.3.4", "1.2.3.4.", ".1.2.3", "1.2.3.256", "1.2.3.-4",
                           "1..2.3", "2130706433", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "::1%lo", "[::1]", ":::", "1:2", "::ffff:1.2.3",
                           "::1\n"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  EXPECT_FALSE(IpAddress::parse(std::string_view("::1\0", 4)));
  EXPECT_EQ(IpAddress::parse("2001:DB8:0:0::1")->text(), "2001:db8::1");
  EXPECT_TRUE(IpAddress::parse("::ffff:1.2.3.4")->is_v4());
}

TEST(NetworkText, NeedsAPrefixThatFits) {
  for (const auto* text : {"10.0.0.0/33", "10.0.0.1/8", "::/129", "fd00::1/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::ffff:10.0.0.0/104", "x/8", "/8"})
    EXPECT_FALSE(Network::parse(text)) << text;
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("1.2.3.4")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
  EXPECT_TRUE(Network::parse("10.1.2.128/25")->contains(*IpAddress::parse("10.1.2.200")));
  EXPECT_FALSE(Network::parse("10.1.2.128/25")->contains(*IpAddress::parse("10.1.2.127")));
}

TEST(WebhookUrl, ReadsWhatIsPlain) {
  const auto url = WebhookUrl::parse("https://Hooks.Example.org:8443/in/x%20y?a=b&c=d/e");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host(), "hooks.example.org");
  EXPECT_EQ(url->port(), 8443);
  EXPECT_EQ(url->target(), "/in/x%20y?a=b&c=d/e");
  EXPECT_EQ(url->text(), "https://hooks.example.org:8443/in/x%20y?a=b&c=d/e");
  EXPECT_EQ(url->origin(), "https://hooks.example.org:8443");
  EXPECT_EQ(WebhookUrl::parse("https://a.example")->text(), "https://a.example/");
  EXPECT_EQ(WebhookUrl::parse("https://a.example?q")->text(), "https://a.example/?q");
  EXPECT_EQ(WebhookUrl::parse("http://a.example:80/")->text(), "http://a.example/");
  EXPECT_EQ(WebhookUrl::parse("https://[2606:4700::1111]:444/")->text(), "https://[2606:4700::1111]:444/");
  EXPECT_EQ(WebhookUrl::parse("https://[::ffff:127.0.0.1]/")->host(), "127.0.0.1");
  EXPECT_TRUE(WebhookUrl::parse("https://[::ffff:127.0.0.1]/")->address()->is_v4());
}

TEST(WebhookUrl, RefusesWhatTwoReadersCouldReadInTwoWays) {
  for (const std::string_view text :
       {"", "https://", "ftp://a.example/", "HTTPS://a.example/", "//a.example/", "https:/a.example", "file:///etc/passwd",
        "gopher://a.example/", "https://user@a.example/", "https://user:p@a.example/", "https://a.example@127.0.0.1/",
        "https://a.example#@b.example/", "https://a.example/#x", "https://a.example\\@b.example/", "https://a.example\\/",
        "https://a example/", "https://a.example /", "https://a.example/ x", "https://a.example/\r\nX: y", "https://a\t.example/",
        "https://a%2eexample/", "https://%31%32%37.0.0.1/", "https://127.1/", "https://0x7f000001/", "https://2130706433/",
        "https://0177.0.0.1/", "https://1.2.3.4.5/", "https://a.1/", "https://a.example./", "https://.a.example/",
        "https://a..example/", "https://-a.example/", "https://a_b.example/", "https://\xc3\xa4.example/", "https://::1/",
        "https://[a.example]/", "https://[127.0.0.1]/", "https://[::1/", "https://[::1]x/", "https://[fe80::1%25eth0]/",
        "https://a.example:/", "https://a.example:0/", "https://a.example:65536/", "https://a.example:+443/",
        "https://a.example:0443/", "https://a.example:443:444/", "https://a.example/%", "https://a.example/%4", "https://a.example/%zz",
        "https://a.example/<>", "https://a.example/\"", "https://a.example/`"})
    EXPECT_FALSE(WebhookUrl::parse(text)) << text;
  EXPECT_FALSE(WebhookUrl::parse(std::string_view("https://a.example/\0", 19)));
  EXPECT_EQ(WebhookUrl::parse("https://a.example/" + std::string(3000, 'x')).error().code, Errc::too_large);
}

}  // namespace
}  // namespace certwright::notification
