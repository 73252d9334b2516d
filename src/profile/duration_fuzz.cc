// Whatever duration is accepted is a whole number of seconds between nothing and 100 years, and comes
// back from the text that it is written as.
#include <cstdlib>

#include "bytes/bytes.h"
#include "profile/duration.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  const auto duration = profile::parse_duration(as_text({data, size}));
  if (!duration) {
    if (duration.error().detail.empty()) std::abort();
    return 0;
  }
  if (*duration < Seconds(0) || *duration > Seconds(100LL * 366 * 86'400)) std::abort();
  const auto again = profile::parse_duration(profile::write_duration(*duration));
  if (!again || *again != *duration) std::abort();
  return 0;
}
