// parse_selection_policy: whatever is accepted comes back the same.
#include <cstdlib>

#include "registration/ca_selection.h"

using namespace certwright;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto policy = registration::parse_selection_policy(as_text({data, size}));
  if (!policy) {
    if (policy.error().detail.empty()) std::abort();
    return 0;
  }
  const auto again = registration::parse_selection_policy(registration::write_selection_policy(*policy));
  if (!again || *again != *policy) std::abort();
  return 0;
}
