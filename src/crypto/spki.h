#pragma once
// Private to crypto: a SubjectPublicKeyInfo taken apart, without judging the key.
#include "crypto/algorithm.h"
#include "crypto/ec_curve.h"
#include "errors/result.h"

namespace certwright::crypto {

// Views into what was parsed.
struct SpkiView {
  const KeyAlgorithm* algorithm = nullptr;
  unsigned bits = 0;
  const EcCurve* curve = nullptr;  // ECDSA only
  ByteView modulus;                // RSA only; magnitudes, no leading zero
  ByteView exponent;
  ByteView key;  // ECDSA: the uncompressed point; Ed25519, ML-DSA, SLH-DSA: the public key
};

// Errors: bad_encoding, invalid; as describe_public_key.
Result<SpkiView> parse_spki(ByteView spki_tlv);

// Bits of a magnitude without leading zero octets.
unsigned bit_length(ByteView magnitude) noexcept;

}  // namespace certwright::crypto
