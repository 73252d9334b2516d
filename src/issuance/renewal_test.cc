#include "issuance/testing_service.h"

namespace certwright::issuance::service_test {
namespace {

// ---- Renewal

TEST_F(Issuance, RenewalMakesANewKeyWhereWeMadeTheOldOne) {
  const auto first = must(service.issue(request()));
  clock.advance(10 * kDay);
  const auto renewed = must(service.issue(renewal_of(stored(first))));
  EXPECT_NE(renewed.certificate.serial, first.certificate.serial);
  EXPECT_NE(renewed.certificate.subject_public_key_sha256, first.certificate.subject_public_key_sha256);
  EXPECT_EQ(renewed.certificate.lineage, first.certificate.id);
  EXPECT_EQ(renewed.certificate.not_after - first.certificate.not_after, 10 * kDay);
  EXPECT_EQ(renewed.certificate.subject, first.certificate.subject);
  EXPECT_EQ(renewed.certificate.names, first.certificate.names);
  EXPECT_TRUE(must(memory.find_managed_key(renewed.certificate.id)));
  const auto records = world.records("CERTIFICATE_RENEWED");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(text_at(records[0], {"fields", "replaces"}), first.certificate.serial.hex());
  // The handle stays one row.
  EXPECT_EQ(certificates(), 1U);
}

TEST_F(Issuance, RenewalOfACsrKeepsItsKey) {
  const auto first = must(service.issue(csr_request()));
  const auto renewed = must(service.issue(renewal_of(stored(first))));
  EXPECT_EQ(renewed.certificate.subject_public_key_sha256, first.certificate.subject_public_key_sha256);
  EXPECT_EQ(renewed.certificate.key_origin, store::KeyOrigin::certification_request);
  EXPECT_FALSE(must(memory.find_managed_key(renewed.certificate.id)));
  const auto second = must(service.issue(renewal_of(stored(renewed))));
  EXPECT_EQ(second.certificate.lineage, first.certificate.id);
}

TEST_F(Issuance, RenewalOfABlockedKeyIsRefused) {
  const auto first = must(service.issue(csr_request()));
  must(memory.apply({store::BlockKey{first.certificate.subject_public_key_sha256, "lost"}}));
  const auto renewed = service.issue(renewal_of(stored(first)));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Errc::policy);
}

TEST_F(Issuance, RevokedIsNotRenewed) {
  const auto first = must(service.issue(request()));
  must(memory.apply({store::RevokeLineage{first.certificate.id,
                                          {x509::RevocationReason::superseded, clock.now(), "alice"}}}));
  const auto renewed = service.issue(renewal_of(stored(first)));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Errc::conflict);
  EXPECT_EQ(count("ISSUANCE_REFUSED"), 1U);
}

TEST_F(Issuance, ExpiredIsNotRenewed) {
  const auto first = must(service.issue(request()));
  clock.set(first.certificate.not_after - Duration(1));
  EXPECT_TRUE(service.issue(renewal_of(stored(first))));
  const auto second = must(service.issue(request()));
  clock.set(second.certificate.not_after);
  const auto renewed = service.issue(renewal_of(stored(second)));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Errc::conflict);
}

TEST_F(Issuance, OnlyTheNewestOfALineageIsRenewed) {
  const auto first = must(service.issue(request()));
  const auto old = stored(first);
  must(service.issue(renewal_of(old)));
  const auto again = service.issue(renewal_of(old));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::conflict);
  // It was signed before the store refused: so it is accounted for.
  EXPECT_EQ(count("INTENT_ABANDONED"), 1U);
}

TEST_F(Issuance, CertificatesOfCasAndOfTheServerAreNotRenewedByDoors) {
  world.add_ca({.id = "root", .profiles = {"intermediate-ca"}});
  auto asked = World::request(World::admin(), "intermediate-ca");
  asked.names.clear();
  const auto intermediate = must(service.issue(std::move(asked)));
  auto renewal = renewal_of(stored(intermediate));
  EXPECT_EQ(service.issue(renewal).error().code, Errc::policy);
  renewal.profile = renewal.renews->certificate.profile = "ocsp-responder";
  const auto internal = service.issue(renewal);
  ASSERT_FALSE(internal);
  EXPECT_TRUE(internal.error().code == Errc::not_found || internal.error().code == Errc::policy);
  EXPECT_EQ(count("CERTIFICATE_RENEWED"), 0U);
}

TEST_F(Issuance, ARetiredCasCertificatesAreRenewedByAnother) {
  const auto first = must(service.issue(request()));
  world.add_ca({.state = store::CaState::retired});
  world.add_ca({.id = "issuing-2"});
  EXPECT_EQ(must(service.issue(renewal_of(stored(first)))).certificate.ca, "issuing-2");
}

TEST_F(Issuance, ARenewalGivesNoRightToAnotherCa) {
  const auto only_issuing = World::principal("ivan", {{access::Role::issuer, "default", "issuing"}});
  const auto first = must(service.issue(World::request(only_issuing)));
  world.add_ca({.state = store::CaState::retired});
  auto renewal = renewal_of(stored(first));
  renewal.principal = only_issuing;
  EXPECT_EQ(service.issue(renewal).error().code, Errc::unavailable);
  world.add_ca({.id = "gold"});
  const auto refused = service.issue(renewal);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_permitted);
  renewal.principal.bindings.push_back({access::Role::issuer, "default", "silver"});
  world.add_ca({.id = "silver"});
  EXPECT_EQ(must(service.issue(renewal)).certificate.ca, "silver");
}

TEST_F(Issuance, ARenewalNearTheCasEndEndsWithIt) {
  world.add_ca({.validity = 100 * kDay});
  const auto first = must(service.issue(request()));  // for 90 days
  clock.advance(60 * kDay);
  const auto renewed = must(service.issue(renewal_of(stored(first))));
  EXPECT_EQ(renewed.certificate.not_after, world.cas.find("issuing")->certificate().not_after());
  auto explicitly = renewal_of(stored(renewed));
  explicitly.validity = 90 * kDay;  // who asks for more than there is, is told so
  EXPECT_EQ(service.issue(explicitly).error().code, Errc::policy);
}

}  // namespace
}  // namespace certwright::issuance::service_test
