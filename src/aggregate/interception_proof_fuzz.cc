// Whatever is read is written again octet for octet, and whatever holds is what it says it is.
#include <cstdlib>

#include "aggregate/proof.h"

namespace aggregate = certwright::aggregate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = certwright::as_text({data, size});
  const auto proof = aggregate::read_proof(text);
  if (!proof) return 0;
  if (aggregate::write_proof(*proof) != text) std::abort();
  const auto verdict = aggregate::verify_proof(*proof);
  if (!verdict) return 0;
  const bool found = *verdict == aggregate::Verdict::issued || *verdict == aggregate::Verdict::other_certificate;
  if (found && proof->entries.at(0).entry.serial != proof->subject.serial) std::abort();
  for (const auto& entry : proof->entries)
    if (entry.index >= proof->closed.count) std::abort();
  return 0;
}
