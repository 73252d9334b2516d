// What waits for people without a CSR: renewals, and keys that we make.
#include <algorithm>

#include "issuance/testing_resuming.h"
#include "registration/request_content.h"

namespace certwright::issuance::service_test {
namespace {

using registration::RequestDesk;

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
