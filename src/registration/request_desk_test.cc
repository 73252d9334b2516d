#include "registration/request_desk.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registration/desk_fixture.h"
#include "registration/request_content.h"
#include "registration/request_digest.h"

namespace certwright::registration {
namespace {

using access::Role;
using store::RequestState;
using testing::DeskWorld;
using testing::kDay;
using testing::must;
using testing::text_at;
using testing::told;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Desk : public testing::DeskFixture {};

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

// Between two sweeps too.
TEST_F(Desk, WhatIsOverdueIsExpiredForEveryStep) {
  const auto overdue = [&](const std::string& name) {
    const auto record = must(world.submit(alice, {name})).record;
    clock.advance(7 * kDay);
    return record;
  };
  const auto approve = overdue("a.example");
  EXPECT_EQ(told(world.approve(bob, approve)), "conflict state");
  EXPECT_EQ(world.state(approve.id), RequestState::expired);
  const auto deny = overdue("b.example");
  EXPECT_EQ(told(world.desk.deny(deny.id, bob, DeskWorld::actor_of(bob), "not ours")), "conflict state");
  const auto withdraw = overdue("c.example");
  EXPECT_EQ(told(world.desk.withdraw(withdraw.id, alice, {}, "")), "conflict state");
  EXPECT_EQ(world.state(withdraw.id), RequestState::expired);
  auto submission = world.submission(alice, {"d.example"});
  auto again = RequestDesk::Submission{.request = submission.request, .approval_password = {}, .purpose = "", .selection = ""};
  const auto first = must(world.desk.submit(std::move(submission))).record;
  clock.advance(7 * kDay);
  const auto second = must(world.desk.submit(std::move(again)));
  EXPECT_FALSE(second.coalesced);
  EXPECT_NE(second.record.id, first.id);
  EXPECT_EQ(world.state(first.id), RequestState::expired);
  EXPECT_EQ(recorded("REQUEST_EXPIRED"), 4U);
}

TEST_F(Desk, AnApprovedRequestCanBeWithdrawnWhileItIsNotIssued) {
  const auto approved = must(world.approve(bob, must(world.submit(alice, {"a.example"})).record));
  EXPECT_EQ(must(world.desk.withdraw(approved.id, alice, {}, "")).state, RequestState::withdrawn);
  EXPECT_EQ(told(world.desk.decided(approved.id, {})), "conflict state");
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

TEST_F(Desk, ApprovedOnesThatAreNotIssuedAreCappedToo) {
  RequestDesk small({.store = store, .journal = world.journal, .registration = world.registration,
                     .passwords = world.passwords, .random = world.random, .clock = clock,
                     .limits = {.open_max = 3, .approved_max = 5}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(told(small.submit(world.submission(alice, {"a.example"}, "free"))), "ok");
  EXPECT_EQ(told(small.submit(world.submission(alice, {"a.example"}, "free"))), "too_many_requests pending");
}

TEST_F(Desk, WhoCannotWaitGuessesNothing) {
  use_password("correct horse battery");
  for (int i = 0; i < 3; ++i) must(world.submit(alice, {"a.example"}));
  EXPECT_EQ(told(world.submit(alice, {"a.example"}, "issuing", "wrong horse battery")), "too_many_requests pending");
  EXPECT_EQ(told(world.submit(alice, {"a.example"}, "issuing", "correct horse battery")), "too_many_requests pending");
  EXPECT_EQ(recorded("APPROVAL_PASSWORD_REFUSED"), 0U);
}

// The transaction that should have carried it is rolled back: another request came in while the password was hashed.
TEST_F(Desk, AWrongPasswordIsRecordedWhateverBecomesOfTheRequest) {
  use_password("correct horse battery");
  class Refusing : public RequestCompanion {
    Result<void> accompany(const RequestChange&, store::Transaction&) override {
      return fail(Errc::unavailable, "not now");
    }
  } refusing;
  world.desk.tell(&refusing);
  EXPECT_EQ(told(world.submit(alice, {"a.example"}, "issuing", "wrong horse battery")), "unavailable ");
  EXPECT_EQ(recorded("REQUEST_RECEIVED"), 0U);
  EXPECT_EQ(recorded("APPROVAL_PASSWORD_REFUSED"), 1U);
}

TEST_F(Desk, WhatKeepsNoCertificatesCannotWaitForOne) {
  auto document = must(json::parse(profile::write_profile(*world.profiles.find("tls-server"))));
  document.set("record_level", "digest");
  must(world.publisher.publish(document, DeskWorld::actor_of(chief)));
  EXPECT_EQ(told(world.submit(alice, {"a.example"})), "policy profile");
  EXPECT_EQ(told(world.submit(alice, {"a.auto.example"})), "ok");
}

TEST_F(Desk, AnIdempotencyKeyIsForOneRequest) {
  auto first = world.submission(alice, {"a.example"});
  first.request.idempotency_key = "k";
  auto again = first.request;
  auto other = world.submission(alice, {"b.example"});
  other.request.idempotency_key = "k";
  const auto pending = must(world.desk.submit(std::move(first))).record;
  EXPECT_TRUE(must(world.desk.submit({.request = again, .approval_password = {}, .purpose = "", .selection = ""})).coalesced);
  EXPECT_EQ(told(world.desk.submit(std::move(other))), "conflict idempotency_key");
  auto theirs = world.submission(chief, {"b.example"});
  theirs.request.idempotency_key = "k";
  EXPECT_EQ(told(world.desk.submit(std::move(theirs))), "ok");
  must(world.approve(bob, pending));
  const auto decided = must(world.desk.decided(pending.id, {}));
  EXPECT_EQ(decided.request().idempotency_key, "k");
  EXPECT_EQ(decided.request().idempotency_sha256, request_digest(again));
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

class Recorder : public RequestCompanion {
 public:
  Result<void> accompany(const RequestChange& change, store::Transaction& transaction) override {
    const std::string step = change.before == nullptr ? "new" : std::string(name_of(change.before->state));
    transaction.push_back(store::PutSetting{"told:" + step + ":" + std::string(name_of(change.after.state)), {1}});
    guesses += std::ranges::count(change.events, audit::EventType::approval_password_refused, &audit::Event::type);
    locks += std::ranges::count(change.events, audit::EventType::approval_password_locked, &audit::Event::type);
    return {};
  }
  std::ptrdiff_t guesses = 0, locks = 0;
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

// Whoever guesses sends one CSR again and again.
TEST_F(Desk, ACompanionHearsOfEveryWrongPassword) {
  use_password("correct horse battery");
  Recorder recorder;
  world.desk.tell(&recorder);
  for (int i = 0; i < 3; ++i) must(world.submit(alice, {"a.example"}, "issuing", "wrong horse battery"));
  EXPECT_EQ(recorder.guesses, 2);
  EXPECT_EQ(recorder.locks, 1);
}

// Each is withdrawn before the next: only one is ever open.
TEST_F(Desk, WhatComesToNothingIsCountedForADay) {
  RequestDesk small{{.store = store, .journal = world.journal, .registration = world.registration,
                     .passwords = world.passwords, .random = world.random, .clock = clock,
                     .limits = {.open_max = 3, .approved_max = 3, .daily_max = 4}}};
  const auto send = [&](const access::Principal& who, const std::string& ca) {
    return small.submit(world.submission(who, {"a.example"}, ca));
  };
  for (int i = 0; i < 4; ++i) {
    must(small.withdraw(must(send(alice, "issuing")).record.id, alice, {}, ""));
    clock.advance(Seconds(60));
  }
  const auto refused = send(alice, "issuing");
  ASSERT_EQ(told(refused), "too_many_requests received");
  EXPECT_THAT(refused.error().detail, HasSubstr("4 requests of one account in 24 hours"));
  EXPECT_EQ(told(send(alice, "free")), "ok");  // does not wait
  EXPECT_EQ(told(send(chief, "issuing")), "ok");
  clock.advance(kDay - Seconds(4 * 60));
  EXPECT_EQ(told(send(alice, "issuing")), "too_many_requests received");
  clock.advance(Seconds(61));  // the one that did not wait counts, the first two no more
  EXPECT_EQ(told(send(alice, "issuing")), "ok");
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
