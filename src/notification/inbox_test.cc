#include "notification/inbox.h"

#include "notification/testing_world.h"

namespace certwright::notification {
namespace {

using fixture::World;

class InboxTest : public testing::Test {
 protected:
  void tell(const std::string& request, const std::string& requester = "requester") {
    RequestNotice notice;
    notice.request = request;
    notice.tenant = "default";
    notice.ca = "issuing";
    notice.common_name = "www.example.org";
    notice.requester = requester;
    world_.apply(*outbox_.request_denied(notice));
  }
  static audit::Actor as(const std::string& principal) { return {.principal = principal, .tenant = "default", .door = "notices", .remote = ""}; }

  World world_;
  const Outbox outbox_{world_.store, world_.clock, {.mail = true, .portal_url = ""}};
  Inbox inbox_{world_.store, world_.journal, world_.clock};
};

TEST_F(InboxTest, ShowsOnesOwnNewestFirstInWords) {
  tell("r1");
  tell("r2");
  tell("r3", "officer");
  const auto items = inbox_.list("requester", 0, 10);
  ASSERT_TRUE(items);
  ASSERT_EQ(items->size(), 2U);
  EXPECT_EQ(fact(items->at(0).facts, "request"), "r2");
  EXPECT_EQ(items->at(0).title, "Your request for www.example.org was denied");
  EXPECT_NE(items->at(0).text.find("Request: r2"), std::string::npos);
  const auto rest = inbox_.list("requester", items->at(0).record.id, 10);
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_EQ(inbox_.list("requester", 0, 0).error().code, Errc::invalid);
  EXPECT_EQ(inbox_.list("requester", 0, 201).error().code, Errc::invalid);
}

TEST_F(InboxTest, OnlyTheRecipientAcknowledgesAndItIsOnRecordOnce) {
  tell("r1");
  const auto id = inbox_.list("requester", 0, 1)->at(0).record.id;
  EXPECT_EQ(inbox_.acknowledge(id, as("officer")).error().code, Errc::not_found);
  EXPECT_EQ(inbox_.acknowledge(id + 1, as("requester")).error().code, Errc::not_found);  // its e-mail
  EXPECT_EQ(inbox_.acknowledge(4711, as("requester")).error().code, Errc::not_found);
  ASSERT_TRUE(inbox_.acknowledge(id, as("requester")));
  ASSERT_TRUE(inbox_.acknowledge(id, as("requester")));
  EXPECT_EQ(inbox_.list("requester", 0, 1)->at(0).record.state, store::NotificationState::acknowledged);
  EXPECT_TRUE(world_.store.notifications().waiting(store::NotificationChannel::email, "requester", 9).value().empty());
  EXPECT_EQ(world_.audit_events(), std::vector<std::string>{"NOTIFICATION_ACKNOWLEDGED"});
}

}  // namespace
}  // namespace certwright::notification
