// Requests that people approved: one certificate each, whatever happens in between.
#include "issuance/testing_resuming.h"
#include "registration/request_content.h"

namespace certwright::issuance::service_test {
namespace {

TEST_F(Resuming, AnApprovedRequestIsIssuedOnce) {
  const auto request = approved();
  const auto issued = must(resume(request.id));
  EXPECT_EQ(issued.certificate.principal, "alice");
  EXPECT_EQ(issued.certificate.names, std::vector<std::string>{"a.example"});
  const auto stored = world.stored(request.id);
  EXPECT_EQ(stored.state, RequestState::issued);
  EXPECT_EQ(stored.certificate, issued.certificate.id);
  EXPECT_EQ(outcome(resume(request.id)), "conflict state");
  EXPECT_EQ(certificates(), 1U);
  const auto record = world.records("CERTIFICATE_ISSUED").at(0);
  EXPECT_EQ(text_at(record, {"fields", "approval"}), request.id);
  EXPECT_EQ(text_at(record, {"actor", "principal"}), "alice");
  const auto closed = world.records("REQUEST_ISSUED").at(0);
  EXPECT_EQ(text_at(closed, {"actor", "principal"}), "bob");
  EXPECT_EQ(text_at(closed, {"fields", "serial"}), issued.certificate.serial.hex());
}

TEST_F(Resuming, WhatIsNotApprovedIsNotIssued) {
  const auto pending = must(world.submit(alice, {"a.example"})).record;
  EXPECT_EQ(outcome(resume(pending.id)), "conflict state");
  must(world.desk.deny(pending.id, bob, DeskWorld::actor_of(bob), "not ours"));
  EXPECT_EQ(outcome(resume(pending.id)), "conflict state");
  EXPECT_EQ(outcome(resume("nothing")), "not_found ");
  EXPECT_EQ(certificates(), 0U);
}

TEST_F(Resuming, ChangesAreInTheCertificate) {
  const auto pending = must(world.submit(alice, {"a.example", "b.example"})).record;
  must(world.approve(bob, pending, {.validity = 5 * kDay, .names_removed = {"DNS:b.example"}}));
  const auto issued = must(resume(pending.id));
  EXPECT_EQ(issued.certificate.names, std::vector<std::string>{"a.example"});
  EXPECT_EQ(issued.certificate.not_after - issued.certificate.issued_at, 5 * kDay);
}

TEST_F(Resuming, OfTwoAtOnceOneIssues) {
  constexpr int kThreads = 8;
  const auto request = approved();
  IssuanceService other{dependencies};  // as on another node: nothing shared but the store
  std::atomic<int> issued = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      if ((i % 2 == 0 ? service : other).resume(request.id, DeskWorld::actor_of(bob))) ++issued;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(issued, 1);
  EXPECT_EQ(certificates(), 1U);
  EXPECT_EQ(open_intents(), 0U);
  EXPECT_EQ(world.state(request.id), RequestState::issued);
}

TEST_F(Resuming, WhileItSignsAnotherNodeTakesOver) {
  const auto request = approved();
  IssuanceService other{dependencies};
  std::optional<IssuedCertificate> theirs;
  signer->while_signing = [&] { theirs = must(other.resume(request.id, DeskWorld::actor_of(bob))); };
  EXPECT_EQ(outcome(resume(request.id)), "conflict revision");
  ASSERT_TRUE(theirs);
  EXPECT_EQ(world.stored(request.id).certificate, theirs->certificate.id);
  EXPECT_EQ(certificates(), 1U);
  EXPECT_EQ(open_intents(), 0U);
}

// apply() calls of one resume(): 1 intent, 2 record; then, on failure, 3 account.
TEST_F(Resuming, AfterEveryFailureItIsIssuedOnce) {
  int number = 0;
  for (const auto trouble : {Trouble::refused, Trouble::lost_answer})
    for (int at = 1; at <= 3; ++at) {
      const auto request = approved("host" + std::to_string(++number) + ".example");
      if (at == 3) signer->mode = TroubledSigner::Mode::away;
      store.begin(trouble, at, at);
      (void)resume(request.id);
      store.end();
      signer->mode = TroubledSigner::Mode::good;
      // As after a restart.
      clock.advance(Seconds(1));
      IssuanceService next{dependencies};
      must(next.account_for_unfinished_intents());
      must(next.resume_approved(DeskWorld::actor_of(bob), Seconds(0)));
      EXPECT_EQ(world.state(request.id), RequestState::issued) << at;
      EXPECT_EQ(certificates(), static_cast<std::size_t>(number)) << at;
      EXPECT_EQ(open_intents(), 0U) << at;
    }
}

TEST_F(Resuming, ATokenThatIsAwayLeavesItApproved) {
  const auto request = approved();
  signer->mode = TroubledSigner::Mode::away;
  EXPECT_EQ(outcome(resume(request.id)).substr(0, 11), "unavailable");
  EXPECT_EQ(world.state(request.id), RequestState::approved);
  EXPECT_EQ(must(service.resume_approved({}, Seconds(0))), 0U);
  signer->mode = TroubledSigner::Mode::good;
  clock.advance(Seconds(60));
  EXPECT_EQ(must(service.resume_approved({}, Seconds(0))), 1U);
  EXPECT_EQ(must(service.resume_approved({}, Seconds(0))), 0U);
}

// Every try leaves records: a CA that is away is asked once in a pass, and less and less often.
TEST_F(Resuming, ACaThatIsAwayIsAskedRarely) {
  for (int i = 0; i < 2; ++i) approved("host" + std::to_string(i) + ".example");
  world.add_ca({.id = "two", .approval = {{}}});
  must(world.approve(bob, must(world.submit(alice, {"other.example"}, "two")).record));
  signer->mode = TroubledSigner::Mode::away;
  EXPECT_EQ(must(service.resume_approved({}, Seconds(0))), 1U) << "another CA is none the worse for it";
  const std::size_t once = count("CERTIFICATE_INTENT");
  EXPECT_EQ(once, 2U);
  for (int hour = 0; hour < 24; ++hour)
    for (int minute = 0; minute < 60; ++minute) {
      clock.advance(Seconds(60));
      EXPECT_EQ(must(service.resume_approved({}, Seconds(0))), 0U);
    }
  EXPECT_LE(count("CERTIFICATE_INTENT"), once + 6 + 24);
  signer->mode = TroubledSigner::Mode::good;
  clock.advance(Seconds(3'600));
  EXPECT_EQ(must(service.resume_approved({}, Seconds(0))), 2U);
}

// One that issues no more is no outage: what was approved there is not issued a year later, by its successor.
TEST_F(Resuming, WhatACaThatHasEndedLeavesFails) {
  const auto waits = approved("a.example");
  world.add_ca({.offline = true, .approval = {{}}});
  EXPECT_EQ(must(service.resume_approved({}, Seconds(0))), 0U);
  EXPECT_EQ(world.state(waits.id), RequestState::approved);
  world.add_ca({.validity = kDay, .approval = {{}}});
  const auto more = approved("b.example");
  world.add_ca({.state = store::CaState::retired, .approval = {{}}});
  clock.advance(Seconds(3'600));
  EXPECT_EQ(must(service.resume_approved({}, Seconds(0))), 0U);
  for (const auto& request : {waits, more}) {
    EXPECT_EQ(world.state(request.id), RequestState::failed);
    EXPECT_THAT(world.stored(request.id).reason, HasSubstr("retired"));
  }
  world.add_ca({.validity = kDay, .approval = {{}}});
  const auto late = approved("c.example");
  clock.advance(2 * kDay);
  EXPECT_EQ(outcome(resume(late.id)).substr(0, 11), "unavailable");
  EXPECT_EQ(world.state(late.id), RequestState::failed);
}

// The one way that is no Result: no memory, say.
TEST_F(Resuming, WhatIsThrownLeavesItToTheNext) {
  const auto request = approved();
  signer->while_signing = [] { throw std::bad_alloc(); };
  EXPECT_THROW((void)resume(request.id), std::bad_alloc);
  EXPECT_EQ(outcome(resume(request.id)), "ok");
  EXPECT_EQ(certificates(), 1U);
}

// The door that approved it is about to issue it.
TEST_F(Resuming, UpkeepLeavesADoorItsTurn) {
  const auto request = approved();
  EXPECT_EQ(must(service.resume_approved({}, IssuanceService::kDoorsTurn)), 0U);
  EXPECT_EQ(world.state(request.id), RequestState::approved);
  clock.advance(IssuanceService::kDoorsTurn);
  EXPECT_EQ(must(service.resume_approved({}, IssuanceService::kDoorsTurn)), 1U);
}

// ---- Idempotency keys of requests that wait

TEST_F(Resuming, AnIdempotencyKeyHoldsAcrossTheWait) {
  auto submission = world.submission(alice, {"a.example"});
  submission.request.idempotency_key = "k";
  submission.request.can_wait = true;
  const auto request = submission.request;
  auto other = world.submission(alice, {"b.example"}).request;
  other.idempotency_key = "k";
  EXPECT_EQ(outcome(service.issue(request)), "approval_required approval");
  EXPECT_EQ(count("ISSUANCE_REFUSED"), 0U) << "it goes to the desk";
  const auto pending = must(world.desk.submit(std::move(submission))).record;
  must(world.approve(bob, pending));
  const auto issued = must(resume(pending.id));
  const auto replay = must(service.issue(request));
  EXPECT_TRUE(replay.replayed);
  EXPECT_EQ(replay.certificate.id, issued.certificate.id);
  EXPECT_EQ(outcome(service.issue(other)), "conflict idempotency_key");
  EXPECT_EQ(certificates(), 1U);
}

// By another CA, or under another profile, the same requester needs nobody: the key is the waiting request's still.
TEST_F(Resuming, AKeyOfAWaitingRequestIsNoOtherCertificates) {
  world.add_ca({.id = "free"});
  auto submission = world.submission(alice, {"a.example"});
  submission.request.idempotency_key = "k";
  auto other = world.submission(alice, {"b.example"}, "free").request;
  other.idempotency_key = "k";
  const auto pending = must(world.desk.submit(std::move(submission))).record;
  EXPECT_EQ(outcome(service.issue(other)), "conflict idempotency_key");
  EXPECT_EQ(certificates(), 0U);
  auto another = other;
  another.idempotency_key = "other";
  EXPECT_EQ(outcome(service.issue(another)), "ok");
  must(world.approve(bob, pending));
  EXPECT_EQ(outcome(resume(pending.id)), "ok");
  // What waits no more keeps no key.
  auto denied = world.submission(alice, {"c.example"});
  denied.request.idempotency_key = "k2";
  must(world.desk.deny(must(world.desk.submit(std::move(denied))).record.id, bob, DeskWorld::actor_of(bob), "not ours"));
  other.idempotency_key = "k2";
  EXPECT_EQ(outcome(service.issue(other)), "ok");
}

// What was issued before there was a rule is the answer still.
TEST_F(Resuming, AnAnswerOfBeforeTheRuleIsRepeated) {
  world.add_ca({});
  auto request = world.submission(alice, {"a.example"}).request;
  request.idempotency_key = "k";
  const auto issued = must(service.issue(request));
  world.add_ca({.approval = {{}}});
  EXPECT_EQ(must(service.issue(request)).certificate.id, issued.certificate.id);
}

// Two requests with one key, queued before the store refused the second: one certificate.
TEST_F(Resuming, TheSecondRequestWithAKeyFails) {
  const auto keyed = [&](const char* name) {
    auto submission = world.submission(alice, {name});
    submission.request.idempotency_key = "k";
    return submission;
  };
  const auto first = must(world.approve(bob, must(world.desk.submit(keyed("a.example"))).record));
  must(world.desk.withdraw(first.id, alice, {}, ""));
  const auto second = must(world.approve(bob, must(world.desk.submit(keyed("b.example"))).record));
  auto raced = world.stored(first.id);
  raced.id = std::string(31, '0') + "1";
  raced.revision = 1;
  raced.state = RequestState::approved;
  raced.approvals_needed = 0;
  raced.idempotency_key.clear();  // as 0013 leaves it
  raced.binding = registration::binding_of(raced);
  must(memory.apply({store::PutRequest{raced}}));
  world.add_ca({});
  must(resume(second.id));
  EXPECT_EQ(outcome(resume(raced.id)), "policy idempotency_key");
  EXPECT_EQ(world.state(raced.id), RequestState::failed);
  EXPECT_EQ(certificates(), 1U);
}

TEST_F(Resuming, ARenewalUnderAnotherVersionOfTheProfileIsNotUnchanged) {
  const auto first = must(resume(approved().id));
  auto renewal = registration::renewal_request(alice, DeskWorld::actor_of(alice), must(memory.find_certificate(first.certificate.id)).value(), {});
  world.publish_again("tls-server");
  EXPECT_EQ(outcome(service.issue(renewal)), "approval_required approval");
  world.add_ca({});
  EXPECT_EQ(outcome(service.issue(renewal)), "ok");
}

TEST_F(Resuming, WhatIsRefusedByNowIsFailed) {
  const auto gone = approved();
  world.set_disabled("alice", true);
  EXPECT_EQ(outcome(resume(gone.id)), "policy principal");
  EXPECT_EQ(world.state(gone.id), RequestState::failed);
  world.set_disabled("alice", false);

  const auto blocked = approved("b.example");
  const auto csr = must(pkcs10::CertificationRequest::parse(blocked.certification_request));
  must(memory.apply({store::BlockKey{crypto::sha256(csr.subject_public_key_info_tlv()), "lost"}}));
  EXPECT_EQ(outcome(resume(blocked.id)), "policy csr");
  EXPECT_EQ(world.state(blocked.id), RequestState::failed);
  EXPECT_THAT(world.stored(blocked.id).reason, HasSubstr("blocked"));

  const auto taken_away = approved("c.example");
  must(memory.apply({store::RemoveRoleBinding{{alice.id, "requester", "default", ""}}}));
  EXPECT_FALSE(resume(taken_away.id));
  EXPECT_EQ(world.state(taken_away.id), RequestState::failed);
  EXPECT_THAT(world.stored(taken_away.id).reason, HasSubstr("the requester may not have it any more"));
  EXPECT_EQ(count("REQUEST_FAILED"), 3U);
  EXPECT_EQ(certificates(), 0U);
}

TEST_F(Resuming, ADenialThatComesWhileItSignsWins) {
  const auto request = approved();
  signer->while_signing = [&] {
    must(world.desk.deny(request.id, bob, DeskWorld::actor_of(bob), "stop it"));
  };
  EXPECT_EQ(outcome(resume(request.id)), "conflict revision");
  EXPECT_EQ(world.state(request.id), RequestState::denied);
  EXPECT_EQ(certificates(), 0U);
}

// ---- No way around

TEST_F(Resuming, IssueAndRenewDoNotPassBy) {
  auto request = world.submission(alice, {"a.example"}).request;
  EXPECT_EQ(outcome(service.issue(request)), "approval_required approval");
  const auto first = must(resume(approved().id));
  auto renewal = registration::renewal_request(alice, DeskWorld::actor_of(alice), must(memory.find_certificate(first.certificate.id)).value(), {});
  const auto usual = std::chrono::floor<Seconds>(first.certificate.not_after - first.certificate.issued_at);
  renewal.validity = usual + kDay;
  EXPECT_EQ(outcome(service.issue(renewal)), "approval_required approval");
  renewal.validity = usual;
  EXPECT_EQ(outcome(service.issue(renewal)), "ok");
  world.add_ca({.approval = {{.renewals = true}}});
  renewal.renews = must(memory.find_certificate(must(memory.find_certificate(first.certificate.id))->current)).value();
  EXPECT_EQ(outcome(service.issue(renewal)), "approval_required approval");
}

}  // namespace
}  // namespace certwright::issuance::service_test
