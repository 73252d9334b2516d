#include "cli/diagnosis.h"

#include <gtest/gtest.h>

#include "cli/output.h"
#include "cli/testing_json.h"

namespace certwright::cli {
namespace {

constexpr std::int64_t kNow_s = 1'798'761'600;  // 2027-01-01T00:00:00Z

struct Judged {
  const char* name;
  std::string_view answer;
  Verdict verdict;
  std::string_view state, advice;  // parts of them
};
std::string name_of_row(const testing::TestParamInfo<Judged>& info) { return info.param.name; }

void expect(const Findings& findings, const Judged& judged) {
  ASSERT_EQ(findings.rows().size(), 1U);
  const auto& row = findings.rows().front();
  EXPECT_EQ(row.verdict, judged.verdict);
  EXPECT_NE(row.state.find(judged.state), std::string::npos) << row.state;
  EXPECT_NE(row.advice.find(judged.advice), std::string::npos) << row.advice;
  EXPECT_EQ(row.advice.empty(), judged.verdict == Verdict::good) << row.advice;
}

constexpr Judged kCas[] = {
    {"Active", R"({"id":"a","state":"active","revoked":false,"not_after":"2027-04-02T00:00:00Z"})", Verdict::good,
     "active, expires 2027-04-02", ""},
    {"SoonToExpire", R"({"id":"a","state":"active","revoked":false,"not_after":"2027-04-01T00:00:00Z"})",
     Verdict::warning, "expires 2027-04-01", "ca rotate a"},
    {"Expired", R"({"id":"a","state":"active","revoked":false,"not_after":"2027-01-01T00:00:00Z"})", Verdict::bad,
     "expired 2027-01-01", "ca rotate a"},
    {"Revoked", R"({"id":"a","state":"active","revoked":true,"not_after":"2037-01-01T00:00:00Z"})", Verdict::bad,
     "revoked", "ca rotate a"},
};
class JudgeCa : public testing::TestWithParam<Judged> {};
TEST_P(JudgeCa, SaysHowItIs) {
  Findings findings;
  judge_ca(findings, document(GetParam().answer), from_unix_s(kNow_s));
  expect(findings, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Diagnosis, JudgeCa, testing::ValuesIn(kCas), name_of_row);

TEST(JudgeCaPolicy, SaysWhichApprovalRuleDoesNotCount) {
  Findings findings;
  judge_ca(findings, document(R"({"id":"a","state":"active","revoked":false,"not_after":"2037-01-01T00:00:00Z",
      "approval_problem":"approval[0].profiles: profile \"x\" is none of this policy's profiles"})"), from_unix_s(kNow_s));
  ASSERT_EQ(findings.rows().size(), 2U);
  EXPECT_EQ(findings.rows().back().verdict, Verdict::warning);
  EXPECT_NE(findings.rows().back().state.find("approval[0].profiles"), std::string::npos);
}

constexpr Judged kKeks[] = {
    {"Idle", R"({"phase":"idle","source":"passphrase","kept":false,"remaining":0})", Verdict::good, "passphrase", ""},
    {"Kept", R"({"phase":"idle","source":"passphrase","kept":true,"remaining":0})", Verdict::warning,
     "so that the passphrase can be changed", "kek rotate"},
    {"Counting", R"({"phase":"counting","source":"file","kept":false})", Verdict::good, "counting", ""},
    {"Resealing", R"({"phase":"resealing","source":"file","kept":true,"remaining":7})", Verdict::good,
     "resealing: 7 left", ""},
    {"Blocked", R"({"phase":"blocked","source":"file","kept":false,"remaining":1,"problem":"'x' was altered"})",
     Verdict::bad, "'x' was altered", "kek status"},
};
class JudgeKek : public testing::TestWithParam<Judged> {};
TEST_P(JudgeKek, SaysWhatIsInTheWay) {
  Findings findings;
  judge_kek(findings, document(GetParam().answer));
  expect(findings, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Diagnosis, JudgeKek, testing::ValuesIn(kKeks), name_of_row);

TEST(JudgeCertgen, SaysNothingWhereItDoesNotServe) {
  Findings findings;
  judge_certgen(findings, document(R"({"version":"1"})"));
  EXPECT_TRUE(findings.rows().empty());
}

TEST(JudgeCertgen, NamesWhatLosesAnswers) {
  Findings findings;
  judge_certgen(findings, document(R"({"certgen_endpoint":"127.0.0.1:2999","certgen_shed":"1","certgen_kernel_dropped":"2",
      "certgen_failed":"1","certgen_receive_buffer_octets":"212992","certgen_records_failed":"0"})"));
  for (const auto& row : findings.rows())
    EXPECT_EQ(row.verdict, row.what == "its failures"                                           ? Verdict::bad
                           : row.what == "its lost requests" || row.what == "its receive buffer" ? Verdict::warning
                                                                                                 : Verdict::good)
        << row.what << ": " << row.state;
}

TEST(JudgeCertgen, SaysWhyNothingIsIssuedOrRecorded) {
  Findings findings;
  judge_certgen(findings, document(R"({"certgen_endpoint":"127.0.0.1:2999","certgen_receive_buffer_octets":"16777216",
      "certgen_trouble":"no CA has the profile","certgen_record_failure":"the disk is full"})"));
  std::size_t bad = 0;
  for (const auto& row : findings.rows()) {
    if (row.verdict == Verdict::good) continue;
    ++bad;
    EXPECT_EQ(row.state, row.what == "its CA" ? "no CA has the profile" : "the disk is full") << row.what;
    EXPECT_FALSE(row.advice.empty());
  }
  EXPECT_EQ(bad, 2U);
}

constexpr Judged kAdministrators[] = {
    {"All", R"({"administrators":"2","administrators_without_email":""})", Verdict::good, "2, each with", ""},
    {"NotTheFirst", R"({"administrators":"2","administrators_without_email":"p1"})", Verdict::good, "2, of them 1 without an e-mail address: p1", ""},
    {"Nobody", R"({"administrators":"2","administrators_without_email":"p1 p2"})", Verdict::warning, "2 without an e-mail address: p1 p2",
     "certwright user set-email p1 ADDRESS"},
};
class JudgeAdministrators : public testing::TestWithParam<Judged> {};
TEST_P(JudgeAdministrators, SaysWhetherAnybodyHearsOfWhatExpires) {
  Findings findings;
  judge_administrators(findings, document(GetParam().answer));
  expect(findings, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Diagnosis, JudgeAdministrators, testing::ValuesIn(kAdministrators), name_of_row);

TEST(JudgeAdministrators, SaysNothingOfAnOlderServer) {
  Findings findings;
  judge_administrators(findings, document(R"({"version":"1"})"));
  EXPECT_TRUE(findings.rows().empty());
}

TEST(JudgeNotifications, NamesWhatIsLateOrGivenUp) {
  Findings none;
  judge_notifications(none, document(R"({"version":"1"})"));
  EXPECT_TRUE(none.rows().empty());
  Findings well;
  judge_notifications(well, document(R"({"notifications_waiting":"3","notifications_oldest_waiting_s":"3599",
      "notifications_failed":"0","mail":"mail.example:587"})"));
  for (const auto& row : well.rows()) EXPECT_EQ(row.verdict, Verdict::good) << row.what;
  Findings ill;
  judge_notifications(ill, document(R"({"notifications_waiting":"3","notifications_oldest_waiting_s":"3600",
      "notifications_failed":"1","mail":"off"})"));
  ASSERT_EQ(ill.rows().size(), 3U);
  for (const auto& row : ill.rows()) {
    EXPECT_EQ(row.verdict, Verdict::warning) << row.what;
    EXPECT_FALSE(row.advice.empty());
  }
}

}  // namespace
}  // namespace certwright::cli
