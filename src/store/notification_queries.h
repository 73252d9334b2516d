#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "errors/result.h"
#include "store/notification_records.h"

namespace certwright::store {

struct RoleBindingRecord;

// What can be read of the outbox: a part of Store, with its promises. Every list is cut to 1,000 rows.
class NotificationQueries {
 public:
  static constexpr std::uint32_t kMaxLimit = 1000;
  virtual ~NotificationQueries() = default;

  // Recipients of the channel whose first waiting notification is due, those that waited longest first.
  virtual Result<std::vector<NotificationLane>> due_lanes(NotificationChannel channel, Time now,
                                                          std::uint32_t limit) const = 0;
  // The recipient's waiting ones, in order, the first `limit`.
  virtual Result<std::vector<NotificationRecord>> waiting(NotificationChannel channel,
                                                          std::string_view recipient,
                                                          std::uint32_t limit) const = 0;
  // A principal's in-product ones with ids below `before` (0: from the newest), newest first.
  virtual Result<std::vector<NotificationRecord>> in_product(std::string_view principal,
                                                             NotificationId before,
                                                             std::uint32_t limit) const = 0;
  // Everything told about this subject to this recipient, whatever the channel, oldest first.
  virtual Result<std::vector<NotificationRecord>> about(std::string_view recipient, std::string_view event,
                                                        std::string_view subject) const = 0;
  // Everything told about this subject to anybody, oldest first: for a request's case file.
  virtual Result<std::vector<NotificationRecord>> told_about(std::string_view tenant,
                                                             std::string_view subject) const = 0;
  virtual Result<std::optional<NotificationRecord>> find(NotificationId id) const = 0;
  // Is there one with this deduplication key? Then enqueueing it again does nothing.
  virtual Result<bool> is_enqueued(std::string_view deduplication_key) const = 0;
  // How many in `state` were created before `before`; counts to `limit`, and costs as much.
  virtual Result<std::uint32_t> count_before(NotificationState state, Time before, std::uint32_t limit) const = 0;
  // Counts what waits: costs as much as there is.
  virtual Result<NotificationTotals> totals() const = 0;

  virtual Result<std::optional<WebhookRecord>> find_webhook(std::string_view id) const = 0;
  virtual Result<std::vector<WebhookRecord>> list_webhooks(std::string_view tenant) const = 0;

  virtual Result<std::optional<NotificationTemplateRecord>> find_template(std::string_view tenant,
                                                                          std::string_view event) const = 0;
  virtual Result<std::vector<NotificationTemplateRecord>> list_templates(std::string_view tenant) const = 0;

  // The bindings of `role` for exactly `tenant` ("*" is one of its own), by principal.
  virtual Result<std::vector<RoleBindingRecord>> role_holders(std::string_view role,
                                                              std::string_view tenant) const = 0;
};

}  // namespace certwright::store
