#pragma once
// For tests: a signer in front of another, to be changed in one place.
#include <memory>
#include <utility>

#include "signer/signer.h"

namespace certwright::signer::testing {

class ForwardingSigner : public Signer {
 public:
  explicit ForwardingSigner(std::shared_ptr<Signer> to) : to_(std::move(to)) {}
  Result<Bytes> sign(PreparedCertificate prepared) override { return to_->sign(std::move(prepared)); }
  Result<Bytes> sign(PreparedInterceptionCertificate prepared) override { return to_->sign(std::move(prepared)); }
  Result<Bytes> sign(PreparedCertificateList prepared) override { return to_->sign(std::move(prepared)); }
  Result<Bytes> sign(PreparedOcspResponse prepared) override { return to_->sign(std::move(prepared)); }
  Result<Bytes> sign(PreparedRootCertificate prepared) override { return to_->sign(std::move(prepared)); }
  Result<Bytes> sign(PreparedCaRequest prepared) override { return to_->sign(std::move(prepared)); }
  ByteView signature_algorithm_tlv() const noexcept override { return to_->signature_algorithm_tlv(); }
  ByteView subject_public_key_info_tlv() const noexcept override { return to_->subject_public_key_info_tlv(); }

 private:
  const std::shared_ptr<Signer> to_;
};

}  // namespace certwright::signer::testing
