#include "store/sqlite/notification_reads.h"

#include <algorithm>
#include <limits>

#include "store/sqlite/parts.h"
#include "store/sqlite/rows.h"

namespace certwright::store {

const NotificationQueries& SqliteStore::notifications() const noexcept { return *parts_->notifications; }

namespace sqlite {
namespace {

constexpr NotificationId kLargestId = std::numeric_limits<std::int64_t>::max();

std::uint32_t cut(std::uint32_t limit) { return std::min(limit, NotificationQueries::kMaxLimit); }

template <class Read>
auto rows_of(Result<Query> query, Read read) -> Result<std::vector<decltype(read(*query))>> {
  std::vector<decltype(read(*query))> records;
  if (!query) return tl::unexpected<Error>(query.error());
  while (true) {
    CERTWRIGHT_TRY(const bool more, query->next());
    if (!more) return records;
    records.push_back(read(*query));
  }
}

template <class Read>
auto row_of(Result<Query> query, Read read) -> Result<std::optional<decltype(read(*query))>> {
  CERTWRIGHT_TRY(auto rows, rows_of(std::move(query), read));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

std::optional<Time> time_at(const Query& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.time(column));
}

NotificationRecord notification_record(const Query& row) {
  return {.id = row.natural(0),
          .channel = static_cast<NotificationChannel>(row.integer(1)),
          .recipient = row.text(2),
          .tenant = row.text(3),
          .event = row.text(4),
          .subject = row.text(5),
          .facts = row.text(6),
          .deduplication_key = row.text(7),
          .state = static_cast<NotificationState>(row.integer(8)),
          .attempts = row.number(9),
          .last_error = row.text(10),
          .created_at = row.time(11),
          .next_attempt_at = row.time(12),
          .settled_at = time_at(row, 13)};
}

WebhookRecord webhook_record(const Query& row) {
  return {.id = row.text(0),
          .tenant = row.text(1),
          .url = row.text(2),
          .events = split_names(as_text(row.view(3))),
          .disabled = row.integer(4) != 0,
          .secret_generation = row.number(5),
          .previous_until = time_at(row, 6),
          .revision = row.natural(7),
          .created_by = row.text(8),
          .created_at = row.time(9)};
}

NotificationTemplateRecord template_record(const Query& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.time(6)};
}

}  // namespace

Result<std::vector<NotificationLane>> NotificationReads::due_lanes(NotificationChannel channel, Time now,
                                                                   std::uint32_t limit) const {
  const auto reader = readers_.borrow();
  return rows_of(reader->query(Statement::list_due_lanes, static_cast<int>(channel), now, cut(limit)),
                 [](const Query& row) {
                   return NotificationLane{static_cast<NotificationChannel>(row.integer(0)), row.text(1),
                                           row.time(2)};
                 });
}

Result<std::vector<NotificationRecord>> NotificationReads::waiting(NotificationChannel channel,
                                                                   std::string_view recipient,
                                                                   std::uint32_t limit) const {
  const auto reader = readers_.borrow();
  return rows_of(reader->query(Statement::list_waiting, static_cast<int>(channel), recipient, cut(limit)),
                 notification_record);
}

Result<std::vector<NotificationRecord>> NotificationReads::in_product(std::string_view principal,
                                                                      NotificationId before,
                                                                      std::uint32_t limit) const {
  const auto reader = readers_.borrow();
  const NotificationId below = before == 0 || before > kLargestId ? kLargestId : before;
  return rows_of(reader->query(Statement::list_in_product, principal, below, cut(limit)), notification_record);
}

Result<std::vector<NotificationRecord>> NotificationReads::about(std::string_view recipient,
                                                                 std::string_view event,
                                                                 std::string_view subject) const {
  const auto reader = readers_.borrow();
  return rows_of(reader->query(Statement::list_about, recipient, event, subject, kMaxLimit),
                 notification_record);
}

Result<std::vector<NotificationRecord>> NotificationReads::told_about(std::string_view tenant,
                                                                      std::string_view subject) const {
  const auto reader = readers_.borrow();
  return rows_of(reader->query(Statement::list_told_about, subject, tenant, kMaxLimit), notification_record);
}

Result<std::optional<NotificationRecord>> NotificationReads::find(NotificationId id) const {
  if (id > kLargestId) return std::nullopt;
  const auto reader = readers_.borrow();
  return row_of(reader->query(Statement::find_notification, id), notification_record);
}

Result<bool> NotificationReads::is_enqueued(std::string_view deduplication_key) const {
  const auto reader = readers_.borrow();
  CERTWRIGHT_TRY(const auto row, row_of(reader->query(Statement::find_notification_by_key, deduplication_key),
                                        [](const Query& found) { return found.natural(0); }));
  return row.has_value();
}

Result<std::uint32_t> NotificationReads::count_before(NotificationState state, Time before,
                                                      std::uint32_t limit) const {
  const auto reader = readers_.borrow();
  CERTWRIGHT_TRY(const auto old,
                 rows_of(reader->query(Statement::list_old_notifications, static_cast<int>(state), before, limit),
                         [](const Query& row) { return row.natural(0); }));
  return static_cast<std::uint32_t>(old.size());
}

Result<NotificationTotals> NotificationReads::totals() const {
  const auto reader = readers_.borrow();
  const auto count = [&](NotificationState state) {
    return row_of(reader->query(Statement::count_notifications, static_cast<int>(state)),
                  [](const Query& row) { return row.natural(0); });
  };
  NotificationTotals totals;
  CERTWRIGHT_TRY(const auto waiting, count(NotificationState::waiting));
  CERTWRIGHT_TRY(const auto failed, count(NotificationState::failed));
  totals.waiting = waiting.value_or(0);
  totals.failed = failed.value_or(0);
  CERTWRIGHT_TRY(totals.oldest_waiting, row_of(reader->query(Statement::oldest_waiting),
                                               [](const Query& row) { return row.time(0); }));
  return totals;
}

Result<std::optional<WebhookRecord>> NotificationReads::find_webhook(std::string_view id) const {
  const auto reader = readers_.borrow();
  return row_of(reader->query(Statement::find_webhook, id), webhook_record);
}

Result<std::vector<WebhookRecord>> NotificationReads::list_webhooks(std::string_view tenant) const {
  const auto reader = readers_.borrow();
  return rows_of(reader->query(Statement::list_webhooks, tenant, kMaxLimit), webhook_record);
}

Result<std::optional<NotificationTemplateRecord>> NotificationReads::find_template(
    std::string_view tenant, std::string_view event) const {
  const auto reader = readers_.borrow();
  return row_of(reader->query(Statement::find_template, tenant, event), template_record);
}

Result<std::vector<NotificationTemplateRecord>> NotificationReads::list_templates(
    std::string_view tenant) const {
  const auto reader = readers_.borrow();
  return rows_of(reader->query(Statement::list_templates, tenant, kMaxLimit), template_record);
}

Result<std::vector<RoleBindingRecord>> NotificationReads::role_holders(std::string_view role,
                                                                       std::string_view tenant) const {
  const auto reader = readers_.borrow();
  return rows_of(reader->query(Statement::list_role_holders, role, tenant, kMaxLimit), [](const Query& row) {
    return RoleBindingRecord{row.text(0), row.text(1), row.text(2), row.text(3)};
  });
}

}  // namespace sqlite
}  // namespace certwright::store
