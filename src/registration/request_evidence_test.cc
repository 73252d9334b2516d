// Policies change while requests wait: what was given is held to the policy of now, whichever way it went.
#include <gtest/gtest.h>

#include "registration/desk_fixture.h"

namespace certwright::registration {
namespace {

using store::RequestState;
using testing::must;
using testing::text_at;
using testing::told;

class PolicyOfNow : public testing::DeskFixture {
 protected:
  // The same request again: what comes of asking, and for whoever has it, the password.
  Result<RequestDesk::Submitted> again(const IssuanceRequest& request, std::string_view password = {}) {
    return world.desk.submit({.request = request,
                              .approval_password = SecretBytes::copy_of(as_bytes(password)),
                              .purpose = "",
                              .selection = ""});
  }
};

TEST_F(PolicyOfNow, WhoApprovedAlreadyIsEnoughWhereFewerAreWanted) {
  const auto pending = must(world.submit(alice, {"a.example"}, "two")).record;
  must(world.approve(bob, pending));
  EXPECT_EQ(told(world.approve(bob, pending)), "conflict principal");
  world.add_ca({.id = "two", .approval = {{.officers = 1}}});
  const auto approved = must(world.approve(bob, pending));
  EXPECT_EQ(approved.state, RequestState::approved);
  EXPECT_EQ(approved.approvals_needed, 1U);
  EXPECT_EQ(must(world.desk.approvals(pending.id)).size(), 1U);
  EXPECT_EQ(recorded("APPROVAL_GIVEN"), 1U);
  EXPECT_TRUE(world.desk.decided(pending.id, {}));
}

TEST_F(PolicyOfNow, AskingAgainIsEnoughWhereNobodyIsWantedAnyMore) {
  auto submission = world.submission(alice, {"a.example"}, "two");
  const auto request = submission.request;
  const auto pending = must(world.desk.submit(std::move(submission))).record;
  EXPECT_EQ(must(again(request)).record.state, RequestState::pending);
  world.add_ca({.id = "two"});
  const auto approved = must(again(request));
  EXPECT_TRUE(approved.coalesced);
  EXPECT_EQ(approved.record.id, pending.id);
  EXPECT_EQ(approved.record.state, RequestState::approved);
  EXPECT_EQ(approved.record.approvals_needed, 0U);
  EXPECT_TRUE(world.desk.decided(pending.id, {}));
}

TEST_F(PolicyOfNow, AskingAgainIsEnoughWhereAStandingRuleCoversItNow) {
  auto submission = world.submission(alice, {"a.example"}, "two");
  const auto request = submission.request;
  const auto pending = must(world.desk.submit(std::move(submission))).record;
  world.add_ca({.id = "two", .approval = {{.officers = 2, .automatic = {{"default", {"*.example"}}}}}});
  EXPECT_EQ(must(again(request)).record.state, RequestState::approved);
  EXPECT_EQ(must(world.desk.approvals(pending.id)).at(0).kind, store::ApprovalKind::standing_rule);
  EXPECT_TRUE(world.desk.decided(pending.id, {}));
}

TEST_F(PolicyOfNow, APasswordThatWasGivenCountsAgain) {
  use_password("correct horse battery");
  const auto with_password = [&](bool password) {
    world.add_ca({.id = "issuing", .approval = {{.profiles = {"tls-server"}, .password = password}}});
  };
  auto submission = world.submission(alice, {"a.example"}, "issuing", "correct horse battery");
  const auto request = submission.request;
  const auto record = must(world.desk.submit(std::move(submission))).record;
  EXPECT_EQ(record.state, RequestState::approved);
  with_password(false);
  EXPECT_EQ(told(world.desk.decided(record.id, {})), "conflict state");
  EXPECT_EQ(must(again(request)).record.state, RequestState::pending);
  with_password(true);
  EXPECT_EQ(must(again(request, "correct horse battery")).record.state, RequestState::approved);
  EXPECT_TRUE(world.desk.decided(record.id, {}));
}

// Nobody need come back for it.
TEST_F(PolicyOfNow, UpkeepApprovesWhatNeedsNobodyAnyMore) {
  const auto waits = must(world.submit(alice, {"a.example"}, "two")).record;
  const auto half = must(world.submit(alice, {"b.example"}, "two")).record;
  must(world.approve(bob, half));
  const auto other = must(world.submit(alice, {"c.example"}, "named")).record;
  EXPECT_EQ(must(world.desk.settle_waiting({})), 0U);
  world.add_ca({.id = "two", .approval = {{.officers = 1}}});
  EXPECT_EQ(must(world.desk.settle_waiting({})), 1U);
  EXPECT_EQ(world.state(half.id), RequestState::approved);
  EXPECT_TRUE(world.desk.decided(half.id, {}));
  world.add_ca({.id = "two"});
  world.publish_again("tls-server");
  EXPECT_EQ(must(world.desk.settle_waiting({})), 1U);
  EXPECT_EQ(world.state(waits.id), RequestState::approved);
  EXPECT_TRUE(world.desk.decided(waits.id, {}));
  EXPECT_EQ(world.state(other.id), RequestState::pending);
}

// Whoever waits for a CA that is gone would wait in vain, and its key and its place with it.
TEST_F(PolicyOfNow, UpkeepEndsWhatWaitsForACaThatHasEnded) {
  const auto waits = must(world.submit(alice, {"a.example"}, "two")).record;
  const auto other = must(world.submit(alice, {"b.example"}, "named")).record;
  world.add_ca({.id = "two", .offline = true, .approval = {{.officers = 2}}});
  EXPECT_EQ(must(world.desk.settle_waiting({})), 0U);
  EXPECT_EQ(world.state(waits.id), RequestState::pending) << "it may come back";
  world.add_ca({.id = "two", .state = store::CaState::retired, .approval = {{.officers = 2}}});
  EXPECT_EQ(must(world.desk.settle_waiting({})), 0U);
  EXPECT_EQ(world.state(waits.id), RequestState::failed);
  EXPECT_NE(world.stored(waits.id).reason, "");
  EXPECT_EQ(world.state(other.id), RequestState::pending);
}

// An officer's approval counts once, also where the one who gave it has no right to by now.
TEST_F(PolicyOfNow, UpkeepCountsAsTheNextDecisionWould) {
  const auto half = must(world.submit(alice, {"b.example"}, "two")).record;
  must(world.approve(bob, half));
  world.set_disabled("bob", true);
  world.add_ca({.id = "two", .approval = {{.officers = 1}}});
  EXPECT_EQ(must(world.desk.settle_waiting({})), 0U);
  EXPECT_EQ(world.state(half.id), RequestState::pending);
}

// What is shown of an approval is what the next decision makes of it.
TEST_F(PolicyOfNow, AnApprovalThatDoesNotCountSaysWhy) {
  const auto why_not = [&](const store::RequestRecord& request) {
    const auto record = world.stored(request.id);
    const auto examined = must(world.desk.examine(record, RequestDesk::View::as_changed));
    return must(world.desk.approvals(record, &examined)).at(0).why_not;
  };
  const auto half = must(world.submit(alice, {"b.example"}, "two")).record;
  must(world.approve(bob, half));
  EXPECT_EQ(why_not(half), "");
  world.set_disabled("bob", true);
  EXPECT_EQ(why_not(half), "the officer's account is disabled");
  world.set_disabled("bob", false);
  world.add_ca({.id = "two", .approval = {{.officers = 2, .officers_of = {"carol", "chief"}}}});
  EXPECT_EQ(why_not(half), "the CA's policy does not count this officer for it");
  world.add_ca({.id = "two", .approval = {{.officers = 2}}});
  must(store.apply({store::RemoveRoleBinding{{"bob", "approver", "default", ""}}}));
  EXPECT_EQ(why_not(half), "the officer has no role for it any more");
  must(store.apply({store::PutRoleBinding{{"bob", "approver", "default", ""}}}));
  EXPECT_EQ(why_not(half), "");
  world.publish_again("tls-server");
  EXPECT_EQ(why_not(half), "the profile has another version since");
}

TEST_F(PolicyOfNow, APasswordOrARuleThatDoesNotCountSaysWhy) {
  use_password("correct horse battery");
  const auto why_not = [&](const store::RequestRecord& request) {
    const auto record = world.stored(request.id);
    const auto examined = must(world.desk.examine(record, RequestDesk::View::as_changed));
    return must(world.desk.approvals(record, &examined)).at(0).why_not;
  };
  const auto by_password = must(world.submit(alice, {"a.example"}, "issuing", "correct horse battery")).record;
  const auto by_rule = must(world.submit(alice, {"a.auto.example"})).record;
  EXPECT_EQ(why_not(by_password), "");
  EXPECT_EQ(why_not(by_rule), "");
  world.add_ca({.id = "issuing", .approval = {{.profiles = {"tls-server"}}}});
  EXPECT_EQ(why_not(by_password), "the CA's policy takes no password for it any more");
  EXPECT_EQ(why_not(by_rule), "no standing rule of the CA's policy covers it any more");
}

// In turns: what comes late in the order is reached too.
TEST_F(PolicyOfNow, UpkeepReachesAllOfThem) {
  RequestDesk desk({.store = store, .journal = world.journal, .registration = world.registration,
                    .passwords = world.passwords, .random = world.random, .clock = clock, .limits = {.open_max = 100}});
  for (int i = 0; i < 60; ++i) must(desk.submit(world.submission(alice, {"a.example"}, "named")));
  clock.advance(Seconds(1));
  must(desk.submit(world.submission(alice, {"b.example"}, "two")));
  world.add_ca({.id = "two"});
  EXPECT_EQ(must(desk.settle_waiting({})), 0U);
  EXPECT_EQ(must(desk.settle_waiting({})), 1U);
  EXPECT_EQ(must(desk.settle_waiting({})), 0U);
}

}  // namespace
}  // namespace certwright::registration
