// The pages of notifications: one's own, and nobody else's.
#include <gtest/gtest.h>

#include "gateway/pages/testing_browser.h"
#include "notification/outbox.h"

namespace certwright::gateway::pages {
namespace {

using testing::Browser;
using testing::has;
using testing::Site;

constexpr const char* kTheirPassword = "tea kettle on tuesday";
const std::string kMarkup = "\"><script>alert(1)</script><b x='";

class NotificationPages : public ::testing::Test {
 protected:
  NotificationPages() { browser_.sign_in("alice", kTheirPassword); }

  // Tells the requester that it was denied; the id of the notification.
  std::string tell(const std::string& principal, const std::string& request, const std::string& reason = "not ours") {
    notification::RequestNotice notice;
    notice.request = request;
    notice.tenant = "default";
    notice.common_name = "www.example.org";
    notice.reason = reason;
    notice.requester = principal;
    EXPECT_TRUE(site_.world.store.apply(outbox_.request_denied(notice).value()));
    return std::to_string(site_.inbox.list(principal, 0, 1).value().at(0).record.id);
  }
  bool is_acknowledged(const std::string& principal) {
    return site_.inbox.list(principal, 0, 1).value().at(0).record.state == store::NotificationState::acknowledged;
  }

  Site site_;
  const std::string alice_ = site_.world.add_with_password("Alice", kTheirPassword);
  const std::string bob_ = site_.world.add_with_password("Bob", kTheirPassword);
  const notification::Outbox outbox_{site_.world.store, site_.world.clock, {}};
  Browser browser_{site_};
};

TEST_F(NotificationPages, ShowsOnesOwnAndTakesTheAcknowledgement) {
  EXPECT_TRUE(has(browser_.get("/notifications"), "There are none."));
  EXPECT_TRUE(has(browser_.get("/account/password"), "href=\"/notifications\""));
  const auto id = tell(alice_, "r1");
  const auto page = browser_.get("/notifications");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "<h2>Your request for www.example.org was denied</h2>")) << page.body.text();
  EXPECT_TRUE(has(page, "not ours"));
  EXPECT_TRUE(has(page, "href=\"/requests/r1\""));
  EXPECT_TRUE(has(page, "action=\"/notifications/" + id + "/acknowledge\""));
  EXPECT_TRUE(has(page, "aria-current=\"page\""));
  EXPECT_EQ(browser_.post("/notifications/" + id + "/acknowledge", {}).headers.get("Location"), "/notifications");
  EXPECT_TRUE(is_acknowledged(alice_));
  const auto after = browser_.get("/notifications");
  EXPECT_TRUE(has(after, "Acknowledged."));
  EXPECT_FALSE(has(after, "/acknowledge\""));
  EXPECT_EQ(browser_.post("/notifications/" + id + "/acknowledge", {}).status, 303) << "twice is once";
}

TEST_F(NotificationPages, NobodySeesOrAcknowledgesAnothers) {
  const auto id = tell(bob_, "r1");
  EXPECT_TRUE(has(browser_.get("/notifications"), "There are none."));
  EXPECT_EQ(browser_.post("/notifications/" + id + "/acknowledge", {}).status, 404);
  for (const char* none : {"0", "x", "1x", "99999999999999999999", "-1"})
    EXPECT_EQ(browser_.post(std::string("/notifications/") + none + "/acknowledge", {}).status, 404) << none;
  EXPECT_FALSE(is_acknowledged(bob_));
}

TEST_F(NotificationPages, OfficersAreLedToTheDecision) {
  site_.world.add_with_password("Carol", kTheirPassword, {{access::Role::approver, "default", ""}});
  notification::RequestNotice notice;
  notice.request = "r7";
  notice.tenant = "default";
  notice.requester = alice_;
  EXPECT_TRUE(site_.world.store.apply(outbox_.request_pending(notice).value()));
  Browser carol(site_);
  carol.sign_in("carol", kTheirPassword);
  EXPECT_TRUE(has(carol.get("/notifications"), "href=\"/approvals/r7\""));
}

TEST_F(NotificationPages, TextsOfStrangersAreText) {
  tell(alice_, "r1", kMarkup);
  const auto page = browser_.get("/notifications");
  EXPECT_TRUE(has(page, "alert(1)"));
  EXPECT_FALSE(has(page, "<script")) << page.body.text();
  EXPECT_FALSE(has(page, "<b x"));
}

TEST_F(NotificationPages, OlderOnesAreOnTheNextPage) {
  for (int i = 0; i < 21; ++i) tell(alice_, "r" + std::to_string(i));
  const auto newest = browser_.get("/notifications");
  EXPECT_TRUE(has(newest, "href=\"/requests/r20\""));
  EXPECT_FALSE(has(newest, "href=\"/requests/r0\""));
  const std::string text(newest.body.text());
  const auto at = text.find("/notifications?before=");
  ASSERT_NE(at, std::string::npos);
  const auto older = browser_.get(text.substr(at, text.find('"', at) - at));
  EXPECT_TRUE(has(older, "href=\"/requests/r0\""));
  EXPECT_FALSE(has(older, ">Older<"));
  EXPECT_EQ(browser_.get("/notifications?before=x").status, 400);
}

}  // namespace
}  // namespace certwright::gateway::pages
