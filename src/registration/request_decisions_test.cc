// What officers do, and what counts as an approval.
#include "registration/request_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registration/desk_fixture.h"
#include "registration/request_content.h"

namespace certwright::registration {
namespace {

using store::RequestState;
using testing::DeskWorld;
using testing::kDay;
using testing::must;
using testing::text_at;
using testing::told;
using ::testing::HasSubstr;

class Decisions : public testing::DeskFixture {};

TEST_F(Decisions, NobodyApprovesTheirOwnWhateverTheirRoles) {
  const auto pending = must(world.submit(chief, {"a.example"})).record;
  EXPECT_EQ(told(world.approve(chief, pending)), "not_permitted ");
  EXPECT_EQ(told(world.desk.deny(pending.id, chief, DeskWorld::actor_of(chief), "no way")), "not_permitted ");
  EXPECT_EQ(world.state(pending.id), RequestState::pending);
  EXPECT_EQ(recorded("DECISION_REFUSED"), 2U);
  EXPECT_TRUE(world.approve(bob, pending));
}

TEST_F(Decisions, AnOfficerOfAnotherTenantIsAStranger) {
  const auto pending = must(world.submit(alice, {"a.example"})).record;
  EXPECT_EQ(told(world.approve(dave, pending)), "not_found ");
  EXPECT_EQ(told(world.desk.deny(pending.id, dave, DeskWorld::actor_of(dave), "no way")), "not_found ");
  EXPECT_EQ(told(world.desk.withdraw(pending.id, bob, {}, "")), "not_permitted ");
}

TEST_F(Decisions, APolicyCanNameItsOfficers) {
  const auto pending = must(world.submit(alice, {"a.example"}, "named")).record;
  EXPECT_EQ(told(world.approve(carol, pending)), "not_permitted ");
  EXPECT_EQ(must(world.approve(bob, pending)).state, RequestState::approved);
}

// A rule that names officers names people, not whoever can sign in as them.
TEST_F(Decisions, AnAccountThatTheRequestersAdministratorCouldUseIsNoNamedOfficer) {
  const auto team = [&](const char* id, access::Role role) { return world.person(id, {{role, "acme", ""}}, "acme"); };
  const auto eve = team("eve", access::Role::admin);
  const auto machine = team("machine", access::Role::requester);
  const auto ask = [&](const access::Principal& who) { return must(world.submit(who, {"a.example"}, "named")).record; };
  world.add_ca({.id = "named", .approval = {{.officers = 1, .officers_of = {"dave", "frank", "bob", "eve"}}}});
  world.add_ca({.id = "free-for-officers", .approval = {{}}});
  const auto frank = world.person("frank", {{access::Role::approver, "*", ""}}, "acme");
  const auto her_own = ask(eve);
  EXPECT_EQ(told(world.approve(dave, her_own)), "not_permitted ");
  EXPECT_EQ(must(world.approve(frank, her_own)).state, RequestState::approved);  // no role that she could give
  // Nor what she asks for by another account of the tenant.
  const auto by_another = ask(machine);
  EXPECT_EQ(told(world.approve(dave, by_another)), "not_permitted ");
  EXPECT_EQ(world.state(by_another.id), RequestState::pending);
  EXPECT_EQ(must(world.approve(eve, by_another)).state, RequestState::approved);  // whom the rule trusts
  // It is looked at again when the certificate is issued.
  world.set_disabled("eve", true);
  const auto meanwhile = must(world.approve(dave, ask(machine)));
  EXPECT_EQ(meanwhile.state, RequestState::approved);
  world.set_disabled("eve", false);
  EXPECT_EQ(told(world.desk.decided(meanwhile.id, {})), "conflict state");
  // Where the rule names nobody, whoever may decide does.
  EXPECT_EQ(must(world.approve(dave, must(world.submit(eve, {"a.example"}, "free-for-officers")).record)).state,
            RequestState::approved);
}

// However many administrators its tenant makes: none of them can sign in as an officer of the installation.
TEST_F(Decisions, ManyAdministratorsOfItsTenantTakeNothingFromAnOfficerOfTheInstallation) {
  world.add_ca({.id = "named", .approval = {{.officers = 1, .officers_of = {"frank"}}}});
  const auto frank = world.person("frank", {{access::Role::approver, "*", ""}}, "acme");
  for (int i = 0; i < 1'100; ++i) world.person("admin" + std::to_string(i), {{access::Role::admin, "acme", ""}}, "acme");
  EXPECT_EQ(must(world.approve(frank, must(world.submit(alice, {"a.example"}, "named")).record)).state, RequestState::approved);
}

// Who could change the rule is not kept from being served by those it names.
TEST_F(Decisions, AnAdministratorOfTheInstallationIsServedByNamedOfficers) {
  EXPECT_EQ(must(world.approve(bob, must(world.submit(chief, {"a.example"}, "named")).record)).state, RequestState::approved);
}

// Whoever tells people of a request that waits tells those who can decide it.
TEST_F(Decisions, ACompanionHearsWhoseApprovalWouldCount) {
  class Counting : public RequestCompanion {
    Result<void> accompany(const RequestChange& change, store::Transaction&) override {
      counted.clear();
      if (change.requirement == nullptr) return {};
      for (const char* who : {"alice", "bob", "carol", "dave", "chief", "nobody"})
        if (must(change.may_approve(who))) counted.emplace_back(who);
      return {};
    }

   public:
    std::vector<std::string> counted;
  } companion;
  using Names = std::vector<std::string>;
  world.desk.tell(&companion);
  const auto named = must(world.submit(alice, {"a.example"}, "named")).record;
  EXPECT_EQ(companion.counted, Names{"bob"});
  must(world.approve(bob, named));
  EXPECT_EQ(companion.counted, Names{});
  must(world.submit(chief, {"a.example"}));
  EXPECT_EQ(companion.counted, (Names{"bob", "carol"}));
  must(world.submit(alice, {"b.example"}, "free"));
  EXPECT_EQ(companion.counted, Names{});
  // Back from approved: the profile has another version.
  world.publish_again("tls-server");
  EXPECT_EQ(told(world.desk.decided(named.id, {})), "conflict binding");
  EXPECT_EQ(companion.counted, Names{"bob"});
}

TEST_F(Decisions, TwoOfNOfficersAreTwoPrincipals) {
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

TEST_F(Decisions, AnOfficerWhoMayNoMoreDoesNotCount) {
  const auto pending = must(world.submit(alice, {"a.example"}, "two")).record;
  must(world.approve(bob, pending));
  world.set_disabled("bob", true);
  EXPECT_EQ(must(world.approve(carol, pending)).state, RequestState::pending);
  EXPECT_EQ(must(world.approve(chief, pending)).state, RequestState::approved);
}

TEST_F(Decisions, AChangeVoidsApprovalsGivenBefore) {
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

TEST_F(Decisions, ChangesOnlyTakeAway) {
  auto submission = world.submission(alice, {"a.example", "b.example"});
  submission.request.validity = 10 * kDay;
  const auto pending = must(world.desk.submit(std::move(submission))).record;
  const auto changed = [&](RequestChanges changes) { return told(world.approve(bob, pending, std::move(changes))); };
  EXPECT_EQ(changed({.validity = 11 * kDay, .names_removed = {}}), "policy validity");
  EXPECT_EQ(changed({.validity = Seconds(0), .names_removed = {}}), "policy validity");
  const auto longer = world.approve(bob, pending, {.validity = 400 * kDay, .names_removed = {}});
  EXPECT_THAT(longer.error().detail, HasSubstr("400d is not within 1s and the 10d that it would have, until 20"));
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

TEST_F(Decisions, APreviewIsWhatIsApprovedAndApprovesNothing) {
  const auto pending = must(world.submit(alice, {"a.example", "b.example"})).record;
  const audit::Actor actor = DeskWorld::actor_of(bob);
  const auto decision = [&](const auto& binding, const access::Principal& officer, const char* name = "DNS:b.example") {
    return RequestDesk::Decision{.id = pending.id, .officer = officer, .actor = actor, .binding = binding,
                                 .changes = {.validity = {}, .names_removed = {name}}};
  };
  const auto seen = must(world.desk.preview(decision(pending.binding, bob)));
  EXPECT_EQ(seen.state, RequestState::pending);
  EXPECT_NE(seen.binding, pending.binding);
  EXPECT_EQ(must(world.desk.examine(seen, RequestDesk::View::as_changed)).names, std::vector<std::string>{"DNS:a.example"});
  EXPECT_EQ(world.stored(pending.id).changes, "");
  EXPECT_EQ(world.stored(pending.id).revision, pending.revision);
  EXPECT_EQ(recorded("APPROVAL_GIVEN"), 0U);
  EXPECT_EQ(told(world.desk.preview(decision(pending.binding, alice))), "not_permitted ");
  EXPECT_EQ(told(world.desk.preview(decision(pending.binding, bob, "DNS:c.example"))), "invalid names_removed");
  EXPECT_EQ(told(world.desk.preview(decision(std::array<std::uint8_t, 32>{}, bob))), "conflict binding");
  // Its binding stands for the request with these changes, and for nothing else.
  EXPECT_EQ(told(world.desk.approve({.id = pending.id, .officer = bob, .actor = actor, .binding = seen.binding})), "conflict binding");
  EXPECT_EQ(must(world.desk.approve(decision(seen.binding, bob))).binding, seen.binding);
  EXPECT_EQ(world.stored(pending.id).state, RequestState::approved);
}

// Certificates begin with whole seconds, people decide in between.
TEST_F(Decisions, WhatItWouldHaveAnywayIsNotLonger) {
  clock.advance(std::chrono::milliseconds(500));
  auto submission = world.submission(alice, {"a.example"});
  submission.request.validity = 10 * kDay;
  const auto pending = must(world.desk.submit(std::move(submission))).record;
  EXPECT_EQ(told(world.approve(bob, pending, {.validity = 10 * kDay + Seconds(1), .names_removed = {}})), "policy validity");
  EXPECT_EQ(told(world.approve(bob, pending, {.validity = 10 * kDay, .names_removed = {}})), "ok");
}

// A value of the audit log is cut; what it was of can still be proved.
TEST_F(Decisions, TheRecordOfALongChangeHasItsDigest) {
  std::vector<std::string> names = {"a.example"}, removed;
  for (int i = 0; i < 90; ++i) {
    names.push_back(std::string(60, 'x') + "." + std::to_string(i) + ".example");
    removed.push_back("DNS:" + names.back());
  }
  const auto pending = must(world.submit(alice, names)).record;
  const auto approved = must(world.approve(bob, pending, {.validity = {}, .names_removed = removed}));
  ASSERT_GT(approved.changes.size(), audit::kMaxValueOctets);
  const std::string digest = to_hex(crypto::sha256(as_bytes(approved.changes)));
  const auto given = world.records("APPROVAL_GIVEN").at(0), changed = world.records("REQUEST_CHANGED").at(0);
  EXPECT_TRUE(testing::text_at(given, {"fields", "changes"}).ends_with("\xe2\x80\xa6")) << "cut";
  for (const auto& record : {given, changed}) {
    EXPECT_EQ(testing::text_at(record, {"fields", "changes_sha256"}), digest) << json::write(record);
    EXPECT_EQ(testing::text_at(record, {"fields", "names_removed"}), "90");
  }
}

// However a name is written, and however often: what an officer took out is not in the certificate.
TEST_F(Decisions, ARemovedNameIsGoneWhateverItsCaseAndHoweverOften) {
  const auto pending = must(world.submit(alice, {"a.example", "B.example", "b.example", "b.example"})).record;
  const auto approved = must(world.approve(bob, pending, {.validity = {}, .names_removed = {"DNS:b.EXAMPLE", "DNS:B.example"}}));
  EXPECT_EQ(must(world.desk.examine(approved, RequestDesk::View::as_changed)).names, std::vector<std::string>{"DNS:a.example"});
  const auto decided = must(world.registration.approve(must(world.desk.decided(pending.id, {}))));
  ASSERT_EQ(decided.certificate_request().names.size(), 1U);
}

TEST_F(Decisions, ANameThatTheSubjectSaysTooCannotBeRemoved) {
  const auto removing = [&](const std::string& subject, const x509::GeneralName& name, const std::string& removed) {
    auto submission = world.submission(alice, {"a.example"});
    submission.request.certification_request = must(pkcs10::CertificationRequest::parse(
        testing::csr_der(testing::new_key(), subject, {must(x509::GeneralName::dns("a.example")), name})));
    const auto pending = must(world.desk.submit(std::move(submission))).record;
    const auto done = told(world.approve(bob, pending, {.validity = {}, .names_removed = {removed}}));
    must(world.desk.withdraw(pending.id, alice, {}, ""));
    return done;
  };
  const auto b = must(x509::GeneralName::dns("b.example"));
  EXPECT_EQ(removing("CN=B.Example", b, "DNS:b.example"), "invalid names_removed");
  EXPECT_EQ(removing("CN=a.example,O=b.example", b, "DNS:b.example"), "invalid names_removed");
  EXPECT_EQ(removing("CN=10.0.0.1", must(x509::GeneralName::ip("10.0.0.1")), "IP:10.0.0.1"), "invalid names_removed");
  EXPECT_EQ(removing("CN=a.example", b, "DNS:b.example"), "ok");
}

TEST_F(Decisions, ANewProfileVersionVoidsApprovals) {
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

// An approval satisfies the policy of now, or it waits for the rest.
TEST_F(Decisions, APolicyThatWantsMoreByNowIsAskedAgain) {
  use_password("correct horse battery");
  const auto by_officer = must(world.approve(bob, must(world.submit(alice, {"a.example"})).record));
  const auto by_password = must(world.submit(alice, {"b.example"}, "issuing", "correct horse battery")).record;
  const auto by_rule = must(world.submit(alice, {"c.auto.example"})).record;
  const auto by_nobody = must(world.submit(alice, {"d.example"}, "free")).record;
  for (const auto& record : {by_officer, by_password, by_rule, by_nobody}) {
    EXPECT_EQ(record.state, RequestState::approved);
    EXPECT_TRUE(world.desk.decided(record.id, {}));
  }
  world.add_ca({.id = "issuing", .approval = {{.officers = 2}}});
  world.add_ca({.id = "free", .approval = {{}}});
  for (const auto& record : {by_officer, by_password, by_rule, by_nobody}) {
    EXPECT_EQ(told(world.desk.decided(record.id, {})), "conflict state");
    EXPECT_EQ(world.state(record.id), RequestState::pending);
  }
  // What bob gave counts on.
  EXPECT_EQ(told(world.approve(bob, world.stored(by_officer.id))), "conflict principal");
  EXPECT_EQ(must(world.approve(carol, world.stored(by_officer.id))).state, RequestState::approved);
  EXPECT_TRUE(world.desk.decided(by_officer.id, {}));
  EXPECT_EQ(must(world.approve(carol, world.stored(by_nobody.id))).state, RequestState::approved);
  // A password counts nothing where the policy does not speak of one.
  EXPECT_EQ(must(world.approve(carol, world.stored(by_password.id))).state, RequestState::pending);
  // A policy that wants less changes nothing.
  world.add_ca({.id = "issuing"});
  EXPECT_TRUE(world.desk.decided(by_officer.id, {}));
}

TEST_F(Decisions, AnApprovalByOneWhoIsNoOfficerAnyMoreIsAskedAgain) {
  const auto approved = must(world.approve(bob, must(world.submit(alice, {"a.example"}, "named")).record));
  world.add_ca({.id = "named", .approval = {{.officers = 1, .officers_of = {"carol"}}}});
  EXPECT_EQ(told(world.desk.decided(approved.id, {})), "conflict state");
  EXPECT_EQ(must(world.approve(carol, world.stored(approved.id))).state, RequestState::approved);
}

TEST_F(Decisions, DenialNeedsAReason) {
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

TEST_F(Decisions, ARequesterWhoMayNoMoreGetsNothing) {
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
TEST_F(Decisions, AForgedStateIsNoApproval) {
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

}  // namespace
}  // namespace certwright::registration
