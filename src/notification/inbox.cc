#include "notification/inbox.h"

#include "audit/events.h"
#include "notification/templates.h"

namespace certwright::notification {

Result<std::vector<InboxItem>> Inbox::list(std::string_view principal, store::NotificationId before,
                                           std::uint32_t limit) const {
  if (limit == 0 || limit > kMaxLimit)
    return fail_field(Errc::invalid, "limit", "limit: from 1 to " + std::to_string(kMaxLimit));
  CERTWRIGHT_TRY(auto records, store_.notifications().in_product(principal, before, limit));
  std::vector<InboxItem> items;
  for (auto& record : records) {
    InboxItem item;
    item.title = record.event;  // of another version's event: its name
    CERTWRIGHT_TRY(item.facts, read_facts(record.facts));
    if (const auto kind = event_named(record.event)) {
      CERTWRIGHT_TRY(const auto wording, template_in_force(store_, record.tenant, *kind));
      auto made = render(wording, item.facts);
      item.title = std::move(made.subject);
      item.text = std::move(made.text);
    }
    item.record = std::move(record);
    items.push_back(std::move(item));
  }
  return items;
}

Result<void> Inbox::acknowledge(store::NotificationId id, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto found, store_.notifications().find(id));
  if (!found || found->recipient != actor.principal || found->channel != store::NotificationChannel::in_product)
    return fail(Errc::not_found, "there is no such notification");
  if (found->state == store::NotificationState::acknowledged) return {};
  return store_.apply({store::AcknowledgeNotification{actor.principal, id, clock_.now()},
                       journal_.leaf({audit::EventType::notification_acknowledged,
                                      actor,
                                      {{"notification", std::to_string(id)},
                                       {"event", found->event},
                                       {"subject", found->subject}}})});
}

}  // namespace certwright::notification
