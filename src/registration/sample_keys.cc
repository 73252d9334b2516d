#include "registration/sample_keys.h"

#include "crypto/private_key.h"

namespace certwright::registration {
namespace {

Result<Bytes> make(std::string_view name) {
  CERTWRIGHT_TRY(const auto* algorithm, crypto::find_key_algorithm(name));
  CERTWRIGHT_TRY(const auto key, crypto::PrivateKey::generate(*algorithm));
  return to_bytes(key.subject_public_key_info_tlv());
}

}  // namespace

Result<Bytes> SampleKeys::of(std::string_view key_algorithm) {
  std::shared_ptr<Sample> sample;
  {
    const std::lock_guard lock(mutex_);
    auto& found = samples_[std::string(key_algorithm)];
    if (found == nullptr) found = std::make_shared<Sample>();
    sample = found;
  }
  const std::lock_guard lock(sample->mutex);
  if (sample->subject_public_key_info.empty()) {
    auto made = make(key_algorithm);
    if (!made) return fail_field(made.error().code, "key_type", "key_type: " + made.error().detail);
    sample->subject_public_key_info = *std::move(made);
  }
  return sample->subject_public_key_info;
}

}  // namespace certwright::registration
