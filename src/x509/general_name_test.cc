#include "x509/general_name.h"

#include <arpa/inet.h>

#include <random>

#include <gtest/gtest.h>

namespace certwright::x509 {
namespace general_name_test {  // test files are compiled together

std::string long_name(std::size_t size) {  // labels of 63 and dots
  std::string name;
  while (name.size() < size) name += name.size() % 64 == 63 ? '.' : 'a';
  return name;
}

struct DnsCase {
  const char* name;
  std::string text;
  bool plain, with_all;
};
const DnsCase kDnsNames[] = {{"Host", "a.example.com", true, true},
                             {"OneLabel", "localhost", true, true},
                             {"UpperCase", "A.Example.COM", true, true},
                             {"DigitsFirst", "1a.example", true, true},
                             {"ALabel", "xn--bcher-kva.example", true, true},
                             {"ALabelEmpty", "xn--.example", false, false},
                             {"DoubleHyphen", "r3---sn-abc.example.com", true, true},
                             {"Wildcard", "*.example.com", false, true},
                             {"WildcardOverOneLabel", "*.com", false, false},
                             {"WildcardAlone", "*", false, false},
                             {"WildcardInside", "a.*.example.com", false, false},
                             {"WildcardPartly", "a*.example.com", false, false},
                             {"WildcardTwice", "*.*.example.com", false, false},
                             {"Underscore", "_sip.example.com", false, true},
                             {"Empty", "", false, false},
                             {"TrailingDot", "example.com.", false, false},
                             {"LeadingDot", ".example.com", false, false},
                             {"EmptyLabel", "a..example.com", false, false},
                             {"LeadingHyphen", "-a.example.com", false, false},
                             {"TrailingHyphen", "a-.example.com", false, false},
                             {"Space", "a b.example.com", false, false},
                             {"Nul", std::string("a\0.example.com", 14), false, false},
                             {"Utf8", "bücher.example", false, false},
                             {"Colon", "a.example.com:443", false, false},
                             {"Slash", "a.example.com/x", false, false},
                             {"Ipv4", "10.0.0.0", false, false},
                             {"Ipv4Last", "a.example.10", false, false},
                             {"Ipv4Hex", "0x7f000001", false, false},
                             {"Ipv4Number", "2130706433", false, false},
                             {"Ipv6", "2001:db8::1", false, false},
                             {"LabelOf63", std::string(63, 'a') + ".b", true, true},
                             {"LabelOf64", std::string(64, 'a') + ".b", false, false},
                             {"NameOf253", long_name(253), true, true},
                             {"NameOf254", long_name(254), false, false}};
class DnsName : public testing::TestWithParam<DnsCase> {};
TEST_P(DnsName, FollowsTheRules) {
  const auto& c = GetParam();
  EXPECT_EQ(valid_dns_name(c.text, Wildcard::refused, Underscore::refused), c.plain);
  EXPECT_EQ(valid_dns_name(c.text, Wildcard::allowed, Underscore::allowed), c.with_all);
  EXPECT_EQ(GeneralName::dns(c.text).has_value(), c.with_all);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_6, DnsName, testing::ValuesIn(kDnsNames),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(IpAddressText, AgreesWithInetPton) {
  for (const char* text : {"0.0.0.0",
                           "255.255.255.255",
                           "10.0.0.1",
                           "256.0.0.1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "01.2.3.4",
                           "1.2.3.04",
                           "1.2.3.",
                           ".1.2.3",
                           "1..2.3",
                           " 1.2.3.4",
                           "1.2.3.4 ",
                           "0x7f.0.0.1",
                           "::",
                           "::1",
                           "1::",
                           "2001:db8::1",
                           "2001:DB8::1",
                           "1:2:3:4:5:6:7:8",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1:2:3:4:5:6:7::",
                           "::2:3:4:5:6:7:8",
                           "1:2:3:4::5:6:7:8",
                           ":::",
                           "1:::2",
                           "1::2::3",
                           ":1",
                           "1:",
                           "12345::",
                           "::ffff:10.0.0.1",
                           "::10.0.0.1",
                           "1:2:3:4:5:6:10.0.0.1",
                           "1:2:3:4:5:6:7:10.0.0.1",
                           "::10.0.0",
                           "::10.0.0.256",
                           "10.0.0.1::",
                           "1:10.0.0.1::",
                           "fe80::1%eth0",
                           "[::1]",
                           "g::",
                           "",
                           "0000:0000:0000:0000:0000:0000:255.255.255.255"}) {
    std::array<std::uint8_t, 16> out{};
    const bool v6 = std::string_view(text).find(':') != std::string_view::npos;
    const bool theirs = inet_pton(v6 ? AF_INET6 : AF_INET, text, out.data()) == 1;
    const auto ours = parse_ip_address(text);
    ASSERT_EQ(ours.has_value(), theirs) << text;
    if (ours) {
      EXPECT_EQ(to_hex(*ours), to_hex(ByteView(out).first(v6 ? 16 : 4))) << text;
    }
  }
}

TEST(IpAddressTextRfc5952, AgreesWithInetNtop) {
  std::mt19937 random(5952);
  for (int round = 0; round < 3000; ++round) {
    Bytes address(16);
    for (auto& octet : address) octet = static_cast<std::uint8_t>(random() % 3 == 0 ? random() : 0);
    if (round % 10 == 0) address = from_hex("00000000000000000000ffff0a000001").value();
    std::array<char, 64> theirs{};
    inet_ntop(AF_INET6, address.data(), theirs.data(), theirs.size());
    const std::string ours = ip_address_to_text(address);
    EXPECT_EQ(parse_ip_address(ours).value(), address);
    // glibc also writes the deprecated ::a.b.c.d; RFC 5952 section 5 does not ask for it.
    if (std::string_view(theirs.data()).find('.') == std::string_view::npos || round % 10 == 0) {
      EXPECT_EQ(ours, theirs.data());
    }
  }
}

struct TextCase {
  const char* name;
  std::string text;
  bool good;
};
const TextCase kMailboxes[] = {{"Plain", "a@example.com", true},
                               {"Dots", "a.b+c@example.com", true},
                               {"NoAt", "example.com", false},
                               {"NoLocal", "@example.com", false},
                               {"NoDomain", "a@", false},
                               {"Quoted", "\"a b\"@example.com", false},
                               {"Space", "a b@example.com", false},
                               {"TwoDots", "a..b@example.com", false},
                               {"LeadingDot", ".a@example.com", false},
                               {"TrailingDot", "a.@example.com", false},
                               {"Literal", "a@[10.0.0.1]", false},
                               {"Address", "a@10.0.0.1", false},
                               {"Newline", "a\n@example.com", false},
                               {"TwoAts", "a@b@example.com", false},
                               {"LocalOf64", std::string(64, 'a') + "@b.c", true},
                               {"LocalOf65", std::string(65, 'a') + "@b.c", false}};
class Mailbox : public testing::TestWithParam<TextCase> {};
TEST_P(Mailbox, FollowsTheRules) {
  EXPECT_EQ(valid_email_address(GetParam().text), GetParam().good);
}
INSTANTIATE_TEST_SUITE_P(Rfc5321, Mailbox, testing::ValuesIn(kMailboxes),
                         [](const auto& c) { return std::string(c.param.name); });

const TextCase kUris[] = {{"Http", "http://example.com/a?b#c", true},
                          {"Spiffe", "spiffe://example.com/ns/x", true},
                          {"Urn", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", true},
                          {"Port", "https://example.com:8443/", true},
                          {"Ipv6", "http://[2001:db8::1]/", true},
                          {"Percent", "http://example.com/%20", true},
                          {"PercentCut", "http://example.com/%2", false},
                          {"PercentBad", "http://example.com/%zz", false},
                          {"Relative", "/a/b", false},
                          {"NoScheme", "example.com", false},
                          {"SchemeOnly", "http:", false},
                          {"NoHost", "http:///a", false},
                          {"NoSlashes", "http:example.com", false},
                          {"PortOnly", "http://:80/", false},
                          {"UserOnly", "http://u@/", false},
                          {"DigitScheme", "1http://a", false},
                          {"Space", "http://example.com/a b", false},
                          {"Nul", std::string("http://a\0b/", 11), false},
                          {"Utf8", "http://exämple.com/", false},
                          {"Length2048", "http://a/" + std::string(2039, 'x'), true},
                          {"Length2049", "http://a/" + std::string(2040, 'x'), false}};
class AbsoluteUri : public testing::TestWithParam<TextCase> {};
TEST_P(AbsoluteUri, FollowsTheRules) {
  EXPECT_EQ(valid_absolute_uri(GetParam().text), GetParam().good);
}
INSTANTIATE_TEST_SUITE_P(Rfc3986, AbsoluteUri, testing::ValuesIn(kUris),
                         [](const auto& c) { return std::string(c.param.name); });

struct ConstraintCase {
  const char* name;
  std::string_view cidr, octets_hex;
};
constexpr ConstraintCase kConstraints[] = {
    {"Ten", "10.0.0.0/8", "0a000000ff000000"},
    {"Twelve", "172.16.0.0/12", "ac100000fff00000"},
    {"Host", "10.1.2.3/32", "0a010203ffffffff"},
    {"All", "0.0.0.0/0", "0000000000000000"},
    {"V6", "2001:db8::/32", "20010db8000000000000000000000000ffffffff000000000000000000000000"},
    {"V6All", "::/0", "0000000000000000000000000000000000000000000000000000000000000000"}};
class IpConstraint : public testing::TestWithParam<ConstraintCase> {};
TEST_P(IpConstraint, IsAddressAndMask) {
  const auto name = GeneralName::ip_constraint(GetParam().cidr);
  ASSERT_TRUE(name) << name.error().detail;
  EXPECT_EQ(to_hex(name->octets()), GetParam().octets_hex);
  EXPECT_EQ(name->to_text(), "IP:" + std::string(GetParam().cidr));
  EXPECT_FALSE(name->check());  // a range is no subjectAltName
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_10, IpConstraint, testing::ValuesIn(kConstraints),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(IpConstraint, RefusesOtherForms) {
  for (const char* bad : {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "::1/64", "::/129",
                          "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ", "/8", "10.0.0.0/8/8"})
    EXPECT_FALSE(GeneralName::ip_constraint(bad)) << bad;
}

TEST(NameConstraintForms, AreHostsAndDomains) {
  EXPECT_TRUE(GeneralName::dns_constraint("example.com"));
  EXPECT_TRUE(GeneralName::dns_constraint(".example.com"));
  EXPECT_TRUE(GeneralName::dns_constraint(""));
  EXPECT_FALSE(GeneralName::dns_constraint("*.example.com"));
  EXPECT_FALSE(GeneralName::dns_constraint("..example.com"));
  EXPECT_TRUE(GeneralName::email_constraint("a@example.com"));
  EXPECT_TRUE(GeneralName::email_constraint(".example.com"));
  EXPECT_FALSE(GeneralName::email_constraint("@example.com"));
}

struct ParseCase {
  const char* name;
  std::string_view tlv_hex;
  bool parses, checks;
  std::string_view text;
};
constexpr ParseCase kParsed[] = {
    {"Dns", "8209612e6578616d706c65", true, true, "DNS:a.example"},
    {"DnsNul", "82056100622e63", true, false, "DNS:a\\x00b.c"},
    {"DnsAddress", "820831302e302e302e30", true, false, "DNS:10.0.0.0"},
    {"DnsEmpty", "8200", true, false, "DNS:"},
    {"DnsHighBit", "8201e5", false, false, ""},
    {"DnsConstructed", "a2030c0161", false, false, ""},
    {"Ip4", "87040a000001", true, true, "IP:10.0.0.1"},
    {"Ip16", "871020010db8000000000000000000000001", true, true, "IP:2001:db8::1"},
    {"Ip5", "87050a00000100", false, false, ""},
    {"Ip8", "87080a000000ff000000", true, false, "IP:10.0.0.0/8"},
    {"IpOddMask", "87080a000000ff00ff00", true, false, "IP:10.0.0.0/255.0.255.0"},
    {"Directory", "a40e300c310a300806035504030c0161", true, true, "dirName:CN=a"},
    {"DirectoryImplicit", "a40c310a300806035504030c0161", false, false, ""},
    {"DirectoryControl", "a40e300c310a300806035504030c010a", true, false, "dirName:CN=\\0a"},
    {"RegisteredId", "88032a0304", true, true, "RID:1.2.3.4"},
    {"RegisteredIdBad", "880180", false, false, ""},
    {"OtherName", "a00806022a03a0020500", true, false, "otherName:06022a03a0020500"},
    {"OtherNameWithoutValue", "a00406022a03", false, false, ""},
    {"OtherNameTwoValues", "a00a06022a03a00405000500", false, false, ""},
    {"NoSuchChoice", "890161", false, false, ""},
    {"Universal", "0c0161", false, false, ""}};
class GeneralNameParse : public testing::TestWithParam<ParseCase> {};
TEST_P(GeneralNameParse, IsStrictAboutFormAndTellsAboutContent) {
  const auto& c = GetParam();
  const Bytes tlv = from_hex(c.tlv_hex).value();
  der::Reader reader(tlv);
  const auto name = GeneralName::parse(reader);
  ASSERT_EQ(name.has_value(), c.parses);
  if (!name) return;
  EXPECT_EQ(name->check().has_value(), c.checks);
  EXPECT_EQ(name->to_text(), c.text);
  der::Writer writer;
  name->write(writer);
  EXPECT_EQ(to_hex(writer.view()), c.tlv_hex);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_6, GeneralNameParse, testing::ValuesIn(kParsed),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(GeneralNames, AreCounted) {
  const auto names = [](std::size_t count) {
    der::Writer writer;
    writer.sequence([&] {
      for (std::size_t i = 0; i < count; ++i) GeneralName::dns("a.b")->write(writer);
    });
    return std::move(writer).take();
  };
  EXPECT_FALSE(parse_general_names(names(0)));
  EXPECT_TRUE(parse_general_names(names(1)));
  EXPECT_EQ(parse_general_names(names(kMaxGeneralNames))->size(), kMaxGeneralNames);
  EXPECT_EQ(parse_general_names(names(kMaxGeneralNames + 1)).error().code, Errc::too_large);
}

}  // namespace general_name_test
}  // namespace certwright::x509
