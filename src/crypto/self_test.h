#pragma once
#include "errors/result.h"

namespace certwright::crypto {

// Known answers for what the product stands on (SHA-2, HMAC, HKDF, AES-GCM, ECDSA, RSA and Ed25519
// verification, key generation with sign and verify). Takes some milliseconds; run it before the
// first signature and do not start if it fails. Errors: internal, naming the primitive.
Result<void> self_test();

}  // namespace certwright::crypto
