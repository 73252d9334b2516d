#include "profile/duration.h"

#include <gtest/gtest.h>

namespace certwright::profile {
namespace {

struct DurationCase {
  const char* name;
  std::string text;
  std::optional<std::int64_t> seconds;
};

class Duration : public ::testing::TestWithParam<DurationCase> {};

TEST_P(Duration, Parses) {
  const auto& [name, text, seconds] = GetParam();
  const auto parsed = parse_duration(text);
  ASSERT_EQ(parsed.has_value(), seconds.has_value());
  if (seconds) {
    EXPECT_EQ(parsed->count(), *seconds);
    const auto again = parse_duration(write_duration(*parsed));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *parsed);
  } else {
    EXPECT_EQ(parsed.error().code, Errc::invalid);
  }
}

const DurationCase kDurationCases[] = {
    {"Zero", "0", 0},
    {"ZeroSeconds", "0s", 0},
    {"Hours", "8760h", 31'536'000},
    {"Days", "90d", 7'776'000},
    {"Mixed", "1d12h", 129'600},
    {"GoText", "1h30m0s", 5'400},
    {"Fraction", "1.5h", 5'400},
    {"FractionOfDay", "0.5d", 43'200},
    {"Milliseconds", "1500ms500ms", 2},
    {"Nanoseconds", "1000000000ns", 1},
    {"FinestFraction", "0.000000001s999999999ns", 1},
    {"HundredYears", "36600d", 3'162'240'000},
    {"OverHundredYears", "36600d1s", {}},
    {"Empty", "", {}},
    {"NoUnit", "90", {}},
    {"UnknownUnit", "1w", {}},
    {"NoNumber", "h", {}},
    {"Negative", "-1h", {}},
    {"Plus", "+1h", {}},
    {"Space", "1 h", {}},
    {"PartOfASecond", "1500ms", {}},
    {"DotWithoutDigits", "1.h", {}},
    {"DotWithoutWhole", ".5h", {}},
    {"TenFractionDigits", "0.0000000001h", {}},
    {"PartOfANanosecond", "0.1ns", {}},
    {"ManyDigits", "1000000000000000000ns", {}},
    {"Overflow", "999999999999999999d", {}},
    {"TooManyTerms", std::string(66, '0') + "s", {}},
};
INSTANTIATE_TEST_SUITE_P(Documents, Duration, ::testing::ValuesIn(kDurationCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(DurationText, UsesTheLargestUnitThatDivides) {
  EXPECT_EQ(write_duration(Seconds(7'776'000)), "90d");
  EXPECT_EQ(write_duration(Seconds(129'600)), "36h");
  EXPECT_EQ(write_duration(Seconds(300)), "5m");
  EXPECT_EQ(write_duration(Seconds(301)), "301s");
  EXPECT_EQ(write_duration(Seconds(-1)), "0s");
}

}  // namespace
}  // namespace certwright::profile
