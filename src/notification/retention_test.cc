#include "notification/retention.h"

#include <utility>

#include "notification/testing_world.h"
#include "store/testing_forwarding_store.h"

namespace certwright::notification {
namespace {

using fixture::World;
using store::contract::kDay;
using Channel = store::NotificationChannel;
using State = store::NotificationState;
using Lines = std::vector<std::string>;

class RetentionTest : public testing::Test {
 protected:
  static RetentionOptions options() {
    RetentionOptions o;
    o.batch = 3;
    return o;
  }
  // Of the recipient, made now.
  void made(const std::string& recipient, int count, State state) {
    for (int i = 0; i < count; ++i) world_.enqueue(recipient, std::to_string(++made_));
    if (state == State::waiting) return;
    std::vector<store::NotificationId> ids;
    for (const auto& n : waiting(recipient)) ids.push_back(n.id);
    world_.apply({store::SettleNotifications{Channel::email, recipient, ids, state, world_.clock.now(), {}, ""}});
  }
  std::vector<store::NotificationRecord> waiting(const std::string& recipient) {
    return world_.store.notifications().waiting(Channel::email, recipient, 1000).value();
  }
  std::uint32_t kept(State state) {
    return world_.store.notifications().count_before(state, world_.clock.now() + kDay, 1000).value();
  }
  // "delivered 3" for each record.
  Lines recorded() {
    Lines lines;
    const auto leaves = world_.store.audit_leaves(0, 1000).value();
    for (const auto& leaf : leaves) {
      const std::string text(as_text(leaf.record));
      const auto field = [&](const std::string& name) {
        const auto at = text.find("\"" + name + "\":\"") + name.size() + 4;
        return text.substr(at, text.find('"', at) - at);
      };
      EXPECT_EQ(field("event"), "NOTIFICATIONS_PRUNED");
      EXPECT_EQ(field("before"), to_rfc3339(world_.clock.now() - options().keep));
      lines.push_back(field("state") + " " + field("count"));
    }
    return lines;
  }
  World world_;
  int made_ = 0;
};

TEST_F(RetentionTest, DropsAllThatIsOldInBatchesWithARecordEach) {
  made("a", 7, State::delivered);
  made("b", 2, State::failed);
  made("c", 2, State::waiting);
  world_.clock.advance(401 * kDay);
  made("d", 2, State::delivered);
  Retention one({world_.store, world_.journal, world_.clock}, options());
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(kept(State::delivered), 2U);
  EXPECT_EQ(kept(State::failed), 0U);
  EXPECT_EQ(waiting("c").size(), 2U);
  EXPECT_EQ(recorded(), (Lines{"delivered 3", "delivered 3", "delivered 1", "failed 2"}));
}

TEST_F(RetentionTest, WhereNothingIsOldNothingIsRecorded) {
  made("a", 3, State::delivered);
  Retention one({world_.store, world_.journal, world_.clock}, options());
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(recorded(), Lines{});
}

// However much there is: one call ends in time, the next goes on at once.
TEST_F(RetentionTest, ATurnThatIsOverIsGoneOnWithAtTheNextCall) {
  made("a", 5, State::delivered);
  made("b", 1, State::failed);
  world_.clock.advance(401 * kDay);
  auto hasty = options();
  hasty.turn = std::chrono::milliseconds(0);
  Retention one({world_.store, world_.journal, world_.clock}, hasty);
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(kept(State::delivered), 2U);
  ASSERT_TRUE(one.run_due());
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(kept(State::delivered) + kept(State::failed), 0U);
  EXPECT_EQ(recorded(), (Lines{"delivered 3", "delivered 2", "failed 1"}));
}

TEST_F(RetentionTest, OnceNothingIsLeftItRests) {
  Retention one({world_.store, world_.journal, world_.clock}, options());
  made("a", 1, State::delivered);
  world_.clock.advance(400 * kDay);  // not yet: it is as old as what is kept
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(kept(State::delivered), 1U);
  world_.clock.advance(options().every - Seconds(1));
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(kept(State::delivered), 1U);
  world_.clock.advance(Seconds(1));
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(kept(State::delivered), 0U);
}

TEST_F(RetentionTest, AStoppedOneDropsNothing) {
  made("a", 1, State::delivered);
  world_.clock.advance(401 * kDay);
  Retention one({world_.store, world_.journal, world_.clock}, options());
  one.stop();
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(kept(State::delivered), 1U);
}

// Between the count and the drop somebody takes one of them.
class BusyStore final : public store::testing::ForwardingStore {
 public:
  BusyStore(store::Store& store, Time before) : ForwardingStore(store), inner_(store), before_(before) {}
  Result<void> apply(const store::Transaction& transaction) override {
    if (!std::exchange(was_busy, true)) {
      EXPECT_TRUE(inner_.apply({store::PruneNotifications{State::delivered, before_, 1}}));
    }
    return ForwardingStore::apply(transaction);
  }
  bool was_busy = false;

 private:
  store::Store& inner_;
  Time before_;
};

TEST_F(RetentionTest, ARecordsCountIsWhatWasDropped) {
  made("a", 3, State::delivered);
  world_.clock.advance(401 * kDay);
  BusyStore busy(world_.store, world_.clock.now());
  Retention one({busy, world_.journal, world_.clock}, options());
  ASSERT_TRUE(one.run_due());
  EXPECT_TRUE(busy.was_busy);
  EXPECT_EQ(kept(State::delivered), 0U);
  EXPECT_EQ(recorded(), Lines{"delivered 2"});
}

}  // namespace
}  // namespace certwright::notification
