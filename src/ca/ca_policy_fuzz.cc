// Whatever policy of a CA is accepted comes back equal from its own text, and CRLs are rebuilt before
// they run out.
#include <cstdlib>

#include "bytes/bytes.h"
#include "ca/ca_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  const auto policy = ca::parse_ca_policy(as_text({data, size}));
  if (!policy) {
    if (policy.error().detail.empty()) std::abort();
    return 0;
  }
  if (policy->crl_refresh > policy->crl_period || policy->crl_shards == 0) std::abort();
  const auto again = ca::parse_ca_policy(ca::write_ca_policy(*policy));
  if (!again || !(*again == *policy)) std::abort();
  // Given back as it is shown, it is the same, whatever there was before.
  const auto whole = ca::write_whole_ca_policy(*policy);
  const auto replaced = ca::parse_whole_ca_policy(whole), changed = ca::change_ca_policy({}, whole);
  if (!replaced || !(*replaced == *policy) || !changed || !(*changed == *policy)) std::abort();
  return 0;
}
