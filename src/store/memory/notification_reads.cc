#include "store/memory/notification_reads.h"

#include <algorithm>
#include <limits>

namespace certwright::store::memory {
namespace {

template <class Record>
void cut(std::vector<Record>& records, std::uint32_t limit) {
  const std::size_t most = std::min(limit, NotificationQueries::kMaxLimit);
  if (records.size() > most) records.erase(records.begin() + static_cast<std::ptrdiff_t>(most), records.end());
}

}  // namespace

Result<std::vector<NotificationLane>> NotificationReads::due_lanes(NotificationChannel channel, Time now,
                                                                   std::uint32_t limit) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Time> first;
  for (const auto& [id, n] : data_.notifications)
    if (n.channel == channel && n.state == NotificationState::waiting)
      first.try_emplace(n.recipient, n.next_attempt_at);
  std::vector<NotificationLane> lanes;
  for (const auto& [recipient, at] : first)
    if (at <= now) lanes.push_back({channel, recipient, at});
  std::ranges::stable_sort(lanes, {}, &NotificationLane::next_attempt_at);
  cut(lanes, limit);
  return lanes;
}

Result<std::vector<NotificationRecord>> NotificationReads::waiting(NotificationChannel channel,
                                                                   std::string_view recipient,
                                                                   std::uint32_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<NotificationRecord> result;
  for (const auto& [id, n] : data_.notifications)
    if (n.channel == channel && n.recipient == recipient && n.state == NotificationState::waiting)
      result.push_back(n);
  cut(result, limit);
  return result;
}

Result<std::vector<NotificationRecord>> NotificationReads::in_product(std::string_view principal,
                                                                      NotificationId before,
                                                                      std::uint32_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<NotificationRecord> result;
  for (const auto& [id, n] : data_.notifications)
    if (n.channel == NotificationChannel::in_product && n.recipient == principal && (before == 0 || id < before))
      result.push_back(n);
  std::ranges::reverse(result);
  cut(result, limit);
  return result;
}

Result<std::vector<NotificationRecord>> NotificationReads::about(std::string_view recipient,
                                                                 std::string_view event,
                                                                 std::string_view subject) const {
  const std::lock_guard lock(mutex_);
  std::vector<NotificationRecord> result;
  for (const auto& [id, n] : data_.notifications)
    if (n.recipient == recipient && n.event == event && n.subject == subject) result.push_back(n);
  cut(result, kMaxLimit);
  return result;
}

Result<std::vector<NotificationRecord>> NotificationReads::told_about(std::string_view tenant,
                                                                      std::string_view subject) const {
  const std::lock_guard lock(mutex_);
  std::vector<NotificationRecord> result;
  for (const auto& [id, n] : data_.notifications)
    if (n.tenant == tenant && n.subject == subject) result.push_back(n);
  cut(result, kMaxLimit);
  return result;
}

Result<std::optional<NotificationRecord>> NotificationReads::find(NotificationId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = data_.notifications.find(id);
  if (found == data_.notifications.end()) return std::nullopt;
  return found->second;
}

Result<bool> NotificationReads::is_enqueued(std::string_view deduplication_key) const {
  const std::lock_guard lock(mutex_);
  return data_.notification_keys.contains(std::string(deduplication_key));
}

Result<std::uint32_t> NotificationReads::count_before(NotificationState state, Time before,
                                                      std::uint32_t limit) const {
  const std::lock_guard lock(mutex_);
  std::uint32_t count = 0;
  for (const auto& [id, n] : data_.notifications)
    if (count < limit && n.state == state && n.created_at < before) ++count;
  return count;
}

Result<NotificationTotals> NotificationReads::totals() const {
  const std::lock_guard lock(mutex_);
  NotificationTotals totals;
  for (const auto& [id, n] : data_.notifications) {
    if (n.state == NotificationState::failed) ++totals.failed;
    if (n.state != NotificationState::waiting) continue;
    ++totals.waiting;
    if (!totals.oldest_waiting || n.created_at < *totals.oldest_waiting) totals.oldest_waiting = n.created_at;
  }
  return totals;
}

Result<std::optional<WebhookRecord>> NotificationReads::find_webhook(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = data_.webhooks.find(std::string(id));
  if (found == data_.webhooks.end()) return std::nullopt;
  return found->second;
}

Result<std::vector<WebhookRecord>> NotificationReads::list_webhooks(std::string_view tenant) const {
  const std::lock_guard lock(mutex_);
  std::vector<WebhookRecord> result;
  for (const auto& [id, webhook] : data_.webhooks)
    if (webhook.tenant == tenant) result.push_back(webhook);
  cut(result, kMaxLimit);
  return result;
}

Result<std::optional<NotificationTemplateRecord>> NotificationReads::find_template(
    std::string_view tenant, std::string_view event) const {
  const std::lock_guard lock(mutex_);
  const auto found = data_.notification_templates.find({std::string(tenant), std::string(event)});
  if (found == data_.notification_templates.end()) return std::nullopt;
  return found->second;
}

Result<std::vector<NotificationTemplateRecord>> NotificationReads::list_templates(
    std::string_view tenant) const {
  const std::lock_guard lock(mutex_);
  std::vector<NotificationTemplateRecord> result;
  for (const auto& [key, record] : data_.notification_templates)
    if (key.first == tenant) result.push_back(record);
  cut(result, kMaxLimit);
  return result;
}

Result<std::vector<RoleBindingRecord>> NotificationReads::role_holders(std::string_view role,
                                                                       std::string_view tenant) const {
  const std::lock_guard lock(mutex_);
  std::vector<RoleBindingRecord> result;
  for (const auto& [key, binding] : data_.bindings)
    if (binding.role == role && binding.tenant == tenant) result.push_back(binding);
  cut(result, kMaxLimit);
  return result;
}

}  // namespace certwright::store::memory
