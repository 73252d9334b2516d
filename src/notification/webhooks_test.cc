#include "notification/webhooks.h"

#include "keys/key_encryption_key.h"
#include "notification/templates.h"
#include "notification/testing_world.h"

namespace certwright::notification {
namespace {

using fixture::World;

class WebhooksTest : public testing::Test {
 protected:
  const audit::Actor actor_{.principal = "admin", .tenant = "default", .door = "admin", .remote = "192.0.2.1"};
  World world_;
  const Outbox outbox_{world_.store, world_.clock, {}};
  const WebhookSecrets secrets_{SecretBytes::copy_of(Bytes(32, 7))};
  const AddressPolicy policy_{{*Network::parse("10.0.0.0/8")}};
  Webhooks webhooks_{{world_.store, world_.journal, outbox_, secrets_, policy_, world_.random, world_.clock}};
};

TEST_F(WebhooksTest, ASecretIsShownOnceAndIsNowhereElse) {
  auto created = webhooks_.create({"default", "https://hooks.example.org/services/T0/secret-path", {"request_denied", "request_denied"}}, actor_);
  ASSERT_TRUE(created) << created.error().detail;
  const std::string secret(as_text(created->secret.reveal()));
  EXPECT_TRUE(secret.starts_with("whsec_"));
  const auto stored = webhooks_.find(created->webhook.id);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->events, std::vector<std::string>{"request_denied"});
  EXPECT_EQ(stored->created_by, "admin");
  const auto leaves = world_.store.audit_leaves(0, 10).value();
  ASSERT_EQ(leaves.size(), 1U);
  const std::string leaf(as_text(leaves[0].record));
  EXPECT_NE(leaf.find("WEBHOOK_CREATED"), std::string::npos);
  EXPECT_NE(leaf.find("https://hooks.example.org"), std::string::npos);
  EXPECT_EQ(leaf.find("secret-path"), std::string::npos);
  EXPECT_EQ(leaf.find(secret), std::string::npos);
}

TEST_F(WebhooksTest, AUrlIsJudgedBeforeItIsKept) {
  const auto outcome = [&](const std::string& url) {
    const auto created = webhooks_.create({"default", url, {}}, actor_);
    return created ? "ok" : std::string(certwright::name_of(created.error().code));
  };
  EXPECT_EQ(outcome("https://hooks.example.org/"), "ok");
  EXPECT_EQ(outcome("https://10.1.2.3/"), "ok");
  EXPECT_EQ(outcome("http://10.1.2.3/"), "ok");
  EXPECT_EQ(outcome("http://hooks.example.org/"), "policy");
  EXPECT_EQ(outcome("http://8.8.8.8/"), "policy");
  EXPECT_EQ(outcome("https://127.0.0.1/"), "policy");
  EXPECT_EQ(outcome("https://[::ffff:169.254.169.254]/"), "policy");
  EXPECT_EQ(outcome("ftp://hooks.example.org/"), "invalid");
}

TEST_F(WebhooksTest, RefusesUnknownEventsAndTenantsAndTooMany) {
  EXPECT_EQ(webhooks_.create({"default", "https://a.example/", {"nothing"}}, actor_).error().field, "events");
  EXPECT_EQ(webhooks_.create({"nobody", "https://a.example/", {}}, actor_).error().code, Errc::not_found);
  for (std::size_t i = 0; i < Webhooks::kMaxPerTenant; ++i)
    ASSERT_TRUE(webhooks_.create({"default", "https://a.example/", {}}, actor_));
  EXPECT_EQ(webhooks_.create({"default", "https://a.example/", {}}, actor_).error().code, Errc::too_large);
  EXPECT_TRUE(webhooks_.create({"*", "https://a.example/", {}}, actor_));
}

TEST_F(WebhooksTest, RotatesDisablesTestsAndDeletes) {
  auto created = webhooks_.create({"default", "https://a.example/", {}}, actor_);
  const auto id = created->webhook.id;
  EXPECT_EQ(webhooks_.rotate(id, Seconds(-1), actor_).error().field, "overlap_s");
  const auto rotated = webhooks_.rotate(id, Seconds(60), actor_);
  ASSERT_TRUE(rotated);
  EXPECT_FALSE(equal_constant_time(created->secret.reveal(), rotated->secret.reveal()));
  EXPECT_EQ(rotated->webhook.previous_until, world_.clock.now() + Seconds(60));
  // The endpoint has the first secret yet: a second overlap would end it unasked.
  EXPECT_EQ(webhooks_.rotate(id, Seconds(60), actor_).error().field, "overlap_s");
  EXPECT_EQ(webhooks_.find(id)->secret_generation, 2U);
  ASSERT_TRUE(webhooks_.test(id, "Admin", actor_));
  ASSERT_TRUE(webhooks_.test(id, "Admin", actor_));
  EXPECT_EQ(world_.store.notifications().waiting(store::NotificationChannel::webhook, id, 9).value().size(), 2U);
  EXPECT_TRUE(webhooks_.set_disabled(id, true, actor_)->disabled);
  EXPECT_EQ(webhooks_.test(id, "Admin", actor_).error().code, Errc::conflict);
  ASSERT_TRUE(webhooks_.set_disabled(id, false, actor_));
  ASSERT_TRUE(webhooks_.set_disabled(id, false, actor_));  // nothing to do, nothing to record
  ASSERT_TRUE(webhooks_.remove(id, actor_));
  EXPECT_EQ(webhooks_.remove(id, actor_).error().code, Errc::not_found);
  EXPECT_EQ(webhooks_.rotate(id, Seconds(0), actor_).error().code, Errc::not_found);
  EXPECT_EQ(world_.audit_events(),
            (std::vector<std::string>{"WEBHOOK_CREATED", "WEBHOOK_SECRET_ROTATED", "WEBHOOK_TESTED", "WEBHOOK_TESTED",
                                      "WEBHOOK_DISABLED", "WEBHOOK_ENABLED", "WEBHOOK_DELETED"}));
}

TEST_F(WebhooksTest, ARotationWithinAnotherEndsAllEarlierSecretsOrWaits) {
  const auto id = webhooks_.create({"default", "https://a.example/", {}}, actor_)->webhook.id;
  ASSERT_TRUE(webhooks_.rotate(id, Seconds(60), actor_));
  EXPECT_EQ(webhooks_.rotate(id, Seconds(1), actor_).error().code, Errc::conflict);
  const auto at_once = webhooks_.rotate(id, Seconds(0), actor_);
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->webhook.secret_generation, 3U);
  const auto signature = secrets_.signature(at_once->webhook, world_.clock.now(), "{}");
  EXPECT_EQ(std::ranges::count(signature, ','), 1);
  ASSERT_TRUE(webhooks_.rotate(id, Seconds(60), actor_));
  world_.clock.advance(Seconds(60));
  EXPECT_TRUE(webhooks_.rotate(id, Seconds(60), actor_));
}

TEST_F(WebhooksTest, TheKeyOfAllSecretsIsSealedAndStays) {
  keys::Sealer sealer(keys::KeyEncryptionKey::generate(world_.random), world_.random);
  const auto first = WebhookSecrets::open(world_.store, sealer, world_.random);
  ASSERT_TRUE(first) << first.error().detail;
  const auto again = WebhookSecrets::open(world_.store, sealer, world_.random);
  EXPECT_TRUE(equal_constant_time(first->secret("w", 1).reveal(), again->secret("w", 1).reveal()));
  keys::Sealer other(keys::KeyEncryptionKey::generate(world_.random), world_.random);
  EXPECT_FALSE(WebhookSecrets::open(world_.store, other, world_.random));
}

TEST_F(WebhooksTest, TemplatesAreCheckedKeptAndTakenBack) {
  Templates templates(world_.store, world_.journal, world_.clock);
  const auto kind = EventKind::request_denied;
  EXPECT_EQ(templates.put("default", kind, {"{{nothing}}", "t", "h"}, actor_).error().field, "subject");
  EXPECT_EQ(templates.put("nobody", kind, {"s", "t", "h"}, actor_).error().code, Errc::not_found);
  EXPECT_FALSE(templates.find("default", kind)->own);
  ASSERT_TRUE(templates.put("default", kind, {"s {{request}}", "t", "h"}, actor_));
  EXPECT_TRUE(templates.find("default", kind)->own);
  EXPECT_EQ(templates.find("default", kind)->wording.subject, "s {{request}}");
  EXPECT_FALSE(templates.find("other", kind)->own);
  EXPECT_EQ(templates.list("default")->size(), all_events().size());
  EXPECT_EQ(Templates::preview(kind, {"s {{request}}", "t", "<b>{{reason}}</b>"})->subject, "s example-request");
  EXPECT_EQ(Templates::preview(EventKind::request_pending, {"s", "t", "{{requester}}"})->html, "Alice &lt;script&gt;\n");
  ASSERT_TRUE(templates.remove("default", kind, actor_));
  EXPECT_EQ(templates.remove("default", kind, actor_).error().code, Errc::not_found);
}

}  // namespace
}  // namespace certwright::notification
