#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/journal.h"
#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "notification/address_policy.h"
#include "notification/outbox.h"
#include "notification/webhook_secret.h"
#include "store/store.h"

namespace certwright::notification {

struct WebhookToCreate {
  std::string tenant;  // "*": every tenant, and what belongs to none
  std::string url;
  std::vector<std::string> events;  // none: all
};

struct WebhookWithSecret {
  store::WebhookRecord webhook;
  SecretBytes secret;  // shown once
};

// The endpoints that tenants want told. Does not authorise: the caller may manage the webhook's tenant.
// Every change is one transaction with its audit record. Safe to call from any thread.
class Webhooks {
 public:
  static constexpr std::size_t kMaxPerTenant = 20;
  static constexpr Seconds kMaxOverlap{7 * 24 * 3600};  // how long a previous secret may sign on

  struct Dependencies {  // all must outlive this
    store::Store& store;
    audit::Journal& journal;
    const Outbox& outbox;
    const WebhookSecrets& secrets;
    const AddressPolicy& policy;
    crypto::Random& random;
    const Clock& clock;
  };
  explicit Webhooks(const Dependencies& dependencies) : d_(dependencies) {}

  // Errors: invalid or policy for the URL (of a name, its addresses are judged at every delivery), invalid
  // for an event that does not exist; not_found for the tenant; too_large above kMaxPerTenant.
  Result<WebhookWithSecret> create(const WebhookToCreate& wanted, const audit::Actor& actor);
  // Errors: not_found.
  Result<store::WebhookRecord> find(std::string_view id) const;
  Result<std::vector<store::WebhookRecord>> list(std::string_view tenant) const {
    return d_.store.notifications().list_webhooks(tenant);
  }
  // A new secret; the one before signs too for as long as `overlap`. Errors: not_found; invalid for an
  // overlap above kMaxOverlap; conflict, field "overlap_s", while an earlier overlap lasts, unless this one is
  // 0; conflict if somebody else changed it at the same moment.
  Result<WebhookWithSecret> rotate(std::string_view id, Seconds overlap, const audit::Actor& actor);
  // Errors: not_found, conflict.
  Result<store::WebhookRecord> set_disabled(std::string_view id, bool disabled, const audit::Actor& actor);
  Result<void> remove(std::string_view id, const audit::Actor& actor);
  // Enqueues a test. Errors: not_found; conflict if it is disabled.
  Result<void> test(std::string_view id, std::string_view sent_by, const audit::Actor& actor);

 private:
  Result<std::string> checked_url(std::string_view text) const;
  const Dependencies d_;
};

}  // namespace certwright::notification
