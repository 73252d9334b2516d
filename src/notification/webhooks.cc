#include "notification/webhooks.h"

#include <algorithm>
#include <array>

#include "audit/events.h"
#include "notification/event.h"
#include "notification/webhook_url.h"

namespace certwright::notification {
namespace {

constexpr std::size_t kIdOctets = 12;

std::string random_id(crypto::Random& random) {
  std::array<std::uint8_t, kIdOctets> octets{};
  random.fill(octets);
  return to_hex(octets);
}

// The rest of a URL may hold a secret of the endpoint's.
std::string origin_of(const store::WebhookRecord& webhook) {
  const auto url = WebhookUrl::parse(webhook.url);
  return url ? url->origin() : "";
}

audit::Event event_about(audit::EventType type, const store::WebhookRecord& webhook, const audit::Actor& actor) {
  return {type, actor, {{"webhook", webhook.id}, {"tenant", webhook.tenant}}};
}

}  // namespace

Result<std::string> Webhooks::checked_url(std::string_view text) const {
  CERTWRIGHT_TRY(const auto url, WebhookUrl::parse(text));
  if (url.address()) CERTWRIGHT_CHECK(d_.policy.check(*url.address()));
  if (!url.is_https() && !(url.address() && d_.policy.is_listed(*url.address())))
    return fail_field(Errc::policy, "url", "url: must begin with https://; http is for addresses that an administrator lists");
  return url.text();
}

Result<WebhookWithSecret> Webhooks::create(const WebhookToCreate& wanted, const audit::Actor& actor) {
  store::WebhookRecord webhook;
  CERTWRIGHT_TRY(webhook.url, checked_url(wanted.url));
  for (const auto& event : wanted.events)
    if (!event_named(event)) return fail_field(Errc::invalid, "events", "events: there is no event \"" + cleaned(event) + "\"");
  if (wanted.tenant != "*") {
    CERTWRIGHT_TRY(const auto tenant, d_.store.find_tenant(wanted.tenant));
    if (!tenant) return fail_field(Errc::not_found, "tenant", "there is no such tenant");
  }
  CERTWRIGHT_TRY(const auto present, list(wanted.tenant));
  if (present.size() >= kMaxPerTenant)
    return fail_field(Errc::too_large, "tenant", "the tenant has " + std::to_string(kMaxPerTenant) + " webhooks already: delete one");
  webhook.id = random_id(d_.random);
  webhook.tenant = wanted.tenant;
  webhook.events = wanted.events;
  std::ranges::sort(webhook.events);
  const auto [first, last] = std::ranges::unique(webhook.events);
  webhook.events.erase(first, last);
  webhook.revision = 1;
  webhook.created_by = actor.principal;
  webhook.created_at = d_.clock.now();
  auto event = event_about(audit::EventType::webhook_created, webhook, actor);
  event.fields.emplace_back("url", origin_of(webhook));
  CERTWRIGHT_CHECK(d_.store.apply({store::PutWebhook{webhook}, d_.journal.leaf(event)}));
  auto secret = d_.secrets.secret(webhook.id, webhook.secret_generation);
  return WebhookWithSecret{std::move(webhook), std::move(secret)};
}

Result<store::WebhookRecord> Webhooks::find(std::string_view id) const {
  CERTWRIGHT_TRY(auto webhook, d_.store.notifications().find_webhook(id));
  if (!webhook) return fail(Errc::not_found, "there is no such webhook");
  return *std::move(webhook);
}

Result<WebhookWithSecret> Webhooks::rotate(std::string_view id, Seconds overlap, const audit::Actor& actor) {
  if (overlap < Seconds(0) || overlap > kMaxOverlap)
    return fail_field(Errc::invalid, "overlap_s", "overlap_s: from 0 to " + std::to_string(kMaxOverlap.count()));
  CERTWRIGHT_TRY(auto webhook, find(id));
  // Only one secret before the newest signs: the one that the endpoint still has would end.
  if (overlap > Seconds(0) && webhook.previous_until && d_.clock.now() < *webhook.previous_until)
    return fail_field(Errc::conflict, "overlap_s",
                      "overlap_s: the secret before the last one signs until " + to_rfc3339(*webhook.previous_until) +
                          "; rotate after that, or with 0 to end all earlier secrets now");
  ++webhook.revision;
  ++webhook.secret_generation;
  webhook.previous_until = d_.clock.now() + overlap;
  auto event = event_about(audit::EventType::webhook_secret_rotated, webhook, actor);
  event.fields.emplace_back("generation", std::to_string(webhook.secret_generation));
  event.fields.emplace_back("previous_until", to_rfc3339(*webhook.previous_until));
  CERTWRIGHT_CHECK(d_.store.apply({store::PutWebhook{webhook}, d_.journal.leaf(event)}));
  auto secret = d_.secrets.secret(webhook.id, webhook.secret_generation);
  return WebhookWithSecret{std::move(webhook), std::move(secret)};
}

Result<store::WebhookRecord> Webhooks::set_disabled(std::string_view id, bool disabled, const audit::Actor& actor) {
  CERTWRIGHT_TRY(auto webhook, find(id));
  if (webhook.disabled == disabled) return webhook;
  ++webhook.revision;
  webhook.disabled = disabled;
  const auto type = disabled ? audit::EventType::webhook_disabled : audit::EventType::webhook_enabled;
  CERTWRIGHT_CHECK(d_.store.apply({store::PutWebhook{webhook}, d_.journal.leaf(event_about(type, webhook, actor))}));
  return webhook;
}

Result<void> Webhooks::remove(std::string_view id, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto webhook, find(id));
  auto event = event_about(audit::EventType::webhook_deleted, webhook, actor);
  event.fields.emplace_back("url", origin_of(webhook));
  return d_.store.apply({store::DeleteWebhook{webhook.id}, d_.journal.leaf(event)});
}

Result<void> Webhooks::test(std::string_view id, std::string_view sent_by, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto webhook, find(id));
  if (webhook.disabled) return fail(Errc::conflict, "the webhook is disabled");
  auto transaction = d_.outbox.webhook_test(webhook, sent_by, random_id(d_.random));
  transaction.push_back(d_.journal.leaf(event_about(audit::EventType::webhook_tested, webhook, actor)));
  return d_.store.apply(transaction);
}

}  // namespace certwright::notification
