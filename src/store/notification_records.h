#pragma once
// The outbox: what is to be told to whom, webhooks, and the tenants' own templates.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"

namespace certwright::store {

// Given by the store, increasing in the order of enqueueing. 0: none yet.
using NotificationId = std::uint64_t;

enum class NotificationChannel : std::uint8_t { in_product = 0, email = 1, webhook = 2 };  // stored
enum class NotificationState : std::uint8_t {  // stored
  waiting = 0,
  delivered = 1,     // in-product ones are so from the start: they are shown
  failed = 2,        // given up
  acknowledged = 3,  // no more is wanted about it: the recipient said so, or what it is about is over
};

struct NotificationRecord {
  NotificationId id = 0;
  NotificationChannel channel = NotificationChannel::in_product;
  std::string recipient;  // principal; for a webhook its id
  std::string tenant;     // of what it is about; "*": of no tenant
  std::string event;      // notification/event.h: "certificate_expiring", ...
  std::string subject;    // what it is about: a request's id, a serial in decimal, a CA's id
  std::string facts;      // JSON object of strings
  std::string deduplication_key;  // unique in the outbox
  NotificationState state = NotificationState::waiting;
  std::uint32_t attempts = 0;
  std::string last_error;
  Time created_at{};
  Time next_attempt_at{};  // matters while it is the recipient's first one that waits
  std::optional<Time> settled_at;
};

// A recipient with something waiting. Its notifications go in the order of their ids, so that the
// first one decides when.
struct NotificationLane {
  NotificationChannel channel = NotificationChannel::email;
  std::string recipient;
  Time next_attempt_at{};
};

// Its secret is not here: it follows from the installation's sealed notification key, the id and the
// generation (notification/webhook_secret.h). Until `previous_until` the generation before counts too.
struct WebhookRecord {
  std::string id;      // random
  std::string tenant;  // "*": every tenant, and what belongs to none
  std::string url;
  std::vector<std::string> events;  // none: all
  bool disabled = false;
  std::uint32_t secret_generation = 1;
  std::optional<Time> previous_until;
  std::uint64_t revision = 0;  // optimistic lock, as CaRecord::revision
  std::string created_by;
  Time created_at{};
};

struct NotificationTemplateRecord {
  std::string tenant;
  std::string event;
  std::string subject;
  std::string text;
  std::string html;
  std::string updated_by;
  Time updated_at{};
};

struct NotificationTotals {
  std::uint64_t waiting = 0;
  std::uint64_t failed = 0;  // of those that are kept
  std::optional<Time> oldest_waiting;
};

}  // namespace certwright::store
