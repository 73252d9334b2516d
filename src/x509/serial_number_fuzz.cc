// Whatever is accepted must come back: as octets, as decimal, as hex.
#include <algorithm>
#include <cstdlib>

#include "x509/serial_number.h"

using certwright::ByteView;
using certwright::x509::SerialNumber;

namespace {

void must_come_back(const SerialNumber& serial) {
  const auto same = [&](const auto& again) { return again && *again == serial; };
  if (!same(SerialNumber::parse(serial.integer_content())) ||
      !same(SerialNumber::from_decimal(serial.decimal())) ||
      !same(SerialNumber::from_text(serial.decimal())) ||
      !same(SerialNumber::from_text("0x" + serial.hex())))
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto serial = SerialNumber::parse(input)) {
    if (!std::ranges::equal(serial->integer_content(), input)) std::abort();
    must_come_back(*serial);
  }
  const std::string_view text = certwright::as_text(input);
  if (const auto serial = SerialNumber::from_decimal(text)) {
    if (serial->decimal() != text) std::abort();
  }
  if (const auto serial = SerialNumber::from_text(text)) must_come_back(*serial);
  return 0;
}
