#include "msgpack/reader.h"

#include <array>
#include <bit>

namespace certwright::msgpack {
namespace {

tl::unexpected<Error> truncated() { return fail(Errc::bad_encoding, "MessagePack: the input ends inside a value"); }

Item unsigned_item(std::uint64_t value) {
  Item item;
  item.type = Type::unsigned_integer;
  item.unsigned_integer = value;
  return item;
}

// `bits` holds a two's complement number of `width` bits.
Item signed_item(std::uint64_t bits, unsigned width) {
  const unsigned unused = 64U - width;
  const auto value = static_cast<std::int64_t>(bits << unused) >> unused;
  if (value >= 0) return unsigned_item(static_cast<std::uint64_t>(value));
  Item item;
  item.type = Type::negative_integer;
  item.negative_integer = value;
  return item;
}

Item floating_item(double value) {
  Item item;
  item.type = Type::floating;
  item.floating = value;
  return item;
}

Item boolean_item(bool value) {
  Item item;
  item.type = Type::boolean;
  item.boolean = value;
  return item;
}

}  // namespace

Result<std::uint64_t> Reader::take_unsigned(unsigned size_octets) {
  if (rest_.size() < size_octets) return truncated();
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size_octets; ++i) value = value << 8U | rest_[i];
  rest_ = rest_.subspan(size_octets);
  return value;
}

Result<Item> Reader::take_payload(Type type, std::uint64_t size_octets) {
  if (rest_.size() < size_octets) return truncated();
  Item item;
  item.type = type;
  item.payload = rest_.first(static_cast<std::size_t>(size_octets));
  rest_ = rest_.subspan(static_cast<std::size_t>(size_octets));
  return item;
}

Result<Item> Reader::take_container(Type type, std::uint64_t count) {
  const std::uint64_t least_octets = type == Type::map ? 2 * count : count;
  if (rest_.size() < least_octets) return truncated();
  Item item;
  item.type = type;
  item.count = static_cast<std::uint32_t>(count);
  return item;
}

Result<Item> Reader::take_extension(std::uint64_t size_octets) {
  CERTWRIGHT_TRY(const auto kind, take_unsigned(1));
  CERTWRIGHT_TRY(auto item, take_payload(Type::extension, size_octets));
  item.extension_type = static_cast<std::int8_t>(static_cast<std::uint8_t>(kind));
  return item;
}

// Heads from 0xc0 to 0xdf, in the order of the specification's table.
Result<Item> Reader::take_fixed_width(std::uint8_t head) {
  enum class Form : std::uint8_t { nil, never, boolean, binary, extension, float32, float64, number, twos_complement,
                                   fixed_extension, text, array, map };
  struct Row {
    Form form;
    std::uint8_t octets;  // of the number or length that follows; of the payload for fixed extensions
  };
  static constexpr std::array<Row, 32> kRows = {{
      {Form::nil, 0}, {Form::never, 0}, {Form::boolean, 0}, {Form::boolean, 1},
      {Form::binary, 1}, {Form::binary, 2}, {Form::binary, 4},
      {Form::extension, 1}, {Form::extension, 2}, {Form::extension, 4},
      {Form::float32, 4}, {Form::float64, 8},
      {Form::number, 1}, {Form::number, 2}, {Form::number, 4}, {Form::number, 8},
      {Form::twos_complement, 1}, {Form::twos_complement, 2}, {Form::twos_complement, 4}, {Form::twos_complement, 8},
      {Form::fixed_extension, 1}, {Form::fixed_extension, 2}, {Form::fixed_extension, 4},
      {Form::fixed_extension, 8}, {Form::fixed_extension, 16},
      {Form::text, 1}, {Form::text, 2}, {Form::text, 4},
      {Form::array, 2}, {Form::array, 4}, {Form::map, 2}, {Form::map, 4}}};
  constexpr std::uint8_t kFirst = 0xc0;
  const auto [form, octets] = kRows[static_cast<std::size_t>(head - kFirst)];
  if (form == Form::nil) return Item{};
  if (form == Form::never) return fail(Errc::bad_encoding, "MessagePack: the octet 0xc1 begins no value");
  if (form == Form::boolean) return boolean_item(octets != 0);
  if (form == Form::fixed_extension) return take_extension(octets);
  CERTWRIGHT_TRY(const auto value, take_unsigned(octets));
  switch (form) {
    case Form::binary: return take_payload(Type::binary, value);
    case Form::text: return take_payload(Type::text, value);
    case Form::extension: return take_extension(value);
    case Form::float32: return floating_item(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(value))));
    case Form::float64: return floating_item(std::bit_cast<double>(value));
    case Form::twos_complement: return signed_item(value, octets * 8U);
    case Form::array: return take_container(Type::array, value);
    case Form::map: return take_container(Type::map, value);
    default: return unsigned_item(value);
  }
}

Result<Item> Reader::read() {
  CERTWRIGHT_TRY(const auto octet, take_unsigned(1));
  const auto head = static_cast<std::uint8_t>(octet);
  if (head <= 0x7f) return unsigned_item(head);
  if (head <= 0x8f) return take_container(Type::map, head & 0x0fU);
  if (head <= 0x9f) return take_container(Type::array, head & 0x0fU);
  if (head <= 0xbf) return take_payload(Type::text, head & 0x1fU);
  if (head >= 0xe0) return signed_item(head, 8);
  return take_fixed_width(head);
}

Result<void> Reader::skip() {
  std::array<std::uint64_t, kMaxDepth> left{};  // values still to read on each level
  unsigned depth = 0;
  for (;;) {
    CERTWRIGHT_TRY(const auto item, read());
    const std::uint64_t inside = item.type == Type::map ? 2ULL * item.count : item.type == Type::array ? item.count : 0;
    if (inside > 0) {
      if (depth == kMaxDepth) return fail(Errc::too_large, "MessagePack: nested too deeply");
      left[depth++] = inside;
      continue;
    }
    while (depth > 0 && --left[depth - 1] == 0) --depth;
    if (depth == 0) return {};
  }
}

}  // namespace certwright::msgpack
