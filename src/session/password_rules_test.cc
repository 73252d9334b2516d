#include "session/password_rules.h"

#include <gtest/gtest.h>

#include "session/unicode.h"

namespace certwright::session {
namespace {

struct PasswordCase {
  const char* name;
  std::string password;
  bool may_be;
};
class NewPassword : public ::testing::TestWithParam<PasswordCase> {};
TEST_P(NewPassword, IsRefusedOrNot) {
  const auto verdict = check_new_password(GetParam().password, "alice.smith@example.org");
  EXPECT_EQ(verdict.has_value(), GetParam().may_be) << (verdict ? "" : verdict.error().detail);
  if (!verdict) {
    EXPECT_EQ(verdict.error().code, Errc::invalid);
    EXPECT_EQ(verdict.error().field, "new_password");
    EXPECT_EQ(verdict.error().detail.find(GetParam().password), std::string::npos) << "it is a secret";
  }
}
std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}
INSTANTIATE_TEST_SUITE_P(
    Sp800_63b, NewPassword,
    ::testing::Values(PasswordCase{"OfWords", "tea kettle on tuesday", true},
                    PasswordCase{"Shortest", "abXcdefghij1", true}, PasswordCase{"OneTooShort", "abXcdefghi1", false},
                    PasswordCase{"Longest", repeated("abcdefg ", 16), true},
                    PasswordCase{"OneTooLong", repeated("abcdefg ", 16) + "x", false},
                    PasswordCase{"CountsCharactersNotOctets", "épée à l'été", true},
                    PasswordCase{"TwelveOctetsAreNotTwelveCharacters", "éééàààùù", false},
                    PasswordCase{"LongestOfFourOctets", repeated("\xf0\x9f\x8d\x8b\xf0\x9f\x8d\x8c\xf0\x9f\x8d\x8d\xf0\x9f\x8d\x8e\xf0\x9f\x8d\x8f\xf0\x9f\x8d\x90\xf0\x9f\x8d\x91\xf0\x9f\x8d\x92", 16), true},
                    PasswordCase{"Decomposed", "e\xcc\x81pee a l'ete", false},
                    PasswordCase{"Ligature", "o\xef\xac\x81" "cial documents", true},
                    PasswordCase{"AngstromSign", "measured in \xe2\x84\xab units", false},
                    PasswordCase{"Overlong", "tea kettle on\xc0\xaftuesday", false},
                    PasswordCase{"Latin1", "tea kettle on \xfctuesday", false},
                    PasswordCase{"Tab", "tea kettle on\ttuesday", false},
                    PasswordCase{"NextLine", "tea kettle on\xc2\x85tuesday", false},
                    PasswordCase{"TheName", "Alice.Smith@example.org", false},
                    PasswordCase{"TheNameAndALittle", "alice.smith@example.org1234", false},
                    PasswordCase{"TheLocalPart", "Alice.Smith2026", false},
                    PasswordCase{"TheLocalPartAmongWords", "alice.smith drinks tea on tuesdays", true},
                    PasswordCase{"OneCharacter", "aaaaaaaaaaaaaaaa", false},
                    PasswordCase{"FourCharacters", "abcdabcdabcd", false},
                    PasswordCase{"Counting", "1234567890123456", false}, PasswordCase{"CountingDown", "zyxwvutsrqpo", false},
                    PasswordCase{"Worst", "Password1234", false}, PasswordCase{"KnownFromAComic", "correcthorsebatterystaple", false}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(NewPassword, ShortNamesAreNotLookedForInside) { EXPECT_TRUE(check_new_password("abacus and tea", "ab")); }

TEST(SignInName, IsLowerCaseWithoutBlanksAround) {
  EXPECT_EQ(sign_in_name_of(" Alice@Example.ORG ").value(), "alice@example.org");
  EXPECT_EQ(sign_in_name_of("Élise Dupont").value(), "Élise dupont");
  EXPECT_EQ(sign_in_name_of(std::string(254, 'a')).value().size(), 254U);
}

TEST(SignInName, RefusesWhatNobodyCouldTypeTwice) {
  for (const std::string& bad : {std::string(), std::string("   "), std::string(255, 'a'), std::string("a\nb"),
                                 std::string("a\0b", 3), std::string("e\xcc\x81"), std::string("\xff")}) {
    const auto name = sign_in_name_of(bad);
    ASSERT_FALSE(name) << bad;
    EXPECT_EQ(name.error().code, Errc::invalid);
    EXPECT_EQ(name.error().field, "sign_in_name");
  }
}

TEST(CodePoints, AreThoseOfUtf8) {
  EXPECT_EQ(code_points("aé€\xf0\x9f\x8d\x8b").value(), U"aé€\U0001f34b");
  EXPECT_EQ(code_points("").value(), U"");
  for (const char* bad : {"\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\xe2\x82", "a\xc3"})
    EXPECT_FALSE(code_points(bad)) << bad;
}

TEST(SurelyNfc, KnowsTheEndsOfItsRanges) {
  EXPECT_TRUE(is_surely_nfc(U"\u02ff"));
  EXPECT_FALSE(is_surely_nfc(U"\u0300"));
  EXPECT_FALSE(is_surely_nfc(U"\u0304"));
  EXPECT_TRUE(is_surely_nfc(U"\u0305"));
  EXPECT_FALSE(is_surely_nfc(U"\u0306"));
  EXPECT_FALSE(is_surely_nfc(U"\uac00\u11a8"));  // Hangul that would join
  EXPECT_TRUE(is_surely_nfc(U"\uac01"));
  EXPECT_FALSE(is_surely_nfc(U"\U0002fa1d"));
  EXPECT_TRUE(is_surely_nfc(U"\U0010ffff"));
}

}  // namespace
}  // namespace certwright::session
