#include "ca/ca_policy.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(parse_ca_policy(write_ca_policy(policy)).value(), policy);
}

TEST(CaPolicy, AnEmptyDocumentIsTheDefault) { EXPECT_EQ(parse_ca_policy("{}").value(), CaPolicy{}); }

struct Refused { const char* name; const char* document; const char* field; };
constexpr Refused kRefused[] = {
    {"UnknownMember", R"({"crl_shard": 2})", "crl_shard"},
    {"NoShard", R"({"crl_shards": 0})", "crl_shards"},
    {"TooManyShards", R"({"crl_shards": 1025})", "crl_shards"},
    {"UrlWithSlash", R"({"public_url": "http://a/"})", "public_url"},
    {"UrlOfAnotherScheme", R"({"public_url": "ldap://a"})", "public_url"},
    {"UrlWithSpace", R"({"public_url": "http://a b"})", "public_url"},
    {"RefreshLongerThanPeriod", R"({"crl_period_s": 60, "crl_refresh_s": 61})", "crl_refresh_s"},
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
