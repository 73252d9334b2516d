#pragma once
// The algorithms, as a table. Everything that depends on one is a column here, so that adding one
// (a post-quantum signature, say) is adding a row.
//
// Rows are constants: references and views into them stay valid for ever and may be compared by
// address. Every function may be called from any thread.
#include <span>
#include <string_view>

#include "bytes/bytes.h"
#include "crypto/digest.h"
#include "errors/result.h"

namespace certwright::crypto {

// What a key is, and so which signature algorithms can use it.
enum class KeyFamily : std::uint8_t {
  rsa,
  ecdsa,
  ed25519,
  message,  // signs a whole message without a separate digest: ML-DSA, SLH-DSA
};

struct KeyAlgorithm {
  std::string_view name;  // "ecdsa-p256", "rsa-3072", "ed25519", "ml-dsa-65", ...
  KeyFamily family;
  // Of the modulus or the curve's field; for `message` families the public key's length.
  // 0 only in the row "rsa", see find_key_algorithm.
  unsigned bits;
  const char* openssl_name;   // "RSA", "EC", "ED25519", "ML-DSA-65"
  const char* openssl_group;  // the curve's name for EC, otherwise nullptr
  std::string_view default_signature;

  // False where the linked library cannot do it, e.g. ML-DSA before OpenSSL 3.5.
  bool available() const noexcept;
};

enum class SignatureScheme : std::uint8_t { rsa_pkcs1, rsa_pss, ecdsa, ed25519, message };

struct SignatureAlgorithm {
  std::string_view name;  // "ecdsa-sha256", "rsa-pss-sha384", "ed25519", "ml-dsa-65", ...
  KeyFamily family;
  SignatureScheme scheme;
  // Of the message, before the signature. Meaningless for ed25519 and `message`.
  DigestAlgorithm digest;
  // The DER AlgorithmIdentifier as it stands in certificates: RSA PKCS#1 v1.5 with NULL parameters
  // (RFC 4055 section 5), PSS with hash, MGF1 of the same hash and a salt of its length (RFC 4055
  // section 3.1), ECDSA (RFC 5758 section 3.2), Ed25519 (RFC 8410 section 3), ML-DSA (RFC 9881)
  // and SLH-DSA (RFC 9909) without parameters.
  ByteView identifier_tlv;
  // For the `message` family, the one key algorithm that can use this; otherwise empty.
  std::string_view key_name;

  bool available() const noexcept;
};

// All rows, available or not.
std::span<const KeyAlgorithm> key_algorithms() noexcept;
std::span<const SignatureAlgorithm> signature_algorithms() noexcept;

// Errors: not_found for a name that is not in the table; unavailable for one that the linked
// library cannot do. "rsa" stands for imported RSA keys of a size without a row of its own; it is
// found, but keys of it cannot be generated.
Result<const KeyAlgorithm*> find_key_algorithm(std::string_view name);
Result<const SignatureAlgorithm*> find_signature_algorithm(std::string_view name);

// The row whose identifier is exactly `identifier_tlv`. RSA PKCS#1 v1.5 without parameters is
// found too, which RFC 4055 section 5 asks of readers; the row's own identifier has the NULL.
// Errors: invalid for any other, naming its octets.
Result<const SignatureAlgorithm*> find_signature_algorithm_by_identifier(ByteView identifier_tlv);

// What a key signs with unless told otherwise: for ECDSA a digest as strong as the curve, for RSA
// PKCS#1 v1.5 with SHA-256, which every client reads.
const SignatureAlgorithm& default_signature_algorithm(const KeyAlgorithm& key) noexcept;

// Whether a key of `key` can make signatures of `signature`.
bool can_sign(const KeyAlgorithm& key, const SignatureAlgorithm& signature) noexcept;

}  // namespace certwright::crypto
