#pragma once
// Verifying signatures.
#include <array>
#include <cstdint>
#include <memory>

#include "bytes/bytes.h"
#include "crypto/algorithm.h"
#include "errors/result.h"

namespace certwright::crypto {

// Verifies one signature by a key seen for the first time: a CSR's, a stranger's certificate.
// `signature` is the content of the BIT STRING without its unused-bits octet. ECDSA signatures must
// be strict DER. Any thread; contexts are the thread's own.
// Does not judge the key: check_public_key (public_key.h) does, and should be asked first.
// Errors: invalid if it does not verify, if algorithm and key do not fit, or if either is unknown
// here; bad_encoding if the SubjectPublicKeyInfo is not DER.
Result<void> verify(ByteView spki_tlv, ByteView signature_algorithm_tlv, ByteView message,
                    ByteView signature);

// A message whose SHA-256 is known already, so that one of megabytes is not read once more.
struct DigestedMessage {
  ByteView octets;
  std::array<std::uint8_t, 32> sha256;  // of `octets`; the caller vouches for it
};
// The same. Reads the octets only if the algorithm signs anything else than their SHA-256.
Result<void> verify(ByteView spki_tlv, ByteView signature_algorithm_tlv,
                    const DigestedMessage& message, ByteView signature);

// Verifies many signatures by one key and algorithm: our own, before they leave.
// Move-only; one thread at a time.
class VerifyingContext {
 public:
  // Errors: as verify() for the key and the algorithm.
  static Result<VerifyingContext> create(ByteView spki_tlv, const SignatureAlgorithm& algorithm);
  VerifyingContext(VerifyingContext&&) noexcept;
  VerifyingContext& operator=(VerifyingContext&&) noexcept;
  ~VerifyingContext();

  // Errors: invalid if the signature is not this key's over this message.
  Result<void> verify(ByteView message, ByteView signature);

 private:
  struct State;
  explicit VerifyingContext(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::crypto
