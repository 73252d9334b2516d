#include "unicode/hidden.h"

#include <gtest/gtest.h>

namespace certwright::unicode {
namespace {

std::size_t count_hidden(char32_t first, char32_t last) {
  std::size_t count = 0;
  for (char32_t point = first; point <= last; ++point) count += is_hidden(point) ? 1U : 0U;
  return count;
}

// DerivedCoreProperties.txt of Unicode 15 says "Total code points: 4174" of Default_Ignorable_Code_Point; ours
// are two separators, three of interlinear annotation, a Braille blank, 16 of hieroglyphs and a notehead more.
TEST(Hidden, AreAllThatUnicodeIgnoresAndAFewMore) { EXPECT_EQ(count_hidden(0, 0x10ffff), 4174U + 2 + 3 + 1 + 16 + 1); }

TEST(Hidden, AreAllBidirectionalControls) {
  for (const char32_t point : {0x61cU, 0x200eU, 0x200fU, 0x202aU, 0x202bU, 0x202cU, 0x202dU, 0x202eU, 0x2066U, 0x2067U,
                               0x2068U, 0x2069U})
    EXPECT_TRUE(is_hidden(point)) << name_of(point);
}

TEST(Hidden, EndsWhereRangesEnd) {
  const struct { char32_t before, first, last, after; } kRows[] = {
      {0xac, 0xad, 0xad, 0xae},         {0x180a, 0x180b, 0x180f, 0x1810}, {0x200a, 0x200b, 0x200f, 0x2010},
      {0x2027, 0x2028, 0x202e, 0x202f}, {0x205f, 0x2060, 0x206f, 0x2070}, {0xfdff, 0xfe00, 0xfe0f, 0xfe10},
      {0xfefe, 0xfeff, 0xfeff, 0xff00}, {0xffef, 0xfff0, 0xfffb, 0xfffc}, {0xdffff, 0xe0000, 0xe0fff, 0xe1000}};
  for (const auto& row : kRows) {
    EXPECT_FALSE(is_hidden(row.before)) << name_of(row.before);
    EXPECT_TRUE(is_hidden(row.first)) << name_of(row.first);
    EXPECT_TRUE(is_hidden(row.last)) << name_of(row.last);
    EXPECT_FALSE(is_hidden(row.after)) << name_of(row.after);
  }
}

// Spaces are seen, letters and marks of every script stay.
TEST(Hidden, LeavesWhatPeopleSee) {
  for (const std::string_view text : {"Acme Inc.", "Z\xc3\xbcrich", "\xe6\x9d\xb1\xe4\xba\xac", "\xd8\xa7\xd9\x84", "\xf0\x9f\x8d\x8b",
                                      "\xc2\xa0", "\xe3\x80\x80", "e\xcc\x81", "\xff"})
    EXPECT_EQ(find_hidden(text), std::nullopt) << text;
}

TEST(Hidden, AreFoundAndNamed) {
  EXPECT_EQ(find_hidden("ac\xe2\x80\x8bme\xe2\x80\xae"), char32_t{0x200b});
  EXPECT_EQ(find_hidden("\xff\xc2\xad"), char32_t{0xad});
  EXPECT_EQ(name_of(0xad), "U+00AD");
  EXPECT_EQ(name_of(0xe0041), "U+E0041");
  EXPECT_EQ(marked(0x200b), "[U+200B]");
}

TEST(CodePoint, IsReadStrictly) {
  const auto read = [](std::string_view text) { return std::pair(first_code_point(text).value, first_code_point(text).octets); };
  EXPECT_EQ(read("a"), std::pair(char32_t{'a'}, std::size_t{1}));
  EXPECT_EQ(read("\xc2\xad!"), std::pair(char32_t{0xad}, std::size_t{2}));
  EXPECT_EQ(read("\xe2\x80\x8b"), std::pair(char32_t{0x200b}, std::size_t{3}));
  EXPECT_EQ(read("\xf4\x8f\xbf\xbf"), std::pair(char32_t{0x10ffff}, std::size_t{4}));
  for (const std::string_view bad : {"\xc0\xbc", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "\xe2\x80",
                                     "\x80", "\xff", "\xc2z"})
    EXPECT_EQ(first_code_point(bad).octets, 0U) << bad;
}

TEST(Control, IsC0DelAndC1) {
  for (const char32_t point : {0x0U, 0x1fU, 0x7fU, 0x80U, 0x9fU}) EXPECT_TRUE(is_control(point));
  for (const char32_t point : {0x20U, 0x7eU, 0xa0U, 0xadU}) EXPECT_FALSE(is_control(point));
}

}  // namespace
}  // namespace certwright::unicode
