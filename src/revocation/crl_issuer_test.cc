#include "revocation/crl_issuer.h"

#include <gtest/gtest.h>

#include "crypto/verifying.h"
#include "revocation/testing_ca.h"
#include "x509/certificate_list.h"

namespace certwright::revocation {
namespace {

using test::must;

class CrlIssuerTest : public testing::Test {
 protected:
  x509::CertificateList read(const PublishedCrl& crl) { return must(x509::CertificateList::parse(*crl.der)); }
  std::uint64_t number_of(const x509::CertificateList& list) {
    return must(x509::parse_crl_number_u64(list.extensions().find(x509::oids::kCrlNumber)->value));
  }
  void expect_verifies(const x509::CertificateList& list) {
    EXPECT_TRUE(crypto::verify(ca.key().subject_public_key_info_tlv(), list.signature_algorithm_tlv(), list.tbs_tlv(),
                               list.signature_value()));
  }

  test::World world;
  test::TestingCa ca{world.store, world.cas, world.clock};
  RevocationService service{world.store, world.journal, world.clock};
  CrlIssuer issuer{world.store, world.journal, world.cas, world.clock};
};

TEST_F(CrlIssuerTest, OneShardIsAFullCrlWithoutIssuingDistributionPoint) {
  const auto id = ca.issue();
  ASSERT_TRUE(service.revoke(id, x509::RevocationReason::unspecified, world.actor));
  const auto other = ca.issue();
  ASSERT_TRUE(service.revoke(other, x509::RevocationReason::key_compromise, world.actor));
  const auto list = read(*must(issuer.rebuild("issuing", 0)));
  expect_verifies(list);
  EXPECT_EQ(list.size(), 2U);
  EXPECT_EQ(list.extensions().find(x509::oids::kIssuingDistributionPoint), nullptr);
  EXPECT_EQ(list.this_update(), std::chrono::floor<Seconds>(world.clock.now()));
  const auto unspecified = list.find(ca.serial_of(id).integer_content());
  ASSERT_TRUE(unspecified);
  EXPECT_EQ(unspecified->reason, x509::RevocationReason::unspecified);  // that is: left out
  const auto compromised = list.find(ca.serial_of(other).integer_content());
  ASSERT_TRUE(compromised);
  EXPECT_EQ(compromised->reason, x509::RevocationReason::key_compromise);
}

TEST_F(CrlIssuerTest, SeveralShardsCarryACriticalDistributionPointOfTheirOwn) {
  auto policy = ca.policy();
  policy.crl_shards = 2;
  ca.set_policy(policy);
  const auto zero = ca.issue(std::chrono::hours(24), 0), one = ca.issue(std::chrono::hours(24), 1);
  ASSERT_TRUE(service.revoke(zero, x509::RevocationReason::superseded, world.actor));
  ASSERT_TRUE(service.revoke(one, x509::RevocationReason::superseded, world.actor));
  for (const auto& [shard, id] : {std::pair{0U, zero}, std::pair{1U, one}}) {
    const auto list = read(*must(issuer.rebuild("issuing", shard)));
    EXPECT_EQ(list.size(), 1U);
    EXPECT_TRUE(list.find(ca.serial_of(id).integer_content()));
    const auto* point = list.extensions().find(x509::oids::kIssuingDistributionPoint);
    ASSERT_NE(point, nullptr);
    EXPECT_TRUE(point->critical);
    const auto parsed = must(x509::parse_issuing_distribution_point(point->value));
    std::vector<std::string> expected{ca.ca()->crl_url(shard)};
    if (shard == 0) expected.push_back("http://pki.example:8080/crl/issuing.crl");
    EXPECT_EQ(parsed.uris, expected) << "certificates of the time of one shard name the latter";
  }
  EXPECT_EQ(issuer.current("issuing", 2).error().code, Errc::not_found);
}

TEST_F(CrlIssuerTest, AFullCrlIsNotServedOnceThereAreSeveralShards) {
  const auto id = ca.issue();
  ASSERT_TRUE(service.revoke(id, x509::RevocationReason::superseded, world.actor));
  const auto full = must(issuer.current("issuing", 0));
  EXPECT_FALSE(full->partitioned);
  EXPECT_EQ(issuer.published("issuing", 0), full);
  auto policy = ca.policy();
  policy.crl_shards = 2;
  ca.set_policy(policy);
  CrlIssuer restarted(world.store, world.journal, world.cas, world.clock);
  CrlIssuer by_timer(world.store, world.journal, world.cas, world.clock);
  EXPECT_EQ(issuer.published("issuing", 0), nullptr);
  for (auto* const asked : {&issuer, &restarted}) {
    const auto part = must(asked->current("issuing", 0));
    EXPECT_TRUE(part->partitioned);
    EXPECT_GT(part->number, full->number);
    const auto list = read(*part);
    EXPECT_NE(list.extensions().find(x509::oids::kIssuingDistributionPoint), nullptr);
    EXPECT_TRUE(list.find(ca.serial_of(id).integer_content()));
    EXPECT_EQ(asked->published("issuing", 0), part);
    EXPECT_EQ(must(asked->current("issuing", 0)), part) << "once";
  }
  EXPECT_EQ(must(by_timer.run_due()), 1U) << "shard 0 has its CRL by now, shard 1 never had one";
  policy.crl_shards = 3;  // parts stay parts
  ca.set_policy(policy);
  EXPECT_NE(issuer.published("issuing", 0), nullptr);
  EXPECT_EQ(must(by_timer.run_due()), 1U);
}

TEST_F(CrlIssuerTest, TheTimerMakesPartsOfAFullCrl) {
  must(issuer.current("issuing", 0));
  EXPECT_EQ(must(issuer.run_due()), 0U);
  auto policy = ca.policy();
  policy.crl_shards = 2;
  ca.set_policy(policy);
  EXPECT_EQ(must(issuer.run_due()), 2U);
  EXPECT_TRUE(must(issuer.current("issuing", 0))->partitioned);
  EXPECT_EQ(must(issuer.run_due()), 0U);
}

TEST_F(CrlIssuerTest, NumbersGrowOverRestartsAndAReleasedHoldLeaves) {
  const auto id = ca.issue();
  ASSERT_TRUE(service.revoke(id, x509::RevocationReason::certificate_hold, world.actor));
  const auto first = read(*must(issuer.rebuild("issuing", 0)));
  EXPECT_EQ(first.size(), 1U);
  ASSERT_TRUE(service.release(id, world.actor));
  const auto second = read(*must(issuer.rebuild("issuing", 0)));
  EXPECT_EQ(second.size(), 0U);
  EXPECT_GT(number_of(second), number_of(first));
  CrlIssuer restarted(world.store, world.journal, world.cas, world.clock);
  EXPECT_EQ(number_of(read(*must(restarted.current("issuing", 0)))), number_of(second));
  EXPECT_GT(number_of(read(*must(restarted.rebuild("issuing", 0)))), number_of(second));
}

TEST_F(CrlIssuerTest, AListTooLargeToKeepIsBuiltAnewAfterARestart) {
  constexpr std::size_t kEntries = 31'000;  // of 35 octets
  const auto like = ca.find(ca.issue());
  store::Transaction transaction;
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const store::CertificateId id = (std::uint64_t{3} << 60) + i;
    auto record = like;
    record.id = record.lineage = id;
    record.serial = x509::SerialNumber::from_id(id, {1, 2, 3, 4, 5, 6, 7, 8});
    transaction.push_back(store::ReserveSerial{
        {id, record.serial, record.ca, record.profile, "tester", {}, record.issued_at, record.not_after}, {}});
    transaction.push_back(store::RecordCertificate{record, 0, {}});
    transaction.push_back(store::RevokeLineage{id, {x509::RevocationReason::unspecified, world.clock.now(), "t"}});
    if (transaction.size() < 9'000 && i + 1 < kEntries) continue;
    must(world.store.apply(transaction));
    transaction.clear();
  }
  const auto first = must(issuer.rebuild("issuing", 0));
  ASSERT_GT(first->der->size(), CrlIssuer::kMaxStoredOctets);
  EXPECT_TRUE(must(world.store.find_crl("issuing", 0))->der.empty());
  CrlIssuer restarted(world.store, world.journal, world.cas, world.clock);
  const auto second = must(restarted.current("issuing", 0));  // whoever asks first waits for it
  EXPECT_GT(second->number, first->number);
  const auto list = read(*second);
  expect_verifies(list);
  EXPECT_EQ(list.size(), kEntries);
  EXPECT_EQ(must(restarted.current("issuing", 0))->number, second->number) << "and nobody after";
}

TEST_F(CrlIssuerTest, AnExpiredCertificateLeavesAfterOneMoreCrl) {
  const auto id = ca.issue(std::chrono::hours(2));
  ASSERT_TRUE(service.revoke(id, x509::RevocationReason::superseded, world.actor));
  const auto serial = ca.serial_of(id);
  EXPECT_TRUE(read(*must(issuer.rebuild("issuing", 0))).find(serial.integer_content()));
  world.clock.advance(std::chrono::hours(3));
  must(issuer.rebuild("issuing", 0));  // RFC 5280 section 3.3: on one scheduled after the expiry
  world.clock.advance(std::chrono::hours(48));
  must(issuer.rebuild("issuing", 0));
  EXPECT_FALSE(read(*must(issuer.rebuild("issuing", 0))).find(serial.integer_content()));
}

TEST_F(CrlIssuerTest, DueAfterARevocationAndWhenOld) {
  service.add_listener(issuer);
  const auto number = must(issuer.current("issuing", 0))->number;
  EXPECT_EQ(must(issuer.run_due()), 0U);
  ASSERT_TRUE(service.revoke(ca.issue(), x509::RevocationReason::superseded, world.actor));
  world.clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(must(issuer.run_due()), 1U);
  EXPECT_GT(must(issuer.current("issuing", 0))->number, number);
  world.clock.advance(std::chrono::hours(13));
  EXPECT_EQ(must(issuer.run_due()), 1U);
}

TEST_F(CrlIssuerTest, AnOfflineCaServesWhatIsImported) {
  const Bytes older = *must(issuer.rebuild("issuing", 0))->der;
  const Bytes newer = *must(issuer.rebuild("issuing", 0))->der;
  test::World elsewhere;
  elsewhere.cas.put(ca.ca());
  ca.take_offline();
  elsewhere.cas.put(ca.ca());
  CrlIssuer offline(elsewhere.store, elsewhere.journal, elsewhere.cas, world.clock);
  EXPECT_FALSE(offline.current("issuing", 0));
  ASSERT_TRUE(offline.import_crl("issuing", newer, world.actor));
  EXPECT_EQ(*must(offline.current("issuing", 0))->der, newer);
  EXPECT_FALSE(offline.import_crl("issuing", older, world.actor)) << "the number must grow";
  Bytes forged = newer;
  forged.back() ^= 1;
  EXPECT_FALSE(offline.import_crl("issuing", forged, world.actor));
  EXPECT_EQ(offline.import_crl("issuing", Bytes{0x30}, world.actor).error().code, Errc::bad_encoding);
}

}  // namespace
}  // namespace certwright::revocation
