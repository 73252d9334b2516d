#include "notification/webhook_secret.h"

#include <fmt/format.h>

#include "crypto/digest.h"

namespace certwright::notification {
namespace {

constexpr std::size_t kKeyOctets = 32;

std::string signed_with(const SecretBytes& secret, std::string_view message) {
  return ",v1=" + to_hex(crypto::hmac_sha256(secret.reveal(), as_bytes(message)));
}

}  // namespace

Result<WebhookSecrets> WebhookSecrets::open(store::Store& store, const keys::Sealer& sealer,
                                            crypto::Random& random) {
  const std::string name(kSetting);
  const std::string context = "setting:" + name;
  CERTWRIGHT_TRY(auto sealed, store.find_setting(name));
  if (!sealed) {
    SecretBytes key(kKeyOctets);
    random.fill(key.writable());
    CERTWRIGHT_TRY(auto fresh, sealer.seal(context, key.reveal()));
    const auto put = store.apply({store::PutSettingOnce{name, std::move(fresh)}});
    if (!put && put.error().code != Errc::conflict) return tl::unexpected(put.error());
    CERTWRIGHT_TRY(sealed, store.find_setting(name));  // ours, or another node's
    if (!sealed) return fail(Errc::unavailable, "the notification key cannot be read back");
  }
  CERTWRIGHT_TRY(auto key, sealer.open(context, *sealed));
  return WebhookSecrets(std::move(key));
}

SecretBytes WebhookSecrets::secret(std::string_view webhook, std::uint32_t generation) const {
  const auto code = crypto::hmac_sha256(key_.reveal(), as_bytes(fmt::format("webhook:{}:{}", webhook, generation)));
  std::string text = "whsec_" + to_base64url(code);
  auto secret = SecretBytes::copy_of(as_bytes(text));
  wipe(text);
  return secret;
}

std::string WebhookSecrets::signature(const store::WebhookRecord& webhook, Time now, std::string_view body) const {
  const auto t = to_unix_s(now);
  const std::string message = fmt::format("{}.{}", t, body);
  std::string value = fmt::format("t={}", t);
  value += signed_with(secret(webhook.id, webhook.secret_generation), message);
  if (webhook.secret_generation > 1 && webhook.previous_until && now < *webhook.previous_until)
    value += signed_with(secret(webhook.id, webhook.secret_generation - 1), message);
  return value;
}

}  // namespace certwright::notification
