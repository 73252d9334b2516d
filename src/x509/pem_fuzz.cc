// What parse_pem() reads, to_pem() writes so that it reads as the same blocks; parse_pem_secret()
// reads the same octets.
#include <cstdlib>

#include "x509/pem.h"

namespace x509 = certwright::x509;
using certwright::as_text;
using certwright::to_bytes;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const auto blocks = x509::parse_pem(text, 65536);
  const auto secrets = x509::parse_pem_secret(text, 65536);
  if (!blocks) return 0;
  if (!secrets) std::abort();
  std::string again;
  std::size_t secret = 0;
  for (const x509::PemBlock& block : *blocks) {
    again += x509::to_pem(block.label, block.der);
    if (block.label == "EC PARAMETERS") continue;
    const auto& same = secrets->at(secret++);
    if (same.label != block.label || to_bytes(same.der.reveal()) != block.der) std::abort();
  }
  const auto read = x509::parse_pem(again, again.size());
  if (!read || read->size() != blocks->size()) std::abort();
  for (std::size_t i = 0; i < read->size(); ++i)
    if ((*read)[i].label != (*blocks)[i].label || (*read)[i].der != (*blocks)[i].der) std::abort();
  return 0;
}
