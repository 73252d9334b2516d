// The outbox, webhooks, templates, and who has a role.
#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

using Channel = NotificationChannel;
using State = NotificationState;
using Ids = std::vector<NotificationId>;

NotificationRecord mail(std::string key, std::string to = "alice", Time at = kStart) {
  NotificationRecord n;
  n.channel = Channel::email;
  n.recipient = std::move(to);
  n.tenant = "default";
  n.event = "certificate_expiring";
  n.subject = "0a1b";
  n.facts = R"({"days":"7"})";
  n.deduplication_key = std::move(key);
  n.created_at = n.next_attempt_at = at;
  return n;
}

NotificationRecord shown(std::string key, std::string to = "alice") {
  auto n = mail(std::move(key), std::move(to));
  n.channel = Channel::in_product;
  n.state = State::delivered;
  n.settled_at = kStart;
  return n;
}

SettleNotifications settle(Ids ids, State outcome, Time next = {}, std::string to = "alice") {
  return {Channel::email, std::move(to), std::move(ids), outcome, kStart + Seconds(5), next,
          outcome == State::delivered ? "" : "refused"};
}

Ids ids_of(const Result<std::vector<NotificationRecord>>& records) {
  Ids ids;
  EXPECT_TRUE(records) << records.error().detail;
  if (records)
    for (const auto& n : *records) ids.push_back(n.id);
  return ids;
}

class Lanes {
 public:
  explicit Lanes(const Store& store) : store_(store) {}
  std::vector<std::string> due(Time now, Channel channel = Channel::email, std::uint32_t limit = 100) const {
    std::vector<std::string> recipients;
    const auto lanes = store_.notifications().due_lanes(channel, now, limit).value();
    for (const auto& lane : lanes) recipients.push_back(lane.recipient);
    return recipients;
  }

 private:
  const Store& store_;
};

using Recipients = std::vector<std::string>;

TEST_P(StoreContract, KeepsANotificationAsItWasGiven) {
  ASSERT_EQ(outcome({EnqueueNotification{mail("k1")}, EnqueueNotification{shown("k2")}}), "ok");
  const auto n = store().notifications().waiting(Channel::email, "alice", 10).value().at(0);
  EXPECT_GT(n.id, 0U);
  EXPECT_EQ(n.tenant, "default");
  EXPECT_EQ(n.event, "certificate_expiring");
  EXPECT_EQ(n.subject, "0a1b");
  EXPECT_EQ(n.facts, R"({"days":"7"})");
  EXPECT_EQ(n.deduplication_key, "k1");
  EXPECT_EQ(n.state, State::waiting);
  EXPECT_EQ(n.attempts, 0U);
  EXPECT_EQ(n.created_at, kStart);
  EXPECT_EQ(n.next_attempt_at, kStart);
  EXPECT_FALSE(n.settled_at);
  const auto in_product = store().notifications().in_product("alice", 0, 10).value().at(0);
  EXPECT_EQ(in_product.state, State::delivered);
  EXPECT_EQ(in_product.settled_at, kStart);
  EXPECT_EQ(store().notifications().find(n.id).value()->deduplication_key, "k1");
  EXPECT_FALSE(store().notifications().find(n.id + 1000).value());
  EXPECT_FALSE(store().notifications().find(~0ULL).value());
  if (!backend_->reopen()) return;
  EXPECT_EQ(Lanes(store()).due(kStart), Recipients{"alice"});
}

TEST_P(StoreContract, ASecondNotificationOfTheSameKeyIsNone) {
  ASSERT_EQ(outcome({EnqueueNotification{mail("k1")}}), "ok");
  EXPECT_EQ(outcome({EnqueueNotification{mail("k1", "bob")}, EnqueueNotification{mail("k2")},
                     EnqueueNotification{mail("k2", "bob")}}),
            "ok");
  EXPECT_EQ(store().notifications().waiting(Channel::email, "alice", 10).value().size(), 2U);
  EXPECT_TRUE(store().notifications().waiting(Channel::email, "bob", 10).value().empty());
  EXPECT_EQ(Lanes(store()).due(kStart), Recipients{"alice"});
}

TEST_P(StoreContract, AFailedTransactionTellsNobody) {
  EXPECT_EQ(outcome({EnqueueNotification{mail("k1")}, RevokeCredential{"none"}}), "not_found");
  EXPECT_TRUE(Lanes(store()).due(kStart).empty());
  ASSERT_EQ(outcome({EnqueueNotification{mail("k1")}}), "ok");
  EXPECT_EQ(Lanes(store()).due(kStart), Recipients{"alice"});
}

TEST_P(StoreContract, ARecipientsFirstOneDecidesWhenItsLaneIsDue) {
  ASSERT_EQ(outcome({EnqueueNotification{mail("a1")}, EnqueueNotification{mail("b1", "bob", kStart - kDay)},
                     EnqueueNotification{mail("a2", "alice", kStart - 2 * kDay)}}),
            "ok");
  const Lanes lanes(store());
  EXPECT_EQ(lanes.due(kStart), (Recipients{"bob", "alice"}));
  EXPECT_EQ(lanes.due(kStart, Channel::email, 1), Recipients{"bob"});
  EXPECT_EQ(lanes.due(kStart - Seconds(1)), Recipients{"bob"});
  EXPECT_TRUE(lanes.due(kStart, Channel::webhook).empty());
  const auto waiting = ids_of(store().notifications().waiting(Channel::email, "alice", 10));
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_LT(waiting[0], waiting[1]);
  EXPECT_EQ(ids_of(store().notifications().waiting(Channel::email, "alice", 1)), Ids{waiting[0]});

  // The first is tried again later: what comes after it waits too.
  ASSERT_EQ(outcome({settle({waiting[0]}, State::waiting, kStart + kDay)}), "ok");
  EXPECT_EQ(lanes.due(kStart + kDay - Seconds(1)), Recipients{"bob"});
  EXPECT_EQ(lanes.due(kStart + kDay), (Recipients{"bob", "alice"}));
  const auto again = store().notifications().find(waiting[0]).value().value();
  EXPECT_EQ(again.attempts, 1U);
  EXPECT_EQ(again.last_error, "refused");
  EXPECT_EQ(again.next_attempt_at, kStart + kDay);
  EXPECT_FALSE(again.settled_at);

  // It fails for good: the next one's time counts, which has come.
  ASSERT_EQ(outcome({settle({waiting[0]}, State::failed)}), "ok");
  EXPECT_EQ(lanes.due(kStart), (Recipients{"alice", "bob"}));
  EXPECT_EQ(store().notifications().find(waiting[0]).value()->settled_at, kStart + Seconds(5));
  ASSERT_EQ(outcome({settle({waiting[1]}, State::delivered)}), "ok");
  EXPECT_EQ(lanes.due(kStart), Recipients{"bob"});
  // Settled is settled.
  ASSERT_EQ(outcome({settle({waiting[0], waiting[1], 999}, State::waiting, kStart)}), "ok");
  EXPECT_EQ(store().notifications().find(waiting[1]).value()->state, State::delivered);
  EXPECT_EQ(lanes.due(kStart), Recipients{"bob"});
}

TEST_P(StoreContract, GivingUpBeforeAnAttemptIsNone) {
  ASSERT_EQ(outcome({EnqueueNotification{mail("a1")}}), "ok");
  const auto waiting = ids_of(store().notifications().waiting(Channel::email, "alice", 10));
  ASSERT_EQ(outcome({settle(waiting, State::acknowledged)}), "ok");
  const auto given_up = store().notifications().find(waiting.at(0)).value().value();
  EXPECT_EQ(given_up.state, State::acknowledged);
  EXPECT_EQ(given_up.attempts, 0U);
  EXPECT_EQ(given_up.settled_at, kStart + Seconds(5));
  EXPECT_TRUE(Lanes(store()).due(kStart + kDay).empty());
}

TEST_P(StoreContract, SettlesOnlyTheRecipientsOwn) {
  ASSERT_EQ(outcome({EnqueueNotification{mail("a1")}, EnqueueNotification{mail("b1", "bob")}}), "ok");
  const auto bobs = ids_of(store().notifications().waiting(Channel::email, "bob", 10));
  ASSERT_EQ(outcome({settle(bobs, State::delivered)}), "ok");
  EXPECT_EQ(Lanes(store()).due(kStart).size(), 2U);
}

TEST_P(StoreContract, AcknowledgingEndsWhatWaitsAboutTheSame) {
  auto other = mail("k4");
  other.subject = "0c0d";
  ASSERT_EQ(outcome({EnqueueNotification{shown("k1")}, EnqueueNotification{mail("k2")},
                     EnqueueNotification{mail("k3", "bob")}}),
            "ok");
  const auto id = ids_of(store().notifications().in_product("alice", 0, 10)).at(0);
  EXPECT_EQ(outcome({AcknowledgeNotification{"bob", id, kStart}}), "not_found");
  EXPECT_EQ(outcome({AcknowledgeNotification{"alice", id + 1, kStart}}), "not_found");
  EXPECT_EQ(outcome({AcknowledgeNotification{"alice", 4711, kStart}}), "not_found");
  ASSERT_EQ(outcome({AcknowledgeNotification{"alice", id, kStart + kDay}}), "ok");
  ASSERT_EQ(outcome({AcknowledgeNotification{"alice", id, kStart + 2 * kDay}}), "ok");
  const auto about = store().notifications().about("alice", "certificate_expiring", "0a1b").value();
  ASSERT_EQ(about.size(), 2U);
  for (const auto& n : about) {
    EXPECT_EQ(n.state, State::acknowledged);
    EXPECT_EQ(n.settled_at, kStart + kDay);
  }
  EXPECT_EQ(Lanes(store()).due(kStart), Recipients{"bob"});
  ASSERT_EQ(outcome({EnqueueNotification{other}}), "ok");
  EXPECT_EQ(Lanes(store()).due(kStart).size(), 2U);
}

TEST_P(StoreContract, FindsWhatWasToldAboutASubject) {
  auto foreign = mail("k3");
  foreign.tenant = "other";
  auto different = mail("k4");
  different.subject = "0c0d";
  ASSERT_EQ(outcome({EnqueueNotification{mail("k1", "bob")}, EnqueueNotification{shown("k2")},
                     EnqueueNotification{foreign}, EnqueueNotification{different}}),
            "ok");
  const auto told = store().notifications().told_about("default", "0a1b").value();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].recipient, "bob");
  EXPECT_EQ(told[1].recipient, "alice");
  EXPECT_EQ(store().notifications().told_about("other", "0a1b").value().size(), 1U);
  EXPECT_TRUE(store().notifications().told_about("default", "").value().empty());
}

TEST_P(StoreContract, PagesInProductNotificationsNewestFirst) {
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(outcome({EnqueueNotification{shown("a" + std::to_string(i))},
                       EnqueueNotification{shown("b" + std::to_string(i), "bob")}}),
              "ok");
  const auto& read = store().notifications();
  const auto all = ids_of(read.in_product("alice", 0, 100));
  ASSERT_EQ(all.size(), 5U);
  EXPECT_TRUE(std::is_sorted(all.rbegin(), all.rend()));
  EXPECT_EQ(ids_of(read.in_product("alice", 0, 2)), (Ids{all[0], all[1]}));
  EXPECT_EQ(ids_of(read.in_product("alice", all[1], 2)), (Ids{all[2], all[3]}));
  EXPECT_EQ(ids_of(read.in_product("alice", all[4], 2)), Ids{});
  EXPECT_EQ(ids_of(read.in_product("alice", ~0ULL, 1)), Ids{all[0]});
  EXPECT_EQ(ids_of(read.in_product("carol", 0, 2)), Ids{});
}

TEST_P(StoreContract, CountsAndPrunesNotifications) {
  ASSERT_EQ(outcome({EnqueueNotification{mail("a1", "alice", kStart + kDay)}, EnqueueNotification{mail("a2")},
                     EnqueueNotification{shown("a3")}}),
            "ok");
  auto totals = store().notifications().totals().value();
  EXPECT_EQ(totals.waiting, 2U);
  EXPECT_EQ(totals.failed, 0U);
  EXPECT_EQ(totals.oldest_waiting, kStart);
  const auto waiting = ids_of(store().notifications().waiting(Channel::email, "alice", 10));
  ASSERT_EQ(outcome({settle(waiting, State::failed)}), "ok");
  totals = store().notifications().totals().value();
  EXPECT_EQ(totals.waiting, 0U);
  EXPECT_EQ(totals.failed, 2U);
  EXPECT_FALSE(totals.oldest_waiting);

  EXPECT_EQ(outcome({PruneNotifications{State::waiting, kStart + 9 * kDay, 10}}), "invalid");
  ASSERT_EQ(outcome({PruneNotifications{State::failed, kStart + kDay, 10}}), "ok");  // a2, not a1
  EXPECT_EQ(store().notifications().totals().value().failed, 1U);
  ASSERT_EQ(outcome({PruneNotifications{State::delivered, kStart + kDay, 0}}), "ok");
  EXPECT_EQ(store().notifications().in_product("alice", 0, 9).value().size(), 1U);
  // Its key is free again, and it has a new number.
  ASSERT_EQ(outcome({EnqueueNotification{mail("a2")}, EnqueueNotification{mail("a1")}}), "ok");
  const auto again = ids_of(store().notifications().waiting(Channel::email, "alice", 10));
  ASSERT_EQ(again.size(), 1U);
  EXPECT_GT(again[0], waiting[1]);
}

TEST_P(StoreContract, KeepsWebhooks) {
  WebhookRecord webhook{.id = "w1", .tenant = "default", .url = "https://hooks.example/x",
                        .events = {"request_pending", "request_denied"}, .disabled = false,
                        .secret_generation = 1, .previous_until = {}, .revision = 1,
                        .created_by = "alice", .created_at = kStart};
  ASSERT_EQ(outcome({PutWebhook{webhook}}), "ok");
  EXPECT_EQ(outcome_with_field({PutWebhook{webhook}}), "conflict:revision");
  webhook.revision = 2;
  webhook.disabled = true;
  webhook.secret_generation = 2;
  webhook.previous_until = kStart + kDay;
  webhook.events.clear();
  ASSERT_EQ(outcome({PutWebhook{webhook}}), "ok");
  auto other = webhook;
  other.id = "w0";
  EXPECT_EQ(outcome_with_field({PutWebhook{other}}), "conflict:revision");
  other.revision = 1;
  ASSERT_EQ(outcome({PutWebhook{other}}), "ok");
  const auto found = store().notifications().find_webhook("w1").value().value();
  EXPECT_EQ(found.url, "https://hooks.example/x");
  EXPECT_TRUE(found.events.empty());
  EXPECT_TRUE(found.disabled);
  EXPECT_EQ(found.secret_generation, 2U);
  EXPECT_EQ(found.previous_until, kStart + kDay);
  EXPECT_EQ(found.revision, 2U);
  EXPECT_EQ(found.created_by, "alice");
  EXPECT_EQ(found.created_at, kStart);
  const auto list = store().notifications().list_webhooks("default").value();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].id, "w0");
  EXPECT_TRUE(store().notifications().list_webhooks("other").value().empty());
  ASSERT_EQ(outcome({DeleteWebhook{"w1"}}), "ok");
  EXPECT_EQ(outcome({DeleteWebhook{"w1"}}), "not_found");
  EXPECT_FALSE(store().notifications().find_webhook("w1").value());
  webhook.events = {"a\nb"};
  EXPECT_EQ(outcome({PutWebhook{webhook}}), "invalid");
}

TEST_P(StoreContract, KeepsNotificationTemplates) {
  NotificationTemplateRecord record{"default", "request_denied", "S", "T", "H", "alice", kStart};
  ASSERT_EQ(outcome({PutNotificationTemplate{record}}), "ok");
  record.text = "Another";
  ASSERT_EQ(outcome({PutNotificationTemplate{record}}), "ok");
  record.event = "request_approved";
  ASSERT_EQ(outcome({PutNotificationTemplate{record}}), "ok");
  const auto found = store().notifications().find_template("default", "request_denied").value().value();
  EXPECT_EQ(found.subject, "S");
  EXPECT_EQ(found.text, "Another");
  EXPECT_EQ(found.html, "H");
  EXPECT_EQ(found.updated_by, "alice");
  EXPECT_EQ(found.updated_at, kStart);
  const auto list = store().notifications().list_templates("default").value();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].event, "request_approved");
  EXPECT_FALSE(store().notifications().find_template("other", "request_denied").value());
  ASSERT_EQ(outcome({DeleteNotificationTemplate{"default", "request_denied"}}), "ok");
  EXPECT_EQ(outcome({DeleteNotificationTemplate{"default", "request_denied"}}), "not_found");
}

TEST_P(StoreContract, FindsWhoHasARole) {
  ASSERT_EQ(outcome({PutRoleBinding{{"p2", "approver", "default", "issuing"}},
                     PutRoleBinding{{"p1", "approver", "default", ""}},
                     PutRoleBinding{{"p3", "approver", "*", ""}}, PutRoleBinding{{"p4", "admin", "default", ""}}}),
            "ok");
  const auto holders = store().notifications().role_holders("approver", "default").value();
  ASSERT_EQ(holders.size(), 2U);
  EXPECT_EQ(holders[0].principal, "p1");
  EXPECT_EQ(holders[1].ca, "issuing");
  EXPECT_EQ(store().notifications().role_holders("approver", "*").value().size(), 1U);
  EXPECT_TRUE(store().notifications().role_holders("auditor", "*").value().empty());
}

}  // namespace
}  // namespace certwright::store::contract
