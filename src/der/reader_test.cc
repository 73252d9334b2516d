#include "der/reader.h"

#include <gtest/gtest.h>

#include "der/writer.h"

namespace certwright::der {
namespace reader_test {  // test files are compiled together

Bytes hex(std::string_view text) { return from_hex(text).value(); }

struct ElementCase {
  const char* name;
  std::string_view tlv_hex;
  bool good;
};
constexpr ElementCase kElements[] = {{"Null", "0500", true},
                                     {"Empty", "", false},
                                     {"TagOnly", "05", false},
                                     {"TooShort", "040161", true},
                                     {"ContentMissing", "0401", false},
                                     {"TrailingOctet", "050000", false},
                                     {"IndefiniteLength", "30800000", false},
                                     {"LengthOf127InLongForm", "04817f", false},
                                     {"LengthWithLeadingZero", "04820080", false},
                                     {"LengthOfFiveOctets", "04850000000001", false},
                                     {"LengthAboveInput", "0484ffffffff", false},
                                     {"LengthCutShort", "0482", false},
                                     {"ReservedLength", "04ff", false},
                                     {"HighTagNumber", "1f8100", false},
                                     {"HighTagNumberContext", "bf8a3b00", false}};
class OnlyElement : public testing::TestWithParam<ElementCase> {};
TEST_P(OnlyElement, IsStrict) {
  const Bytes input = hex(GetParam().tlv_hex);
  const auto element = read_only_element(input, "x");
  EXPECT_EQ(element.has_value(), GetParam().good);
}
INSTANTIATE_TEST_SUITE_P(X690Section10_1, OnlyElement, testing::ValuesIn(kElements),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(ReaderLengths, AreReadAtEachSizeOfTheirForm) {
  for (const std::size_t size : {0U, 1U, 127U, 128U, 255U, 256U, 65535U, 65536U, 1U << 24}) {
    Writer writer;
    writer.octet_string(Bytes(size, 0x5a));
    EXPECT_EQ(writer.size(), size + header_size(size));
    const auto element = read_only_element(writer.view(), "x");
    ASSERT_TRUE(element) << size;
    EXPECT_EQ(element->content.size(), size);
    // One octet short must not be read.
    EXPECT_FALSE(read_only_element(writer.view().first(writer.size() - 1), "x")) << size;
  }
}

TEST(ReaderErrors, NameTheField) {
  const Bytes input = hex("0500");
  Reader reader(input);
  const auto wrong = reader.read_integer("serialNumber");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().detail, "serialNumber: found tag 05 where 02 belongs");
  Reader at_end((ByteView()));
  EXPECT_EQ(at_end.read_oid("algorithm").error().detail, "algorithm: missing");
}

TEST(ReaderNesting, StopsAtItsDepth) {
  const auto nest = [](unsigned levels) {
    Bytes inner;
    for (unsigned i = 0; i < levels; ++i) {
      Writer writer;
      writer.primitive(Tag::sequence, inner);
      inner = std::move(writer).take();
    }
    return inner;
  };
  const auto enter = [](ByteView input, unsigned levels) {
    Reader reader(input);
    for (unsigned i = 0; i < levels; ++i) {
      auto inside = reader.read_sequence("x");
      if (!inside) return false;
      reader = *inside;
    }
    return true;
  };
  EXPECT_TRUE(enter(nest(Reader::kMaxDepth), Reader::kMaxDepth));
  EXPECT_FALSE(enter(nest(Reader::kMaxDepth + 1), Reader::kMaxDepth + 1));
  const auto check = [&](unsigned levels) {
    const Bytes input = nest(levels);
    return check_element(read_only_element(input, "x").value(), "x").has_value();
  };
  EXPECT_TRUE(check(Reader::kMaxDepth));
  EXPECT_FALSE(check(Reader::kMaxDepth + 1));
}

constexpr ElementCase kAnyElements[] = {{"SequenceOfGood", "3009020100040161010100", true},
                                        {"PaddedIntegerInside", "300402020001", false},
                                        {"BooleanOneInside", "3003010101", false},
                                        {"NullWithContent", "050100", false},
                                        {"BitStringUnusedSet", "03020701", false},
                                        {"OidPadded", "06028001", false},
                                        {"ConstructedOctetString", "2403040161", false},
                                        {"PrimitiveSequence", "1000", false},
                                        {"PrimitiveSet", "1100", false},
                                        {"EndOfContents", "0000", false},
                                        {"EndOfContentsInside", "30020000", false},
                                        {"InvalidUtf8", "0c0180", false},
                                        {"ContextIsOpaque", "8002ffff", true},
                                        {"ContextConstructedIsEntered", "a003010101", false},
                                        {"OctetStringIsNotEntered", "0403010101", true},
                                        {"GeneralStringIsOpaque", "1b0180", true},
                                        {"IndefiniteInside", "300430800000", false}};
class AnyElement : public testing::TestWithParam<ElementCase> {};
TEST_P(AnyElement, IsCheckedToTheBottom) {
  const Bytes input = hex(GetParam().tlv_hex);
  const auto element = read_only_element(input, "x");
  ASSERT_TRUE(element);
  EXPECT_EQ(check_element(*element, "x").has_value(), GetParam().good);
}
INSTANTIATE_TEST_SUITE_P(X690Section11, AnyElement, testing::ValuesIn(kAnyElements),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(SetOfOrderX690Section11_6, IsThatOfTheEncodings) {
  EXPECT_TRUE(check_set_of_order(hex("020101020102"), "x"));
  EXPECT_TRUE(check_set_of_order(hex("020101020101"), "x"));
  EXPECT_FALSE(check_set_of_order(hex("020102020101"), "x"));
  EXPECT_TRUE(check_set_of_order(hex("020102040100"), "x"));
  EXPECT_FALSE(check_set_of_order(hex("0402000002017f"), "x"));
  EXPECT_FALSE(check_set_of_order(hex("0201"), "x"));
}

TEST(ReaderTyped, ReadsWhatTheWriterWrote) {
  Writer writer;
  writer.sequence([&] {
    writer.boolean(true);
    writer.integer(0);
    writer.integer(128);
    writer.integer(0xffffffffffffffff);
    writer.integer_magnitude(hex("0000ff"));
    writer.integer_magnitude({});
    writer.enumerated(10);
    writer.bit_string(hex("a5"));
    writer.octet_string(hex("0102"));
    writer.null();
    writer.oid(Oid::of({2, 99999, 1, 0}));
    writer.set_of([&] {
      writer.integer(3);
      writer.boolean(false);
      writer.integer(2);
    });
  });
  EXPECT_EQ(to_hex(writer.view()),
            "303b0101ff0201000202008002090"
            "0ffffffffffffffff020200ff0201000a010a030200a5"
            "0402010205000605868d6f0100"
            "3109010100020102020103");
  Reader outer(writer.view());
  Reader fields = outer.read_sequence("x").value();
  EXPECT_TRUE(fields.read_boolean("x").value());
  EXPECT_EQ(fields.read_unsigned("x").value(), 0U);
  EXPECT_EQ(fields.read_unsigned("x").value(), 128U);
  EXPECT_EQ(fields.read_integer("x")->size(), 9U);
  EXPECT_EQ(fields.read_unsigned("x").value(), 255U);
  EXPECT_EQ(fields.read_unsigned("x").value(), 0U);
  EXPECT_EQ(fields.read_enumerated("x").value(), 10U);
  EXPECT_EQ(to_hex(fields.read_bit_string_octets("x").value()), "a5");
  EXPECT_EQ(to_hex(fields.read_octet_string("x").value()), "0102");
  EXPECT_TRUE(fields.read_null("x"));
  EXPECT_EQ(fields.read_oid("x")->to_text(), "2.99999.1.0");
  EXPECT_FALSE(fields.at_end());
  EXPECT_TRUE(fields.read_set("x"));
  EXPECT_TRUE(fields.expect_end("x"));
  EXPECT_TRUE(outer.at_end());
}

struct NamedBitsCase {
  const char* name;
  std::uint32_t bits;
  std::string_view tlv_hex;
};
constexpr NamedBitsCase kNamedBits[] = {
    {"None", 0, "030100"},           {"Bit0", 1, "03020780"},
    {"Bit7", 0x80, "03020001"},      {"Bit8", 0x100, "0303070080"},
    {"Bits5And6", 0x60, "03020106"}, {"Bit31", 0x80000000, "03050000000001"}};
class NamedBits : public testing::TestWithParam<NamedBitsCase> {};
TEST_P(NamedBits, DropTrailingZeros) {
  Writer writer;
  writer.named_bits(GetParam().bits);
  EXPECT_EQ(to_hex(writer.view()), GetParam().tlv_hex);
}
INSTANTIATE_TEST_SUITE_P(X690Section11_2_2, NamedBits, testing::ValuesIn(kNamedBits),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(WriterNested, PassesOnAResultAndMovesLongContent) {
  Writer writer(Bytes{0xee});
  const Result<void> result = writer.sequence([&]() -> Result<void> {
    writer.sequence([&] { writer.octet_string(Bytes(130, 1)); });
    writer.nested(context_constructed(0), [&] { writer.octet_string(Bytes(70000, 2)); });
    return {};
  });
  EXPECT_TRUE(result);
  EXPECT_EQ(writer.view()[0], 0xee);
  Reader reader(writer.view().subspan(1));
  Reader fields = reader.read_sequence("x").value();
  EXPECT_EQ(fields.read_sequence("x")->read_octet_string("x")->size(), 130U);
  EXPECT_EQ(fields.read_constructed(context_constructed(0), "x")->read_octet_string("x")->size(),
            70000U);
  EXPECT_TRUE(fields.at_end() && reader.at_end());
  EXPECT_FALSE(writer.sequence([]() -> Result<void> { return fail(Errc::invalid, "no"); }));
}

}  // namespace reader_test
}  // namespace certwright::der
