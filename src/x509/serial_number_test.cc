#include "x509/serial_number.h"

#include <random>
#include <unordered_set>

#include <gtest/gtest.h>
#include <openssl/bn.h>

namespace certwright::x509 {
namespace serial_number_test {  // test files are compiled together

struct ParseCase {
  const char* name;
  std::string_view content_hex;
  bool good;
};
constexpr ParseCase kParseCases[] = {
    {"One", "01", true},
    {"LargestInOneOctet", "7f", true},
    {"HighBitKeepsItsZero", "0080", true},
    {"TwentyOctets", "7fffffffffffffffffffffffffffffffffffffff", true},
    {"TwentyOctetsWithZero", "0080000000000000000000000000000000000000", true},
    {"TwentyOneOctets", "00ffffffffffffffffffffffffffffffffffffffff", false},
    {"Empty", "", false},
    {"Zero", "00", false},
    {"Negative", "80", false},
    {"NegativeOfTwo", "ff7f", false},
    {"PaddedWithZero", "0001", false},
    {"PaddedZero", "0000", false}};
class SerialNumberParse : public testing::TestWithParam<ParseCase> {};
TEST_P(SerialNumberParse, KeepsOctetsOrRefuses) {
  const Bytes content = from_hex(GetParam().content_hex).value();
  const auto serial = SerialNumber::parse(content);
  ASSERT_EQ(serial.has_value(), GetParam().good);
  if (!serial) return;
  EXPECT_EQ(to_bytes(serial->integer_content()), content);
  EXPECT_EQ(serial->hex(), GetParam().content_hex);
  EXPECT_EQ(SerialNumber::from_decimal(serial->decimal()).value(), *serial);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2_2, SerialNumberParse, testing::ValuesIn(kParseCases),
                         [](const auto& c) { return std::string(c.param.name); });

struct TextCase {
  const char* name;
  std::string_view text, decimal;
};
constexpr TextCase kTextCases[] = {
    {"Decimal", "17", "17"},
    {"AllDigitHexIsDecimal", "1000", "1000"},
    {"MarkedHex", "0x1000", "4096"},
    {"MarkedHexUpper", "0X0aFf", "2815"},
    {"MarkedHexOddDigits", "0xfff", "4095"},
    {"MarkedHexLeadingZeros", "0x0001", "1"},
    {"Colons", "0a:1B:ff", "662527"},
    {"ColonsHighBit", "80:00", "32768"},
    {"ColonsAllDigits", "10:00", "4096"},
    {"Largest", "730750818665451459101842416358141509827966271487",
     "730750818665451459101842416358141509827966271487"},
    {"LargestHex", "0x7fffffffffffffffffffffffffffffffffffffff",
     "730750818665451459101842416358141509827966271487"},
    {"LimbBoundary", "4294967296", "4294967296"},
    {"ChunkBoundary", "1000000000", "1000000000"},
    {"ZeroChunksInside", "1000000000000000000000000001", "1000000000000000000000000001"}};
class SerialNumberText : public testing::TestWithParam<TextCase> {};
TEST_P(SerialNumberText, IsRead) {
  const auto serial = SerialNumber::from_text(GetParam().text);
  ASSERT_TRUE(serial) << serial.error().detail;
  EXPECT_EQ(serial->decimal(), GetParam().decimal);
}
INSTANTIATE_TEST_SUITE_P(Accepted, SerialNumberText, testing::ValuesIn(kTextCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(SerialNumberFromText, RefusesTheRest) {
  for (const char* bad : {"",       "0",       "00",    "01",      "-1",  "+1",     " 1",
                          "1 ",     "1.0",     "1e3",   "ff",      "a1",  "0x",     "0x0",
                          "0xg",    "0x0a:1b", ":",     "0a:",     ":0a", "0a::1b", "a:1b",
                          "0a:1b:", "0a:1",    "00:00", "0a1b:ff", "0x-1"})
    EXPECT_FALSE(SerialNumber::from_text(bad)) << bad;
  EXPECT_EQ(
      SerialNumber::from_text("730750818665451459101842416358141509827966271488").error().code,
      Errc::too_large);
  EXPECT_EQ(SerialNumber::from_text("0x8000000000000000000000000000000000000000").error().code,
            Errc::too_large);
  EXPECT_EQ(SerialNumber::from_text(std::string(5000, '9')).error().code, Errc::too_large);
  EXPECT_FALSE(SerialNumber::from_text("0x" + std::string(5000, 'f')));
  EXPECT_FALSE(SerialNumber::from_decimal("0x10"));
}

TEST(SerialNumberDecimal, AgreesWithOpenSslOnRandomNumbers) {
  std::mt19937_64 random(5280);
  for (int round = 0; round < 5000; ++round) {
    Bytes content(1 + random() % 20);
    for (auto& octet : content) octet = static_cast<std::uint8_t>(random());
    const auto serial = SerialNumber::parse(content);
    if (!serial) continue;
    BIGNUM* const number = BN_bin2bn(content.data(), static_cast<int>(content.size()), nullptr);
    char* const decimal = BN_bn2dec(number);
    ASSERT_EQ(serial->decimal(), decimal);
    ASSERT_EQ(SerialNumber::from_decimal(decimal).value(), *serial);
    ASSERT_EQ(SerialNumber::from_text("0x" + serial->hex()).value(), *serial);
    OPENSSL_free(decimal);
    BN_free(number);
  }
}

TEST(SerialNumberFromId, IsSixteenOctetsAndGivesTheIdBack) {
  const std::array<std::uint8_t, 8> random = {0xff, 1, 2, 3, 4, 5, 6, 0xfe};
  for (const std::uint64_t id : {0x0100000000000000U, 0x7fffffffffffffffU, 0x0123456789abcdefU}) {
    const SerialNumber serial = SerialNumber::from_id(id, random);
    EXPECT_EQ(serial.integer_content().size(), 16U);
    EXPECT_EQ(serial.id(), id);
    EXPECT_EQ(SerialNumber::parse(serial.integer_content()).value(), serial);
  }
  EXPECT_EQ(SerialNumber::from_id(0x0123456789abcdef, random).hex(),
            "0123456789abcdefff010203040506fe");
  EXPECT_EQ(SerialNumber::from_decimal("17")->id(), std::nullopt);
  // Sixteen octets of which the first is only a sign: not the shape.
  EXPECT_EQ(SerialNumber::from_text("0xffffffffffffffffffffffffffffff")->id(), std::nullopt);
}

TEST(SerialNumberFromIdDeathTest, StopsOnAnIdOfAnotherShape) {
  EXPECT_DEATH(SerialNumber::from_id(0x8000000000000000, {}), "");
  EXPECT_DEATH(SerialNumber::from_id(0x00ffffffffffffff, {}), "");
}

TEST(SerialNumberOrder, IsThatOfIntegers) {
  const auto serial = [](std::string_view decimal) {
    return SerialNumber::from_decimal(decimal).value();
  };
  EXPECT_LT(serial("127"), serial("128"));
  EXPECT_LT(serial("255"), serial("256"));
  EXPECT_LT(serial("32768"), serial("65536"));
  EXPECT_EQ(serial("9"), serial("9"));
  EXPECT_EQ((std::unordered_set<SerialNumber>{serial("1"), serial("2"), serial("1")}.size()), 2U);
}

}  // namespace serial_number_test
}  // namespace certwright::x509
