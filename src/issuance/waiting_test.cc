// What waits for people without a CSR: renewals, and keys that we make.
#include <algorithm>

#include <gmock/gmock.h>

#include "issuance/testing_resuming.h"
#include "registration/request_content.h"

namespace certwright::issuance::service_test {
namespace {

using registration::RequestDesk;
using ::testing::HasSubstr;

class WaitingWithoutCsr : public Resuming {
 protected:
  WaitingWithoutCsr() { world.add_ca({.approval = {{.renewals = true}}}); }

  IssuanceRequest generated(const std::string& name = "a.example") {
    auto request = DeskWorld::request(alice);
    request.ca = "issuing";
    request.subject = {{"common_name", name}};
    request.names = {must(x509::GeneralName::dns(name))};
    return request;
  }
  Result<RequestDesk::Submitted> ask(IssuanceRequest request) {
    return world.desk.submit({.request = std::move(request), .asks_again = true});
  }
  IssuedCertificate issued(IssuanceRequest request) {
    const auto pending = must(ask(std::move(request))).record;
    EXPECT_EQ(pending.state, RequestState::pending);
    EXPECT_TRUE(pending.certification_request.empty());
    return must(resume(must(world.approve(bob, pending)).id));
  }
  IssuanceRequest renewal_of(const IssuedCertificate& newest, std::optional<Seconds> validity = {}) {
    return registration::renewal_request(alice, DeskWorld::actor_of(alice),
                                         must(memory.find_certificate(newest.certificate.id)).value(), validity);
  }
  static std::string told(const Result<RequestDesk::Submitted>& result) {
    return result ? "ok" : std::string(name_of(result.error().code)) + " " + result.error().field;
  }
  static registration::RequestContent content_of(const store::RequestRecord& record) {
    return must(registration::read_request_content(record.content));
  }
};

TEST_F(WaitingWithoutCsr, AKeyIsMadeWhenItIsIssuedAndBelongsToTheRequester) {
  const auto pending = must(ask(generated())).record;
  EXPECT_EQ(content_of(pending).generate_key, "ecdsa-p256");  // the profile's first, by its name
  EXPECT_EQ(text_at(world.records("REQUEST_RECEIVED").at(0), {"fields", "generate_key"}), "ecdsa-p256");
  const auto seen = must(world.desk.examine(pending, RequestDesk::View::as_changed));
  EXPECT_TRUE(seen.key_is_sample);
  EXPECT_TRUE(seen.certificate_request.subject_public_key_info.empty());

  const auto first = must(resume(must(world.approve(bob, pending)).id));
  EXPECT_EQ(first.certificate.principal, "alice");
  EXPECT_EQ(first.certificate.key_origin, store::KeyOrigin::generated);
  EXPECT_TRUE(must(memory.find_managed_key(first.certificate.id)));
  const auto key = must(x509::Certificate::parse(first.certificate.der));
  EXPECT_TRUE(std::ranges::search(seen.tbs_certificate_tlv, key.subject_public_key_info_tlv()).empty());
}

TEST_F(WaitingWithoutCsr, TheSameRequestIsAnsweredByWhatCameOfItAndAnotherKeyAsksAnew) {
  const auto pending = must(ask(generated()));
  EXPECT_TRUE(must(ask(generated())).coalesced);
  const auto first = must(resume(must(world.approve(bob, pending.record)).id));
  const auto again = must(ask(generated()));
  EXPECT_EQ(again.record.state, RequestState::issued);
  EXPECT_EQ(again.record.certificate, first.certificate.id);
  auto other = generated();
  other.idempotency_key = "second";
  EXPECT_EQ(must(ask(std::move(other))).record.state, RequestState::pending);
}

TEST_F(WaitingWithoutCsr, AKeyByItsNameIsTheDefaultOne) {
  const auto first = must(ask(generated())).record;
  auto named = generated();
  named.generate_key = "ecdsa-p256";
  EXPECT_EQ(must(ask(std::move(named))).record.id, first.id);
  auto other = generated();
  other.generate_key = "ecdsa-p384";
  EXPECT_NE(must(ask(std::move(other))).record.id, first.id);
}

TEST_F(WaitingWithoutCsr, ACertificateWhoseKeyIsGoneIsNoAnswer) {
  const auto first = issued(generated());
  must(memory.apply({store::EraseManagedKey{first.certificate.id}}));
  EXPECT_EQ(must(ask(generated())).record.state, RequestState::pending);
  const auto second = issued(renewal_of(first));
  must(memory.apply({store::EraseManagedKey{second.certificate.id}}));
  EXPECT_EQ(must(ask(renewal_of(second))).record.state, RequestState::pending);
}

TEST_F(WaitingWithoutCsr, NobodyIsAskedAboutAKeyThatCannotBe) {
  auto request = generated();
  request.generate_key = "ecdsa-p192";
  EXPECT_EQ(told(ask(request)), "invalid key_type");
  request.generate_key = "rsa";  // a size of its own choice
  EXPECT_EQ(told(ask(request)), "policy key_type");
}

TEST_F(WaitingWithoutCsr, ARenewalWaitsAndGoesOnWithItsLineage) {
  const auto first = issued(generated());
  const auto second = issued(renewal_of(first));
  EXPECT_EQ(second.certificate.lineage, first.certificate.id);
  EXPECT_NE(second.certificate.subject_public_key_sha256, first.certificate.subject_public_key_sha256);
  EXPECT_TRUE(must(memory.find_managed_key(second.certificate.id)));
  EXPECT_EQ(text_at(world.records("REQUEST_RECEIVED").at(1), {"fields", "renews"}), first.certificate.serial.hex());
  EXPECT_EQ(count("CERTIFICATE_RENEWED"), 1U);
  EXPECT_EQ(certificates(), 1U);
}

TEST_F(WaitingWithoutCsr, ARenewalOfACsrKeepsItsKey) {
  const auto first = must(resume(approved().id));
  const auto second = issued(renewal_of(first));
  EXPECT_EQ(second.certificate.subject_public_key_sha256, first.certificate.subject_public_key_sha256);
  EXPECT_FALSE(must(memory.find_managed_key(second.certificate.id)));
}

TEST_F(WaitingWithoutCsr, WhoAsksAgainSoonIsToldOfTheRenewalAndLaterAsksForTheNext) {
  const auto first = issued(generated());
  const auto second = issued(renewal_of(first));
  const auto again = must(ask(renewal_of(second)));
  EXPECT_EQ(again.record.state, RequestState::issued);
  EXPECT_EQ(again.record.certificate, second.certificate.id);
  EXPECT_EQ(must(ask(renewal_of(second, Seconds(kDay)))).record.state, RequestState::pending);  // another request

  clock.advance(RequestDesk::kAnswerKept);
  EXPECT_EQ(must(ask(renewal_of(second))).record.state, RequestState::pending);
}

TEST_F(WaitingWithoutCsr, AShortCertificateIsRenewedAgainAfterHalfOfItsTime) {
  auto short_lived = generated();
  short_lived.validity = Seconds(2 * kDay);
  const auto first = issued(std::move(short_lived));
  const auto second = issued(renewal_of(first));
  clock.advance(kDay - Seconds(1));
  EXPECT_EQ(must(ask(renewal_of(second))).record.state, RequestState::issued);
  clock.advance(Seconds(1));
  EXPECT_EQ(must(ask(renewal_of(second))).record.state, RequestState::pending);
}

// The approved renewal is the answer also where the next one would need nobody: else there would be two.
TEST_F(WaitingWithoutCsr, TheAnswerIsThereBeforeAnybodyIssuesAgain) {
  world.add_ca({.approval = {{}}});  // renewals need nobody, unless they are not unchanged
  const auto first = issued(generated());
  world.publish_again("tls-server");
  const auto second = issued(renewal_of(first));
  EXPECT_EQ(must(world.desk.answered_renewal(renewal_of(second)))->certificate, second.certificate.id);
  auto by_key = renewal_of(second);
  by_key.idempotency_key = "next";
  EXPECT_FALSE(must(world.desk.answered_renewal(by_key)));
  world.publish_again("tls-server");
  EXPECT_FALSE(must(world.desk.answered_renewal(renewal_of(second)))) << "a renewal would give something else by now";
  // One that needed nobody answers nothing: it is renewed again, as ever.
  const auto third = issued(generated("free.example"));
  const auto fourth = must(service.issue(renewal_of(third)));
  EXPECT_FALSE(must(world.desk.answered_renewal(renewal_of(fourth))));
}

// Which CA gives it is found out on the way, and is no part of what the key stands for.
TEST_F(WaitingWithoutCsr, AKeyOfARenewalIsAnsweredAlsoWhenThePolicyWantsPeopleByNow) {
  world.add_ca({.approval = {{}}});
  const auto first = issued(generated());
  const auto renew = [&](const IssuedCertificate& newest) {
    auto renewal = renewal_of(newest);
    renewal.idempotency_key = "once";
    return service.issue(std::move(renewal));
  };
  const auto second = must(renew(first));
  world.add_ca({.approval = {{.renewals = true}}});
  EXPECT_EQ(must(renew(second)).certificate.id, second.certificate.id);
}

TEST_F(WaitingWithoutCsr, ADenialIsTheAnswerToTheSameRenewal) {
  const auto first = issued(generated());
  const auto pending = must(ask(renewal_of(first))).record;
  must(world.desk.deny(pending.id, bob, DeskWorld::actor_of(bob), "let it end"));
  const auto again = must(ask(renewal_of(first)));
  EXPECT_EQ(again.record.state, RequestState::denied);
  EXPECT_EQ(again.record.id, pending.id);
}

TEST_F(WaitingWithoutCsr, AnOfficerTakesSomethingAwayFromARenewal) {
  auto wide = generated();
  wide.names.push_back(must(x509::GeneralName::dns("b.example")));
  const auto first = issued(std::move(wide));
  const auto pending = must(ask(renewal_of(first))).record;
  const auto decided = must(world.approve(bob, pending, {.validity = Seconds(10 * kDay), .names_removed = {"DNS:b.example"}}));
  const auto second = must(resume(decided.id));
  EXPECT_EQ(second.certificate.names, std::vector<std::string>{"a.example"});
  // What was checked is what was approved, not what was asked for.
  EXPECT_THAT(text_at(world.records("REQUEST_APPROVED").back(), {"fields", "checks"}),
              HasSubstr("names: 1 of at most"));
  EXPECT_EQ(std::chrono::floor<Seconds>(second.certificate.not_after - clock.now()), Seconds(10 * kDay));
}

TEST_F(WaitingWithoutCsr, WhatIsRevokedMeanwhileIsNotRenewed) {
  const auto first = issued(generated());
  const auto decided = must(world.approve(bob, must(ask(renewal_of(first))).record));
  must(memory.apply({store::RevokeLineage{first.certificate.id,
                                          {x509::RevocationReason::superseded, clock.now(), "alice"}}}));
  EXPECT_EQ(outcome(resume(decided.id)), "policy certificate");
  EXPECT_EQ(world.state(decided.id), RequestState::failed);
  EXPECT_EQ(open_intents(), 0U);
}

TEST_F(WaitingWithoutCsr, WhatIsRenewedMeanwhileIsNotRenewedTwice) {
  const auto first = issued(generated());
  const auto decided = must(world.approve(bob, must(ask(renewal_of(first))).record));
  const auto faster = must(world.approve(bob, must(ask(renewal_of(first, Seconds(kDay)))).record));
  must(resume(faster.id));
  EXPECT_EQ(outcome(resume(decided.id)), "policy certificate");
  EXPECT_EQ(world.state(decided.id), RequestState::failed);
  EXPECT_EQ(count("INTENT_ABANDONED"), 0U);
}

// Whoever waits is told, and not after a week that nobody decided.
TEST_F(WaitingWithoutCsr, WhatCannotBeRenewedAnyMoreIsClosedWhileItWaits) {
  const auto first = issued(generated());
  const auto pending = must(ask(renewal_of(first))).record;
  const auto revoke = [&](x509::RevocationReason reason) {
    must(memory.apply({store::RevokeLineage{first.certificate.id, {reason, clock.now(), "alice"}}}));
  };
  revoke(x509::RevocationReason::certificate_hold);
  EXPECT_EQ(must(world.desk.settle_waiting({})), 0U);
  EXPECT_EQ(world.state(pending.id), RequestState::pending) << "a hold may pass";
  must(memory.apply({store::ReleaseHold{first.certificate.id}}));
  revoke(x509::RevocationReason::superseded);
  EXPECT_EQ(must(world.desk.settle_waiting({})), 0U);
  EXPECT_EQ(world.state(pending.id), RequestState::failed);
  EXPECT_THAT(world.stored(pending.id).reason, HasSubstr("revoked"));
}

TEST_F(WaitingWithoutCsr, AHoldOnlyDelaysWhatIsApproved) {
  const auto first = issued(generated());
  const auto decided = must(world.approve(bob, must(ask(renewal_of(first))).record));
  must(memory.apply({store::RevokeLineage{first.certificate.id,
                                          {x509::RevocationReason::certificate_hold, clock.now(), "alice"}}}));
  EXPECT_EQ(outcome(resume(decided.id)), "conflict certificate");
  EXPECT_EQ(world.state(decided.id), RequestState::approved);
  EXPECT_EQ(count("ISSUANCE_REFUSED"), 0U) << "upkeep will ask every few seconds";
  must(memory.apply({store::ReleaseHold{first.certificate.id}}));
  EXPECT_EQ(outcome(resume(decided.id)), "ok");
}

TEST_F(WaitingWithoutCsr, NobodyApprovesTheRenewalOfTheirOwnCertificate) {
  const auto both = world.person("both", {{access::Role::requester, "default", ""}, {access::Role::approver, "default", ""}});
  const auto issuer = world.person("ivan", {{access::Role::issuer, "default", ""}});
  auto own = generated();
  own.principal = both;
  const auto first = issued(std::move(own));
  auto renewal = renewal_of(first);
  renewal.principal = issuer;
  const auto pending = must(ask(std::move(renewal))).record;
  EXPECT_EQ(world.approve(both, pending).error().code, Errc::not_permitted);
  EXPECT_TRUE(world.approve(bob, pending));
}

TEST_F(WaitingWithoutCsr, TheSameAgainIsUnchangedAndWhatIsNotSaysWhy) {
  world.add_ca({.approval = {{}}});
  clock.advance(Duration(250'000));  // no whole second
  const auto first = issued(generated());
  const auto renewal = [&](std::optional<Seconds> validity) { return service.issue(renewal_of(first, validity)); };
  const auto longer = renewal(Seconds(91 * kDay));
  ASSERT_FALSE(longer);
  EXPECT_THAT(longer.error().detail, HasSubstr("also a renewal for longer than before"));
  EXPECT_TRUE(renewal(Seconds(90 * kDay)));
}

TEST_F(WaitingWithoutCsr, WhoMayNotRenewItAnyMoreDoesNot) {
  const auto first = issued(generated());
  const auto decided = must(world.approve(bob, must(ask(renewal_of(first))).record));
  must(memory.apply({store::RemoveRoleBinding{{alice.id, "requester", "default", ""}}}));
  EXPECT_FALSE(resume(decided.id));
  EXPECT_EQ(world.state(decided.id), RequestState::failed);

  const auto eve = world.person("eve", {{access::Role::requester, "default", ""}});
  auto foreign = renewal_of(first);
  foreign.principal = eve;
  EXPECT_FALSE(world.desk.submit({.request = std::move(foreign)}));
}

TEST_F(WaitingWithoutCsr, ASuccessorIsWhatWasApproved) {
  const auto first = issued(generated());
  world.add_ca({.state = store::CaState::retired});
  world.add_ca({.id = "issuing-2", .approval = {{.renewals = true}}});
  const auto pending = must(ask(renewal_of(first))).record;
  EXPECT_EQ(pending.ca, "issuing-2");
  EXPECT_EQ(must(resume(must(world.approve(bob, pending)).id)).certificate.ca, "issuing-2");
}

}  // namespace
}  // namespace certwright::issuance::service_test
