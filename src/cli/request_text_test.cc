#include "cli/request_text.h"

#include <gtest/gtest.h>

#include "cli/testing_json.h"

namespace certwright::cli {
namespace {

std::string shown(std::string_view json) { return request_text(document(json)); }

constexpr std::string_view kOpen = R"({"id":"r1","state":"pending","principal":"p1","subject":"CN=a.example",
  "asked":{"subject":"CN=a.example","names":["DNS:a.example","DNS:b.example"],"key_usage":["digitalSignature"],
           "extended_key_usage":["serverAuth","clientAuth"],"extensions":[]},
  "would_be_issued":{"subject":"CN=a.example","names":["DNS:a.example"],"key_usage":["digitalSignature"],
           "extended_key_usage":["serverAuth","clientAuth"],
           "extensions":[{"oid":"2.99999.1.0","critical":false,"size_octets":40,"sha256":"0badcafe","copied":true}]},
  "approvals":[]})";

TEST(RequestText, SaysWhatTheCertificateIsGoodFor) {
  const auto text = shown(kOpen);
  EXPECT_TRUE(has(text, "key_usage           digitalSignature             digitalSignature\n")) << text;
  EXPECT_TRUE(has(text, "extended_key_usage  serverAuth clientAuth        serverAuth clientAuth\n")) << text;
  EXPECT_TRUE(has(text, "names               DNS:a.example DNS:b.example  DNS:a.example          changed\n")) << text;
  EXPECT_FALSE(has(text, "basic_constraints"));
}

// Two accounts may have one name.
TEST(RequestText, HasTheRequestersIdBesideTheName) {
  const auto text = shown(R"({"id":"r1","principal":"p1","principal_name":"Alice"})");
  EXPECT_TRUE(has(text, "principal         p1\nprincipal_name    Alice\n")) << text;
}

TEST(RequestText, ShowsWhatIsCopiedByItsDigest) {
  const auto text = shown(kOpen);
  EXPECT_TRUE(has(text, "EXTENSION    CRITICAL  OCTETS  SHA-256   COPIED FROM THE CSR\n"
                        "2.99999.1.0  no        40      0badcafe  yes\n")) << text;
  EXPECT_FALSE(has(shown(R"({"id":"r1","asked":{},"would_be_issued":{"extensions":[]}})"), "EXTENSION"));
}

TEST(RequestText, SaysThatItIsForACa) {
  EXPECT_TRUE(has(shown(R"({"asked":{},"would_be_issued":{"basic_constraints":{"ca":true,"path_length":0}}})"),
                  "a CA, path length 0"));
  EXPECT_TRUE(has(shown(R"({"asked":{},"would_be_issued":{"basic_constraints":{"ca":true}}})"), "a CA"));
}

TEST(RequestText, ARefusalStandsInItsPlace) {
  const auto text = shown(R"({"asked":{},"would_be_issued":{"refused":"not \u001b[2J now"}})");
  EXPECT_TRUE(has(text, "Would be refused now: not \\x1b[2J now\n")) << text;
  EXPECT_FALSE(has(text, "WOULD BE ISSUED"));
}

TEST(RequestText, SaysWhyAnApprovalDoesNotCount) {
  const auto text = shown(R"({"id":"r1","approvals":[{"principal":"p2","kind":"officer","counts":false,
                              "why_not":"the officer's account is disabled","comment":"fine"}]})");
  EXPECT_TRUE(has(text, "no: the officer's account is disabled  fine\n")) << text;
}

TEST(RequestText, ADecidedOneHasItsCertificate) {
  const auto text = shown(R"({"id":"r1","state":"issued","approvals":[{"principal":"p2","kind":"officer","counts":true}],
                              "certificate":{"serial_number":"4711"}})");
  EXPECT_TRUE(has(text, "p2           officer        yes\n")) << text;
  EXPECT_TRUE(has(text, "Certificate 4711: certwright cert show 4711\n")) << text;
}

}  // namespace
}  // namespace certwright::cli
