// The text form of names: what is read is written so that it reads as the same name, in one line,
// and keeps the limits of Builder::build(). The same input is also read as DER.
#include <algorithm>
#include <cstdlib>

#include "x509/name.h"

using certwright::ByteView;
using certwright::x509::Name;

namespace {

bool one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto name = Name::from_text(certwright::as_text(input))) {
    if (!name->check_characters() || !name->check_upper_bounds()) std::abort();
    const std::string text = name->to_text();
    const auto again = Name::from_text(text);
    if (!one_line(text) || !again || *again != *name) std::abort();
    if (Name::parse(name->tlv()) != *name) std::abort();
  }
  if (const auto name = Name::parse(input)) {
    if (!std::ranges::equal(name->tlv(), input) || !one_line(name->to_text())) std::abort();
  }
  return 0;
}
