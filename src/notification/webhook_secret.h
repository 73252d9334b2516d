#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "errors/result.h"
#include "keys/sealer.h"
#include "store/store.h"

namespace certwright::notification {

// The secrets of all webhooks, which are in no table: HMAC-SHA-256 of a webhook's id and generation
// under the installation's notification key. That key is one sealed setting, so that it is sealed
// again when the key-encryption key is rotated. Immutable; safe to use from any thread.
class WebhookSecrets {
 public:
  static constexpr std::string_view kSetting = "notification-key";

  // The key in the store; makes it at the first call. Errors: of store and sealer.
  static Result<WebhookSecrets> open(store::Store& store, const keys::Sealer& sealer, crypto::Random& random);
  explicit WebhookSecrets(SecretBytes key) : key_(std::move(key)) {}

  // "whsec_" and 43 characters of base64url: what the receiver is given. All of its octets are the key
  // of the HMAC.
  SecretBytes secret(std::string_view webhook, std::uint32_t generation) const;

  // The value of Certwright-Signature: "t=1767225600,v1=<hex>", and a second v1 while the generation
  // before counts too. Each is HMAC-SHA-256(secret, "<t>.<body>").
  std::string signature(const store::WebhookRecord& webhook, Time now, std::string_view body) const;

 private:
  SecretBytes key_;
};

}  // namespace certwright::notification
