#pragma once
#include "bytes/bytes.h"
#include "errors/result.h"
#include "signer/prepared.h"

namespace certwright::signer {

// Custody of one private key of a CA or of its OCSP responder. Safe to call from any thread.
// There is no way to sign bare bytes: every overload consumes a proof of preparation.
// sign() returns the bits of the signature value (no unused bits). Errors: internal if the proof was
// already redeemed (moved from) or the key fails; unavailable if the token is away.
class Signer {
 public:
  virtual ~Signer() = default;

  virtual Result<Bytes> sign(PreparedCertificate prepared) = 0;
  virtual Result<Bytes> sign(PreparedInterceptionCertificate prepared) = 0;
  virtual Result<Bytes> sign(PreparedCertificateList prepared) = 0;
  virtual Result<Bytes> sign(PreparedOcspResponse prepared) = 0;
  virtual Result<Bytes> sign(PreparedRootCertificate prepared) = 0;
  virtual Result<Bytes> sign(PreparedCaRequest prepared) = 0;

  // Valid as long as *this; never change.
  virtual ByteView signature_algorithm_tlv() const noexcept = 0;
  virtual ByteView subject_public_key_info_tlv() const noexcept = 0;
};

}  // namespace certwright::signer
