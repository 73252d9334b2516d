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
  const std::lock_guard lock(mutex_);
  if (const auto found = made_.find(key_algorithm); found != made_.end()) return found->second;
  auto made = make(key_algorithm);
  if (!made) return fail_field(made.error().code, "key_type", "key_type: " + made.error().detail);
  return made_.emplace(key_algorithm, *std::move(made)).first->second;
}

}  // namespace certwright::registration
