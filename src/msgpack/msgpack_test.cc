// Against the specification's own table of formats; octets were compared with python3-msgpack's.
#include <array>
#include <span>

#include <gtest/gtest.h>

#include "msgpack/reader.h"
#include "msgpack/writer.h"

namespace certwright::msgpack {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

struct IntegerCase { const char* name; std::string_view shortest; std::int64_t value; };

class Integers : public testing::TestWithParam<IntegerCase> {};

TEST_P(Integers, AreReadAndWrittenShortest) {
  const auto& c = GetParam();
  const Bytes encoded = hex(c.shortest);
  Reader reader{ByteView(encoded)};
  const auto item = reader.read();
  ASSERT_TRUE(item);
  EXPECT_TRUE(reader.at_end());
  if (c.value < 0) {
    EXPECT_EQ(item->type, Type::negative_integer);
    EXPECT_EQ(item->negative_integer, c.value);
  } else {
    EXPECT_EQ(item->type, Type::unsigned_integer);
    EXPECT_EQ(item->unsigned_integer, static_cast<std::uint64_t>(c.value));
  }
  std::array<std::uint8_t, 16> buffer{};
  Writer writer(buffer);
  writer.integer(c.value);
  EXPECT_EQ(to_hex(writer.written()), c.shortest);
}

INSTANTIATE_TEST_SUITE_P(
    IntegerFormats, Integers,
    testing::Values(IntegerCase{"Zero", "00", 0}, IntegerCase{"LargestPositiveFixint", "7f", 127},
                    IntegerCase{"SmallestUint8", "cc80", 128}, IntegerCase{"LargestUint8", "ccff", 255},
                    IntegerCase{"SmallestUint16", "cd0100", 256}, IntegerCase{"LargestUint16", "cdffff", 65535},
                    IntegerCase{"SmallestUint32", "ce00010000", 65536}, IntegerCase{"LargestUint32", "ceffffffff", 4294967295},
                    IntegerCase{"SmallestUint64", "cf0000000100000000", 4294967296},
                    IntegerCase{"LargestInt64", "cf7fffffffffffffff", INT64_MAX}, IntegerCase{"MinusOne", "ff", -1},
                    IntegerCase{"SmallestNegativeFixint", "e0", -32}, IntegerCase{"LargestInt8", "d0df", -33},
                    IntegerCase{"SmallestInt8", "d080", -128}, IntegerCase{"LargestInt16", "d1ff7f", -129},
                    IntegerCase{"SmallestInt16", "d18000", -32768}, IntegerCase{"LargestInt32", "d2ffff7fff", -32769},
                    IntegerCase{"SmallestInt32", "d280000000", INT32_MIN},
                    IntegerCase{"LargestInt64Below", "d3ffffffff7fffffff", INT32_MIN - 1LL},
                    IntegerCase{"SmallestInt64", "d38000000000000000", INT64_MIN}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(IntegerFormats, LongerEncodingsMeanTheSame) {
  for (const auto* text : {"cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001", "d200000001",
                           "d30000000000000001"}) {
    const Bytes encoded = hex(text);
    const auto item = Reader{ByteView(encoded)}.read();
    ASSERT_TRUE(item) << text;
    EXPECT_EQ(item->type, Type::unsigned_integer) << text;
    EXPECT_EQ(item->unsigned_integer, 1U) << text;
  }
}

TEST(StrAndBinFormats, EveryLengthFieldAtItsBoundaries) {
  struct Case { std::size_t size; std::string_view text_head, binary_head; };
  for (const auto& [size, text_head, binary_head] :
       {Case{0, "a0", "c400"}, Case{31, "bf", "c41f"}, Case{32, "d920", "c420"}, Case{255, "d9ff", "c4ff"},
        Case{256, "da0100", "c50100"}, Case{65535, "daffff", "c5ffff"}, Case{65536, "db00010000", "c600010000"}}) {
    const std::string payload(size, 'x');
    Bytes buffer(size + 8);
    Writer text(buffer);
    text.text(payload);
    ASSERT_TRUE(text.fits());
    EXPECT_EQ(to_hex(text.written().first(text_head.size() / 2)), text_head);
    const auto read_text = Reader(text.written()).read();
    ASSERT_TRUE(read_text);
    EXPECT_EQ(read_text->type, Type::text);
    EXPECT_EQ(as_text(read_text->payload), payload);

    Writer binary(buffer);
    binary.binary(as_bytes(payload));
    EXPECT_EQ(to_hex(binary.written().first(binary_head.size() / 2)), binary_head);
    const auto read_binary = Reader(binary.written()).read();
    ASSERT_TRUE(read_binary);
    EXPECT_EQ(read_binary->type, Type::binary);
    EXPECT_EQ(read_binary->payload.size(), size);
  }
}

TEST(OtherFormats, NilBooleansFloatsExtensionsContainers) {
  const Bytes encoded = hex("c0c2c3ca3fc00000cb3ff8000000000000d4057ac70301aabbccdc000101de0001a16101");
  Reader reader{ByteView(encoded)};
  EXPECT_EQ(reader.read()->type, Type::nil);
  EXPECT_FALSE(reader.read()->boolean);
  EXPECT_TRUE(reader.read()->boolean);
  EXPECT_EQ(reader.read()->floating, 1.5);
  EXPECT_EQ(reader.read()->floating, 1.5);
  const auto fixed = reader.read();
  EXPECT_EQ(fixed->extension_type, 5);
  EXPECT_EQ(to_hex(fixed->payload), "7a");
  EXPECT_EQ(to_hex(reader.read()->payload), "aabbcc");
  const auto array = reader.read();
  EXPECT_EQ(array->type, Type::array);
  EXPECT_EQ(array->count, 1U);
  EXPECT_EQ(reader.read()->unsigned_integer, 1U);
  EXPECT_EQ(reader.read()->type, Type::map);
  EXPECT_EQ(as_text(reader.read()->payload), "a");
  EXPECT_EQ(reader.read()->unsigned_integer, 1U);
  EXPECT_TRUE(reader.at_end());
}

struct BrokenCase { const char* name; std::string_view encoded; };
class Broken : public testing::TestWithParam<BrokenCase> {};

TEST_P(Broken, IsRefused) {
  const Bytes encoded = hex(GetParam().encoded);
  Reader reader{ByteView(encoded)};
  const auto skipped = reader.skip();
  ASSERT_FALSE(skipped);
  EXPECT_EQ(skipped.error().code, Errc::bad_encoding);
}

INSTANTIATE_TEST_SUITE_P(
    Truncation, Broken,
    testing::Values(BrokenCase{"Nothing", ""}, BrokenCase{"NeverUsed", "c1"}, BrokenCase{"Uint64", "cf00000000000000"},
                    BrokenCase{"FixStr", "a261"}, BrokenCase{"Str8WithoutLength", "d9"}, BrokenCase{"Str8", "d90261"},
                    BrokenCase{"Bin32ClaimsAll", "c6ffffffff00"}, BrokenCase{"Map32ClaimsAll", "dfffffffff0000"},
                    BrokenCase{"Array32ClaimsAll", "ddffffffff00"}, BrokenCase{"MapWithoutValue", "8101"},
                    BrokenCase{"FixExt16", "d80100"}, BrokenCase{"ExtensionWithoutType", "c700"}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(Skip, StepsOverNestedValuesUpToTheDepth) {
  const auto nested = [](unsigned depth) {
    Bytes encoded(depth, 0x91);
    encoded.push_back(0x07);
    encoded.push_back(0x2a);
    return encoded;
  };
  const Bytes deepest = nested(Reader::kMaxDepth);
  Reader reader{ByteView(deepest)};
  ASSERT_TRUE(reader.skip());
  EXPECT_EQ(to_hex(reader.rest()), "2a");

  const Bytes deeper = nested(Reader::kMaxDepth + 1);
  const auto refused = Reader{ByteView(deeper)}.skip();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_large);

  const Bytes wide = hex("83" "01" "92" "a161" "80" "02" "90" "03" "c0" "2a");
  Reader over{ByteView(wide)};
  ASSERT_TRUE(over.skip());
  EXPECT_EQ(to_hex(over.rest()), "2a");
}

TEST(Writer, WhatDoesNotFitIsNotWrittenAndMeasured) {
  std::array<std::uint8_t, 4> buffer{0xee, 0xee, 0xee, 0xee};
  Writer exact(buffer);
  exact.text("abc");
  EXPECT_TRUE(exact.fits());
  Writer over(std::span<std::uint8_t>(buffer).first(3));
  buffer = {0xee, 0xee, 0xee, 0xee};
  over.text("abc").unsigned_integer(7);
  EXPECT_FALSE(over.fits());
  EXPECT_EQ(over.size(), 5U);
  EXPECT_EQ(buffer[3], 0xee);
  Writer measure({});
  measure.map_head(1).unsigned_integer(300).binary(buffer);
  EXPECT_EQ(measure.size(), 1U + 3U + 6U);
}

}  // namespace
}  // namespace certwright::msgpack
