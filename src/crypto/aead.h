#pragma once
// Sealing under a symmetric key, and making such keys.
#include <cstdint>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "crypto/random.h"
#include "errors/result.h"

namespace certwright::crypto {

inline constexpr std::size_t kAeadKeyOctets = 32;
inline constexpr std::size_t kAeadNonceOctets = 12;
inline constexpr std::size_t kAeadTagOctets = 16;
inline constexpr std::size_t kAeadMaxPlaintextOctets = 64 * 1024 * 1024;

// AES-256-GCM (NIST SP 800-38D). Returns nonce || ciphertext || tag; the nonce is 96 random bits,
// so one key should seal fewer than 2^32 messages. `additional` is authenticated, not stored.
// Any thread. Errors: invalid for a key that is not 32 octets; too_large.
Result<Bytes> seal(const SecretBytes& key, ByteView additional, ByteView plaintext, Random& random);

// The plaintext, if key, `additional` and every octet are what seal() had.
// Errors: invalid, which does not say what differed; bad_encoding if too short to be sealed.
Result<SecretBytes> open(const SecretBytes& key, ByteView additional, ByteView sealed);

// HKDF-SHA-256 (RFC 5869): `size_octets` at most 8160. Any thread. Errors: invalid.
Result<SecretBytes> hkdf_sha256(ByteView input_key, ByteView salt, ByteView info,
                                std::size_t size_octets);

// How hard it is to guess a passphrase; stored beside what it protects.
struct Argon2idParameters {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 256 * 1024;

  static constexpr std::uint32_t kMaxPasses = 64;
  static constexpr std::uint32_t kMaxMemoryKib = 4 * 1024 * 1024;
  static constexpr std::size_t kSaltOctets = 16;
};

// Argon2id (RFC 9106), version 0x13, one lane. About half a second with the default parameters.
// Any thread. Errors: invalid for a salt that is not 16 octets, an empty passphrase or parameters
// over the limits; unavailable if the memory cannot be had.
Result<SecretBytes> argon2id(const SecretBytes& passphrase, ByteView salt,
                             const Argon2idParameters& parameters, std::size_t size_octets);

}  // namespace certwright::crypto
