// What decodes encodes to the same text.
#include <cstdlib>

#include "inventory/inventory.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  const std::string_view text = as_text({data, size});
  if (const auto cursor = inventory::decode_cursor(text)) {
    if (inventory::encode_cursor(*cursor) != text || cursor->after == 0) std::abort();
  } else if (cursor.error().code != Errc::invalid || cursor.error().field != "cursor") {
    std::abort();
  }
  return 0;
}
