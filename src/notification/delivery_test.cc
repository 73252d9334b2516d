#include "notification/delivery.h"

#include <functional>
#include <thread>

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
    if (!spoilt.empty() && (all + " ").find(" " + spoilt + " ") != std::string::npos)
      return fail(notifications.size() == 1 ? Errc::gone : Errc::conflict, "refused");
    const auto failing = fails.find(recipient);
    if (failing != fails.end()) return fail(failing->second, "refused\r\nby it");
    return {};
  }
  std::uint32_t most = 1;
  std::string spoilt;  // this one is refused, and whatever goes with it
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

// Memory may be short for a moment, on whichever thread.
TEST_F(DeliveryTest, WhatIsThrownIsAFailureOfItsRecipientOnly) {
  auto several = options();
  several.threads = 3;
  Delivery delivery({world_.store, world_.journal, courier_, world_.random, world_.clock}, several);
  courier_.before = [](const Stop&) { throw std::bad_alloc(); };
  for (const auto* who : {"officer", "second", "admin"}) world_.enqueue(who, "1");
  ASSERT_TRUE(delivery.run_due());
  EXPECT_EQ(delivery.counts().retried, 3U);
  EXPECT_EQ(world_.store.notifications().about("officer", "request_denied", "1").value().at(0).last_error, "std::bad_alloc");
  courier_.before = {};
  world_.clock.advance(std::chrono::minutes(1));
  ASSERT_TRUE(delivery.run_due());
  EXPECT_EQ(delivery.counts().delivered, 3U);
}

TEST_F(DeliveryTest, AStoreThatThrowsEndsTheRoundWithAnError) {
  class Throwing final : public store::testing::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    Result<void> apply(const store::Transaction& transaction) override {
      if (std::holds_alternative<store::SettleNotifications>(transaction.front())) throw std::bad_alloc();
      return to().apply(transaction);
    }
  } throwing(world_.store);
  auto several = options();
  several.threads = 3;
  for (const auto* who : {"officer", "second", "admin"}) world_.enqueue(who, "1");
  Delivery delivery({throwing, world_.journal, courier_, world_.random, world_.clock}, several);
  EXPECT_EQ(delivery.run_due().error().code, Errc::internal);
  run();
  EXPECT_EQ(state_of("officer", "1"), NotificationState::delivered);
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

// Nobody asks it once for each of a thousand, and what is young waits as long as it has been away.
TEST_F(DeliveryTest, WhatIsAsOldIsGivenUpTogetherAndTheNextWaitsAsLong) {
  courier_.fails["officer"] = Errc::unavailable;
  for (int i = 0; i < 50; ++i) world_.enqueue("officer", std::to_string(i));
  for (int day = 0; day < 4; ++day) {
    if (day == 3) world_.enqueue("officer", "young");
    run();
    world_.clock.advance(std::chrono::hours(24));
  }
  EXPECT_EQ(courier_.tried.size(), 4U);
  EXPECT_EQ(state_of("officer", "49"), NotificationState::failed);
  EXPECT_EQ(state_of("officer", "young"), NotificationState::waiting);
  EXPECT_EQ(delivery_.counts().failed, 50U);
  EXPECT_EQ(world_.audit_events(), Names{"NOTIFICATIONS_FAILED"});
  const auto since = world_.clock.now() - std::chrono::hours(24);
  const auto waits = [&] {
    return world_.store.notifications().about("officer", "request_denied", "young").value().at(0).next_attempt_at;
  };
  EXPECT_GE(waits() - since, options().first_delay * 8 * 4 / 5);
  run();
  EXPECT_GE(waits() - world_.clock.now(), options().first_delay * 16 * 4 / 5);
}

TEST_F(DeliveryTest, AfterALongStandstillOneFailureGivesNothingUp) {
  courier_.fails["officer"] = Errc::unavailable;
  for (const auto* key : {"1", "2"}) world_.enqueue("officer", key);
  world_.clock.advance(std::chrono::hours(100));
  run();
  EXPECT_EQ(state_of("officer", "1"), NotificationState::waiting);
  courier_.fails.clear();
  world_.clock.advance(std::chrono::minutes(1));
  run();
  EXPECT_EQ(state_of("officer", "2"), NotificationState::delivered);
}

TEST_F(DeliveryTest, WhatIsRefusedTogetherGoesOneByOne) {
  courier_.most = 50;
  courier_.spoilt = "2";
  for (const auto* key : {"1", "2", "3"}) world_.enqueue("officer", key);
  run();
  EXPECT_EQ(courier_.tried, (Names{"officer: 1 2 3", "officer: 1", "officer: 2", "officer: 3"}));
  EXPECT_EQ(state_of("officer", "1"), NotificationState::delivered);
  EXPECT_EQ(state_of("officer", "2"), NotificationState::failed);
  EXPECT_EQ(state_of("officer", "3"), NotificationState::delivered);
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

}  // namespace
}  // namespace certwright::notification
