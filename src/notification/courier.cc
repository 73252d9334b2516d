#include "notification/courier.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "json/writer.h"
#include "notification/outbox.h"
#include "notification/recipients.h"
#include "notification/templates.h"

namespace certwright::notification {
namespace {

constexpr std::size_t kInFull = 20;  // of a digest; of the others only their subjects

// Only the store can fail: one that cannot be put into its words must not hold up those after it.
Result<Rendered> rendered(const store::Store& store, const store::NotificationRecord& notification) {
  const auto kind = event_named(notification.event);
  const auto facts = read_facts(notification.facts);
  if (!kind || !facts) {  // of another version
    const std::string line = cleaned(notification.event + " " + notification.subject);
    return Rendered{line, line + "\n", "<p>" + escape_html(line) + "</p>\n"};
  }
  CERTWRIGHT_TRY(const auto wording, template_in_force(store, notification.tenant, *kind));
  return render(wording, *facts);
}

// One body of several: each under its subject.
Rendered digest(std::vector<Rendered> parts) {
  if (parts.size() == 1) {
    parts.front().html = "<!DOCTYPE html>\n<html><body>\n" + parts.front().html + "</body></html>\n";
    return std::move(parts.front());
  }
  Rendered all;
  all.subject = fmt::format("{} notifications, first: {}", parts.size(), parts.front().subject);
  all.html = "<!DOCTYPE html>\n<html><body>\n";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& part = parts[i];
    all.text += "== " + part.subject + "\n";
    all.html += "<h2>" + escape_html(part.subject) + "</h2>\n";
    if (i >= kInFull) continue;
    all.text += "\n" + part.text + "\n";
    all.html += part.html + "<hr>\n";
  }
  all.html += "</body></html>\n";
  return all;
}

// Of one notification its own id, so that a duplicate is recognised; of several a digest of theirs.
std::string message_id(const std::vector<std::string>& ids) {
  if (ids.size() == 1) return ids.front();
  std::string all;
  for (const auto& id : ids) all += id;
  return to_hex(crypto::sha256(as_bytes(all))).substr(0, 32);
}

std::string webhook_body(const store::NotificationRecord& notification) {
  json::Writer w;
  w.begin_object();
  w.member("id", stable_id(notification)).member("event", notification.event);
  w.member("created_at", to_rfc3339(notification.created_at)).member("tenant", notification.tenant);
  w.member("subject", notification.subject).key("facts").raw(notification.facts);
  w.end_object();
  return std::move(w).take();
}

}  // namespace

std::size_t MailCourier::together(const std::vector<store::NotificationRecord>& waiting) const {
  const auto other = std::ranges::find_if(waiting, [&](const auto& n) { return n.tenant != waiting.front().tenant; });
  return static_cast<std::size_t>(other - waiting.begin());
}

Result<void> MailCourier::deliver(const std::string& recipient,
                                  const std::vector<store::NotificationRecord>& notifications, const Stop& stop) {
  CERTWRIGHT_TRY(const auto enabled, Recipients(store_).principal(recipient));
  if (enabled.empty()) return fail(Errc::gone, "the account or its tenant is disabled, or there is none");
  const auto& principal = enabled.front();
  auto address = MailAddress::parse(principal.email);
  if (!address) return fail(Errc::gone, "the account has no e-mail address that can be written to");
  std::vector<Rendered> parts;
  std::vector<std::string> ids;
  for (const auto& notification : notifications) {
    CERTWRIGHT_TRY(auto part, rendered(store_, notification));
    parts.push_back(std::move(part));
    ids.push_back(stable_id(notification));
  }
  auto body = digest(std::move(parts));
  const MailMessage message{.from = from_,
                            .to = {*std::move(address), principal.name},
                            .subject = std::move(body.subject),
                            .text = std::move(body.text),
                            .html = std::move(body.html),
                            .id = message_id(ids),
                            .contained = ids,
                            .date = clock_.now()};
  const auto sent = transport_.send(message, stop);
  // Something in it was refused. By itself it is lost; those that came with it are not.
  if (!sent && sent.error().code == Errc::policy)
    return fail(notifications.size() == 1 ? Errc::gone : Errc::conflict, sent.error().detail);
  return sent;
}

Result<void> WebhookCourier::deliver(const std::string& recipient,
                                     const std::vector<store::NotificationRecord>& notifications,
                                     const Stop& stop) {
  CERTWRIGHT_TRY(const auto webhook, store_.notifications().find_webhook(recipient));
  if (!webhook || webhook->disabled) return fail(Errc::gone, "the webhook is disabled, or there is none");
  CERTWRIGHT_TRY(const bool enabled, Recipients(store_).is_enabled(webhook->tenant));
  if (!enabled) return fail(Errc::gone, "the webhook's tenant is disabled");
  auto url = WebhookUrl::parse(webhook->url);
  if (!url) return fail(Errc::gone, url.error().detail);
  for (const auto& notification : notifications) {
    WebhookRequest request{.url = *url, .headers = {}, .body = webhook_body(notification)};
    request.headers = {{"Content-Type", "application/json"},
                       {"User-Agent", "certwright"},
                       {"Certwright-Notification-Id", stable_id(notification)},
                       {"Certwright-Event", notification.event},
                       {"Certwright-Signature", secrets_.signature(*webhook, clock_.now(), request.body)}};
    CERTWRIGHT_TRY(const int status, transport_.post(request, stop));
    if (status == 410) return fail(Errc::gone, "the endpoint answers 410: it is gone for good");
    if (status < 200 || status > 299)
      return fail(Errc::unavailable, fmt::format("{} answers {}", url->origin(), status));
  }
  return {};
}

}  // namespace certwright::notification
