#pragma once
#include <string>
#include <vector>

#include "store/notification_records.h"

namespace certwright::store {

// Its id is given by the store. Nothing happens if its deduplication key is in the outbox, so the
// same event may be told about again after a crash.
struct EnqueueNotification { NotificationRecord notification; };

// The outcome of one attempt to deliver these notifications of one recipient. `waiting`: they are tried
// again at `next_attempt_at`. `acknowledged`: given up before an attempt, which is none. Those that do not wait
// any more are left alone. No errors.
struct SettleNotifications {
  NotificationChannel channel = NotificationChannel::email;
  std::string recipient;
  std::vector<NotificationId> ids;
  NotificationState outcome = NotificationState::delivered;
  Time now{};
  Time next_attempt_at{};
  std::string error{};
};

// The principal has seen an in-product notification and wants no more about its event and subject:
// what waits for the same principal about the same is acknowledged with it. No error if it was
// acknowledged before. Errors: not_found unless it is an in-product one of this principal.
struct AcknowledgeNotification {
  std::string principal;
  NotificationId id = 0;
  Time now{};
};

// Drops the oldest `limit` in `state` (not `waiting`) that were created before `before`. With them
// their deduplication keys are forgotten. No errors.
struct PruneNotifications {
  NotificationState state = NotificationState::delivered;
  Time before{};
  std::uint32_t limit = 1000;
};

// Insert when record.revision == 1, else replace. Errors: conflict, field "revision", if the stored
// revision is not record.revision - 1.
struct PutWebhook { WebhookRecord webhook; };
struct DeleteWebhook { std::string id; };  // errors: not_found
struct PutNotificationTemplate { NotificationTemplateRecord record; };  // insert or replace
struct DeleteNotificationTemplate {  // errors: not_found
  std::string tenant;
  std::string event;
};

}  // namespace certwright::store
