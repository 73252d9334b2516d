// A header is read from exactly the envelopes that have one; and no input that the sealer did not
// make itself opens.
#include <cstdlib>

#include "crypto/random.h"
#include "keys/sealer.h"

using certwright::ByteView;
using certwright::keys::EnvelopeHeader;
using certwright::keys::KeyEncryptionKey;
using certwright::keys::Sealer;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static certwright::crypto::DeterministicRandom random(1);
  static const Sealer sealer(KeyEncryptionKey::generate(random), random);
  const ByteView input(data, size);
  const auto header = EnvelopeHeader::parse(input);
  const bool looks_right = size >= EnvelopeHeader::kMinEnvelopeOctets &&
                           size <= EnvelopeHeader::kMaxEnvelopeOctets &&
                           input[0] == EnvelopeHeader::kVersion;
  if (header.has_value() != looks_right) std::abort();
  if (header && header->ciphertext.size() + EnvelopeHeader::kOctets != size) std::abort();
  if (sealer.open("fuzz", input)) std::abort();
  return 0;
}
