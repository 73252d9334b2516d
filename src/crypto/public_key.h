#pragma once
// What a public key is, and whether it may be certified.
#include <string_view>

#include "bytes/bytes.h"
#include "crypto/algorithm.h"
#include "errors/result.h"

namespace certwright::crypto {

struct PublicKeyDescription {
  // "rsa" whatever its size, otherwise the key algorithm's name: "ecdsa-p256", "ed25519", ...
  std::string_view type;
  unsigned bits = 0;
  // The row; "rsa" for RSA keys of a size without a row of its own.
  const KeyAlgorithm* algorithm = nullptr;
};

// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), strict DER: RSA with NULL parameters
// (RFC 3279 section 2.3.1), EC with a named curve (RFC 5480), Ed25519 (RFC 8410), ML-DSA (RFC 9881)
// and SLH-DSA (RFC 9909) of the right length.
// Does not check that the key is sound. Any thread.
// Errors: bad_encoding; invalid for an algorithm, curve or form that has no row here.
Result<PublicKeyDescription> describe_public_key(ByteView spki_tlv);

// describe_public_key, and refuses what must never be certified:
//   RSA modulus under 2048 or over 8192 bits, even, with a prime factor under 2^14, a perfect
//   square or product of close primes (CVE-2022-26320), or with the ROCA fingerprint
//   (CVE-2017-15361); exponent even, under 65537 or over 2^64;
//   EC points compressed, not on their curve, or at infinity; explicit curve parameters;
//   Ed25519 points that are not canonical, not on the curve or of small order.
// Costs 2 us for P-256; RSA costs a few verifications. Any thread.
// Errors: bad_encoding, invalid; the detail names the reason and the value.
Result<PublicKeyDescription> check_public_key(ByteView spki_tlv);

}  // namespace certwright::crypto
