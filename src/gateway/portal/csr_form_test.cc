#include "gateway/portal/csr_form.h"

#include <gtest/gtest.h>

#include "gateway/certs/testing_world.h"
#include "http/testing_memory.h"
#include "json/writer.h"

namespace certwright::gateway::portal {
namespace {

using certs::testing::must;
using certs::testing::World;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kUrlencoded = "application/x-www-form-urlencoded";

Result<CsrForm> read(std::string_view type, std::string_view text, Needs needs = Needs::nothing) {
  Bytes body = to_bytes(as_bytes(text));
  auto form = read_csr_form(type, body, needs);
  EXPECT_TRUE(body.empty()) << "it may have held a password";
  return form;
}
std::string outcome(const Result<CsrForm>& form) {
  if (form) return "ok";
  return std::string(name_of(form.error().code)) + " " + form.error().field;
}

TEST(CsrForm, TheThreeFormsSayTheSame) {
  const std::string pem = World::csr_pem(must(x509::Name::from_text("CN=a.example")));
  json::Writer w;
  w.begin_object().member("csr_data", pem).member("common_name", "a.example").member("validity_days", 90);
  w.member("ca_id", "issuing").member("tenant_id", "acme").member("purpose_category", "web");
  w.member("approval_password", "correct horse").key("requested_extensions").begin_array();
  w.value("server_auth").value("client_auth").value("server_auth").end_array().end_object();
  const std::string form = "csr_data=" + http::percent_encode(pem) +
                           "&common_name=a.example&validity_days=90&ca_id=issuing&tenant_id=acme&purpose_category=web"
                           "&approval_password=correct+horse&requested_extensions=server_auth&client_auth=on&code_signing=0";
  std::string multipart;
  const auto part = [&](const std::string& name, const std::string& value) {
    multipart += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
  };
  part("common_name", "a.example");
  part("validity_days", "90");
  part("ca_id", "issuing");
  part("tenant_id", "acme");
  part("purpose_category", "web");
  part("approval_password", "correct horse");
  part("requested_extensions[]", "server_auth");
  part("requested_extensions[]", "client_auth");
  part("csr_data", "");  // the page's text area was left empty
  multipart += "--b\r\nContent-Disposition: form-data; name=\"csr_data\"; filename=\"a.pem\"\r\n"
               "Content-Type: application/octet-stream\r\n\r\n" + pem + "\r\n--b--\r\n";
  const std::pair<std::string, std::string> kForms[] = {{"application/json; charset=utf-8", w.text()},
                                                        {std::string(kUrlencoded), form},
                                                        {"multipart/form-data; boundary=b", multipart}};
  for (const auto& [type, body] : kForms) {
    const auto read_form = read(type, body, Needs::csr);
    ASSERT_TRUE(read_form) << type << ": " << read_form.error().detail;
    EXPECT_EQ(read_form->common_name, "a.example");
    EXPECT_EQ(read_form->validity_days, 90);
    EXPECT_EQ(read_form->ca_id, "issuing");
    EXPECT_EQ(read_form->tenant_id, "acme");
    EXPECT_EQ(read_form->purpose_category, "web");
    EXPECT_EQ(as_text(read_form->approval_password.reveal()), "correct horse");
    EXPECT_EQ(read_form->extensions, (std::vector<std::string>{"server_auth", "client_auth"})) << type;
    EXPECT_EQ(must(common_name_of(*read_form->csr)), "a.example");
  }
}

TEST(CsrForm, RefusesWithTheField) {
  EXPECT_EQ(outcome(read("text/plain", "")), "invalid Content-Type");
  EXPECT_EQ(outcome(read("", "")), "invalid Content-Type");
  EXPECT_EQ(outcome(read(kJson, "[]")).substr(0, 7), "invalid");
  EXPECT_EQ(outcome(read(kJson, "{")).substr(0, 12), "bad_encoding");
  EXPECT_EQ(outcome(read(kJson, R"({"csr": ""})")), "invalid csr");
  EXPECT_EQ(outcome(read(kJson, "{}", Needs::csr)), "invalid csr_data");
  EXPECT_EQ(outcome(read(kJson, R"({"csr_data": "x"})")), "bad_encoding csr_data");
  EXPECT_EQ(outcome(read(kJson, R"({"validity_days": 0})")), "invalid validity_days");
  EXPECT_EQ(outcome(read(kJson, R"({"validity_days": "12"})")), "ok");
  EXPECT_EQ(outcome(read(kJson, R"({"validity_days": "1x"})")), "invalid validity_days");
  EXPECT_EQ(outcome(read(kJson, R"({"requested_extensions": ["ca"]})")), "invalid requested_extensions");
  EXPECT_EQ(outcome(read(kJson, R"({"common_name": "a\nb"})")), "invalid common_name");
  EXPECT_EQ(outcome(read(kJson, R"({"ca_id": ")" + std::string(64, 'x') + "\"}")), "too_large ca_id");
  EXPECT_EQ(outcome(read(kUrlencoded, "common_name=a&common_name=b")), "bad_encoding common_name");
  EXPECT_EQ(outcome(read(kUrlencoded, "x=1")), "invalid x");
  EXPECT_EQ(outcome(read(kUrlencoded, "validity_days=-1")), "invalid validity_days");
  EXPECT_EQ(outcome(read(kUrlencoded, "server_auth=maybe")), "invalid server_auth");
  EXPECT_EQ(outcome(read(kUrlencoded, "tenant_id=a%00b")), "invalid tenant_id");
  EXPECT_EQ(outcome(read(kUrlencoded, "approval_password=" + std::string(257, 'x'))), "too_large approval_password");
}

// The JSON parser works on its stack, and what it leaves there the next calls overwrite. Here this is the next.
[[gnu::noinline]] void use_the_stack() {
  volatile char deep[64 * 1024];
  for (volatile char& octet : deep) octet = 0;
}

// Read, refused for what comes after it, or refused itself: no copy of the password is left.
TEST(CsrForm, LeavesNoPasswordInMemory) {
  if (!http::memory_can_be_searched()) GTEST_SKIP() << "a sanitizer keeps copies";
  constexpr std::size_t kOctets = 200;
  const auto body_with_password = [](std::string_view before, std::size_t octets, std::string_view after) {
    Bytes body;
    body.reserve(1024);  // or growing leaves copies
    for (const char c : before) body.push_back(static_cast<std::uint8_t>(c));
    for (std::size_t i = 0; i < octets; ++i) body.push_back(static_cast<std::uint8_t>(http::secret_octet(i)));
    for (const char c : after) body.push_back(static_cast<std::uint8_t>(c));
    return body;
  };
  struct Case { std::string_view type, before, after, outcome; std::size_t octets = kOctets; };
  const std::string_view json = R"({"approval_password":")";
  for (const Case& c : {Case{kJson, json, R"("})", "ok"}, Case{kJson, json, R"(","unknown":1})", "invalid unknown"},
                        Case{kJson, json, R"("})", "too_large approval_password", 300},
                        Case{kJson, json, R"(","requested_extensions":["ca"]})", "invalid requested_extensions"},
                        Case{kUrlencoded, "approval_password=", "", "ok"},
                        Case{kUrlencoded, "approval_password=", "&x=1", "invalid x"}}) {
    ++http::which_secret;
    Bytes body = body_with_password(c.before, c.octets, c.after);
    EXPECT_TRUE(http::is_in_memory());
    EXPECT_EQ(outcome(read_csr_form(c.type, body, Needs::nothing)), c.outcome);
    use_the_stack();
    EXPECT_FALSE(http::is_in_memory()) << c.type << " " << c.outcome;
  }
  // The page's form.
  const std::vector<web::Form::Field> good = {{"common_name", "a.example"}}, bad = {{"x", "1"}};
  for (const auto& fields : {good, bad}) {
    ++http::which_secret;
    SecretBytes password(kOctets);
    for (std::size_t i = 0; i < kOctets; ++i) password.writable()[i] = static_cast<std::uint8_t>(http::secret_octet(i));
    EXPECT_TRUE(http::is_in_memory());
    EXPECT_EQ(outcome(read_csr_fields(fields, std::move(password), Needs::nothing)), fields == good ? "ok" : "invalid x");
    EXPECT_FALSE(http::is_in_memory());
  }
}

TEST(CsrForm, OneCommonName) {
  const auto of = [](std::string_view subject) {
    return common_name_of(must(pkcs10::parse_pem_or_der(as_bytes(World::csr_pem(must(x509::Name::from_text(subject)))))));
  };
  EXPECT_EQ(must(of("CN=a,O=b")), "a");
  EXPECT_EQ(of("O=b").error().field, "csr_data");
  EXPECT_EQ(of("CN=a,CN=b").error().field, "csr_data");
}

}  // namespace
}  // namespace certwright::gateway::portal
