#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "crypto/private_key.h"
#include "crypto/signing.h"
#include "signer/signer.h"

namespace certwright::signer {

// A key in this process's memory. Signing contexts are made once and reused, so that a signature
// costs its digest and its arithmetic: no algorithm fetch, no decoder, no encoder.
class SoftwareSigner final : public Signer {
 public:
  // Errors: invalid if the key cannot sign with this algorithm; unavailable if the library cannot.
  static Result<std::shared_ptr<SoftwareSigner>> create(const crypto::PrivateKey& key,
                                                        const crypto::SignatureAlgorithm& algorithm);

  Result<Bytes> sign(PreparedCertificate prepared) override { return sign_tlv(prepared.tlv()); }
  Result<Bytes> sign(PreparedInterceptionCertificate prepared) override {
    return sign_tlv(prepared.tlv());
  }
  Result<Bytes> sign(PreparedCertificateList prepared) override { return sign_tlv(prepared.tlv()); }
  Result<Bytes> sign(PreparedOcspResponse prepared) override { return sign_tlv(prepared.tlv()); }
  Result<Bytes> sign(PreparedRootCertificate prepared) override { return sign_tlv(prepared.tlv()); }
  Result<Bytes> sign(PreparedCaRequest prepared) override { return sign_tlv(prepared.tlv()); }

  ByteView signature_algorithm_tlv() const noexcept override { return algorithm_.identifier_tlv; }
  ByteView subject_public_key_info_tlv() const noexcept override {
    return key_.subject_public_key_info_tlv();
  }

 private:
  SoftwareSigner(const crypto::PrivateKey& key, const crypto::SignatureAlgorithm& algorithm)
      : key_(key), algorithm_(algorithm) {}
  Result<Bytes> sign_tlv(ByteView tlv);

  crypto::PrivateKey key_;
  const crypto::SignatureAlgorithm& algorithm_;
  std::mutex mutex_;
  std::vector<crypto::SigningContext> idle_;  // as many as ever signed at once
};

}  // namespace certwright::signer
