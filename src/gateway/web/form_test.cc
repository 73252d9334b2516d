#include "gateway/web/form.h"

#include <gtest/gtest.h>

#include "gateway/web/cookie.h"

namespace certwright::gateway::web {
namespace {

constexpr std::string_view kUrlencoded = "application/x-www-form-urlencoded";

TEST(Form, ReadsUrlencoded) {
  const auto form = Form::parse(kUrlencoded, "a=1&b=x+y%2Bz&csr=-----BEGIN%0D%0AMII&empty=&alone&&a=2").value();
  EXPECT_EQ(form.value("b").value(), "x y+z");
  EXPECT_EQ(form.value("csr").value(), "-----BEGIN\r\nMII");
  EXPECT_EQ(form.value("empty").value(), "");
  EXPECT_EQ(form.value("alone").value(), "");
  EXPECT_EQ(form.value("missing").value(), std::nullopt);
  EXPECT_EQ(form.values("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(form.values("missing").empty());
  const auto twice = form.value("a");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Errc::bad_encoding);
  EXPECT_EQ(twice.error().field, "a");
}

TEST(Form, RefusesBadUrlencoded) {
  EXPECT_EQ(Form::parse(kUrlencoded, "a=%zz").error().code, Errc::bad_encoding);
  EXPECT_EQ(Form::parse(kUrlencoded, "=x").error().code, Errc::bad_encoding);
  EXPECT_EQ(Form::parse(kUrlencoded, std::string(129, 'a') + "=x").error().code, Errc::too_large);
  std::string many;
  for (int i = 0; i < 64; ++i) many += "a=1&";
  EXPECT_TRUE(Form::parse(kUrlencoded, many));
  EXPECT_EQ(Form::parse(kUrlencoded, many + "a=1").error().code, Errc::too_large);
  EXPECT_TRUE(Form::parse(kUrlencoded, many + "a=1", 65));
  EXPECT_EQ(Form::parse(kUrlencoded, many + "a=1&a=1", 65).error().code, Errc::too_large);
  for (const char* text : {"a=%", "a=%4", "a=1%2", "a=%4g", "%=a"})
    EXPECT_EQ(Form::parse(kUrlencoded, text).error().code, Errc::bad_encoding) << text;
}

TEST(Form, KeepsShortValuesOnTheHeap) {  // what is in a string's own place is copied when it moves
  const auto form = Form::parse(kUrlencoded, "password=tea").value();
  EXPECT_GE(form.fields().front().value.capacity(), 64U);
  EXPECT_GE(form.value("password").value()->capacity(), 64U);
}

TEST(Form, ReadsMultipart) {
  const std::string body =
      "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n"
      "--x\r\ncontent-disposition: form-data; name=\"csr\"; filename=\"a;b.pem\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\nline\r\n--y\r\n\r\n\r\n"
      "--x\r\nContent-Disposition: form-data; filename=\"\"; name=empty\r\n\r\n\r\n--x--\r\n";
  const auto form = Form::parse("Multipart/Form-Data; charset=utf-8; boundary=\"x\"", body).value();
  EXPECT_EQ(form.fields(), (std::vector<Form::Field>{
                               {"csrf", "abc", false}, {"csr", "line\r\n--y\r\n\r\n", true}, {"empty", "", true}}));
}

struct MultipartCase {
  const char* name;
  const char* type;
  const char* body;
};
class BadMultipart : public ::testing::TestWithParam<MultipartCase> {};
TEST_P(BadMultipart, IsRefused) { EXPECT_EQ(Form::parse(GetParam().type, GetParam().body).error().code, Errc::bad_encoding); }
constexpr const char* kType = "multipart/form-data; boundary=x";
INSTANTIATE_TEST_SUITE_P(
    Rfc7578, BadMultipart,
    ::testing::Values(MultipartCase{"NoBoundary", "multipart/form-data", "--x--"},
                      MultipartCase{"EmptyBoundary", "multipart/form-data; boundary=\"\"", "--x--"},
                      MultipartCase{"NotBegun", kType, "abc"}, MultipartCase{"NoLineAfterBoundary", kType, "--xabc"},
                      MultipartCase{"NotEnded", kType, "--x\r\nContent-Disposition: form-data; name=a\r\n\r\nabc"},
                      MultipartCase{"NoHeader", kType, "--x\r\nabc\r\n--x--"},
                      MultipartCase{"NoName", kType, "--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--"},
                      MultipartCase{"Attachment", kType, "--x\r\nContent-Disposition: attachment; name=a\r\n\r\nabc\r\n--x--"},
                      MultipartCase{"OpenQuote", kType, "--x\r\nContent-Disposition: form-data; name=\"a\r\n\r\nabc\r\n--x--"}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(Form, IsNoOtherType) {
  for (const char* type : {"", "text/plain", "application/json", "application/x-www-form-urlencodedx"}) {
    EXPECT_FALSE(Form::is_form(type)) << type;
    EXPECT_EQ(Form::parse(type, "a=b").error().field, "Content-Type") << type;
  }
}

const std::string kId = "0123456789-_abcdefghijklmnopqrstuvwxyzABCDE";

TEST(SessionCookie, IsFoundAmongOthers) {
  EXPECT_EQ(session_cookie({{"Cookie", "__Host-certwright=" + kId}}), kId);
  EXPECT_EQ(session_cookie({{"cookie", "a=b;  __Host-certwright=" + kId + " ;c=d"}}), kId);
  EXPECT_EQ(session_cookie({{"Cookie", "a=b"}, {"Cookie", "__Host-certwright=" + kId}}), kId);
}

TEST(SessionCookie, IsNoOtherText) {
  for (const std::string& value :
       {std::string(), std::string("certwright=") + kId, "__Host-certwright=" + kId + "x",
        "__Host-certwright=" + kId.substr(1), "__Host-certwright=\"" + kId.substr(2) + "\"",
        "x__Host-certwright=" + kId, "__host-certwright=" + kId,
        "__Host-certwright=" + kId + "; __Host-certwright=" + kId, std::string("__Host-certwright")})
    EXPECT_FALSE(session_cookie({{"Cookie", value}})) << value;
}

TEST(SessionCookie, HasEveryProtection) {
  EXPECT_EQ(set_session_cookie(kId), "__Host-certwright=" + kId + "; Path=/; Secure; HttpOnly; SameSite=Lax");
  EXPECT_EQ(clear_session_cookie(), "__Host-certwright=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
}

}  // namespace
}  // namespace certwright::gateway::web
