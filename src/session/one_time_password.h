#pragma once
#include "bytes/secret_bytes.h"
#include "crypto/random.h"

namespace certwright::session {

// Four groups of five of 32 characters, with hyphens between: 100 bits, without those that look alike.
SecretBytes make_one_time_password(crypto::Random& random);

}  // namespace certwright::session
