#include "cli/output.h"

#include <gtest/gtest.h>

namespace certwright::cli {
namespace {

TEST(Table, ColumnsAlignWhateverTheEncodingIsLong) {
  Table table({"NAME", "KIND"});
  table.add({"Jürgen Öß", "person"});
  table.add({"a", ""});
  EXPECT_EQ(table.text(), "NAME       KIND\nJürgen Öß  person\na\n");
}

TEST(Table, SaysThatItIsEmpty) { EXPECT_EQ(Table({"A", "B"}).text(), "A  B\n(none)\n"); }

struct Shown {
  const char* name;
  std::string_view text;
  const char* shown;
};
constexpr Shown kShown[] = {
    {"Plain", "web-1.example", "web-1.example"},
    {"Utf8", "Zürich 東京", "Zürich 東京"},
    {"Escape", "\x1b[2J", "\\x1b[2J"},
    {"Delete", "\x7f", "\\x7f"},
    {"LineBreak", "a\nb", "a\\x0ab"},
    {"ControlSequenceIntroducerOfC1",
     "\xc2\x9b"
     "2J",
     "\\u009b2J"},
    {"LastOfC1", "\xc2\x9f", "\\u009f"},
    {"FirstAfterC1", "\xc2\xa0", "\xc2\xa0"},
    {"RightToLeftOverride",
     "a\xe2\x80\xae"
     "b",
     "a\\u202eb"},
    {"FirstStrongIsolate", "\xe2\x81\xa8", "\\u2068"},
    {"ParagraphSeparator", "\xe2\x80\xa9", "\\u2029"},
    {"NeighbourOfOverrides", "\xe2\x80\xaf", "\xe2\x80\xaf"},
    {"SoftHyphen", "a\xc2\xad", "a\\u00ad"},
    {"ZeroWidthSpace", "ac\xe2\x80\x8bme", "ac\\u200bme"},
    {"ByteOrderMark", "\xef\xbb\xbf", "\\ufeff"},
    {"Tag", "\xf3\xa0\x81\x81", "\\U000e0041"},
    {"NotUtf8", "a\x9b\xff", "a\\x9b\\xff"},
    {"CutOff", "\xe2\x80", "\\xe2\\x80"},
};
class Printable : public testing::TestWithParam<Shown> {};
TEST_P(Printable, LeavesNothingThatMovesTheCursor) {
  EXPECT_EQ(printable(GetParam().text), GetParam().shown);
}
INSTANTIATE_TEST_SUITE_P(Texts, Printable, testing::ValuesIn(kShown),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Members, OfObjectsAreNamedByBothAndListsAreJoined) {
  const auto value = json::parse(
      R"({"id":"root","policy":{"ocsp":true,"profiles":["a","b"]},"chain":"x\ny","none":null})");
  ASSERT_TRUE(value);
  EXPECT_EQ(members_text(*value),
            "id               root\npolicy.ocsp      yes\npolicy.profiles  a, b\nnone\n");
}

TEST(TimeOf, LeavesOutTheFraction) {
  const auto value =
      json::parse(R"({"a":"2026-11-27T02:33:45.278595Z","b":"2026-11-27T02:33:45Z","c":null})");
  ASSERT_TRUE(value);
  EXPECT_EQ(time_of(*value, "a"), "2026-11-27T02:33:45Z");
  EXPECT_EQ(time_of(*value, "b"), "2026-11-27T02:33:45Z");
  EXPECT_EQ(time_of(*value, "c"), "");
}

TEST(Indented, IsTheSameValue) {
  const auto value = json::parse(R"({"a":[1,2],"b":{},"c":[{"d":[]},[3]]})");
  ASSERT_TRUE(value);
  const std::string text = indented(*value);
  EXPECT_EQ(text,
            "{\n  \"a\": [1,2],\n  \"b\": {},\n  \"c\": [\n    {\n      \"d\": []\n    },\n    "
            "[3]\n  ]\n}");
  const auto again = json::parse(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *value);
}

}  // namespace
}  // namespace certwright::cli
