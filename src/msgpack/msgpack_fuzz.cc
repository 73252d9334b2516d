// Every item that is read is written in its shortest form and read again to the same item; the whole
// comes back no longer than it was. skip() accepts just what reading item by item does.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "msgpack/reader.h"
#include "msgpack/writer.h"

namespace {

using namespace certwright;
using msgpack::Item;
using msgpack::Type;

bool same(const Item& a, const Item& b) {
  const bool floats = a.floating == b.floating || (std::isnan(a.floating) && std::isnan(b.floating));
  return a.type == b.type && a.boolean == b.boolean && a.extension_type == b.extension_type &&
         a.unsigned_integer == b.unsigned_integer && a.negative_integer == b.negative_integer && floats &&
         a.count == b.count && std::ranges::equal(a.payload, b.payload);
}

void write(msgpack::Writer& writer, const Item& item) {
  switch (item.type) {
    case Type::nil: writer.nil(); break;
    case Type::boolean: writer.boolean(item.boolean); break;
    case Type::unsigned_integer: writer.unsigned_integer(item.unsigned_integer); break;
    case Type::negative_integer: writer.integer(item.negative_integer); break;
    case Type::floating: writer.floating(item.floating); break;
    case Type::text: writer.text(as_text(item.payload)); break;
    case Type::binary: writer.binary(item.payload); break;
    case Type::extension: writer.extension(item.extension_type, item.payload); break;
    case Type::array: writer.array_head(item.count); break;
    case Type::map: writer.map_head(item.count); break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input{data, size};
  // A 32-bit float is written as one of 64 bits.
  std::vector<std::uint8_t> buffer(2 * size + 16);
  msgpack::Writer writer(buffer);
  std::vector<Item> items;
  msgpack::Reader reader(input);
  bool floats = false;
  while (!reader.at_end()) {
    const auto item = reader.read();
    if (!item) break;
    floats = floats || item->type == Type::floating;
    items.push_back(*item);
    write(writer, *item);
    if (!writer.fits()) std::abort();
  }
  if (!floats && writer.size() > size) std::abort();
  msgpack::Writer measure({});
  for (const auto& item : items) write(measure, item);
  if (measure.size() != writer.size()) std::abort();

  // Containers announced more than is left once the tail was cut off: give the reader what it had.
  Bytes again = to_bytes(writer.written());
  again.resize(again.size() + 2 * size + 16);
  msgpack::Reader second{ByteView(again)};
  for (const auto& item : items) {
    const auto repeated = second.read();
    if (!repeated || !same(*repeated, item)) std::abort();
  }

  msgpack::Reader skipping(input);
  if (skipping.skip() && skipping.rest().size() >= size) std::abort();
  return 0;
}
