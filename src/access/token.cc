#include "access/token.h"

#include <algorithm>
#include <array>

#include "crypto/digest.h"

namespace certwright::access {
namespace {

constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648, lower case

std::string random_base32(std::size_t characters, crypto::Random& random) {
  Bytes octets(characters);
  random.fill(octets);
  std::string text(characters, ' ');
  for (std::size_t i = 0; i < characters; ++i) text[i] = kBase32[octets[i] & 31];
  return text;
}

bool is_base64url(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

NewToken make_token(crypto::Random& random) {
  NewToken token;
  token.prefix = random_base32(kTokenPrefixCharacters, random);
  SecretBytes secret(32);
  random.fill(secret.writable());
  std::string text = std::string(kTokenScheme) + token.prefix + "_";
  text.reserve(kTokenCharacters);  // no copy of the secret is left behind by growing
  std::string encoded = to_base64url(secret.reveal());
  text += encoded;
  wipe(encoded);
  const store::Sha256 hash = token_hash(text);
  token.verifier.assign(hash.begin(), hash.end());
  token.text = SecretBytes::copy_of(as_bytes(text));
  wipe(text);
  return token;
}

Result<std::string_view> token_prefix(std::string_view token) {
  const auto refused = [] {
    return fail(Errc::unauthenticated, "This is not a valid credential.");
  };
  if (token.size() != kTokenCharacters || !token.starts_with(kTokenScheme)) return refused();
  const std::string_view prefix = token.substr(kTokenScheme.size(), kTokenPrefixCharacters);
  const std::string_view rest = token.substr(kTokenScheme.size() + kTokenPrefixCharacters);
  if (!std::ranges::all_of(prefix, [](char c) { return kBase32.find(c) != kBase32.npos; }))
    return refused();
  if (rest.front() != '_' || !std::ranges::all_of(rest.substr(1), is_base64url)) return refused();
  return prefix;
}

store::Sha256 token_hash(std::string_view token) { return crypto::sha256(as_bytes(token)); }

store::Sha256 session_hash(std::string_view id) {
  constexpr std::string_view kDomain{"certwright session", sizeof "certwright session"};  // and its zero
  const std::string_view hashed = id.substr(0, kSessionIdCharacters + 1);
  std::string text;
  text.reserve(kDomain.size() + hashed.size());
  text.append(kDomain).append(hashed);
  const store::Sha256 hash = crypto::sha256(as_bytes(text));
  wipe(text);
  return hash;
}

std::string redacted_token(std::string_view token) {
  const auto prefix = token_prefix(token);
  if (!prefix) return "(not a token)";
  return std::string(kTokenScheme) + std::string(*prefix) + "_...";
}

std::string make_id(std::string_view kind, crypto::Random& random) {
  return std::string(kind) + random_base32(26, random);
}

}  // namespace certwright::access
