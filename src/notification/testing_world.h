#pragma once
// A store with people in it, for the tests of this room.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "audit/journal.h"
#include "clock/clock.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "notification/delivery.h"
#include "notification/outbox.h"
#include "store/memory/memory_store.h"
#include "store/store_contract.h"

namespace certwright::notification::fixture {

using store::NotificationChannel;
using store::NotificationState;

class World {
 public:
  World() {
    apply({store::PutTenant{{"default", "", false, {}}}, store::PutTenant{{"other", "", false, {}}}});
    person("requester", "requester", "default");
    person("officer", "approver", "default");
    person("second", "approver", "*");
    person("elsewhere", "approver", "other");
    person("admin", "admin", "default");
    person("root", "admin", "*");
  }

  void apply(const store::Transaction& transaction) {
    const auto done = store.apply(transaction);
    ASSERT_TRUE(done) << done.error().detail;
  }
  void person(const std::string& id, const std::string& role, const std::string& tenant, const std::string& ca = "",
              bool disabled = false) {
    apply({store::PutPrincipal{{.id = id, .tenant = tenant == "*" ? "default" : tenant, .name = "Name of " + id,
                                .email = id + "@example.org", .kind = store::PrincipalKind::person,
                                .disabled = disabled, .created_at = {}}},
           store::PutRoleBinding{{id, role, tenant, ca}}});
  }
  void webhook(const std::string& id, const std::string& tenant, std::vector<std::string> events = {}) {
    apply({store::PutWebhook{{.id = id, .tenant = tenant, .url = "https://hooks.example.org/" + id,
                              .events = std::move(events), .disabled = false, .secret_generation = 1,
                              .previous_until = {}, .revision = 1, .created_by = "admin", .created_at = {}}}});
  }
  // An e-mail or webhook notification by itself.
  void enqueue(const std::string& recipient, const std::string& key,
               NotificationChannel channel = NotificationChannel::email) {
    store::NotificationRecord n;
    n.channel = channel;
    n.recipient = recipient;
    n.tenant = "default";
    n.event = "request_denied";
    n.subject = key;
    n.facts = R"({"request":")" + key + R"(","common_name":"www.example.org"})";
    n.deduplication_key = to_hex(crypto::sha256(as_bytes(key + recipient)));
    n.created_at = n.next_attempt_at = clock.now();
    apply({store::EnqueueNotification{n}});
  }

  // "in_product:officer" for each that was enqueued, sorted.
  static std::vector<std::string> recipients(const Result<store::Transaction>& transaction) {
    std::vector<std::string> all;
    EXPECT_TRUE(transaction);
    if (!transaction) return all;
    for (const auto& command : *transaction)
      if (const auto* enqueue = std::get_if<store::EnqueueNotification>(&command))
        all.push_back(std::string(name_of(enqueue->notification.channel)) + ":" + enqueue->notification.recipient);
    std::ranges::sort(all);
    return all;
  }
  std::vector<std::string> audit_events() {
    std::vector<std::string> names;
    const auto leaves = store.audit_leaves(0, 1000).value();
    for (const auto& leaf : leaves) {
      const std::string text(as_text(leaf.record));
      const auto at = text.find("\"event\":\"") + 9;
      names.push_back(text.substr(at, text.find('"', at) - at));
    }
    return names;
  }

  ManualClock clock{store::contract::kStart};
  store::MemoryStore store;
  audit::Journal journal{store, clock};
  crypto::DeterministicRandom random{1};
};

}  // namespace certwright::notification::fixture
