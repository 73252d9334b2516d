#include "cli/csr_text.h"

#include <gtest/gtest.h>

#include "cli/testing_json.h"

namespace certwright::cli {
namespace {

TEST(CsrOutcomeText, AnIssuedOneHasItsSerialAndNoPem) {
  const auto text = csr_outcome_text(document(R"({"success":true,"message":"The certificate was issued.","request_id":"r1",
      "ignored_extensions":["1.2.3","1.2.4"],"certificate":{"ca_id":"issuing","serial_number":"4711","subject":"CN=a.example",
      "profile":"tls-server","not_before":"2026-11-27T00:00:00Z","not_after":"2027-02-25T00:00:00Z",
      "certificate":"-----BEGIN CERTIFICATE-----\n"}})"));
  EXPECT_TRUE(text.starts_with("The certificate was issued.\nserial_number  4711\nca_id          issuing\n")) << text;
  EXPECT_TRUE(has(text, "not_after      2027-02-25T00:00:00Z\n")) << text;
  EXPECT_TRUE(has(text, "request        r1\n")) << text;
  EXPECT_TRUE(has(text, "Not in the certificate, of the CSR's extensions: 1.2.3, 1.2.4\n")) << text;
  EXPECT_FALSE(has(text, "BEGIN"));
}

TEST(CsrOutcomeText, AWaitingOneSaysHowToLook) {
  const auto text = csr_outcome_text(document(R"({"success":true,"pending":true,"message":"It waits.","request_id":"r1","ignored_extensions":[]})"));
  EXPECT_EQ(text, "It waits.\nRequest r1: certwright request show r1\n"
                  "The same CSR, sent again, is the same request; with --wait the command stays until it is decided.\n");
}

TEST(CsrOutcomeText, OneThatIsOverSaysNothingOfWaiting) {
  const auto text = csr_outcome_text(document(R"({"success":true,"message":"It was denied: no\u001b","request":{"request_id":"r1","state":"denied"}})"));
  EXPECT_EQ(text, "It was denied: no\\x1b\nRequest r1: certwright request show r1\n");
}

constexpr std::string_view kTemplate = R"({"id":"issuing","name":"Issuing","common_name":"Issuing CA","organization":"","country":"",
  "requires_manual_approval":true,"max_validity_days":397,"allowed_key_sizes":[2048],"allowed_extensions":["server_auth","client_auth"],
  "allowed_key_types":["ecdsa-p256","rsa-2048"],"openssl_config":"[req]\nprompt = no\n",
  "openssl_commands":[{"key_type":"ecdsa-p256","command":"openssl req -new -newkey ec -config csr.cnf"}]})";

TEST(CaTemplateText, HasWhatIsAllowedAndTheConfiguration) {
  const auto text = ca_template_text(document(kTemplate), "");
  EXPECT_TRUE(has(text, "approval by people      yes\nvalidity, days at most  397\n")) << text;
  EXPECT_TRUE(has(text, "extensions              server_auth, client_auth\ntypes of keys           ecdsa-p256, rsa-2048\n")) << text;
  EXPECT_TRUE(has(text, "\n[req]\nprompt = no\n")) << text;
  EXPECT_TRUE(has(text, "ecdsa-p256  openssl req -new -newkey ec -config csr.cnf\n")) << text;
  EXPECT_TRUE(has(text, "certwright request submit request.pem --issuer issuing\n")) << text;
}

TEST(CaTemplateText, NamesTheFileThatWasWritten) {
  const auto text = ca_template_text(document(kTemplate), "my own.cnf");
  EXPECT_TRUE(has(text, "Wrote my own.cnf")) << text;
  EXPECT_TRUE(has(text, "-config 'my own.cnf'\n")) << text;
  EXPECT_FALSE(has(text, "prompt = no")) << text;
}

struct CommandCase {
  const char* name;
  const char* file;
  const char* command;
};
constexpr CommandCase kCommands[] = {
    {"None", "", "openssl req -config csr.cnf -nodes"},
    {"Plain", "/tmp/a-1.cnf", "openssl req -config /tmp/a-1.cnf -nodes"},
    {"Space", "a b", "openssl req -config 'a b' -nodes"},
    {"Quote", "a'$(b)", "openssl req -config 'a'\\''$(b)' -nodes"},
};
class CommandWithConfig : public testing::TestWithParam<CommandCase> {};
TEST_P(CommandWithConfig, IsForTheShell) {
  EXPECT_EQ(command_with_config("openssl req -config csr.cnf -nodes", GetParam().file), GetParam().command);
}
INSTANTIATE_TEST_SUITE_P(Files, CommandWithConfig, testing::ValuesIn(kCommands),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(CommandWithConfig, OneWithoutAConfigurationStays) { EXPECT_EQ(command_with_config("openssl req", "a"), "openssl req"); }

struct DaysCase {
  const char* name;
  const char* validity;
  const char* days;
};
constexpr DaysCase kDays[] = {{"Number", "90", "90"}, {"Days", "90d", "90"},  {"Hours", "90h", "90h"}, {"Nothing", "", ""},
                              {"Unit", "d", "d"},     {"Words", "1dd", "1dd"}, {"Negative", "-1d", "-1d"}};
class DaysOf : public testing::TestWithParam<DaysCase> {};
TEST_P(DaysOf, TakesTheUnitAwayAndLeavesWhatIsWrong) { EXPECT_EQ(days_of(GetParam().validity), GetParam().days); }
INSTANTIATE_TEST_SUITE_P(Validities, DaysOf, testing::ValuesIn(kDays), [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace certwright::cli
