#include <algorithm>

#include "store/memory/state.h"

namespace certwright::store::memory {

Result<void> run(Data& data, UndoLog& undo, const EnqueueNotification& command) {
  auto notification = command.notification;
  if (data.notification_keys.contains(notification.deduplication_key)) return {};
  notification.id = ++data.last_notification;
  undo.put(data.notification_keys, notification.deduplication_key, notification.id);
  undo.put(data.notifications, notification.id, std::move(notification));
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const SettleNotifications& command) {
  for (const auto id : command.ids) {
    const auto found = data.notifications.find(id);
    if (found == data.notifications.end()) continue;
    auto notification = found->second;
    if (notification.state != NotificationState::waiting || notification.channel != command.channel ||
        notification.recipient != command.recipient)
      continue;
    notification.state = command.outcome;
    if (command.outcome != NotificationState::acknowledged) ++notification.attempts;
    notification.last_error = command.error;
    const bool again = command.outcome == NotificationState::waiting;
    notification.next_attempt_at = again ? command.next_attempt_at : command.now;
    if (!again) notification.settled_at = command.now;
    undo.put(data.notifications, id, std::move(notification));
  }
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const AcknowledgeNotification& command) {
  const auto found = data.notifications.find(command.id);
  if (found == data.notifications.end() || found->second.recipient != command.principal ||
      found->second.channel != NotificationChannel::in_product)
    return fail_field(Errc::not_found, "notification", "there is no such notification");
  const auto seen = found->second;
  for (const auto& [id, other] : data.notifications) {
    const bool open = other.state == NotificationState::waiting ||
                      (other.state == NotificationState::delivered &&
                       other.channel == NotificationChannel::in_product);
    if (!open || other.recipient != seen.recipient || other.event != seen.event ||
        other.subject != seen.subject)
      continue;
    auto acknowledged = other;
    acknowledged.state = NotificationState::acknowledged;
    acknowledged.settled_at = command.now;
    undo.put(data.notifications, id, std::move(acknowledged));
  }
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const PruneNotifications& command) {
  std::vector<std::pair<Time, NotificationId>> old;
  for (const auto& [id, n] : data.notifications)
    if (n.state == command.state && n.created_at < command.before) old.emplace_back(n.created_at, id);
  std::ranges::sort(old);
  if (old.size() > command.limit) old.resize(command.limit);
  for (const auto& [created_at, id] : old) {
    undo.erase(data.notification_keys, data.notifications.at(id).deduplication_key);
    undo.erase(data.notifications, id);
  }
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const PutWebhook& command) {
  const auto found = data.webhooks.find(command.webhook.id);
  const std::uint64_t stored = found == data.webhooks.end() ? 0 : found->second.revision;
  if (command.webhook.revision != stored + 1)
    return fail_field(Errc::conflict, "revision", "the webhook was changed by someone else meanwhile");
  undo.put(data.webhooks, command.webhook.id, command.webhook);
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const DeleteWebhook& command) {
  if (!data.webhooks.contains(command.id))
    return fail_field(Errc::not_found, "webhook", "there is no such webhook");
  undo.erase(data.webhooks, command.id);
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const PutNotificationTemplate& command) {
  undo.put(data.notification_templates, std::pair(command.record.tenant, command.record.event), command.record);
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const DeleteNotificationTemplate& command) {
  const auto key = std::pair(command.tenant, command.event);
  if (!data.notification_templates.contains(key))
    return fail_field(Errc::not_found, "template", "there is no such template");
  undo.erase(data.notification_templates, key);
  return {};
}

}  // namespace certwright::store::memory
