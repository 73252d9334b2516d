#include "profile/name_rule.h"

#include <gtest/gtest.h>

#include "profile/testing.h"

namespace certwright::profile {
namespace {

using testing::must;
using x509::GeneralName;

struct PatternCase {
  const char* name;
  std::string_view pattern, text;
  bool matches, meets;
};

class Pattern : public ::testing::TestWithParam<PatternCase> {};

TEST_P(Pattern, Matches) {
  const auto& row = GetParam();
  EXPECT_EQ(pattern_matches(row.pattern, row.text), row.matches);
  EXPECT_EQ(pattern_meets(row.pattern, row.text), row.meets);
}

const PatternCase kPatternCases[] = {
    {"Exact", "a.example", "a.example", true, true},
    {"OtherCase", "a.EXAMPLE", "A.example", true, true},
    {"Longer", "a.example", "a.example.com", false, false},
    {"Shorter", "a.example", "a.exampl", false, false},
    {"Empty", "", "a", false, false},
    {"StarOne", "*.example", "a.example", true, true},
    {"StarDeep", "*.example", "a.b.example", true, true},
    {"StarNeedsACharacter", "*.example", ".example", false, false},
    {"StarNotTheBase", "*.example", "example", false, false},
    {"StarInside", "web-*.example", "web-17.example", true, true},
    {"StarInsideEmpty", "web-*.example", "web-.example", false, false},
    {"StarAtEnd", "spiffe://a/*", "spiffe://a/b/c", true, true},
    {"TwoStars", "*.a.*", "x.a.y", true, true},
    {"TwoStarsBacktrack", "*ab*", "aabb", true, true},
    {"TwoStarsNothingAfter", "*ab*", "xxab", false, false},
    {"AdjacentStars", "**", "x", false, false},
    {"AdjacentStarsTwo", "**", "xy", true, true},
    {"DoesNotMatchPlus", "a+b", "a+b", true, true},
    {"WildcardUnderStar", "*.example.com", "*.example.com", true, true},
    {"WildcardIsNoLetter", "a.example.com", "*.example.com", false, true},
    {"WildcardStandsForOneLabel", "a.b.example.com", "*.example.com", false, false},
    {"WildcardMeetsPart", "secret-*.example.com", "*.example.com", false, true},
    {"WildcardOfOtherBase", "secret.example.com", "*.example.org", false, false},
    {"WildcardMeetsStarOverTheDot", "x*y.com", "*.y.com", false, true},
    {"WildcardMeetsStarOverDots", "x*.com", "*.example.com", false, true},
};
INSTANTIATE_TEST_SUITE_P(NameRules, Pattern, ::testing::ValuesIn(kPatternCases),
                         [](const auto& c) { return std::string(c.param.name); });

struct PrefixCase {
  const char* name;
  std::string_view prefix, address;
  bool matches;
};
class Prefix : public ::testing::TestWithParam<PrefixCase> {};

TEST_P(Prefix, Matches) {
  const auto& row = GetParam();
  EXPECT_EQ(prefix_matches(row.prefix, must(x509::parse_ip_address(row.address))), row.matches);
}

const PrefixCase kPrefixCases[] = {
    {"Inside", "10.0.0.0/8", "10.255.255.255", true},
    {"Below", "10.0.0.0/8", "9.255.255.255", false},
    {"Above", "10.0.0.0/8", "11.0.0.0", false},
    {"Exact", "10.1.2.3", "10.1.2.3", true},
    {"NotExact", "10.1.2.3", "10.1.2.4", false},
    {"V6", "2001:db8::/32", "2001:db8:ffff::1", true},
    {"V6Outside", "2001:db8::/32", "2001:db9::", false},
    {"OtherFamily", "10.0.0.0/8", "::a00:1", false},
    {"MappedIsTheAddress", "10.0.0.0/8", "::ffff:10.0.0.1", true},
    {"NotAPrefix", "example", "10.0.0.1", false},
};
INSTANTIATE_TEST_SUITE_P(NameRules, Prefix, ::testing::ValuesIn(kPrefixCases),
                         [](const auto& c) { return std::string(c.param.name); });

struct NameCase {
  const char* name;
  const char* kind;
  std::string_view text;
  std::optional<Errc> error;
};

GeneralName parsed_name(std::uint8_t kind, std::string_view text) {
  der::Writer writer;
  writer.primitive(der::context(kind), as_bytes(text));
  const Bytes tlv = std::move(writer).take();
  der::Reader reader(tlv);
  return must(GeneralName::parse(reader));
}

GeneralName name_of(const NameCase& row) {
  const std::string_view kind = row.kind;
  if (kind == "dns") return parsed_name(2, row.text);
  if (kind == "email") return parsed_name(1, row.text);
  if (kind == "uri") return parsed_name(6, row.text);
  if (kind == "rid") return GeneralName::registered_id(must(der::Oid::from_text(row.text)));
  if (kind == "dir") return GeneralName::directory_name(must(x509::Name::from_text(row.text)));
  return must(GeneralName::ip(row.text));
}

Profile patterned() {
  Profile profile;
  profile.name = "patterned";
  profile.dns = {true, {"*.example.com", "example.com"}, {"secret.example.com", "*.dark.example.com"}};
  profile.dns_wildcards = true;
  profile.ip = {true, {"10.0.0.0/8"}, {"10.66.0.0/16"}};
  profile.email = {true, {"*@example.com"}, {"root@*"}};
  profile.uri = {true, {"spiffe://Td/app/*"}, {"spiffe://td/app/admin"}};
  return profile;
}

class CheckName : public ::testing::TestWithParam<NameCase> {};

TEST_P(CheckName, ByPatterns) {
  const auto checked = check_name(patterned(), name_of(GetParam()));
  if (GetParam().error) {
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, *GetParam().error) << checked.error().detail;
  } else {
    EXPECT_TRUE(checked) << checked.error().detail;
  }
}

const NameCase kNameCases[] = {
    {"Allowed", "dns", "a.example.com", {}},
    {"AllowedBase", "dns", "EXAMPLE.com", {}},
    {"NotAllowed", "dns", "example.org", Errc::policy},
    {"Denied", "dns", "Secret.example.com", Errc::policy},
    {"DeniedBelow", "dns", "x.dark.example.com", Errc::policy},
    {"WildcardAroundTheDeny", "dns", "*.example.com", Errc::policy},
    {"WildcardBesideTheDeny", "dns", "*.light.example.com", {}},
    {"AddressAsDns", "dns", "10.0.0.1", Errc::invalid},
    {"Ipv6AsDns", "dns", "::1", Errc::invalid},
    {"Underscore", "dns", "a_b.example.com", Errc::invalid},
    {"Space", "dns", "a b.example.com", Errc::invalid},
    {"Nul", "dns", std::string_view("a\0.example.com", 14), Errc::invalid},
    {"TrailingDot", "dns", "a.example.com.", Errc::invalid},
    {"EmptyDns", "dns", "", Errc::invalid},
    {"Alabel", "dns", "xn--bcher-kva.example.com", {}},
    {"WildcardInside", "dns", "a.*.example.com", Errc::invalid},
    {"WildcardPart", "dns", "a*.example.com", Errc::invalid},
    {"Ip", "ip", "10.1.2.3", {}},
    {"IpDenied", "ip", "10.66.0.1", Errc::policy},
    {"IpOutside", "ip", "192.168.0.1", Errc::policy},
    {"IpMappedDenied", "ip", "::ffff:10.66.0.1", Errc::policy},
    {"Email", "email", "alice@example.com", {}},
    {"EmailHost", "email", "alice@example.org", Errc::policy},
    {"EmailDenied", "email", "Root@example.com", Errc::policy},
    {"EmailForm", "email", "alice", Errc::invalid},
    {"Uri", "uri", "spiffe://td/app/web", {}},
    {"UriHostCase", "uri", "spiffe://TD/app/web", {}},
    {"UriPathCaseCounts", "uri", "spiffe://td/App/web", Errc::policy},
    {"UriDenyIgnoresCase", "uri", "spiffe://td/app/Admin", Errc::policy},
    {"UriDots", "uri", "spiffe://td/app/../bank/web", Errc::policy},
    {"UriDotsEscaped", "uri", "spiffe://td/app/%2E%2e/bank/web", Errc::policy},
    {"UriDotsAroundTheDeny", "uri", "spiffe://td/app/./admin", Errc::policy},
    {"UriDotsInAName", "uri", "spiffe://td/app/..web", {}},
    {"UriForm", "uri", "/relative", Errc::invalid},
    {"RegisteredId", "rid", "1.2.3", Errc::policy},
    {"DirectoryName", "dir", "CN=x", Errc::policy},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_6, CheckName, ::testing::ValuesIn(kNameCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(CheckName, WithoutPatternsAUriMayHaveDots) {
  Profile profile;
  profile.uri.permitted = true;
  EXPECT_TRUE(check_name(profile, parsed_name(6, "https://a.example/../b")));
  profile.uri.deny = {"spiffe://td/*"};
  EXPECT_FALSE(check_name(profile, parsed_name(6, "https://a.example/../b")));
}

// RFC 3986: a pattern for one part is not met by text of another.
struct UriCase {
  const char* name;
  std::string_view pattern, uri;
  bool matches;
};
class UriPattern : public ::testing::TestWithParam<UriCase> {};

TEST_P(UriPattern, IsMatchedPartByPart) {
  EXPECT_EQ(name_matches(GetParam().pattern, parsed_name(6, GetParam().uri)), GetParam().matches);
}

const UriCase kUriCases[] = {
    {"Host", "https://*.acme.example/*", "https://www.acme.example/a/b", true},
    {"HostInAnyCase", "https://*.ACME.example/*", "HTTPS://www.acme.Example/a", true},
    {"PathAsWritten", "https://a.example/Web", "https://a.example/web", false},
    {"HostInPath", "https://*.acme.example/*", "https://evil.example/x.acme.example/y", false},
    {"HostInQuery", "https://*.acme.example/*", "https://evil.example?x.acme.example/y", false},
    {"HostInFragment", "https://*.acme.example/*", "https://evil.example#x.acme.example/y", false},
    {"HostInUserinfo", "https://acme*.example/*", "https://acme@evil.example/", false},
    {"Userinfo", "https://*.acme.example/*", "https://a@b.acme.example/y", false},
    {"Port", "https://*.acme.example/*", "https://www.acme.example:8443/y", false},
    {"PortAsWritten", "https://*.acme.example:8443/*", "https://www.acme.example:8443/y", true},
    {"EscapeInHost", "https://*.acme.example/*", "https://evil.example%2f.acme.example/y", false},
    {"StarOverTheFirstSlash", "spiffe://acme*", "spiffe://acme/web", false},
    {"PathWithoutAuthority", "urn:*", "urn:/a", true},
    {"AllHosts", "https://*", "https://a.example", true},
    {"AllHostsNotTheirPaths", "https://*", "https://a.example/b", false},
    {"AnotherScheme", "*://acme/*", "spiffe://acme/web", true},
    {"SchemeNotFurther", "*//acme/web", "spiffe://evil//acme/web", false},
    {"TwoStars", "https://*.acme.example/*/public", "https://www.acme.example/a/public", true},
    {"TwoStarsHostInPath", "https://*.acme.example/*/public", "https://evil.example/x.acme.example/a/public", false},
    {"PathInQuery", "https://a.example/*/public", "https://a.example/secret?x=/public", false},
    {"PathInFragment", "https://a.example/*/public", "https://a.example/secret#x/public", false},
    {"QueryAsWritten", "https://a.example/x?*", "https://a.example/x?y=1", true},
    {"SpiffePath", "spiffe://acme/*", "spiffe://acme/ns/web", true},
    {"SpiffeDots", "spiffe://acme/*", "spiffe://acme/../bank/web", false},
    {"SpiffeDotsAtTheEnd", "spiffe://acme/*", "spiffe://acme/web/..", false},
    {"SpiffeOneDot", "spiffe://acme/*", "spiffe://acme/./web", false},
    {"SpiffeDotsEscaped", "spiffe://acme/*", "spiffe://acme/%2e%2E/bank/web", false},
    {"SpiffeDotsHalfEscaped", "spiffe://acme/*", "spiffe://acme/.%2e/bank/web", false},
    {"SpiffeSlashEscaped", "spiffe://acme/*", "spiffe://acme/..%2fbank", false},
    {"SpiffeNoDots", "spiffe://acme/*", "spiffe://acme/...", true},
    {"NoAuthority", "urn:acme:*", "urn:acme:a:b", true},
    {"NoAuthorityOther", "urn:acme:*", "urn:bank:a", false},
    {"Every", "*", "https://a.example/b?c#d", true},
    {"EveryNoDots", "*", "https://a.example/../b", false},
};
INSTANTIATE_TEST_SUITE_P(Rfc3986Section3, UriPattern, ::testing::ValuesIn(kUriCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(CheckName, SaysWhereAnAddressBelongs) {
  Profile profile;
  profile.dns.permitted = true;
  const auto checked = check_name(profile, parsed_name(2, "10.0.0.1"));
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("iPAddress"), std::string::npos) << checked.error().detail;
}

TEST(CheckName, PermitsNothingByDefault) {
  const Profile profile;
  for (const NameCase& row : kNameCases) {
    const auto checked = check_name(profile, name_of(row));
    ASSERT_FALSE(checked) << row.name;
    EXPECT_EQ(checked.error().code, Errc::policy) << row.name;
  }
}

TEST(CheckName, RefusesWildcardsUnlessAllowed) {
  Profile profile = patterned();
  profile.dns_wildcards = false;
  const auto checked = check_name(profile, parsed_name(2, "*.light.example.com"));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::policy);
  EXPECT_NE(checked.error().detail.find("wildcard"), std::string::npos);
}

}  // namespace
}  // namespace certwright::profile
