#include "notification/outbox.h"

#include <algorithm>

#include "crypto/digest.h"
#include "notification/mailbox.h"

namespace certwright::notification {
namespace {

constexpr std::size_t kStableIdDigits = 32;
constexpr std::size_t kMostNames = 10;  // of a request, in a notification
constexpr std::string_view kInstallation = "*";

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMostNames; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMostNames) text += " and " + std::to_string(names.size() - kMostNames) + " more";
  return text;
}

// Path segments of ids: they are ours, and still nothing else may come into a link.
bool is_plain_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool wants(const store::WebhookRecord& webhook, std::string_view event) {
  return !webhook.disabled &&
         (webhook.events.empty() || std::ranges::find(webhook.events, event) != webhook.events.end());
}

}  // namespace

struct Outbox::Notice {
  EventKind kind;
  std::string tenant;
  std::string subject;
  std::string occasion;  // what else makes it another notification
  Facts facts;
  Principals principals;
};

std::string stable_id(const store::NotificationRecord& notification) {
  return notification.deduplication_key.substr(0, kStableIdDigits);
}

void Outbox::add(store::Transaction& to, const Notice& notice, store::NotificationChannel channel,
                 const std::string& recipient) const {
  const bool shown = channel == store::NotificationChannel::in_product;
  const Time now = clock_.now();
  store::NotificationRecord record;
  record.channel = channel;
  record.recipient = recipient;
  record.tenant = notice.tenant;
  record.event = name_of(notice.kind);
  record.subject = notice.subject;
  record.facts = write_facts(notice.facts);
  std::string key;
  for (const std::string_view part : {std::string_view(record.event), std::string_view(notice.tenant),
                                      std::string_view(notice.subject), std::string_view(notice.occasion),
                                      std::string_view(recipient)})
    key += std::to_string(part.size()) + ":" + std::string(part);
  key += static_cast<char>('0' + static_cast<int>(channel));
  record.deduplication_key = to_hex(crypto::sha256(as_bytes(key)));
  record.state = shown ? store::NotificationState::delivered : store::NotificationState::waiting;
  record.created_at = record.next_attempt_at = now;
  if (shown) record.settled_at = now;
  to.push_back(store::EnqueueNotification{std::move(record)});
}

Result<store::Transaction> Outbox::enqueue(const Notice& notice) const {
  store::Transaction transaction;
  for (const auto& principal : notice.principals) {
    add(transaction, notice, store::NotificationChannel::in_product, principal.id);
    if (options_.mail && MailAddress::parse(principal.email))
      add(transaction, notice, store::NotificationChannel::email, principal.id);
  }
  std::vector<std::string_view> tenants{kInstallation};
  if (notice.tenant != kInstallation) tenants.push_back(notice.tenant);
  for (const auto tenant : tenants) {
    CERTWRIGHT_TRY(const bool enabled, recipients_.is_enabled(tenant));
    if (!enabled) continue;
    CERTWRIGHT_TRY(const auto webhooks, store_.notifications().list_webhooks(tenant));
    for (const auto& webhook : webhooks)
      if (wants(webhook, name_of(notice.kind)))
        add(transaction, notice, store::NotificationChannel::webhook, webhook.id);
  }
  return transaction;
}

std::string Outbox::link_to(std::string_view kind, std::string_view id) const {
  if (options_.portal_url.empty() || !is_plain_id(id)) return {};
  return options_.portal_url + "/" + std::string(kind) + "/" + std::string(id);
}

std::string Outbox::link_to_inbox() const {
  return options_.portal_url.empty() ? std::string() : options_.portal_url + "/notifications";
}

Facts Outbox::facts_of(const RequestNotice& n, std::string_view section) const {
  return {{"request", n.request},       {"ca", n.ca},           {"profile", n.profile},
          {"common_name", n.common_name}, {"names", listed(n.names)}, {"requester", n.requester_name},
          {"requester_id", n.requester},
          {"decided_by", n.decided_by}, {"reason", n.reason},   {"changes", n.changes},
          {"serial", n.serial},         {"not_after", n.not_after ? to_rfc3339(*n.not_after) : ""},
          {"link", link_to(section, n.request)}};
}

Result<store::Transaction> Outbox::request_pending(const RequestNotice& notice) const {
  Deciders who = notice.deciders;
  who.counts = [&](std::string_view id) -> Result<bool> {
    if (id == notice.requester) return false;
    if (!notice.deciders.counts) return true;
    return notice.deciders.counts(id);
  };
  CERTWRIGHT_TRY(auto officers, recipients_.deciders(notice.tenant, notice.ca, std::max(notice.approvals_needed, 1U), who));
  return enqueue({EventKind::request_pending, notice.tenant, notice.request, notice.occasion, facts_of(notice, "approvals"),
                  std::move(officers)});
}

Result<store::Transaction> Outbox::to_requester(EventKind kind, const RequestNotice& notice) const {
  CERTWRIGHT_TRY(auto requester, recipients_.principal(notice.requester));
  return enqueue({kind, notice.tenant, notice.request, notice.occasion, facts_of(notice, "requests"), std::move(requester)});
}

Result<store::Transaction> Outbox::request_approved(const RequestNotice& notice) const {
  return to_requester(EventKind::request_approved, notice);
}
Result<store::Transaction> Outbox::request_denied(const RequestNotice& notice) const {
  return to_requester(EventKind::request_denied, notice);
}
Result<store::Transaction> Outbox::request_issued(const RequestNotice& notice) const {
  return to_requester(EventKind::request_issued, notice);
}
Result<store::Transaction> Outbox::request_closed(const RequestNotice& notice) const {
  return to_requester(EventKind::request_closed, notice);
}

Result<store::Transaction> Outbox::approval_failures(const ApprovalFailures& f) const {
  CERTWRIGHT_TRY(auto principals, recipients_.officers(f.tenant, f.ca));
  CERTWRIGHT_TRY(auto administrators, recipients_.administrators(f.tenant));
  add_missing(principals, std::move(administrators));
  return enqueue({EventKind::approval_failures, f.tenant, f.principal, f.ca + " " + to_rfc3339(f.window),
                  {{"ca", f.ca},
                   {"principal", f.principal},
                   {"principal_name", f.principal_name},
                   {"count", std::to_string(f.count)}},
                  std::move(principals)});
}

Result<store::Transaction> Outbox::certificate_revoked(const RevocationNotice& notice) const {
  const auto& c = notice.certificate;
  CERTWRIGHT_TRY(auto owner, recipients_.principal(c.principal));
  const std::string serial = c.serial.decimal();
  // A hold may end and come again, so its time makes it another.
  return enqueue({EventKind::certificate_revoked, c.tenant, serial,
                  std::string(notice.reason) + " " + to_rfc3339(notice.revoked_at),
                  {{"serial", serial},
                   {"ca", c.ca},
                   {"profile", c.profile},
                   {"subject", c.subject},
                   {"reason", std::string(notice.reason)},
                   {"revoked_at", to_rfc3339(notice.revoked_at)},
                   {"entity_type", c.entity_type},
                   {"entity_id", c.entity_id},
                   {"link", link_to_inbox()}},
                  std::move(owner)});
}

bool Outbox::can_be_reached(const store::PrincipalRecord& principal) const {
  return !options_.mail || MailAddress::parse(principal.email).has_value();
}

Result<store::Transaction> Outbox::certificate_expiring(const store::LineageRow& row, std::uint32_t days) const {
  const std::string serial = row.current_serial.decimal();
  CERTWRIGHT_TRY(auto principals, recipients_.principal(row.principal));
  if (principals.empty() || !can_be_reached(principals.front())) {
    CERTWRIGHT_TRY(auto administrators, recipients_.administrators(row.tenant));
    add_missing(principals, std::move(administrators));
  }
  Principals unaware;
  for (auto& principal : principals) {
    bool knows = false;
    for (const auto& subject : {serial, row.current_serial.hex()}) {  // hexadecimal: as older notices have it
      CERTWRIGHT_TRY(const auto told, store_.notifications().about(
                                          principal.id, name_of(EventKind::certificate_expiring), subject));
      knows = knows || std::ranges::any_of(
                           told, [](const auto& n) { return n.state == store::NotificationState::acknowledged; });
    }
    if (!knows) unaware.push_back(std::move(principal));
  }
  return enqueue({EventKind::certificate_expiring, row.tenant, serial, std::to_string(days),
                  {{"serial", serial},
                   {"ca", row.ca},
                   {"profile", row.profile},
                   {"subject", row.subject},
                   {"not_after", to_rfc3339(row.not_after)},
                   {"days", std::to_string(days)},
                   {"entity_type", row.entity_type},
                   {"entity_id", row.entity_id},
                   {"link", link_to_inbox()}},
                  std::move(unaware)});
}

Result<store::Transaction> Outbox::ca_expiring(const store::CaRecord& ca, std::string_view subject, Time not_after,
                                               std::uint32_t days) const {
  CERTWRIGHT_TRY(auto administrators, recipients_.administrators(kInstallation));
  return enqueue({EventKind::ca_expiring, std::string(kInstallation), ca.id,
                  to_rfc3339(not_after) + " " + std::to_string(days),
                  {{"ca", ca.id},
                   {"name", ca.name},
                   {"subject", std::string(subject)},
                   {"not_after", to_rfc3339(not_after)},
                   {"days", std::to_string(days)}},
                  std::move(administrators)});
}

Result<store::Transaction> Outbox::crl_expiring(const store::CrlRecord& crl) const {
  CERTWRIGHT_TRY(auto administrators, recipients_.administrators(kInstallation));
  return enqueue({EventKind::crl_expiring, std::string(kInstallation), crl.ca,
                  std::to_string(crl.shard) + " " + std::to_string(crl.number),
                  {{"ca", crl.ca},
                   {"shard", std::to_string(crl.shard)},
                   {"number", std::to_string(crl.number)},
                   {"next_update", to_rfc3339(crl.next_update)}},
                  std::move(administrators)});
}

store::Transaction Outbox::webhook_test(const store::WebhookRecord& webhook, std::string_view sent_by,
                                        std::string_view occasion) const {
  store::Transaction transaction;
  add(transaction,
      {EventKind::webhook_test, webhook.tenant, webhook.id, std::string(occasion),
       {{"webhook", webhook.id}, {"sent_by", std::string(sent_by)}}, {}},
      store::NotificationChannel::webhook, webhook.id);
  return transaction;
}

}  // namespace certwright::notification
