#include "gateway/certs/request_body.h"

#include <gtest/gtest.h>

namespace certwright::gateway::certs {
namespace {

Result<IssueBody> read(std::string_view text) {
  const auto document = json::parse(text);
  EXPECT_TRUE(document.has_value()) << text;
  return read_issue_body(*document, "entity-1");
}

struct IssueCase {
  const char* name;
  const char* body;
  std::optional<Errc> error;
  const char* field = "";
};

constexpr IssueCase kIssueCases[] = {
    {"Empty", R"({})", {}},
    {"EmptyAddresses", R"({"ip_addresses":[]})", {}},
    {"NullAddresses", R"({"ip_addresses":null})", {}},
    {"Address", R"({"ip_addresses":["192.168.100.4","2001:db8::1"]})", {}},
    {"AllOptions",
     R"({"options":{"organization":["O"],"organizational_unit":["A","B"],"country":["DE"],)"
     R"("province":["P"],"locality":["L"],"street_address":["S"],"postal_code":["1"],)"
     R"("dns_names":["a.example"],"ip_addresses":["10.0.0.1"],"common_name":"cn"}})",
     {}},
    {"NoObject", R"([])", Errc::invalid},
    {"AddressesAsText", R"({"ip_addresses":"192.168.100.4"})", Errc::invalid, "ip_addresses"},
    {"AddressIsNumber", R"({"ip_addresses":[1]})", Errc::invalid, "ip_addresses[0]"},
    {"HostNameAsAddress", R"({"ip_addresses":["a.example"]})", Errc::invalid, "ip_addresses[0]"},
    {"SecondAddressIsBad", R"({"ip_addresses":["10.0.0.1","10.0.0.256"]})", Errc::invalid,
     "ip_addresses[1]"},
    {"LeadingZeroAddress", R"({"ip_addresses":["10.0.0.01"]})", Errc::invalid, "ip_addresses[0]"},
    {"AddressWithPort", R"({"ip_addresses":["10.0.0.1:80"]})", Errc::invalid, "ip_addresses[0]"},
    {"AddressAsDnsName", R"({"dns_names":["10.0.0.1"]})", Errc::invalid, "dns_names[0]"},
    {"NulInName", R"({"dns_names":["a.example\u0000.evil"]})", Errc::invalid, "dns_names[0]"},
    {"UnknownMember", R"({"ip_adresses":[]})", Errc::invalid, "ip_adresses"},
    {"UnknownOption", R"({"options":{"is_ca":true}})", Errc::invalid, "options.is_ca"},
    {"Ttl", R"({"ttl":"8760h"})", {}},
    {"TtlZero", R"({"ttl":"0"})", Errc::invalid, "ttl"},
    {"TtlZeroSeconds", R"({"ttl":"0s"})", Errc::invalid, "ttl"},
    {"TtlNegative", R"({"ttl":"-1h"})", Errc::invalid, "ttl"},
    {"TtlOverflow", R"({"ttl":"9223372036854775807h"})", Errc::invalid, "ttl"},
    {"TtlWithoutUnit", R"({"ttl":"100"})", Errc::invalid, "ttl"},
    {"TtlEmpty", R"({"ttl":""})", Errc::invalid, "ttl"},
    {"TtlNumber", R"({"ttl":3600})", Errc::invalid, "ttl"},
    {"EmptyProfile", R"({"profile":""})", Errc::invalid, "profile"},
};

class IssueBodyTest : public ::testing::TestWithParam<IssueCase> {};

TEST_P(IssueBodyTest, IsReadOrRefusedWithItsField) {
  const auto body = read(GetParam().body);
  ASSERT_EQ(body.has_value(), !GetParam().error.has_value())
      << (body ? "accepted" : body.error().detail);
  if (body) return;
  EXPECT_EQ(body.error().code, *GetParam().error);
  EXPECT_EQ(body.error().field, GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(Bodies, IssueBodyTest, ::testing::ValuesIn(kIssueCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(IssueBody, CommonNameIsTheEntityUnlessGiven) {
  EXPECT_EQ(read("{}")->subject.back().value, "entity-1");
  EXPECT_EQ(read(R"({"options":{"common_name":"x"}})")->subject.back().value, "x");
  EXPECT_EQ(read(R"({"options":{"common_name":""}})")->subject.back().value, "entity-1");
}

TEST(IssueBody, NamesOfBothPlacesAreMergedOnce) {
  const auto body =
      read(R"({"ip_addresses":["10.0.0.1"],"options":{"ip_addresses":["10.0.0.1","10.0.0.2"]}})");
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(body->names.size(), 2u);
}

// Defect 15: addresses as dNSName.
TEST(IssueBody, AddressesAreIpAddressNames) {
  const auto body = read(R"({"ip_addresses":["10.0.0.1","::1"]})");
  ASSERT_EQ(body->names.size(), 2u);
  for (const auto& name : body->names) EXPECT_EQ(name.kind(), x509::GeneralName::Kind::ip);
}

TEST(IssueBody, TooManyNames) {
  std::string text = R"({"dns_names":[)";
  for (int i = 0; i < 1'001; ++i) text += (i == 0 ? "\"a.example\"" : ",\"a.example\"");
  EXPECT_EQ(read(text + "]}").error().code, Errc::too_large);
}

struct TimeCase {
  const char* name;
  const char* text;
  std::optional<std::int64_t> us;
};

class TimeText : public ::testing::TestWithParam<TimeCase> {};

TEST_P(TimeText, IsRfc3339) {
  const auto time = read_time("t", GetParam().text);
  ASSERT_EQ(time.has_value(), GetParam().us.has_value()) << GetParam().text;
  if (time) {
    EXPECT_EQ(to_unix_us(*time), *GetParam().us);
  } else {
    EXPECT_EQ(time.error().code, Errc::bad_encoding);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rfc3339Section5_6, TimeText,
    ::testing::Values(TimeCase{"Plain", "1970-01-01T00:00:01Z", 1'000'000},
                      TimeCase{"Micros", "2024-05-03T13:33:29.405109Z", 1'714'743'209'405'109},
                      TimeCase{"Nanos", "1970-01-01T00:00:00.123456789Z", 123'456},
                      TimeCase{"Tenth", "1970-01-01T00:00:00.1Z", 100'000},
                      TimeCase{"East", "1970-01-01T02:00:00+02:00", 0},
                      TimeCase{"EastUnencoded", "1970-01-01T02:00:00 02:00", 0},
                      TimeCase{"West", "1969-12-31T23:30:00-00:30", 0},
                      TimeCase{"LeapDay", "2024-02-29T00:00:00Z", 1'709'164'800'000'000},
                      TimeCase{"NoLeapDay", "2023-02-29T00:00:00Z", {}},
                      TimeCase{"Hour24", "2023-02-28T24:00:00Z", {}},
                      TimeCase{"NoZone", "2023-02-28T00:00:00", {}},
                      TimeCase{"EmptyFraction", "2023-02-28T00:00:00.Z", {}},
                      TimeCase{"DateOnly", "2023-02-28", {}}, TimeCase{"Empty", "", {}},
                      TimeCase{"Trailing", "2023-02-28T00:00:00Zx", {}},
                      TimeCase{"BadOffset", "2023-02-28T00:00:00+0200", {}}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(RevocationBody, NamesAreTheStandards) {
  const auto read_reason = [](std::string_view text) {
    return read_revocation_body(*json::parse(text));
  };
  EXPECT_EQ(*read_reason("{}"), x509::RevocationReason::unspecified);
  EXPECT_EQ(*read_reason(R"({"reason":"keyCompromise"})"), x509::RevocationReason::key_compromise);
  EXPECT_EQ(read_reason(R"({"reason":"removeFromCRL"})").error().field, "reason");
  EXPECT_EQ(read_reason(R"({"reason":"because"})").error().code, Errc::invalid);
  EXPECT_EQ(read_reason(R"({"reason":1})").error().code, Errc::invalid);
}

}  // namespace
}  // namespace certwright::gateway::certs
