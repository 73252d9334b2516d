#pragma once
// Message digests (FIPS 180-4) and HMAC (RFC 2104).
//
// Every function may be called from any thread. Each thread keeps its own contexts and the
// algorithms are fetched once per process, so that a digest costs its hashing and little else.
// None of them can fail on any input; a library that cannot hash aborts the process.
#include <array>
#include <cstdint>
#include <memory>

#include "bytes/bytes.h"

namespace certwright::crypto {

enum class DigestAlgorithm : std::uint8_t { sha1, sha256, sha384, sha512 };

// SHA-1 is for identifiers only (SubjectKeyIdentifier, OCSP CertID), never for a signature.
std::array<std::uint8_t, 20> sha1(ByteView message) noexcept;
std::array<std::uint8_t, 32> sha256(ByteView message) noexcept;
std::array<std::uint8_t, 48> sha384(ByteView message) noexcept;
std::array<std::uint8_t, 64> sha512(ByteView message) noexcept;

// For callers whose algorithm is a value; 20 to 64 octets.
Bytes digest(DigestAlgorithm algorithm, ByteView message);

// The length of the digest in octets.
constexpr std::size_t digest_size_octets(DigestAlgorithm algorithm) noexcept {
  constexpr std::size_t kSizes[] = {20, 32, 48, 64};
  return kSizes[static_cast<std::size_t>(algorithm)];
}

// SHA-256 of a message that comes in pieces. Movable; not for two threads at once.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();
  void update(ByteView part) noexcept;
  // The digest of all parts so far; the object is then as new.
  std::array<std::uint8_t, 32> finish() noexcept;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// HMAC-SHA-256. Any key length; compare results with equal_constant_time().
std::array<std::uint8_t, 32> hmac_sha256(ByteView key, ByteView message) noexcept;

}  // namespace certwright::crypto
