#pragma once
// Signing many messages with one key.
#include <memory>

#include "bytes/bytes.h"
#include "crypto/algorithm.h"
#include "crypto/private_key.h"
#include "errors/result.h"

namespace certwright::crypto {

// Holds everything a signature needs, so that sign() fetches, decodes and encodes nothing: it costs
// the digest and the signature. Creating one costs a few signatures; keep one per thread and key.
// Move-only; one thread at a time.
class SigningContext {
 public:
  // Errors: invalid if the key cannot sign with this algorithm; unavailable if the library cannot.
  static Result<SigningContext> create(const PrivateKey& key, const SignatureAlgorithm& algorithm);
  SigningContext(SigningContext&&) noexcept;
  SigningContext& operator=(SigningContext&&) noexcept;
  ~SigningContext();

  // The content of the signatureValue BIT STRING: for ECDSA a DER ECDSA-Sig-Value, otherwise the
  // raw octets. ECDSA, RSA-PSS and ML-DSA differ from call to call; the others do not.
  // Errors: internal if the library fails; the context can be used again.
  Result<Bytes> sign(ByteView message);

  const SignatureAlgorithm& algorithm() const noexcept;

 private:
  struct State;
  explicit SigningContext(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::crypto
