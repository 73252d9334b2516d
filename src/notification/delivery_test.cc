#include "notification/delivery.h"

#include <functional>
#include <thread>

#include "json/value.h"
#include "notification/template.h"
#include "notification/testing_world.h"
#include "store/testing_forwarding_store.h"

namespace certwright::notification {
namespace {

using fixture::World;
using store::NotificationChannel;
using store::NotificationState;
using Names = std::vector<std::string>;

class FakeCourier final : public Courier {
 public:
  NotificationChannel channel() const noexcept override { return NotificationChannel::email; }
  std::uint32_t most_at_once() const noexcept override { return most; }
  Result<void> deliver(const std::string& recipient, const std::vector<store::NotificationRecord>& notifications,
                       const Stop& stop) override {
    if (before) before(stop);
    const std::lock_guard lock(mutex);
    std::string all = recipient + ":";
    for (const auto& n : notifications) all += " " + n.subject;
    tried.push_back(all);
    const auto failing = fails.find(recipient);
    if (failing != fails.end()) return fail(failing->second, "refused\r\nby it");
    return {};
  }
  std::uint32_t most = 1;
  std::map<std::string, Errc> fails;
  std::function<void(const Stop&)> before;
  std::mutex mutex;
  Names tried;
};

class DeliveryTest : public testing::Test {
 protected:
  static DeliveryOptions options() {
    DeliveryOptions o;
    o.holder = "here";
    o.threads = 1;
    return o;
  }
  NotificationState state_of(const std::string& recipient, const std::string& subject) {
    return world_.store.notifications().about(recipient, "request_denied", subject).value().at(0).state;
  }
  void run() {
    const auto done = delivery_.run_due();
    ASSERT_TRUE(done) << done.error().detail;
  }

  World world_;
  FakeCourier courier_;
  Delivery delivery_{{world_.store, world_.journal, courier_, world_.random, world_.clock}, options()};
};

TEST_F(DeliveryTest, DeliversInOrderAndRecordsIt) {
  for (const auto* key : {"1", "2", "3"}) world_.enqueue("officer", key);
  run();
  EXPECT_EQ(courier_.tried, (Names{"officer: 1", "officer: 2", "officer: 3"}));
  EXPECT_EQ(state_of("officer", "3"), NotificationState::delivered);
  EXPECT_EQ(world_.audit_events(), (Names{"NOTIFICATIONS_DELIVERED", "NOTIFICATIONS_DELIVERED", "NOTIFICATIONS_DELIVERED"}));
  EXPECT_EQ(delivery_.counts().delivered, 3U);
  run();
  EXPECT_EQ(courier_.tried.size(), 3U);
}

TEST_F(DeliveryTest, ManyBecomeOne) {
  courier_.most = 50;
  for (int i = 0; i < 120; ++i) world_.enqueue("officer", std::to_string(i));
  run();
  EXPECT_EQ(courier_.tried.size(), 3U);
}

TEST_F(DeliveryTest, AFailureHoldsUpOnlyItsRecipient) {
  courier_.fails["officer"] = Errc::unavailable;
  world_.enqueue("officer", "1");
  world_.enqueue("officer", "2");
  world_.enqueue("second", "3");
  run();
  EXPECT_EQ(courier_.tried, (Names{"officer: 1", "second: 3"}));
  EXPECT_EQ(delivery_.counts().retried, 1U);
  run();  // not due
  EXPECT_EQ(courier_.tried.size(), 2U);
  const auto failed = world_.store.notifications().about("officer", "request_denied", "1").value().at(0);
  EXPECT_EQ(failed.attempts, 1U);
  EXPECT_EQ(failed.last_error.find('\r'), std::string::npos);
  world_.clock.advance(std::chrono::minutes(1));
  courier_.fails.clear();
  run();
  EXPECT_EQ(courier_.tried, (Names{"officer: 1", "second: 3", "officer: 1", "officer: 2"}));
}

TEST_F(DeliveryTest, SaysWhatFailed) {
  auto telling = options();
  Names told;
  telling.on_failure = [&](std::string_view recipient, std::string_view reason) {
    told.push_back(std::string(recipient) + ": " + std::string(reason));
  };
  Delivery delivery({world_.store, world_.journal, courier_, world_.random, world_.clock}, telling);
  courier_.fails["officer"] = Errc::unavailable;
  world_.enqueue("officer", "1");
  world_.enqueue("second", "2");
  ASSERT_TRUE(delivery.run_due());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].starts_with("officer: refused"));
}

TEST_F(DeliveryTest, WhatIsOldIsGivenUpAndAudited) {
  courier_.fails["officer"] = Errc::unavailable;
  world_.enqueue("officer", "1");
  int attempts = 0;
  while (state_of("officer", "1") == NotificationState::waiting && attempts < 100) {
    run();
    ++attempts;
    world_.clock.advance(std::chrono::hours(8));
  }
  EXPECT_GT(attempts, 5);
  EXPECT_LT(attempts, 15);
  EXPECT_EQ(state_of("officer", "1"), NotificationState::failed);
  EXPECT_EQ(world_.audit_events(), Names{"NOTIFICATIONS_FAILED"});
  EXPECT_EQ(delivery_.counts().failed, 1U);
}

TEST_F(DeliveryTest, WhatCannotSucceedIsGivenUpAtOnceAndTheNextFollows) {
  courier_.fails["officer"] = Errc::gone;
  world_.enqueue("officer", "1");
  world_.enqueue("officer", "2");
  run();
  EXPECT_EQ(courier_.tried, (Names{"officer: 1", "officer: 2"}));
  EXPECT_EQ(state_of("officer", "2"), NotificationState::failed);
}

TEST_F(DeliveryTest, BacksOffExponentiallyWithJitterUpToALimit) {
  for (int i = 0; i < 200; ++i) {
    EXPECT_GE(delivery_.delay_after(1), std::chrono::seconds(24));
    EXPECT_LE(delivery_.delay_after(1), std::chrono::seconds(36));
    EXPECT_GE(delivery_.delay_after(5), std::chrono::seconds(384));
    EXPECT_LE(delivery_.delay_after(5), std::chrono::seconds(576));
    EXPECT_LE(delivery_.delay_after(1'000'000), std::chrono::hours(8));
    EXPECT_GE(delivery_.delay_after(1'000'000), std::chrono::hours(4));
  }
  EXPECT_NE(delivery_.delay_after(3), delivery_.delay_after(3));
}

TEST_F(DeliveryTest, OnlyTheHolderOfTheLeaseDelivers) {
  world_.enqueue("officer", "1");
  world_.apply({store::AcquireLease{"notification-delivery/email", "there", world_.clock.now(),
                                    world_.clock.now() + std::chrono::minutes(1)}});
  run();
  EXPECT_TRUE(courier_.tried.empty());
  world_.clock.advance(std::chrono::minutes(2));
  run();
  EXPECT_EQ(courier_.tried.size(), 1U);
  auto others = options();
  others.holder = "there";
  Delivery other({world_.store, world_.journal, courier_, world_.random, world_.clock}, others);
  world_.enqueue("officer", "2");
  EXPECT_TRUE(other.run_due());
  EXPECT_EQ(courier_.tried.size(), 1U);
}

TEST_F(DeliveryTest, ACrashBeforeTheRecordDeliversAgain) {
  class NoSettling final : public store::testing::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    Result<void> apply(const store::Transaction& transaction) override {
      if (std::holds_alternative<store::SettleNotifications>(transaction.front()))
        return fail(Errc::unavailable, "died");
      return to().apply(transaction);
    }
  } dying(world_.store);
  world_.enqueue("officer", "1");
  Delivery before({dying, world_.journal, courier_, world_.random, world_.clock}, options());
  EXPECT_FALSE(before.run_due());
  run();
  EXPECT_EQ(courier_.tried, (Names{"officer: 1", "officer: 1"}));
  EXPECT_EQ(state_of("officer", "1"), NotificationState::delivered);
}

TEST_F(DeliveryTest, StoppingBreaksOffWithoutCountingAnAttempt) {
  world_.enqueue("officer", "1");
  courier_.fails["officer"] = Errc::unavailable;
  courier_.before = [&](const Stop& stop) {
    delivery_.stop();
    EXPECT_TRUE(stop);
  };
  run();
  const auto n = world_.store.notifications().about("officer", "request_denied", "1").value().at(0);
  EXPECT_EQ(n.attempts, 0U);
  EXPECT_EQ(n.state, NotificationState::waiting);
}

TEST_F(DeliveryTest, ASlowRecipientDoesNotHoldUpTheOthers) {
  auto several = options();
  several.threads = 3;
  Delivery delivery({world_.store, world_.journal, courier_, world_.random, world_.clock}, several);
  std::atomic<int> under_way{0};
  std::atomic<int> most{0};
  courier_.before = [&](const Stop&) {
    most = std::max<int>(most, ++under_way);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    --under_way;
  };
  for (const auto* who : {"officer", "second", "admin"}) {
    world_.enqueue(who, "1");
    world_.enqueue(who, "2");
  }
  ASSERT_TRUE(delivery.run_due());
  EXPECT_GE(most, 2);
  EXPECT_EQ(courier_.tried.size(), 6U);
  for (const auto* who : {"officer", "second", "admin"}) {
    const auto first = std::ranges::find(courier_.tried, std::string(who) + ": 1");
    const auto second = std::ranges::find(courier_.tried, std::string(who) + ": 2");
    EXPECT_LT(first, second);
  }
}

struct SentMail final : MailTransport {
  Result<void> send(const MailMessage& message, const Stop&) override {
    sent.push_back(message);
    return {};
  }
  std::vector<MailMessage> sent;
};

class MailCourierTest : public DeliveryTest {
 protected:
  Result<void> deliver(const std::string& to) {
    const auto waiting = world_.store.notifications().waiting(NotificationChannel::email, to, 50).value();
    return mail_.deliver(to, waiting, stop_);
  }
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

class WebhookCourierTest : public DeliveryTest {
 protected:
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

}  // namespace
}  // namespace certwright::notification
