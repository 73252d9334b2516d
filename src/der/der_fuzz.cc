// Walks any input as DER. Whatever check_element() accepts must come out of the Writer byte for
// byte.
#include <algorithm>
#include <cstdlib>

#include "der/reader.h"
#include "der/writer.h"

namespace {

namespace der = certwright::der;
using certwright::ByteView;

bool rewrite(const der::Element& element, der::Writer& writer) {
  if (!der::is_constructed(element.tag)) {
    if (element.tag == der::Tag::object_identifier) {
      const auto oid = der::Oid::parse(element.content);
      if (!oid) return false;
      const auto again = der::Oid::from_text(oid->to_text());
      if (!again || *again != *oid) return false;
    }
    if (element.tag == der::Tag::integer && element.content[0] < 0x80) {
      writer.integer_magnitude(element.content);
    } else {
      writer.primitive(element.tag, element.content);
    }
    return true;
  }
  bool good = true;
  writer.nested(element.tag, [&] {
    der::Reader inside(element.content);
    while (good && !inside.at_end()) {
      const auto child = inside.read_any("child");
      good = child && rewrite(*child, writer);
    }
  });
  return good;
}

void check_time(const der::Element& element) {
  der::Reader reader(element.tlv);
  const auto time = reader.read_time("time");
  if (!time || *time < der::kEarliestTime || *time > der::kLatestTime) return;
  der::Writer writer;
  if (element.tag == der::Tag::utc_time) {
    writer.time(*time);
  } else {
    writer.generalized_time(*time);
  }
  if (!std::ranges::equal(writer.view(), element.tlv)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto element = der::read_only_element({data, size}, "input");
  if (!element) return 0;
  check_time(*element);
  if (!der::check_element(*element, "input")) return 0;
  der::Writer writer;
  if (!rewrite(*element, writer)) std::abort();
  if (!std::ranges::equal(writer.view(), ByteView(data, size))) std::abort();
  return 0;
}
