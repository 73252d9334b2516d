#pragma once
// API tokens: `cw_<prefix>_<secret>`. The prefix (12 characters of base32, random) is public and
// finds the row; the secret is 256 random bits. What is stored is SHA-256 of the whole token: with
// that many random bits a slow hash would only slow us.
#include <string>
#include <string_view>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "crypto/random.h"
#include "store/records.h"

namespace certwright::access {

inline constexpr std::string_view kTokenScheme = "cw_";
inline constexpr std::size_t kTokenPrefixCharacters = 12;
inline constexpr std::size_t kTokenSecretCharacters = 43;  // base64url of 32 octets
inline constexpr std::size_t kTokenCharacters =
    kTokenScheme.size() + kTokenPrefixCharacters + 1 + kTokenSecretCharacters;

struct NewToken {
  SecretBytes text;   // to be shown once
  std::string prefix;  // CredentialRecord::lookup
  Bytes verifier;      // CredentialRecord::verifier
};

NewToken make_token(crypto::Random& random);

// The public prefix, for finding the row; a view into `token`.
// Errors: unauthenticated unless the token has exactly the shape above (which holds no secret).
Result<std::string_view> token_prefix(std::string_view token);

// SHA-256 of the whole token.
store::Sha256 token_hash(std::string_view token);

// The id of a session, 32 random octets as base64url: what the cookie holds.
inline constexpr std::size_t kSessionIdCharacters = 43;
// SHA-256 of "certwright session", a zero octet and a session's id, under which the store keeps it: never the
// hash of a token. Other text is hashed too, to nobody's session.
store::Sha256 session_hash(std::string_view id);

// `token` with its secret replaced, for logs: "cw_abcdefghijkl_...". Any text is safe to give.
std::string redacted_token(std::string_view token);

// Random, opaque, 26 characters of base32 (130 bits) after `kind`: "p" principals, "c" credentials.
std::string make_id(std::string_view kind, crypto::Random& random);

}  // namespace certwright::access
