#include "store/sqlite/command_runner.h"
#include "store/sqlite/rows.h"

namespace certwright::store::sqlite {

// The lane says when the first one that waits is due; without one there is no lane.
Result<void> CommandRunner::place_lane(NotificationChannel channel, std::string_view recipient) {
  const int number = static_cast<int>(channel);
  std::optional<Time> due;
  {
    CERTWRIGHT_TRY(auto first, database_.query(Statement::find_first_waiting, number, recipient));
    CERTWRIGHT_TRY(const bool found, first.next());
    if (found) due = first.time(0);
  }
  if (due) {
    CERTWRIGHT_CHECK(database_.run(Statement::put_lane, number, recipient, *due));
  } else {
    CERTWRIGHT_CHECK(database_.run(Statement::delete_lane, number, recipient));
  }
  return {};
}

Result<void> CommandRunner::operator()(const EnqueueNotification& c) {
  const auto& n = c.notification;
  const int channel = static_cast<int>(n.channel);
  CERTWRIGHT_TRY(const auto added,
                 database_.run(Statement::enqueue_notification, channel, n.recipient, n.tenant, n.event,
                               n.subject, n.facts, n.deduplication_key, static_cast<int>(n.state),
                               n.created_at, n.next_attempt_at, n.settled_at));
  if (added == 0 || n.state != NotificationState::waiting) return {};
  // Those that wait already go first, so their lane stands.
  CERTWRIGHT_CHECK(database_.run(Statement::open_lane, channel, n.recipient, n.next_attempt_at));
  return {};
}

Result<void> CommandRunner::operator()(const SettleNotifications& c) {
  const bool again = c.outcome == NotificationState::waiting;
  const std::optional<Time> settled_at = again ? std::nullopt : std::optional(c.now);
  for (const auto id : c.ids)
    CERTWRIGHT_CHECK(database_.run(Statement::settle_notification, id, static_cast<int>(c.channel),
                                   c.recipient, static_cast<int>(c.outcome), c.error,
                                   again ? c.next_attempt_at : c.now, settled_at));
  return place_lane(c.channel, c.recipient);
}

Result<void> CommandRunner::operator()(const AcknowledgeNotification& c) {
  std::string event;
  std::string subject;
  {
    CERTWRIGHT_TRY(auto row, database_.query(Statement::find_notification, c.id));
    CERTWRIGHT_TRY(const bool found, row.next());
    if (!found || static_cast<NotificationChannel>(row.integer(1)) != NotificationChannel::in_product ||
        row.text(2) != c.principal)
      return fail_field(Errc::not_found, "notification", "there is no such notification");
    event = row.text(4);
    subject = row.text(5);
  }
  std::vector<NotificationId> open;
  bool mail = false;
  {
    CERTWRIGHT_TRY(auto rows, database_.query(Statement::list_open_about, c.principal, event, subject));
    while (true) {
      CERTWRIGHT_TRY(const bool more, rows.next());
      if (!more) break;
      const bool waits = static_cast<NotificationState>(rows.integer(2)) == NotificationState::waiting;
      const auto channel = static_cast<NotificationChannel>(rows.integer(1));
      if (!waits && channel != NotificationChannel::in_product) continue;
      mail = mail || channel == NotificationChannel::email;
      open.push_back(rows.natural(0));
    }
  }
  for (const auto id : open)
    CERTWRIGHT_CHECK(database_.run(Statement::acknowledge_notification, id, c.now));
  if (mail) CERTWRIGHT_CHECK(place_lane(NotificationChannel::email, c.principal));
  return {};
}

Result<void> CommandRunner::operator()(const PruneNotifications& c) {
  const int state = static_cast<int>(c.state);
  {
    CERTWRIGHT_TRY(auto old, database_.query(Statement::list_old_notifications, state, c.before, c.count));
    for (std::uint32_t i = 0; i < c.count; ++i) {
      CERTWRIGHT_TRY(const bool found, old.next());
      if (!found) return fail_field(Errc::conflict, "count", "there are not so many notifications to drop any more");
    }
  }
  CERTWRIGHT_CHECK(database_.run(Statement::prune_notifications, state, c.before, c.count));
  return {};
}

Result<void> CommandRunner::operator()(const PutWebhook& c) {
  const auto& w = c.webhook;
  std::uint64_t stored = 0;
  {
    CERTWRIGHT_TRY(auto row, database_.query(Statement::find_webhook, w.id));
    CERTWRIGHT_TRY(const bool found, row.next());
    if (found) stored = row.natural(7);
  }
  if (w.revision != stored + 1)
    return fail_field(Errc::conflict, "revision", "the webhook was changed by someone else meanwhile");
  const std::string events = joined_names(w.events);
  CERTWRIGHT_CHECK(database_.run(Statement::put_webhook, w.id, w.tenant, w.url, events, w.disabled,
                                 w.secret_generation, w.previous_until, w.revision, w.created_by,
                                 w.created_at));
  return {};
}

Result<void> CommandRunner::operator()(const DeleteWebhook& c) {
  CERTWRIGHT_TRY(const auto deleted, database_.run(Statement::delete_webhook, c.id));
  if (deleted == 0) return fail_field(Errc::not_found, "webhook", "there is no such webhook");
  return {};
}

Result<void> CommandRunner::operator()(const PutNotificationTemplate& c) {
  const auto& r = c.record;
  CERTWRIGHT_CHECK(database_.run(Statement::put_template, r.tenant, r.event, r.subject, r.text, r.html,
                                 r.updated_by, r.updated_at));
  return {};
}

Result<void> CommandRunner::operator()(const DeleteNotificationTemplate& c) {
  CERTWRIGHT_TRY(const auto deleted, database_.run(Statement::delete_template, c.tenant, c.event));
  if (deleted == 0) return fail_field(Errc::not_found, "template", "there is no such template");
  return {};
}

}  // namespace certwright::store::sqlite
