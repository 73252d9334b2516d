#include "der/primitive.h"

#include <gtest/gtest.h>

#include "der/writer.h"

namespace certwright::der {
namespace primitive_test {  // test files are compiled together

Bytes hex(std::string_view text) { return from_hex(text).value(); }

TEST(BooleanX690Section11_1, IsOneOctetOfAllOrNone) {
  EXPECT_EQ(parse_boolean(hex("00")).value(), false);
  EXPECT_EQ(parse_boolean(hex("ff")).value(), true);
  for (const char* bad : {"", "01", "7f", "fe", "ffff", "0000"})
    EXPECT_FALSE(parse_boolean(hex(bad))) << bad;
}

TEST(IntegerX690Section8_3, IsMinimal) {
  for (const char* good : {"00", "7f", "80", "ff", "0080", "ff7f", "0100"})
    EXPECT_TRUE(check_integer(hex(good))) << good;
  for (const char* bad : {"", "0000", "007f", "ff80", "ffff"})
    EXPECT_FALSE(check_integer(hex(bad))) << bad;
}

TEST(UnsignedInteger, ReachesTwoToTheSixtyThree) {
  EXPECT_EQ(parse_unsigned(hex("7fffffffffffffff")).value(), 0x7fffffffffffffffU);
  EXPECT_EQ(parse_unsigned(hex("0080")).value(), 128U);
  for (const char* bad : {"80", "ff", "008000000000000000", "010000000000000000"})
    EXPECT_FALSE(parse_unsigned(hex(bad))) << bad;
}

TEST(BitStringX690Section11_2, UnusedBitsAreZero) {
  EXPECT_EQ(parse_bit_string(hex("00"))->octets.size(), 0U);
  EXPECT_EQ(parse_bit_string(hex("0780"))->unused_bits, 7U);
  for (const char* bad : {"", "01", "0880", "07c0", "0101"})
    EXPECT_FALSE(parse_bit_string(hex(bad))) << bad;
}

struct TimeCase {
  const char* name;
  std::string_view text;
  std::int64_t unix_s;
};
constexpr TimeCase kGoodUtcTimes[] = {{"Epoch", "700101000000Z", 0},
                                      {"FirstYear", "500101000000Z", -631152000},
                                      {"LastYear", "491231235959Z", 2524607999},
                                      {"LeapDay", "240229120000Z", 1709208000},
                                      {"LastSecond", "991231235959Z", 946684799}};
class UtcTimeGood : public testing::TestWithParam<TimeCase> {};
TEST_P(UtcTimeGood, IsReadAndWrittenBack) {
  const auto time = parse_utc_time(as_bytes(GetParam().text));
  ASSERT_TRUE(time);
  EXPECT_EQ(to_unix_s(*time), GetParam().unix_s);
  Writer writer;
  writer.time(*time);
  EXPECT_EQ(as_text(writer.view()), "\x17\x0d" + std::string(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2_5_1, UtcTimeGood, testing::ValuesIn(kGoodUtcTimes),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(UtcTimeRfc5280Section4_1_2_5_1, RefusesWhatItForbids) {
  for (const char* bad :
       {"", "7001010000Z", "700101000000", "700101000000+0000", "700101000000z", "700001000000Z",
        "701301000000Z", "700100000000Z", "700132000000Z", "230229000000Z", "700431000000Z",
        "700101240000Z", "700101006000Z", "700101000060Z", "70010100000 Z", "7001010000:0Z",
        "20700101000000Z", "7 0101000000Z"})
    EXPECT_FALSE(parse_utc_time(as_bytes(bad))) << bad;
}

constexpr TimeCase kGoodGeneralizedTimes[] = {
    {"FirstThatUtcTimeCannotWrite", "20500101000000Z", 2524608000},
    {"NoExpiry", "99991231235959Z", 253402300799},
    {"YearZero", "00000101000000Z", -62167219200},
    {"BeforeUtcTime", "19491231235959Z", -631152001}};
class GeneralizedTimeGood : public testing::TestWithParam<TimeCase> {};
TEST_P(GeneralizedTimeGood, IsReadAndWrittenBack) {
  const auto time = parse_generalized_time(as_bytes(GetParam().text));
  ASSERT_TRUE(time);
  EXPECT_EQ(to_unix_s(*time), GetParam().unix_s);
  Writer writer;
  writer.time(*time);
  EXPECT_EQ(as_text(writer.view()), "\x18\x0f" + std::string(GetParam().text));
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2_5_2, GeneralizedTimeGood,
                         testing::ValuesIn(kGoodGeneralizedTimes),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(GeneralizedTimeRfc5280Section4_1_2_5_2, RefusesWhatItForbids) {
  for (const char* bad : {"", "700101000000Z", "20500101000000.5Z", "20500101000000", "2050010100Z",
                          "20500229000000Z", "20501301000000Z", "20500101000060Z",
                          "20500101000000+0000", "2050-101000000Z"})
    EXPECT_FALSE(parse_generalized_time(as_bytes(bad))) << bad;
}

TEST(WriterTime, TruncatesToSecondsAndClamps) {
  Writer writer;
  writer.time(from_unix_us(1'999'999));
  EXPECT_EQ(as_text(writer.view()),
            "\x17\x0d"
            "700101000001Z");
  Writer before;
  before.time(from_unix_us(-1));
  EXPECT_EQ(as_text(before.view()),
            "\x17\x0d"
            "691231235959Z");
  Writer late;
  late.time(Time::max());
  EXPECT_EQ(as_text(late.view()),
            "\x18\x0f"
            "99991231235959Z");
}

struct StringCase {
  const char* name;
  Tag tag;
  std::string_view content_hex, utf8;
  bool good;
};
constexpr StringCase kStrings[] = {
    {"Utf8", Tag::utf8_string, "c3a5f09f9880", "å😀", true},
    {"Utf8Overlong", Tag::utf8_string, "c080", "", false},
    {"Utf8OverlongThree", Tag::utf8_string, "e08080", "", false},
    {"Utf8OverlongFour", Tag::utf8_string, "f0808080", "", false},
    {"Utf8Surrogate", Tag::utf8_string, "eda080", "", false},
    {"Utf8AboveUnicode", Tag::utf8_string, "f4908080", "", false},
    {"Utf8LastScalar", Tag::utf8_string, "f48fbfbf", "\xf4\x8f\xbf\xbf", true},
    {"Utf8CutShort", Tag::utf8_string, "e282", "", false},
    {"Utf8LoneContinuation", Tag::utf8_string, "80", "", false},
    {"Bmp", Tag::bmp_string, "6771004d", "東M", true},
    {"BmpOddLength", Tag::bmp_string, "677100", "", false},
    {"BmpSurrogate", Tag::bmp_string, "d83dde00", "", false},
    {"Universal", Tag::universal_string, "0001f600", "😀", true},
    {"UniversalAboveUnicode", Tag::universal_string, "00110000", "", false},
    {"UniversalCutShort", Tag::universal_string, "0001f6", "", false},
    {"TeletexIsLatin1", Tag::teletex_string, "4de5", "Må", true},
    {"Ia5", Tag::ia5_string, "407f", "@\x7f", true},
    {"Ia5HighBit", Tag::ia5_string, "80", "", false},
    {"PrintableAnyAscii", Tag::printable_string, "2a", "*", true},
    {"PrintableHighBit", Tag::printable_string, "c3a5", "", false},
    {"Numeric", Tag::numeric_string, "3120", "1 ", true},
    {"NumericLetter", Tag::numeric_string, "61", "", false},
    {"NotAString", Tag::octet_string, "61", "", false}};
class StringTypes : public testing::TestWithParam<StringCase> {};
TEST_P(StringTypes, AreCheckedAndDecoded) {
  const auto& c = GetParam();
  const auto text = string_to_utf8(c.tag, hex(c.content_hex));
  ASSERT_EQ(text.has_value(), c.good);
  EXPECT_EQ(text.value_or(""), c.utf8);
}
INSTANTIATE_TEST_SUITE_P(X690Section8_23, StringTypes, testing::ValuesIn(kStrings),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(PrintableStringX680Section41_4, HasItsAlphabet) {
  EXPECT_TRUE(is_printable_string("Aa0 '()+,-./:=?"));
  for (const char* bad : {"*", "@", "&", "_", "\"", "å"})
    EXPECT_FALSE(is_printable_string(bad)) << bad;
}

}  // namespace primitive_test
}  // namespace certwright::der
