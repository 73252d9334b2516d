#include "gateway/g3fcgen/quantity.h"

#include <gtest/gtest.h>

namespace certwright::gateway::g3fcgen {
namespace {

using namespace std::chrono_literals;

TEST(Size, WithAndWithoutUnits) {
  EXPECT_EQ(parse_size_octets("0").value(), 0U);
  EXPECT_EQ(parse_size_octets("262144").value(), 262'144U);
  EXPECT_EQ(parse_size_octets("256K").value(), 262'144U);
  EXPECT_EQ(parse_size_octets("256KiB").value(), 262'144U);
  EXPECT_EQ(parse_size_octets("256KB").value(), 256'000U);
  EXPECT_EQ(parse_size_octets(" 2 m ").value(), 2'097'152U);
  EXPECT_EQ(parse_size_octets("1.5M").value(), 1'572'864U);
  for (const auto* text : {"", "M", "-1", "1X", "1K5", "99999999G", "nan", "inf"}) EXPECT_FALSE(parse_size_octets(text)) << text;
}

TEST(Duration, WithUnitsAndAsSeconds) {
  EXPECT_EQ(parse_duration("200ms").value(), 200ms);
  EXPECT_EQ(parse_duration("4s").value(), 4s);
  EXPECT_EQ(parse_duration("4").value(), 4s);
  EXPECT_EQ(parse_duration("0.5").value(), 500ms);
  EXPECT_EQ(parse_duration("1m 30s").value(), 90s);
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("250us").value(), 250us);
  for (const auto* text : {"", "s", "-1s", "1x", "1s 5", "4 5", "400d", "nan", "1e300s"}) EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace certwright::gateway::g3fcgen
