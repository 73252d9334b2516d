#include "bytes/bytes.h"

#include <gtest/gtest.h>

#include "bytes/secret_bytes.h"

namespace certwright {
namespace {

struct Base64Case { const char* name; std::string_view raw, standard, url; };
constexpr Base64Case kRfc4648Section10[] = {
    {"Empty", "", "", ""}, {"F", "f", "Zg==", "Zg"}, {"Fo", "fo", "Zm8=", "Zm8"},
    {"Foo", "foo", "Zm9v", "Zm9v"}, {"Foobar", "foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"LastLetters", "\xfb\xff\xfe", "+//+", "-__-"}};

class Base64 : public testing::TestWithParam<Base64Case> {};
TEST_P(Base64, RoundTrips) {
  const auto& c = GetParam();
  EXPECT_EQ(to_base64(as_bytes(c.raw)), c.standard);
  EXPECT_EQ(to_base64url(as_bytes(c.raw)), c.url);
  EXPECT_EQ(as_text(from_base64(c.standard).value()), c.raw);
  EXPECT_EQ(as_text(from_base64url(c.url).value()), c.raw);
}
INSTANTIATE_TEST_SUITE_P(Rfc4648Section10, Base64, testing::ValuesIn(kRfc4648Section10),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Base64Strict, RefusesWhatIsNotCanonical) {
  for (const char* bad : {"Zg", "Zg=", "Zh==", "Zm9v\n", "Z===", "=", "Zg==Zg==", "Zm-v"})
    EXPECT_FALSE(from_base64(bad)) << bad;
  for (const char* bad : {"Zg==", "Zh", "Z", "Zm+v"}) EXPECT_FALSE(from_base64url(bad)) << bad;
}

TEST(Hex, RefusesOddAndForeign) {
  EXPECT_EQ(to_hex(from_hex("00fFAb").value()), "00ffab");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(SecretBytes, AMovedFromSecretIsEmpty) {
  SecretBytes a = SecretBytes::copy_of(as_bytes("secret"));
  SecretBytes b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is the guarantee
  EXPECT_EQ(as_text(b.reveal()), "secret");
}

TEST(EqualConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
}

}  // namespace
}  // namespace certwright
