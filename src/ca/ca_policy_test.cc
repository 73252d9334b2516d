#include "ca/ca_policy.h"

#include <gtest/gtest.h>

#include "json/value.h"

namespace certwright::ca {
namespace {

TEST(CaPolicy, RoundTrips) {
  CaPolicy policy;
  policy.public_url = "http://pki.example:8080";
  policy.ocsp = false;
  policy.crl_shards = 16;
  policy.crl_period = std::chrono::hours(48);
  policy.crl_refresh = std::chrono::hours(1);
  policy.ocsp_period = std::chrono::minutes(10);
  policy.tenants = {"acme"};
  policy.profiles = {"tls-server", "tls-client"};
  policy.approval = {{.profiles = {"tls-server"},
                      .officers = 2,
                      .officers_of = {"p1", "p2", "p3"},
                      .password = true,
                      .renewals = true,
                      .time_limit = Seconds(3600),
                      .automatic = {{"acme", {"*.acme.example", "acme.example"}, {"10.0.0.0/8"}, {"*@acme.example"}, {"spiffe://acme/*"}}}},
                     {.officers = 1, .installation_officers = true},
                     {.officers = 0}};
  EXPECT_EQ(parse_ca_policy(write_ca_policy(policy)).value(), policy);
}

TEST(CaPolicy, AnEmptyDocumentIsTheDefault) { EXPECT_EQ(parse_ca_policy("{}").value(), CaPolicy{}); }

// As written before there were approval rules, and as it is written still where there is none.
TEST(CaPolicy, WithoutApprovalItsDocumentIsTheOldOne) {
  EXPECT_EQ(write_ca_policy({}).find("approval"), std::string::npos);
}

TEST(CaPolicy, AWholeDocumentNamesWhatMattersMost) {
  const CaPolicy policy{.public_url = "http://pki.example", .tenants = {"acme"}, .profiles = {"tls-server"}, .approval = {}};
  const std::string whole = write_whole_ca_policy(policy);
  EXPECT_EQ(parse_whole_ca_policy(whole).value(), policy);
  for (const std::string member : {"public_url", "tenants", "profiles", "approval"}) {
    auto document = json::parse(whole).value();
    std::erase_if(*document.if_object(), [&](const json::Member& each) { return each.name == member; });
    const auto refused = parse_whole_ca_policy(json::write(document));
    ASSERT_FALSE(refused) << member;
    EXPECT_EQ(refused.error().field, member);
    document.set(member, nullptr);
    EXPECT_EQ(parse_whole_ca_policy(json::write(document)).error().field, member);
  }
}

TEST(CaPolicy, AChangeIsOfWhatItNamesAndOfNothingElse) {
  const CaPolicy policy{.public_url = "http://pki.example", .ocsp = false, .crl_shards = 4, .tenants = {"acme"},
                        .profiles = {"tls-server"}, .approval = {{.officers = 2}}};
  EXPECT_EQ(change_ca_policy(policy, "{}").value(), policy);
  auto changed = policy;
  changed.approval.clear();
  EXPECT_EQ(change_ca_policy(policy, R"({"approval": []})").value(), changed);
  changed = policy;
  changed.tenants = {"globex"};
  changed.crl_shards = 8;
  EXPECT_EQ(change_ca_policy(policy, R"({"crl_shards": 8, "tenants": ["globex"]})").value(), changed);
  for (const char* member : {"approval", "aproval", "tenants", "public_url"})
    EXPECT_EQ(change_ca_policy(policy, R"({")" + std::string(member) + R"(": null})").error().field, member);
  EXPECT_EQ(change_ca_policy(policy, R"({"aproval": []})").error().field, "aproval");
  EXPECT_EQ(change_ca_policy(policy, R"({"crl_refresh_s": 86401})").error().field, "crl_refresh_s");
  EXPECT_EQ(change_ca_policy(policy, "[]").error().code, Errc::invalid);
}

// As the patterns of host names were called first.
TEST(CaPolicy, NamesOfAStandingRuleAreHostNames) {
  const auto policy = parse_ca_policy(R"({"approval": [{"automatic": [{"tenant": "t", "names": ["*.a.example"]}]}]})").value();
  EXPECT_EQ(policy.approval[0].automatic[0].dns, std::vector<std::string>{"*.a.example"});
}

TEST(CaPolicy, AnApprovalRuleWantsOneOfficerForAWeekUnlessItSaysOtherwise) {
  const auto policy = parse_ca_policy(R"({"approval": [{}]})").value();
  ASSERT_EQ(policy.approval.size(), 1U);
  EXPECT_EQ(policy.approval[0], ApprovalRule{});
  EXPECT_EQ(policy.approval[0].officers, 1U);
}

struct Refused { const char* name; const char* document; const char* field; };
constexpr Refused kRefused[] = {
    {"UnknownMember", R"({"crl_shard": 2})", "crl_shard"},
    {"NoShard", R"({"crl_shards": 0})", "crl_shards"},
    {"TooManyShards", R"({"crl_shards": 1025})", "crl_shards"},
    {"UrlWithSlash", R"({"public_url": "http://a/"})", "public_url"},
    {"UrlOfAnotherScheme", R"({"public_url": "ldap://a"})", "public_url"},
    {"UrlWithSpace", R"({"public_url": "http://a b"})", "public_url"},
    {"RefreshLongerThanPeriod", R"({"crl_period_s": 60, "crl_refresh_s": 61})", "crl_refresh_s"},
    {"ApprovalIsNoList", R"({"approval": {}})", "approval"},
    {"TooManyOfficers", R"({"approval": [{"officers": 11}]})", "approval[0].officers"},
    {"MoreOfficersThanThereAre", R"({"approval": [{"officers": 2, "officers_of": ["p1"]}]})",
     "approval[0].officers_of"},
    {"ShortTimeLimit", R"({"approval": [{"time_limit_s": 59}]})", "approval[0].time_limit_s"},
    {"UnknownMemberOfARule", R"({"approval": [{"officer": 1}]})", "approval[0].officer"},
    {"StandingRuleForEverybody", R"({"approval": [{"automatic": [{"tenant": "*", "names": ["a.b"]}]}]})",
     "approval[0].automatic[0].tenant"},
    {"StandingRuleForEveryName", R"({"approval": [{"automatic": [{"tenant": "t", "names": ["*"]}]}]})",
     "approval[0].automatic[0].names"},
    {"StandingRuleForNoName", R"({"approval": [{"automatic": [{"tenant": "t", "names": []}]}]})",
     "approval[0].automatic[0].dns"},
    {"StandingRuleForEveryAddress", R"({"approval": [{"automatic": [{"tenant": "t", "ip": ["0.0.0.0/0"]}]}]})",
     "approval[0].automatic[0].ip"},
    {"StandingRuleForNoAddress", R"({"approval": [{"automatic": [{"tenant": "t", "ip": ["10.*"]}]}]})",
     "approval[0].automatic[0].ip"},
    {"StandingRuleForEveryMailbox", R"({"approval": [{"automatic": [{"tenant": "t", "email": ["*@*"]}]}]})",
     "approval[0].automatic[0].email"},
    {"StandingRuleOfAnotherType", R"({"approval": [{"automatic": [{"tenant": "t", "dns": ["*@a.example"]}]}]})",
     "approval[0].automatic[0].dns"},
    {"AnyProfile", R"({"profiles": ["*"]})", "profiles"},
};
class CaPolicyRefuses : public testing::TestWithParam<Refused> {};
TEST_P(CaPolicyRefuses, WithTheField) {
  const auto result = parse_ca_policy(GetParam().document);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().field, GetParam().field) << result.error().detail;
}
INSTANTIATE_TEST_SUITE_P(Documents, CaPolicyRefuses, testing::ValuesIn(kRefused),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace certwright::ca
