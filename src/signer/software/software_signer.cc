#include "signer/software/software_signer.h"

#include <optional>

namespace certwright::signer {

Result<std::shared_ptr<SoftwareSigner>> SoftwareSigner::create(
    const crypto::PrivateKey& key, const crypto::SignatureAlgorithm& algorithm) {
  CERTWRIGHT_TRY(auto context, crypto::SigningContext::create(key, algorithm));
  std::shared_ptr<SoftwareSigner> signer(new SoftwareSigner(key, algorithm));
  signer->idle_.push_back(std::move(context));
  return signer;
}

Result<Bytes> SoftwareSigner::sign_tlv(ByteView tlv) {
  if (tlv.empty()) return fail(Errc::internal, "a proof of preparation was redeemed twice");
  std::optional<crypto::SigningContext> context;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      context.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
  }
  if (!context) {
    CERTWRIGHT_TRY(auto fresh, crypto::SigningContext::create(key_, algorithm_));
    context.emplace(std::move(fresh));
  }
  Result<Bytes> signature = context->sign(tlv);
  // A context that failed is not trusted again.
  if (signature) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(*context));
  }
  return signature;
}

}  // namespace certwright::signer
