#include "revocation/revocation_service.h"

#include <mutex>
#include <set>

#include <gtest/gtest.h>

#include "revocation/testing_ca.h"
#include "store/testing_forwarding_store.h"

namespace certwright::revocation {
namespace {

using x509::RevocationReason;

class Listener final : public RevocationListener {
 public:
  void on_revocation_change(std::string_view ca, std::uint32_t shard,
                            const x509::SerialNumber& serial) noexcept override {
    const std::lock_guard lock(mutex_);
    told.insert(std::string(ca) + "/" + std::to_string(shard) + "/" + serial.hex());
  }
  std::multiset<std::string> told;

 private:
  std::mutex mutex_;
};

class RevocationServiceTest : public testing::Test {
 protected:
  RevocationServiceTest() { service.add_listener(listener); }
  store::StatusKind status(store::CertificateId id) {
    return world.store.certificate_status("issuing", ca.serial_of(id)).value().kind;
  }
  std::string last_leaf() {
    const auto size = world.store.audit_size().value();
    return std::string(as_text(world.store.audit_leaves(size - 1, 1).value().front().record));
  }

  test::World world;
  test::TestingCa ca{world.store, world.cas, world.clock};
  RevocationService service{world.store, world.journal, world.clock};
  Listener listener;
};

TEST_F(RevocationServiceTest, RevokesRecordsAndTells) {
  const auto id = ca.issue();
  ASSERT_TRUE(service.revoke(id, RevocationReason::key_compromise, world.actor));
  EXPECT_EQ(status(id), store::StatusKind::revoked);
  EXPECT_EQ(listener.told, std::multiset<std::string>{"issuing/0/" + ca.serial_of(id).hex()});
  const std::string leaf = last_leaf();
  EXPECT_NE(leaf.find("CERTIFICATE_REVOKED"), std::string::npos) << leaf;
  EXPECT_NE(leaf.find(R"("reason":"keyCompromise")"), std::string::npos) << leaf;
  EXPECT_NE(leaf.find(ca.serial_of(id).hex()), std::string::npos) << leaf;
}

TEST_F(RevocationServiceTest, ACompromisedKeyIsBlocked) {
  const auto superseded = ca.issue();
  ASSERT_TRUE(service.revoke(superseded, RevocationReason::superseded, world.actor));
  const auto key = ca.find(superseded).subject_public_key_sha256;
  EXPECT_FALSE(world.store.is_key_blocked(key).value());
  const auto compromised = ca.issue();
  ASSERT_TRUE(service.revoke(compromised, RevocationReason::key_compromise, world.actor));
  EXPECT_TRUE(world.store.is_key_blocked(ca.find(compromised).subject_public_key_sha256).value());
}

// Whoever is to be told is told in the same transaction, or nothing happens.
TEST_F(RevocationServiceTest, TellsInTheTransactionOfTheRevocation) {
  const auto certificate = ca.issue();
  service.tell_with([&](const store::CertificateRecord& told, std::string_view reason, Time when) -> Result<store::Transaction> {
    EXPECT_EQ(told.id, certificate);
    EXPECT_EQ(when, world.clock.now());
    return store::Transaction{store::PutSettingOnce{"told", to_bytes(as_bytes(reason))}};
  });
  ASSERT_TRUE(world.store.apply({store::PutSettingOnce{"told", {}}}));  // so that it fails
  EXPECT_FALSE(service.revoke(certificate, RevocationReason::superseded, world.actor));
  EXPECT_EQ(status(certificate), store::StatusKind::good);
  service.tell_with([](const store::CertificateRecord&, std::string_view reason, Time) -> Result<store::Transaction> {
    return store::Transaction{store::PutSetting{"told", to_bytes(as_bytes(reason))}};
  });
  ASSERT_TRUE(service.revoke(certificate, RevocationReason::superseded, world.actor));
  EXPECT_EQ(as_text(*world.store.find_setting("told").value()), "superseded");
}

// Renews a lineage, with a key of its own, as soon as somebody has read it.
class RenewedMeanwhile final : public store::testing::ForwardingStore {
 public:
  RenewedMeanwhile(store::Store& to, store::CertificateRecord renewal)
      : ForwardingStore(to), renewal_(std::move(renewal)) {}
  Result<std::vector<store::StoredCertificate>> find_lineage(
      store::CertificateId lineage) const override {
    auto before = this->to().find_lineage(lineage);
    if (std::exchange(done_, true)) return before;
    const auto& r = renewal_;
    EXPECT_TRUE(this->to().apply(
        {store::ReserveSerial{{r.id, r.serial, r.ca, r.profile, "t", {}, r.issued_at, r.not_after}, {}},
         store::RecordCertificate{r, lineage, {}}}));
    return before;
  }

 private:
  store::CertificateRecord renewal_;
  mutable bool done_ = false;
};

TEST_F(RevocationServiceTest, TheKeyOfARenewalOnItsWayIsBlockedToo) {
  const auto first = ca.issue();
  auto renewal = ca.find(first);
  renewal.id = first + 1'000'000;
  renewal.serial = x509::SerialNumber::from_id(renewal.id, {1, 2, 3, 4, 5, 6, 7, 8});
  renewal.subject_public_key_sha256[0] ^= 1;
  RenewedMeanwhile store(world.store, renewal);
  RevocationService racing(store, world.journal, world.clock);
  ASSERT_TRUE(racing.revoke(first, RevocationReason::key_compromise, world.actor));
  EXPECT_EQ(status(renewal.id), store::StatusKind::revoked);
  EXPECT_TRUE(world.store.is_key_blocked(renewal.subject_public_key_sha256).value());
}

// A CSR is no secret: who presents a foreign one has a certificate for a key that is not theirs.
TEST_F(RevocationServiceTest, NobodyBlocksAKeyThatAnotherTenantUses) {
  const auto owners = ca.issue();
  const auto key = ca.find(owners).subject_public_key_sha256;
  ca.set_tenant("mallory");
  const auto stolen = ca.issue();
  ASSERT_TRUE(service.revoke(stolen, RevocationReason::key_compromise, world.actor));
  EXPECT_EQ(status(stolen), store::StatusKind::revoked);
  EXPECT_FALSE(world.store.is_key_blocked(key).value());
  const std::string leaf = last_leaf();
  EXPECT_NE(leaf.find("KEY_NOT_BLOCKED"), std::string::npos) << leaf;
  EXPECT_NE(leaf.find(to_hex(key)), std::string::npos) << leaf;
  // Nor by putting the owner's certificate on hold first: it may be released.
  ASSERT_TRUE(service.revoke(owners, RevocationReason::certificate_hold, world.actor));
  ASSERT_TRUE(service.revoke(ca.issue(), RevocationReason::key_compromise, world.actor));
  EXPECT_FALSE(world.store.is_key_blocked(key).value());
  // The last tenant that has it blocks it.
  ASSERT_TRUE(service.revoke(owners, RevocationReason::key_compromise, world.actor));
  EXPECT_TRUE(world.store.is_key_blocked(key).value());
}

TEST_F(RevocationServiceTest, AnExpiredCertificateOfAnotherTenantSparesNoKey) {
  const auto owners = ca.issue(std::chrono::hours(1));
  world.clock.advance(std::chrono::hours(2));
  ca.set_tenant("mallory");
  ASSERT_TRUE(service.revoke(ca.issue(), RevocationReason::key_compromise, world.actor));
  EXPECT_TRUE(world.store.is_key_blocked(ca.find(owners).subject_public_key_sha256).value());
}

TEST_F(RevocationServiceTest, InBulkNoCaIsRevoked) {
  const auto leaf = ca.issue();
  const auto below = ca.issue(std::chrono::hours(24 * 90), 0, "entity-1", 0, 0, ca.certificate());
  const auto progress = service.revoke_entity({"default"}, "entity-1", RevocationReason::superseded, world.actor, {});
  ASSERT_TRUE(progress) << progress.error().detail;
  EXPECT_EQ(progress->seen, 2U);
  EXPECT_EQ(progress->revoked, 1U);
  EXPECT_EQ(status(leaf), store::StatusKind::revoked);
  EXPECT_EQ(status(below), store::StatusKind::good);
  ASSERT_TRUE(service.revoke(below, RevocationReason::superseded, world.actor));  // by its own name
}

TEST_F(RevocationServiceTest, EveryCertificateOfTheLineage) {
  const auto first = ca.issue();
  const auto second = ca.issue(std::chrono::hours(24 * 90), 0, "entity-1", first, first);
  ASSERT_TRUE(service.revoke(first, RevocationReason::superseded, world.actor));
  EXPECT_EQ(status(first), store::StatusKind::revoked);
  EXPECT_EQ(status(second), store::StatusKind::revoked);
  EXPECT_EQ(listener.told.size(), 2U);
}

TEST_F(RevocationServiceTest, Refuses) {
  const auto id = ca.issue();
  EXPECT_EQ(service.revoke(id, RevocationReason::remove_from_crl, world.actor).error().code, Errc::invalid);
  EXPECT_EQ(service.revoke(12345, RevocationReason::superseded, world.actor).error().code, Errc::not_found);
  EXPECT_EQ(service.release(12345, world.actor).error().code, Errc::not_found);
  EXPECT_EQ(service.release(id, world.actor).error().code, Errc::conflict);
  ASSERT_TRUE(service.revoke(id, RevocationReason::superseded, world.actor));
  const auto leaves = world.store.audit_size().value();
  EXPECT_EQ(service.revoke(id, RevocationReason::superseded, world.actor).error().code, Errc::conflict);
  EXPECT_EQ(service.release(id, world.actor).error().code, Errc::conflict);
  EXPECT_EQ(world.store.audit_size().value(), leaves) << "no act, no record";
}

TEST_F(RevocationServiceTest, AHoldEndsOrBecomesFinal) {
  const auto a = ca.issue(), b = ca.issue();
  ASSERT_TRUE(service.revoke(a, RevocationReason::certificate_hold, world.actor));
  ASSERT_TRUE(service.revoke(b, RevocationReason::certificate_hold, world.actor));
  EXPECT_EQ(status(a), store::StatusKind::revoked);
  listener.told.clear();
  ASSERT_TRUE(service.release(a, world.actor));
  EXPECT_EQ(status(a), store::StatusKind::good);
  EXPECT_EQ(listener.told.size(), 1U);
  EXPECT_NE(last_leaf().find("CERTIFICATE_HOLD_RELEASED"), std::string::npos);
  ASSERT_TRUE(service.revoke(b, RevocationReason::key_compromise, world.actor));
  EXPECT_EQ(service.release(b, world.actor).error().code, Errc::conflict);
}

TEST_F(RevocationServiceTest, ByEntityOverSeveralPagesAndOnlyThisEntity) {
  std::vector<store::CertificateId> mine;
  for (int i = 0; i < 620; ++i) mine.push_back(ca.issue());
  const auto other = ca.issue(std::chrono::hours(1), 0, "entity-2");
  ASSERT_TRUE(service.revoke(mine[3], RevocationReason::superseded, world.actor));
  ASSERT_TRUE(service.revoke(mine[4], RevocationReason::certificate_hold, world.actor));
  std::size_t calls = 0;
  std::uint64_t seen_before = 0;
  const auto progress = service.revoke_entity(
      {"default"}, "entity-1", RevocationReason::cessation_of_operation, world.actor,
      [&](const RevocationService::BulkProgress& so_far) {
        ++calls;
        EXPECT_GE(so_far.seen, seen_before);
        seen_before = so_far.seen;
      });
  ASSERT_TRUE(progress) << progress.error().detail;
  EXPECT_EQ(progress->seen, 620U);
  EXPECT_EQ(progress->revoked, 619U);
  EXPECT_EQ(progress->already_revoked, 1U);
  EXPECT_GT(calls, 10U);
  for (const auto id : mine) ASSERT_EQ(status(id), store::StatusKind::revoked);
  EXPECT_EQ(status(other), store::StatusKind::good);
  const auto again = service.revoke_entity({"*"}, "entity-1", RevocationReason::superseded, world.actor, {});
  EXPECT_EQ(again->already_revoked, 620U);
}

TEST_F(RevocationServiceTest, ByEntityRefusesWhatWouldMeanEverybody) {
  const auto id = ca.issue();
  EXPECT_EQ(service.revoke_entity({}, "entity-1", RevocationReason::superseded, world.actor, {}).error().code,
            Errc::invalid);
  EXPECT_EQ(service.revoke_entity({"default"}, "", RevocationReason::superseded, world.actor, {}).error().code,
            Errc::invalid);
  const auto foreign =
      service.revoke_entity({"acme"}, "entity-1", RevocationReason::superseded, world.actor, {});
  EXPECT_EQ(foreign->seen, 0U);
  EXPECT_EQ(status(id), store::StatusKind::good);
}

// Somebody revokes one of a group between our reading and the commit: the others are revoked.
class Meddler final : public RevocationListener {
 public:
  Meddler(RevocationService& service, store::CertificateId victim, const audit::Actor& actor)
      : service_(service), victim_(victim), actor_(actor) {}
  void on_revocation_change(std::string_view, std::uint32_t, const x509::SerialNumber&) noexcept override {
    if (done_) return;
    done_ = true;
    EXPECT_TRUE(service_.revoke(victim_, RevocationReason::superseded, actor_));
  }

 private:
  RevocationService& service_;
  store::CertificateId victim_;
  const audit::Actor& actor_;
  bool done_ = false;
};

TEST_F(RevocationServiceTest, ByEntityAConflictOfOneDoesNotFailTheOthers) {
  std::vector<store::CertificateId> mine;
  for (int i = 0; i < 120; ++i) mine.push_back(ca.issue());
  Meddler meddler(service, mine[99], world.actor);  // of the second group, while the first is told
  service.add_listener(meddler);
  const auto progress =
      service.revoke_entity({"default"}, "entity-1", RevocationReason::superseded, world.actor, {});
  ASSERT_TRUE(progress) << progress.error().detail;
  EXPECT_EQ(progress->revoked, 119U);
  EXPECT_EQ(progress->already_revoked, 1U);
  for (const auto id : mine) ASSERT_EQ(status(id), store::StatusKind::revoked);
}

}  // namespace
}  // namespace certwright::revocation
