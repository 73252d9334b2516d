// Whatever is accepted is within the limits, and means the same after being written and read again.
#include <cstdint>
#include <cstdlib>

#include "bytes/bytes.h"
#include "json/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  const json::Limits limits{.size_octets = 4'096, .depth = 8, .values = 512};
  const auto value = json::parse(as_text({data, size}), limits);
  if (!value) return 0;
  if (size > limits.size_octets) std::abort();
  const std::string text = json::write(*value);
  // An escape may be written longer than it was read ("\x7f" never is; U+FFFD may be).
  const auto again = json::parse(text);
  if (!again || !(*again == *value) || json::write(*again) != text) std::abort();
  return 0;
}
