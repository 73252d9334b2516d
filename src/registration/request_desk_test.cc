#include "registration/request_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registration/request_content.h"
#include "registration/testing_desk.h"
#include "store/memory/memory_store.h"

namespace certwright::registration {
namespace {

using access::Role;
using store::RequestState;
using testing::DeskWorld;
using testing::kDay;
using testing::kStart_s;
using testing::must;
using testing::text_at;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <class T>
std::string told(const Result<T>& result) {
  if (result) return "ok";
  return std::string(name_of(result.error().code)) + " " + result.error().field;
}

class Desk : public ::testing::Test {
 protected:
  Desk() {
    world.add_ca({.id = "issuing", .approval = {{.profiles = {"tls-server"}, .password = true,
                                                 .automatic = {{"default", {"*.auto.example"}}}}}});
    world.add_ca({.id = "two", .approval = {{.officers = 2}}});
    world.add_ca({.id = "free"});
    world.add_ca({.id = "named", .approval = {{.officers = 1, .officers_of = {"bob"}}}});
  }
  void use_password(std::string_view password) {
    must(world.passwords.set("issuing", SecretBytes::copy_of(as_bytes(password)), {}));
  }
  std::size_t recorded(std::string_view event) { return world.records(event).size(); }

  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore store;
  DeskWorld world{store, clock};
  access::Principal alice = world.person("alice", {{Role::requester, "default", ""}});
  access::Principal bob = world.person("bob", {{Role::approver, "default", ""}});
  access::Principal carol = world.person("carol", {{Role::approver, "default", ""}});
  access::Principal dave = world.person("dave", {{Role::approver, "acme", ""}}, "acme");
  access::Principal chief = world.person("chief", {{Role::admin, "*", ""}});
};

TEST_F(Desk, WhatNobodyMustApproveIsApprovedAtOnce) {
  const auto submitted = must(world.submit(alice, {"a.example"}, "free"));
  EXPECT_EQ(submitted.record.state, RequestState::approved);
  EXPECT_THAT(must(world.desk.approvals(submitted.record.id)), IsEmpty());
  const auto decided = must(world.desk.decided(submitted.record.id, {}));
  EXPECT_EQ(decided.request().principal.id, "alice");
  EXPECT_EQ(decided.request().ca, "free");
  EXPECT_EQ(recorded("REQUEST_RECEIVED"), 1U);
  EXPECT_EQ(recorded("REQUEST_APPROVED"), 1U);
}

TEST_F(Desk, OneOfficerWhoIsNotTheRequester) {
  const auto pending = must(world.submit(alice, {"a.example"})).record;
  EXPECT_EQ(pending.state, RequestState::pending);
  EXPECT_EQ(pending.expires_at, clock.now() + 7 * kDay);
  EXPECT_EQ(told(world.desk.decided(pending.id, {})), "conflict state");
  EXPECT_EQ(told(world.approve(alice, pending)), "not_permitted ");  // has no right to
  const auto approved = must(world.approve(bob, pending));
  EXPECT_EQ(approved.state, RequestState::approved);
  EXPECT_EQ(approved.decided_by, "bob");
  EXPECT_EQ(told(world.approve(carol, pending)), "conflict state");
  EXPECT_TRUE(world.desk.decided(pending.id, {}));
}

TEST_F(Desk, NobodyApprovesTheirOwnWhateverTheirRoles) {
  const auto pending = must(world.submit(chief, {"a.example"})).record;
  EXPECT_EQ(told(world.approve(chief, pending)), "not_permitted ");
  EXPECT_EQ(told(world.desk.deny(pending.id, chief, DeskWorld::actor_of(chief), "no way")), "not_permitted ");
  EXPECT_EQ(world.state(pending.id), RequestState::pending);
  EXPECT_EQ(recorded("DECISION_REFUSED"), 2U);
  EXPECT_TRUE(world.approve(bob, pending));
}

TEST_F(Desk, AnOfficerOfAnotherTenantIsAStranger) {
  const auto pending = must(world.submit(alice, {"a.example"})).record;
  EXPECT_EQ(told(world.approve(dave, pending)), "not_found ");
  EXPECT_EQ(told(world.desk.deny(pending.id, dave, DeskWorld::actor_of(dave), "no way")), "not_found ");
  EXPECT_EQ(told(world.desk.withdraw(pending.id, bob, {}, "")), "not_permitted ");
}

TEST_F(Desk, APolicyCanNameItsOfficers) {
  const auto pending = must(world.submit(alice, {"a.example"}, "named")).record;
  EXPECT_EQ(told(world.approve(carol, pending)), "not_permitted ");
  EXPECT_EQ(must(world.approve(bob, pending)).state, RequestState::approved);
}

TEST_F(Desk, TwoOfNOfficersAreTwoPrincipals) {
  const auto pending = must(world.submit(alice, {"a.example"}, "two")).record;
  const auto once = must(world.approve(bob, pending));
  EXPECT_EQ(once.state, RequestState::pending);
  // Another credential of the same account is the same principal.
  EXPECT_EQ(told(world.approve(bob, once)), "conflict principal");
  EXPECT_EQ(world.state(pending.id), RequestState::pending);
  EXPECT_EQ(must(world.approve(carol, pending)).state, RequestState::approved);
  const auto given = world.records("APPROVAL_GIVEN");
  ASSERT_EQ(given.size(), 2U);
  EXPECT_EQ(text_at(given[1], {"fields", "given"}), "2");
  EXPECT_EQ(text_at(given[1], {"actor", "principal"}), "carol");
}

TEST_F(Desk, AnOfficerWhoMayNoMoreDoesNotCount) {
  const auto pending = must(world.submit(alice, {"a.example"}, "two")).record;
  must(world.approve(bob, pending));
  world.set_disabled("bob", true);
  EXPECT_EQ(must(world.approve(carol, pending)).state, RequestState::pending);
  EXPECT_EQ(must(world.approve(chief, pending)).state, RequestState::approved);
}

TEST_F(Desk, AChangeVoidsApprovalsGivenBefore) {
  const auto pending = must(world.submit(alice, {"a.example", "b.example"}, "two")).record;
  must(world.approve(bob, pending));
  const auto changed = must(world.approve(carol, pending, {.validity = {}, .names_removed = {"DNS:b.example"}}));
  EXPECT_EQ(changed.state, RequestState::pending);
  EXPECT_NE(changed.binding, pending.binding);
  // Who saw the request as it was does not approve what it is.
  EXPECT_EQ(told(world.approve(chief, pending)), "conflict binding");
  EXPECT_EQ(must(world.approve(bob, changed)).state, RequestState::approved);
  const auto decided = must(world.desk.decided(pending.id, {}));
  EXPECT_EQ(decided.request().names_removed, std::vector<std::string>{"DNS:b.example"});
  const auto approved = must(world.registration.approve(must(world.desk.decided(pending.id, {}))));
  ASSERT_EQ(approved.certificate_request().names.size(), 1U);
  EXPECT_EQ(approved.certificate_request().names[0].to_text(), "DNS:a.example");
  EXPECT_EQ(recorded("REQUEST_CHANGED"), 1U);
}

TEST_F(Desk, ChangesOnlyTakeAway) {
  auto submission = world.submission(alice, {"a.example", "b.example"});
  submission.request.validity = 10 * kDay;
  const auto pending = must(world.desk.submit(std::move(submission))).record;
  const auto changed = [&](RequestChanges changes) { return told(world.approve(bob, pending, std::move(changes))); };
  EXPECT_EQ(changed({.validity = 11 * kDay, .names_removed = {}}), "policy validity");
  EXPECT_EQ(changed({.validity = Seconds(0), .names_removed = {}}), "policy validity");
  EXPECT_EQ(changed({.validity = {}, .names_removed = {"DNS:c.example"}}), "invalid names_removed");
  EXPECT_EQ(changed({.validity = {}, .names_removed = {"DNS:a.example"}}), "invalid names_removed");  // its CN
  EXPECT_EQ(world.stored(pending.id).changes, "");
  EXPECT_EQ(changed({.validity = 3 * kDay, .names_removed = {"DNS:b.example"}}), "ok");
  const auto as_asked = must(world.desk.examine(world.stored(pending.id), RequestDesk::View::as_asked));
  const auto as_changed = must(world.desk.examine(world.stored(pending.id), RequestDesk::View::as_changed));
  EXPECT_EQ(as_asked.names.size(), 2U);
  EXPECT_EQ(as_changed.names, std::vector<std::string>{"DNS:a.example"});
  EXPECT_EQ(as_asked.not_after - as_changed.not_after, 7 * kDay);
}

TEST_F(Desk, ANewProfileVersionVoidsApprovals) {
  const auto pending = must(world.submit(alice, {"a.example"}, "two")).record;
  must(world.approve(bob, pending));
  world.publish_again("tls-server");
  EXPECT_EQ(told(world.approve(carol, pending)), "conflict binding");
  const auto again = world.stored(pending.id);
  EXPECT_EQ(again.profile_version, 2U);
  EXPECT_EQ(must(world.approve(carol, again)).state, RequestState::pending);
  EXPECT_EQ(must(world.approve(bob, again)).state, RequestState::approved);
  // Between the approval and the issue too.
  world.publish_again("tls-server");
  EXPECT_EQ(told(world.desk.decided(pending.id, {})), "conflict binding");
  EXPECT_EQ(world.state(pending.id), RequestState::pending);
}

TEST_F(Desk, DenialNeedsAReason) {
  const auto pending = must(world.submit(alice, {"a.example"})).record;
  const auto deny = [&](std::string reason) {
    return told(world.desk.deny(pending.id, bob, DeskWorld::actor_of(bob), std::move(reason)));
  };
  EXPECT_EQ(deny(""), "invalid reason");
  EXPECT_EQ(deny("no"), "invalid reason");
  EXPECT_EQ(deny("   "), "invalid reason");
  EXPECT_EQ(deny(std::string(1'001, 'x')), "too_large reason");
  EXPECT_EQ(deny("not\nours"), "invalid reason");
  EXPECT_EQ(deny("not ours"), "ok");
  EXPECT_EQ(deny("not ours"), "conflict state");
  const auto denied = world.stored(pending.id);
  EXPECT_EQ(denied.state, RequestState::denied);
  EXPECT_EQ(denied.reason, "not ours");
  EXPECT_EQ(text_at(world.records("REQUEST_DENIED").at(0), {"fields", "before"}), "pending");
}

TEST_F(Desk, WithdrawnByTheRequesterAndExpiredByTime) {
  const auto first = must(world.submit(alice, {"a.example"})).record;
  EXPECT_EQ(must(world.desk.withdraw(first.id, alice, {}, "")).state, RequestState::withdrawn);
  EXPECT_EQ(told(world.desk.withdraw(first.id, alice, {}, "")), "conflict state");
  const auto second = must(world.submit(alice, {"b.example"})).record;
  clock.advance(7 * kDay - Seconds(1));
  EXPECT_EQ(must(world.desk.expire_overdue({})), 0U);
  clock.advance(Seconds(1));
  EXPECT_EQ(must(world.desk.expire_overdue({})), 1U);
  EXPECT_EQ(world.state(second.id), RequestState::expired);
  EXPECT_EQ(told(world.approve(bob, second)), "conflict state");
}

TEST_F(Desk, EqualRequestsAreOne) {
  auto submission = world.submission(alice, {"a.example"});
  auto again = RequestDesk::Submission{.request = submission.request, .approval_password = {}, .purpose = "x", .selection = "y"};
  const auto first = must(world.desk.submit(std::move(submission)));
  const auto second = must(world.desk.submit(std::move(again)));
  EXPECT_FALSE(first.coalesced);
  EXPECT_TRUE(second.coalesced);
  EXPECT_EQ(first.record.id, second.record.id);
  EXPECT_NE(must(world.submit(alice, {"a.example"})).record.id, first.record.id);  // another key
  EXPECT_EQ(recorded("REQUEST_REPEATED"), 1U);
}

TEST_F(Desk, WhereAskingAgainIsTheOnlyWayItGivesTheAnswer) {
  auto submission = world.submission(alice, {"a.example"});
  const auto request = submission.request;
  const auto ask = [&] {
    return must(world.desk.submit({.request = request, .approval_password = {}, .purpose = {}, .selection = {}, .asks_again = true})).record;
  };
  const auto pending = ask();
  EXPECT_EQ(ask().id, pending.id);
  must(world.desk.deny(pending.id, bob, DeskWorld::actor_of(bob), "not ours"));
  EXPECT_EQ(ask().state, RequestState::denied);
  clock.advance(7 * kDay);
  EXPECT_EQ(ask().state, RequestState::pending);
  // Elsewhere a request after the answer is a new one.
  EXPECT_NE(must(world.desk.submit(std::move(submission))).record.id, pending.id);
}

TEST_F(Desk, PendingRequestsAreCappedByPrincipal) {
  for (int i = 0; i < 3; ++i) must(world.submit(alice, {"a.example"}));
  EXPECT_EQ(told(world.submit(alice, {"a.example"})), "too_many_requests pending");
  EXPECT_EQ(told(world.submit(alice, {"a.example"}, "free")), "ok");  // does not wait
  EXPECT_EQ(told(world.submit(chief, {"a.example"})), "ok");
}

TEST_F(Desk, AStandingRuleIsForItsTenantAndNames) {
  EXPECT_EQ(must(world.submit(alice, {"a.auto.example"})).record.state, RequestState::approved);
  const auto kinds = must(world.desk.approvals(must(world.submit(alice, {"b.auto.example"})).record.id));
  ASSERT_EQ(kinds.size(), 1U);
  EXPECT_EQ(kinds[0].kind, store::ApprovalKind::standing_rule);
  EXPECT_EQ(must(world.submit(alice, {"a.auto.example", "a.example"})).record.state, RequestState::pending);
  auto theirs = world.submission(chief, {"a.auto.example"});
  theirs.request.tenant = "acme";
  EXPECT_EQ(must(world.desk.submit(std::move(theirs))).record.state, RequestState::pending);
}

TEST_F(Desk, TheRightPasswordNeedsNobody) {
  use_password("correct horse battery");
  const auto submitted = must(world.submit(alice, {"a.example"}, "issuing", "correct horse battery"));
  EXPECT_EQ(submitted.record.state, RequestState::approved);
  EXPECT_EQ(must(world.desk.approvals(submitted.record.id)).at(0).kind, store::ApprovalKind::password);
  EXPECT_TRUE(world.desk.decided(submitted.record.id, {}));
  // Where the policy does not speak of a password, none helps.
  EXPECT_EQ(must(world.submit(alice, {"a.example"}, "two", "correct horse battery")).record.state, RequestState::pending);
}

TEST_F(Desk, APasswordComesLateForAnEqualRequest) {
  use_password("correct horse battery");
  auto submission = world.submission(alice, {"a.example"});
  RequestDesk::Submission with{.request = submission.request,
                               .approval_password = SecretBytes::copy_of(as_bytes("correct horse battery")),
                               .purpose = "", .selection = ""};
  const auto pending = must(world.desk.submit(std::move(submission)));
  EXPECT_EQ(pending.record.state, RequestState::pending);
  const auto approved = must(world.desk.submit(std::move(with)));
  EXPECT_EQ(approved.record.id, pending.record.id);
  EXPECT_EQ(approved.record.state, RequestState::approved);
}

// Nothing that a password was ever part of is kept.
TEST_F(Desk, APasswordIsNowhere) {
  use_password("correct horse battery");
  for (const char* password : {"correct horse battery", "wrong horse battery"}) {
    const auto record = must(world.submit(alice, {"a.example"}, "issuing", password)).record;
    EXPECT_THAT(record.content + record.changes + record.reason, ::testing::Not(HasSubstr("horse")));
  }
  for (const auto& leaf : must(store.audit_leaves(0, 1000)))
    EXPECT_EQ(as_text(leaf.record).find("horse"), std::string_view::npos);
  EXPECT_EQ(as_text(*must(store.find_setting("ca-approval-password:issuing"))).find("horse"), std::string_view::npos);
}

TEST_F(Desk, EverythingIsCheckedBeforeItIsStored) {
  auto wrong = world.submission(alice, {"a.example"});
  wrong.request.validity = 4'000 * kDay;
  EXPECT_EQ(told(world.desk.submit(std::move(wrong))).substr(0, 6), "policy");
  EXPECT_EQ(told(world.submit(dave, {"a.example"})), "not_permitted ");
  EXPECT_EQ(told(world.submit(alice, {"a.example"}, "none")), "not_found ca");
  EXPECT_THAT(must(world.desk.list({.scope = {{"*", "", ""}}, .states = {}, .tenant = {}, .ca = {}, .principal = {}}, {})).requests,
              IsEmpty());
}

TEST_F(Desk, ARequesterWhoMayNoMoreGetsNothing) {
  const auto pending = must(world.submit(alice, {"a.example"})).record;
  must(world.approve(bob, pending));
  world.set_disabled("alice", true);
  EXPECT_EQ(told(world.desk.decided(pending.id, {})), "policy principal");
  const auto undecided = must(world.submit(chief, {"a.example"})).record;
  must(store.apply({store::RemoveRoleBinding{{"chief", "admin", "*", ""}}}));
  EXPECT_EQ(told(world.approve(bob, undecided)), "policy principal");
  EXPECT_TRUE(world.desk.deny(undecided.id, bob, DeskWorld::actor_of(bob), "has left"));
}

// The state in the store is no evidence by itself.
TEST_F(Desk, AForgedStateIsNoApproval) {
  const auto pending = must(world.submit(alice, {"a.example"}, "two")).record;
  auto forged = must(world.approve(bob, pending));
  ++forged.revision;
  forged.state = RequestState::approved;
  must(store.apply({store::PutRequest{forged}}));
  EXPECT_EQ(told(world.desk.decided(pending.id, {})), "internal ");
  ++forged.revision;
  forged.changes = write_request_changes({.validity = kDay, .names_removed = {}});
  must(store.apply({store::PutRequest{forged}}));
  EXPECT_EQ(told(world.desk.decided(pending.id, {})), "internal ");
}

class Recorder : public RequestCompanion {
 public:
  Result<void> accompany(const RequestChange& change, store::Transaction& transaction) override {
    const std::string step = change.before == nullptr ? "new" : std::string(name_of(change.before->state));
    transaction.push_back(store::PutSetting{"told:" + step + ":" + std::string(name_of(change.after.state)), {1}});
    return {};
  }
};

TEST_F(Desk, ACompanionsCommandsAreCommittedWithTheStep) {
  Recorder recorder;
  world.desk.tell(&recorder);
  const auto pending = must(world.submit(alice, {"a.example"})).record;
  EXPECT_TRUE(must(store.find_setting("told:new:pending")));
  EXPECT_FALSE(world.approve(dave, pending));
  EXPECT_FALSE(must(store.find_setting("told:pending:approved")));
  must(world.approve(bob, pending));
  EXPECT_TRUE(must(store.find_setting("told:pending:approved")));
}

// ---- The one path itself

TEST_F(Desk, NoDoorIssuesWhatMustBeApproved) {
  auto request = world.submission(alice, {"a.example"}).request;
  const auto refused = world.registration.approve(request);
  EXPECT_EQ(told(refused), "approval_required approval");
  EXPECT_THAT(refused.error().detail, HasSubstr("approval of 1 officer"));
  request.generate_key = "ecdsa-p256";
  request.certification_request.reset();
  request.subject = {{"common_name", "a.example"}};
  EXPECT_EQ(told(world.registration.approve(request)), "approval_required approval");
  // A CA that has no rule for the profile issues as ever, also where none is named.
  request.ca.clear();
  request.profile = "tls-client";
  EXPECT_EQ(told(world.registration.approve(request)), "ok");
}

// Nobody can look at every packet: a policy that wants that is a mistake, and is said to be one.
TEST_F(Desk, WhatTheGeneratorIssuesCannotWait) {
  world.add_ca({.id = "mitm", .profiles = {"interception"}});
  EXPECT_EQ(told(world.registration.approve_interception("mitm", "interception")), "ok");
  world.add_ca({.id = "mitm", .profiles = {"interception"}, .approval = {{}}});
  EXPECT_EQ(told(world.registration.approve_interception("mitm", "interception")), "policy profile");
}

}  // namespace
}  // namespace certwright::registration
