#pragma once
// SM2 key pairs (GB/T 32918), for the holders of certificates only: nothing here signs with one.
#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "errors/result.h"

namespace certwright::crypto {

struct Sm2KeyPair {
  Bytes subject_public_key_info_tlv;  // id-ecPublicKey, curve 1.2.156.10197.1.301, uncompressed point
  SecretBytes sec1_der;               // ECPrivateKey with curve and public key
};

// From the library's randomness. Any thread. Errors: unavailable where the library has no
// SM2 (it is then not built into it), internal.
Result<Sm2KeyPair> generate_sm2_key();

}  // namespace certwright::crypto
