#include "notification/courier.h"

#include <optional>

#include "json/value.h"
#include "notification/template.h"
#include "notification/testing_world.h"

namespace certwright::notification {
namespace {

using fixture::World;
using store::NotificationChannel;
using Names = std::vector<std::string>;

struct SentMail final : MailTransport {
  Result<void> send(const MailMessage& message, const Stop&) override {
    sent.push_back(message);
    if (refuses) return fail(*refuses, "554 not this");
    return {};
  }
  std::optional<Errc> refuses;
  std::vector<MailMessage> sent;
};

class MailCourierTest : public testing::Test {
 protected:
  World world_;
  Result<void> deliver(const std::string& to) {
    const auto waiting = world_.store.notifications().waiting(NotificationChannel::email, to, 50).value();
    return mail_.deliver(to, waiting, stop_);
  }
  int made_ = 0;
  SentMail transport_;
  Stop stop_{false};
  MailCourier mail_{world_.store, transport_, *parse_mailbox("Certwright <ca@ca.example>"), world_.clock};
};

TEST_F(MailCourierTest, OneNotificationIsOneMailWithItsOwnId) {
  world_.enqueue("officer", "r1");
  ASSERT_TRUE(deliver("officer"));
  ASSERT_TRUE(deliver("officer"));
  ASSERT_EQ(transport_.sent.size(), 2U);
  const auto& mail = transport_.sent[0];
  EXPECT_EQ(mail.to.address.text(), "officer@example.org");
  EXPECT_EQ(mail.subject, "Your request for www.example.org was denied");
  EXPECT_NE(mail.text.find("Request: r1"), std::string::npos);
  EXPECT_NE(mail.html.find("<td>r1</td>"), std::string::npos);
  EXPECT_EQ(mail.contained, Names{mail.id});
  EXPECT_EQ(mail.id, transport_.sent[1].id);
}

TEST_F(MailCourierTest, SeveralAreADigest) {
  world_.enqueue("officer", "r1");
  world_.enqueue("officer", "r2");
  ASSERT_TRUE(deliver("officer"));
  const auto& mail = transport_.sent.at(0);
  EXPECT_TRUE(mail.subject.starts_with("2 notifications"));
  EXPECT_NE(mail.text.find("Request: r1"), std::string::npos);
  EXPECT_LT(mail.text.find("Request: r1"), mail.text.find("Request: r2"));
  EXPECT_EQ(mail.contained.size(), 2U);
}

TEST_F(MailCourierTest, ALongDigestHasTheSubjectsOfTheRestAndOneOfAnotherVersionIsNoObstacle) {
  for (int i = 0; i < 30; ++i) world_.enqueue("officer", "r" + std::to_string(i));
  store::NotificationRecord strange;
  strange.channel = NotificationChannel::email;
  strange.recipient = "officer";
  strange.event = "of_the_future";
  strange.subject = "<x>";
  strange.facts = "[]";
  strange.deduplication_key = std::string(64, '0');
  world_.apply({store::EnqueueNotification{strange}});
  const auto waiting = world_.store.notifications().waiting(NotificationChannel::email, "officer", 50).value();
  ASSERT_TRUE(mail_.deliver("officer", waiting, stop_));
  const auto& mail = transport_.sent.at(0);
  EXPECT_NE(mail.text.find("Request: r19"), std::string::npos);
  EXPECT_EQ(mail.text.find("Request: r20"), std::string::npos);
  EXPECT_NE(mail.text.find("== of_the_future <x>"), std::string::npos);
  EXPECT_NE(mail.html.find("of_the_future &lt;x&gt;"), std::string::npos);
  EXPECT_EQ(mail.contained.size(), 31U);
}

TEST_F(MailCourierTest, TheTenantsOwnWordingIsUsed) {
  world_.apply({store::PutNotificationTemplate{{"default", "request_denied", "No to {{request}}", "T", "H", "admin", {}}}});
  world_.enqueue("officer", "r1");
  ASSERT_TRUE(deliver("officer"));
  EXPECT_EQ(transport_.sent.at(0).subject, "No to r1");
}

TEST_F(MailCourierTest, NobodyToWriteToIsFinal) {
  for (const auto* who : {"officer", "nobody", "second"}) world_.enqueue(who, "r1");
  auto officer = world_.store.find_principal("officer").value().value();
  officer.disabled = true;
  auto second = world_.store.find_principal("second").value().value();
  second.email = "";
  world_.apply({store::PutPrincipal{officer}, store::PutPrincipal{second}});
  for (const auto* who : {"officer", "nobody", "second"}) EXPECT_EQ(deliver(who).error().code, Errc::gone) << who;
  EXPECT_TRUE(transport_.sent.empty());
}

// What was enqueued before it was disabled waits, perhaps for days.
TEST_F(MailCourierTest, NobodyOfADisabledTenantIsWrittenTo) {
  world_.enqueue("officer", "r1");
  world_.apply({store::PutTenant{{"default", "", true, {}}}});
  EXPECT_EQ(deliver("officer").error().code, Errc::gone);
  EXPECT_TRUE(transport_.sent.empty());
  world_.enqueue("elsewhere", "r1");
  EXPECT_TRUE(deliver("elsewhere"));
}

TEST_F(MailCourierTest, ARefusalOfTheMessageIsFinalForOneAndAskedAgainForEachOfSeveral) {
  world_.enqueue("officer", "r1");
  transport_.refuses = Errc::policy;
  EXPECT_EQ(deliver("officer").error().code, Errc::gone);
  world_.enqueue("officer", "r2");
  EXPECT_EQ(deliver("officer").error().code, Errc::conflict);
  transport_.refuses = Errc::unavailable;
  EXPECT_EQ(deliver("officer").error().code, Errc::unavailable);
}

// One tenant's template never stands in a mail with another's notices.
TEST_F(MailCourierTest, NoMailIsOfTwoTenants) {
  for (const auto* tenant : {"default", "default", "other", "default"}) {
    store::NotificationRecord n;
    n.channel = NotificationChannel::email;
    n.recipient = "second";
    n.tenant = tenant;
    n.event = "request_denied";
    n.subject = n.deduplication_key = "r" + std::to_string(++made_);
    n.facts = "{}";
    world_.apply({store::EnqueueNotification{n}});
  }
  Delivery delivery({world_.store, world_.journal, mail_, world_.random, world_.clock}, {.holder = "here"});
  ASSERT_TRUE(delivery.run_due());
  std::vector<std::size_t> sizes;
  for (const auto& mail : transport_.sent) sizes.push_back(mail.contained.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 1, 1}));
}

struct PostedRequests final : WebhookTransport {
  Result<int> post(const WebhookRequest& request, const Stop&) override {
    posted.push_back(request);
    return status;
  }
  std::string header(const std::string& name) const {
    for (const auto& [key, value] : posted.back().headers)
      if (key == name) return value;
    return "";
  }
  int status = 204;
  std::vector<WebhookRequest> posted;
};

class WebhookCourierTest : public testing::Test {
 protected:
  World world_;
  Result<void> deliver(const std::string& to) {
    const auto waiting = world_.store.notifications().waiting(NotificationChannel::webhook, to, 1).value();
    return webhook_.deliver(to, waiting, stop_);
  }
  PostedRequests transport_;
  Stop stop_{false};
  const WebhookSecrets secrets_{SecretBytes::copy_of(Bytes(32, 7))};
  WebhookCourier webhook_{world_.store, transport_, secrets_, world_.clock};
};

TEST_F(WebhookCourierTest, PostsASignedBody) {
  world_.webhook("w1", "default");
  world_.enqueue("w1", "r1", NotificationChannel::webhook);
  ASSERT_TRUE(deliver("w1"));
  const auto& request = transport_.posted.at(0);
  EXPECT_EQ(request.url.text(), "https://hooks.example.org/w1");
  const auto body = json::parse(request.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(*body->find("event")->if_string(), "request_denied");
  EXPECT_EQ(*body->find("id")->if_string(), transport_.header("Certwright-Notification-Id"));
  EXPECT_EQ(*body->find("facts")->find("common_name")->if_string(), "www.example.org");
  const std::string t = std::to_string(to_unix_s(world_.clock.now()));
  const auto code = crypto::hmac_sha256(secrets_.secret("w1", 1).reveal(), as_bytes(t + "." + request.body));
  EXPECT_EQ(transport_.header("Certwright-Signature"), "t=" + t + ",v1=" + to_hex(code));
}

TEST_F(WebhookCourierTest, BothSecretsSignWhileOneIsReplaced) {
  store::WebhookRecord webhook;
  webhook.id = "w1";
  webhook.secret_generation = 2;
  webhook.previous_until = world_.clock.now() + Seconds(10);
  const auto both = secrets_.signature(webhook, world_.clock.now(), "{}");
  const auto one = secrets_.signature(webhook, world_.clock.now() + Seconds(10), "{}");
  EXPECT_EQ(std::ranges::count(both, ','), 2);
  EXPECT_EQ(std::ranges::count(one, ','), 1);
  EXPECT_FALSE(equal_constant_time(secrets_.secret("w1", 1).reveal(), secrets_.secret("w1", 2).reveal()));
  EXPECT_FALSE(equal_constant_time(secrets_.secret("w1", 1).reveal(), secrets_.secret("w2", 1).reveal()));
  EXPECT_EQ(secrets_.secret("w1", 1).size(), 49U);
}

TEST_F(WebhookCourierTest, TheStatusDecides) {
  world_.webhook("w1", "default");
  world_.enqueue("w1", "r1", NotificationChannel::webhook);
  for (const auto& [status, expected] : std::map<int, std::string>{
           {200, "ok"}, {299, "ok"}, {199, "unavailable"}, {301, "unavailable"}, {404, "unavailable"}, {410, "gone"}, {500, "unavailable"}}) {
    transport_.status = status;
    const auto done = deliver("w1");
    EXPECT_EQ(done ? "ok" : std::string(certwright::name_of(done.error().code)), expected) << status;
    if (done) continue;
    EXPECT_EQ(done.error().detail.find("/w1"), std::string::npos);  // a path may be a secret
  }
}

TEST_F(WebhookCourierTest, ADisabledOneIsToldNothing) {
  world_.webhook("w1", "default");
  world_.enqueue("w1", "r1", NotificationChannel::webhook);
  world_.enqueue("none", "r1", NotificationChannel::webhook);
  auto webhook = world_.store.notifications().find_webhook("w1").value().value();
  webhook.disabled = true;
  ++webhook.revision;
  world_.apply({store::PutWebhook{webhook}});
  EXPECT_EQ(deliver("w1").error().code, Errc::gone);
  EXPECT_EQ(deliver("none").error().code, Errc::gone);
  EXPECT_TRUE(transport_.posted.empty());
}

TEST_F(WebhookCourierTest, OneOfADisabledTenantIsToldNothing) {
  world_.webhook("w1", "default");
  world_.webhook("w-everywhere", "*");
  for (const auto* to : {"w1", "w-everywhere"}) world_.enqueue(to, "r1", NotificationChannel::webhook);
  world_.apply({store::PutTenant{{"default", "", true, {}}}});
  EXPECT_EQ(deliver("w1").error().code, Errc::gone);
  EXPECT_TRUE(transport_.posted.empty());
  EXPECT_TRUE(deliver("w-everywhere"));
}

}  // namespace
}  // namespace certwright::notification
