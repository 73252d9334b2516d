#include "der/oid.h"

#include <unordered_set>

#include <gtest/gtest.h>
#include <openssl/objects.h>

namespace certwright::der {
namespace oid_test {  // test files are compiled together

struct OidCase {
  const char* name;
  std::string_view text, content_hex;
};
constexpr OidCase kBothWays[] = {
    {"TwoArcs", "2.5", "55"},
    {"Zero", "0.0", "00"},
    {"LastOfFirstArc", "0.39", "27"},
    {"FirstOfSecondArc", "1.0", "28"},
    {"LastOfSecondArc", "1.39", "4f"},
    {"FirstOfThirdArc", "2.0", "50"},
    {"LastInOneOctet", "2.47", "7f"},
    {"FirstInTwoOctets", "2.48", "8100"},
    {"X690Example", "2.999.3", "883703"},
    {"Attestation", "2.99999.1.0", "868d6f0100"},
    {"RsaEncryption", "1.2.840.113549.1.1.1", "2a864886f70d010101"},
    {"ArcOf32Bits", "1.2.4294967295", "2a8fffffff7f"},
    {"ArcOf63Bits", "1.2.9223372036854775807", "2affffffffffffffff7f"},
    {"ArcOf64Bits", "1.2.18446744073709551616", "2a82808080808080808000"},
    {"Uuid", "2.25.329800735698586629295641978511506172918",
     "6983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776"},
    {"SecondArcOf128Bits", "2.340282366920938463463374607431768211455", ""}};

class OidText : public testing::TestWithParam<OidCase> {};
TEST_P(OidText, RoundTripsAndAgreesWithOpenSsl) {
  const auto& c = GetParam();
  const auto oid = Oid::from_text(c.text);
  ASSERT_TRUE(oid) << oid.error().detail;
  EXPECT_EQ(oid->to_text(), c.text);
  if (!c.content_hex.empty()) {
    EXPECT_EQ(to_hex(oid->content()), c.content_hex);
  }
  EXPECT_EQ(Oid::parse(oid->content()).value(), *oid);
  ASN1_OBJECT* const theirs = OBJ_txt2obj(std::string(c.text).c_str(), 1);
  ASSERT_NE(theirs, nullptr);
  EXPECT_EQ(to_hex({OBJ_get0_data(theirs), OBJ_length(theirs)}), to_hex(oid->content()));
  ASN1_OBJECT_free(theirs);
}
INSTANTIATE_TEST_SUITE_P(X690Section8_19, OidText, testing::ValuesIn(kBothWays),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(OidLiteral, EqualsItsText) {
  constexpr Oid kLarge = Oid::of({2, 99999, 1, 0});
  EXPECT_EQ(kLarge.to_text(), "2.99999.1.0");
  static_assert(Oid::of({2, 5, 4, 3}) == Oid::of({2, 5, 4, 3}));
  static_assert(!(Oid::of({2, 5, 4, 3}) == Oid::of({2, 5, 4})));
}

TEST(OidParseX690Section8_19, RefusesWhatIsNotOne) {
  for (const char* bad : {"", "80", "5580", "558003", "5586", "ff"})
    EXPECT_FALSE(Oid::parse(from_hex(bad).value())) << bad;
  Bytes longest(Oid::kMaxOctets, 0x01);
  EXPECT_TRUE(Oid::parse(longest));
  longest.push_back(0x01);
  EXPECT_FALSE(Oid::parse(longest));
}

TEST(OidFromText, RefusesOtherForms) {
  for (const char* bad :
       {"", "1", "2.", ".2", "1..2", "1.2.", "3.1", "0.40", "1.40", "1.100", "10.1", "1.02", "01.2",
        "1.2.-3", "1.2.3a", " 1.2", "1.2 ", "1,2", "+1.2"})
    EXPECT_FALSE(Oid::from_text(bad)) << bad;
  EXPECT_TRUE(Oid::from_text("2.40"));
}

TEST(OidFromText, AnArcMayFillTheLimitAndNotMore) {
  // 63 octets of seven bits: 2^441 - 1, less the 80 of the first arc; and one more.
  const std::string head =
      "56784275335594288324165922491250354246378231303696723459491421810987444383859212";
  const std::string most = "2." + head + "75985867583701277855943457200048954515105739075223471";
  const auto full = Oid::from_text(most);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->content().size(), Oid::kMaxOctets);
  EXPECT_EQ(full->to_text(), most);
  const auto over =
      Oid::from_text("2." + head + "75985867583701277855943457200048954515105739075223472");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Errc::too_large);
}

TEST(OidOrder, IsTotalAndHashable) {
  const Oid a = Oid::of({2, 5, 4}), b = Oid::of({2, 5, 4, 3}), c = Oid::of({2, 5, 5});
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
  const std::unordered_set<Oid> set = {a, b, a};
  EXPECT_EQ(set.size(), 2U);
}

}  // namespace oid_test
}  // namespace certwright::der
