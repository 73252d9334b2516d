#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

#include "json/object_reader.h"
#include "json/value.h"
#include "json/writer.h"

namespace certwright::json {
namespace {

struct ParseCase {
  const char* name;
  std::string_view text;
  std::optional<Errc> error;
};
constexpr ParseCase kDocuments[] = {
    {"Object", R"({"a":[1,2.5,"x",null,true,false,{}]})", {}},
    {"WhiteSpaceAround", " \t\r\n1\n", {}},
    {"TopLevelString", R"("x")", {}},
    {"Empty", "", Errc::bad_encoding},
    {"OnlyWhiteSpace", " ", Errc::bad_encoding},
    {"TrailingComma", "[1,]", Errc::bad_encoding},
    {"TrailingByte", "{}x", Errc::bad_encoding},
    {"TwoDocuments", "{}{}", Errc::bad_encoding},
    {"Comment", "/**/1", Errc::bad_encoding},
    {"ByteOrderMark", "\xEF\xBB\xBF{}", Errc::bad_encoding},
    {"Truncated", R"({"a":)", Errc::bad_encoding},
    {"TruncatedNumber", "-", Errc::bad_encoding},
    {"LeadingZero", "01", Errc::bad_encoding},
    {"PlusSign", "+1", Errc::bad_encoding},
    {"NotANumber", "NaN", Errc::bad_encoding},
    {"SingleQuotes", "'a'", Errc::bad_encoding},
    {"ControlCharacter", "\"\x01\"", Errc::bad_encoding},
    {"NulInside", std::string_view("\"\0\"", 3), Errc::bad_encoding},
    {"OverlongUtf8", "\"\xC0\xAF\"", Errc::bad_encoding},
    {"SurrogateInUtf8", "\"\xED\xA0\x80\"", Errc::bad_encoding},
    {"LoneSurrogateEscape", R"("\ud800")", Errc::bad_encoding},
    {"SurrogatePairEscape", R"("\ud83d\ude00")", {}},
    {"DuplicateMember", R"({"a":1,"a":2})", Errc::bad_encoding},
    {"DuplicateThroughEscape", R"({"a":1,"\u0061":2})", Errc::bad_encoding},
    {"DuplicateAmongMany",
     R"({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"c":1})", Errc::bad_encoding},
    {"SameNameElsewhere", R"({"a":{"a":1}})", {}},
    {"LargestDouble", "1.7976931348623157e308", {}},
    {"BeyondDouble", "1e400", Errc::bad_encoding}};

std::string name_of_case(const testing::TestParamInfo<ParseCase>& c) { return c.param.name; }

class Rfc8259 : public testing::TestWithParam<ParseCase> {};
TEST_P(Rfc8259, IsReadStrictly) {
  const auto value = parse(GetParam().text);
  ASSERT_EQ(value.has_value(), !GetParam().error.has_value());
  if (!value) {
    EXPECT_EQ(value.error().code, *GetParam().error);
  }
}
INSTANTIATE_TEST_SUITE_P(Documents, Rfc8259, testing::ValuesIn(kDocuments), name_of_case);

TEST(Rfc8259Section6, IntegersKeep64Bits) {
  EXPECT_EQ(parse("-9223372036854775808").value(),
            Value(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(*parse("18446744073709551615").value().if_uint64(), 18446744073709551615U);
  EXPECT_NE(parse("18446744073709551616").value().if_double(), nullptr);
  EXPECT_NE(parse("1.0").value().if_double(), nullptr);
}

TEST(Rfc8259Section6, DoublesAreExact) {
  for (const double number :
       {0.1, 1.0 / 3, 5e-324, 123456789012345678.0, -2.5e-7, 9007199254740993.0})
    EXPECT_EQ(*parse(write(Value(number))).value().if_double(), number) << number;
  EXPECT_EQ(write(Value(5.0)), "5.0");
  EXPECT_EQ(write(Value(std::numeric_limits<double>::infinity())), "null");
}

TEST(Limits, BothSidesOfEachBound) {
  EXPECT_TRUE(parse("[[1]]", {.depth = 2}));
  EXPECT_EQ(parse("[[[1]]]", {.depth = 2}).error().code, Errc::too_large);
  EXPECT_TRUE(parse("[1,2]", {.size_octets = 5}));
  EXPECT_EQ(parse("[1,23]", {.size_octets = 5}).error().code, Errc::too_large);
  EXPECT_TRUE(parse("[1,2]", {.values = 3}));
  EXPECT_EQ(parse("[1,2,3]", {.values = 3}).error().code, Errc::too_large);
  std::string deep(32, '[');
  EXPECT_TRUE(parse(deep + std::string(32, ']')));
  deep.push_back('[');
  EXPECT_EQ(parse(deep + std::string(33, ']')).error().code, Errc::too_large);
}

TEST(Write, IsCompactAndKeepsTheOrder) {
  constexpr std::string_view kText = R"({"z":1,"a":[true,null,"\u0001\"\\\n/é"],"m":{}})";
  EXPECT_EQ(write(parse(kText).value()), kText);
}

TEST(Write, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(write(Value("a\xFF" "b")), "\"a\xEF\xBF\xBD" "b\"");
  EXPECT_TRUE(parse(write(Value("\xE2\x82"))));
  EXPECT_TRUE(parse(write(Value("\xF4\x90\x80\x80"))));
}

TEST(Value, SetAddsOrReplaces) {
  Value value;
  value.set("a", 1);
  value.set("b", "x");
  value.set("a", true);
  EXPECT_EQ(write(value), R"({"a":true,"b":"x"})");
  EXPECT_EQ(*value.find("b")->if_string(), "x");
  EXPECT_EQ(value.find("c"), nullptr);
}

TEST(Writer, StreamsWithCommasWhereTheyBelong) {
  Writer w;
  w.begin_object().member("total", 3).member("big", std::uint64_t{18446744073709551615U});
  w.key("rows").begin_array();
  w.begin_object().member("a", "\t").end_object();
  w.value(1.5).null().value(Value(Array{1, false})).raw("{}").end_array();
  w.key("empty").begin_array().end_array().member("yes", true).end_object();
  EXPECT_EQ(w.text(), R"({"total":3,"big":18446744073709551615,"rows":[{"a":"\t"},1.5,null,)"
                      R"([1,false],{}],"empty":[],"yes":true})");
}

class ObjectReaderTest : public testing::Test {
 protected:
  ObjectReader read(std::string_view text) {
    value_ = parse(text).value();
    return ObjectReader::of(value_).value();
  }
  Value value_;
};

TEST_F(ObjectReaderTest, NamesTheElementThatIsWrong) {
  auto reader = read(R"({"ip_addresses":["10.0.0.1","::1",5]})");
  const auto result = reader.strings("ip_addresses");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), (Error{Errc::invalid, "ip_addresses[2]: expected a string",
                                   "ip_addresses[2]"}));
}

TEST_F(ObjectReaderTest, NestedNamesAreWhole) {
  auto reader = read(R"({"rules":[{"a":1},{"a":"x"}],"subject":{"cn":true}})");
  auto rules = reader.objects("rules").value();
  EXPECT_EQ(rules.at(1).integer("a").error().field, "rules[1].a");
  auto subject = reader.object("subject").value();
  EXPECT_EQ(subject.string("cn").error().detail, "subject.cn: expected a string");
  EXPECT_EQ(subject.string("o").error().detail, "subject.o: is required");
}

TEST_F(ObjectReaderTest, BothSidesOfEachLimit) {
  auto reader = read(R"({"s":"abc","n":7,"l":["ab","c"],"e":"","big":9223372036854775808})");
  EXPECT_TRUE(reader.string("s", {.max_length = 3}));
  EXPECT_EQ(reader.string("s", {.max_length = 2}).error().code, Errc::too_large);
  EXPECT_TRUE(reader.string("s", {.min_length = 3}));
  EXPECT_EQ(reader.string("s", {.min_length = 4}).error().code, Errc::invalid);
  EXPECT_EQ(reader.string("e", {.min_length = 1}).error().detail, "e: may not be empty");
  EXPECT_TRUE(reader.integer("n", 7, 7));
  EXPECT_FALSE(reader.integer("n", 8, 9));
  EXPECT_FALSE(reader.integer("n", 5, 6));
  EXPECT_FALSE(reader.integer("big"));
  EXPECT_TRUE(reader.strings("l", {.max_count = 2, .max_length = 2}));
  EXPECT_EQ(reader.strings("l", {.max_count = 1}).error().code, Errc::too_large);
  EXPECT_EQ(reader.strings("l", {.max_length = 1}).error().field, "l[0]");
}

TEST_F(ObjectReaderTest, NullIsAbsent) {
  auto reader = read(R"({"a":null})");
  EXPECT_EQ(reader.optional_string("a").value(), std::nullopt);
  EXPECT_EQ(reader.optional_boolean("b").value(), std::nullopt);
  EXPECT_FALSE(reader.string("a"));
  EXPECT_FALSE(reader.has("a"));
  EXPECT_TRUE(reader.finish());
}

TEST_F(ObjectReaderTest, FinishNamesTheNearestMember) {
  auto reader = read(R"({"ip_adresses":[],"ttl":"1h"})");
  EXPECT_TRUE(reader.optional_strings("ip_addresses"));
  EXPECT_TRUE(reader.optional_string("ttl"));
  EXPECT_EQ(reader.finish().error().detail,
            "ip_adresses: is not known here; did you mean \"ip_addresses\"?");
  auto far = read(R"({"zzz":1})");
  EXPECT_TRUE(far.optional_string("ttl"));
  EXPECT_EQ(far.finish().error().detail, "zzz: is not known here");
}

TEST_F(ObjectReaderTest, OnlyObjectsHaveMembers) {
  EXPECT_EQ(ObjectReader::of(Value(1)).error().detail, "expected a JSON object");
  EXPECT_EQ(ObjectReader::of(Value(1), "subject").error().detail, "subject: expected an object");
}

}  // namespace
}  // namespace certwright::json
