// Whatever profile document is accepted comes back equal from its own text.
#include <cstdlib>

#include "json/value.h"
#include "profile/profile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  const auto document = json::parse(as_text({data, size}));
  if (!document) return 0;
  const auto parsed = profile::parse_profile(*document);
  if (!parsed) {
    if (parsed.error().detail.empty()) std::abort();
    return 0;
  }
  const auto again = json::parse(profile::write_profile(*parsed));
  if (!again) std::abort();
  const auto reparsed = profile::parse_profile(*again);
  if (!reparsed || !(*reparsed == *parsed)) std::abort();
  return 0;
}
