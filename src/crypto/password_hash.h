#pragma once
// Passwords that people chose: verifiers that cost an attacker as much as a sign-in costs us.
#include <string>
#include <string_view>

#include "crypto/aead.h"
#include "crypto/random.h"
#include "errors/result.h"

namespace certwright::crypto {

// A verifier of `password`, with a fresh salt, in the PHC string format:
//   $argon2id$v=19$m=65536,t=3,p=1$<salt>$<hash>      (Base64 without padding, 16 and 32 octets)
// Any thread. Errors: those of argon2id().
Result<std::string> hash_password(std::string_view password, const Argon2idParameters& cost, Random& random);

// Is it the verifier of this password? Takes as long for a wrong password as for the right one, and uses
// the parameters that stand in the text. Any thread. Errors: bad_encoding if the text is no verifier as
// above; unavailable if the memory cannot be had.
Result<bool> verify_password(std::string_view verifier, std::string_view password);

// Was it made with these parameters? False for what is no verifier.
bool has_cost(std::string_view verifier, const Argon2idParameters& cost);

// A verifier of these costs that no password fits: what a name that nobody has is compared with, so that
// it takes as long as a wrong password.
std::string nobodys_verifier(const Argon2idParameters& cost);

}  // namespace certwright::crypto
