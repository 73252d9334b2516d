#include "notification/expiry_sweep.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <memory>

#include "notification/testing_world.h"
#include "store/testing_forwarding_store.h"

namespace certwright::notification {
namespace {

using fixture::World;
using store::contract::id_of;
using store::contract::kDay;
using store::contract::kStart;
using Names = std::vector<std::string>;

// Self-signed, of a P-256 key.
Bytes certificate_of_ca(Time not_before, Time not_after) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509* c = certificate.get();
  X509_set_version(c, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
  ASN1_TIME_set(X509_getm_notBefore(c), to_unix_s(not_before));
  ASN1_TIME_set(X509_getm_notAfter(c), to_unix_s(not_after));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("Issuing"), -1, -1, 0);
  X509_set_issuer_name(c, X509_get_subject_name(c));
  X509_set_pubkey(c, key.get());
  X509_EXTENSION* constraints = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
  X509_add_ext(c, constraints, -1);
  X509_EXTENSION_free(constraints);
  X509_sign(c, key.get(), EVP_sha256());
  Bytes der(static_cast<std::size_t>(i2d_X509(c, nullptr)));
  unsigned char* end = der.data();
  i2d_X509(c, &end);
  return der;
}

class ExpirySweepTest : public testing::Test {
 protected:
  static ExpirySweepOptions options() {
    ExpirySweepOptions o;
    o.holder = "here";
    o.batch = 3;
    return o;
  }
  void issue(std::uint64_t n, Duration lives = 90 * kDay, const std::string& principal = "requester") {
    auto record = store::contract::certificate(n);
    record.principal = principal;
    record.not_before = world_.clock.now();
    record.not_after = world_.clock.now() + lives;
    world_.apply({store::ReserveSerial{store::contract::reservation(n), {}}});
    world_.apply({store::RecordCertificate{record, 0, {}}});
  }
  // A new one each time, as after a restart.
  void sweep() {
    ExpirySweep fresh({world_.store, world_.journal, outbox_, world_.clock}, options());
    const auto done = fresh.run_due();
    ASSERT_TRUE(done) << done.error().detail;
  }
  // The days that the principal was told, oldest first.
  Names told(const std::string& principal = "requester", const std::string& name = "days") {
    Names days;
    const auto shown = world_.store.notifications().in_product(principal, 0, 1000).value();
    for (const auto& n : shown) days.insert(days.begin(), std::string(fact(*read_facts(n.facts), name)));
    return days;
  }

  World world_;
  const Outbox outbox_{world_.store, world_.clock, {.mail = true, .portal_url = ""}};
};

TEST_F(ExpirySweepTest, TellsOnceAtEachThreshold) {
  issue(1);
  for (int day = 0; day < 95; ++day) {
    sweep();
    sweep();
    world_.clock.advance(kDay);
  }
  EXPECT_EQ(told(), (Names{"30", "14", "7", "1"}));
  EXPECT_EQ(world_.store.notifications().waiting(store::NotificationChannel::email, "requester", 10).value().size(), 4U);
}

TEST_F(ExpirySweepTest, AtAFirstSweepOnlyTheNearestThresholdCounts) {
  issue(1);
  world_.clock.advance(84 * kDay);
  sweep();
  EXPECT_EQ(told(), Names{"7"});
}

TEST_F(ExpirySweepTest, WhatWasCrossedWhileTheServerWasDownIsMadeUpFor) {
  issue(1);
  sweep();
  world_.clock.advance(80 * kDay);
  sweep();
  EXPECT_EQ(told(), Names{"14"});
  world_.clock.advance(5 * kDay);
  sweep();
  EXPECT_EQ(told(), (Names{"14", "7"}));
}

TEST_F(ExpirySweepTest, AnAcknowledgementEndsTheReminders) {
  issue(1);
  issue(2);
  world_.clock.advance(61 * kDay);
  sweep();
  const auto shown = world_.store.notifications().in_product("requester", 0, 10).value();
  ASSERT_EQ(shown.size(), 2U);
  world_.apply({store::AcknowledgeNotification{"requester", shown[0].id, world_.clock.now()}});
  EXPECT_EQ(world_.store.notifications().waiting(store::NotificationChannel::email, "requester", 10).value().size(), 1U);
  world_.clock.advance(20 * kDay);
  sweep();
  EXPECT_EQ(told("requester", "days"), (Names{"30", "30", "14"}));
}

// Notices had their serial in hexadecimal once; what was acknowledged then is still.
TEST_F(ExpirySweepTest, AnAcknowledgementOfBeforeSerialsWereDecimalHolds) {
  issue(1);
  world_.clock.advance(61 * kDay);
  sweep();
  auto older = world_.store.notifications().in_product("requester", 0, 10).value().at(0);
  older.subject = store::contract::certificate(1).serial.hex();
  older.deduplication_key += " as it was once";
  world_.apply({store::EnqueueNotification{older}});
  const auto shown = world_.store.notifications().in_product("requester", 0, 10).value();
  ASSERT_EQ(shown.size(), 2U);
  world_.apply({store::AcknowledgeNotification{"requester", shown[0].id, world_.clock.now()}});
  world_.clock.advance(20 * kDay);
  sweep();
  EXPECT_EQ(told("requester", "days"), (Names{"30", "30"}));
}

TEST_F(ExpirySweepTest, RevokedRenewedAndShortLivedOnesAreNoNews) {
  issue(1);
  issue(2);
  issue(3, 59 * kDay);      // 30 days are more than half of its life
  issue(4, kDay);
  world_.apply({store::RevokeLineage{id_of(1), store::contract::revocation(x509::RevocationReason::superseded), {}}});
  auto renewal = store::contract::renewal(5, 2);
  renewal.not_after = world_.clock.now() + 300 * kDay;
  world_.apply({store::ReserveSerial{store::contract::reservation(5), {}}});
  world_.apply({store::RecordCertificate{renewal, id_of(2), {}}});
  sweep();
  world_.clock.advance(30 * kDay);
  sweep();
  EXPECT_EQ(told(), Names{});
  world_.clock.advance(16 * kDay);
  sweep();
  EXPECT_EQ(told(), Names{"14"});  // the third
}

TEST_F(ExpirySweepTest, WhoCannotBeReachedHasAdministrators) {
  issue(1, 90 * kDay, "nobody");
  world_.clock.advance(61 * kDay);
  sweep();
  EXPECT_EQ(told("admin"), Names{"30"});
  EXPECT_EQ(told("root"), Names{"30"});
  EXPECT_EQ(told("officer"), Names{});
}

TEST_F(ExpirySweepTest, GoesThroughManyInBatchesWithOneRecordEach) {
  for (std::uint64_t n = 1; n <= 10; ++n) issue(n);
  world_.clock.advance(61 * kDay);
  sweep();
  EXPECT_EQ(told().size(), 10U);
  EXPECT_EQ(world_.audit_events(), (Names{"EXPIRY_NOTIFIED", "EXPIRY_NOTIFIED", "EXPIRY_NOTIFIED", "EXPIRY_NOTIFIED"}));
}

TEST_F(ExpirySweepTest, ANodeAtATimeAndNotTooOften) {
  issue(1);
  world_.clock.advance(61 * kDay);
  world_.apply({store::AcquireLease{"notification-expiry-sweep", "there", world_.clock.now(), world_.clock.now() + kDay}});
  sweep();
  EXPECT_EQ(told(), Names{});
  world_.clock.advance(kDay);
  ExpirySweep one({world_.store, world_.journal, outbox_, world_.clock}, options());
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(told(), Names{"30"});
  issue(2, 60 * kDay);
  world_.clock.advance(30 * kDay - Seconds(1));  // the first is over, the second not yet at 30
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(told(), Names{"30"});
  world_.clock.advance(Seconds(2));  // it is, and the last sweep was just now
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(told(), Names{"30"});
  world_.clock.advance(options().every);
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(told(), (Names{"30", "30"}));
}

TEST_F(ExpirySweepTest, AStoppedOneTellsNothing) {
  issue(1);
  world_.clock.advance(61 * kDay);
  ExpirySweep one({world_.store, world_.journal, outbox_, world_.clock}, options());
  one.stop();
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(told(), Names{});
}

TEST_F(ExpirySweepTest, OneOnHoldMayComeBack) {
  issue(1);
  world_.apply({store::RevokeLineage{id_of(1), store::contract::revocation(x509::RevocationReason::certificate_hold), {}}});
  world_.clock.advance(61 * kDay);
  sweep();
  EXPECT_EQ(told(), Names{"30"});
}

// Of a store that is too large to look at more than an hour at once, or at a whole threshold.
class LargeStore final : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<std::vector<store::LineageRow>> list_lineages(const store::LineageFilter& filter,
                                                       const store::Page& page) const override {
    const auto width = *filter.expires_before - *filter.expires_after;
    widest = std::max(widest, width);
    if (width > most || (refuses && *filter.expires_before > *refuses)) return fail_field(Errc::too_large, "filter", "too many");
    return ForwardingStore::list_lineages(filter, page);
  }
  Duration most = std::chrono::hours(1);
  std::optional<Time> refuses;
  mutable Duration widest{};
};

TEST_F(ExpirySweepTest, ALargeStoreIsSweptInNarrowerRanges) {
  LargeStore large(world_.store);
  for (std::uint64_t n = 1; n <= 4; ++n) issue(n, (86 + n) * kDay);
  world_.clock.advance(61 * kDay);
  ExpirySweep one({large, world_.journal, outbox_, world_.clock}, options());
  const auto done = one.run_due();
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(told(), (Names{"30", "30", "30", "30"}));
  large.widest = {};
  world_.clock.advance(options().every);
  ASSERT_TRUE(one.run_due());
  EXPECT_LE(large.widest, options().every + Seconds(1));  // goes on where it was
}

TEST_F(ExpirySweepTest, AThresholdThatFailsDoesNotSilenceTheOthers) {
  LargeStore large(world_.store);
  large.most = 100 * kDay;
  large.refuses = world_.clock.now() + 75 * kDay;
  issue(1, 66 * kDay);
  issue(2, 90 * kDay);
  store::CaRecord ca;
  ca.id = "issuing";
  ca.certificate = {0x30, 0};
  ca.policy = "{}";
  ca.revision = 1;
  world_.clock.advance(61 * kDay);
  world_.apply({store::PutCa{ca}, store::PutCrl{{"issuing", 0, 7, 0, kStart, world_.clock.now() + Seconds(60), {}}}});
  ExpirySweep one({large, world_.journal, outbox_, world_.clock}, options());
  EXPECT_EQ(one.run_due().error().code, Errc::too_large);
  EXPECT_EQ(told(), Names{"7"});
  EXPECT_EQ(told("root", "number"), Names{"7"});
  large.refuses.reset();
  ASSERT_TRUE(one.run_due());
  EXPECT_EQ(told(), (Names{"7", "30"}));
}

TEST_F(ExpirySweepTest, ACrlInTheLastTenthOfItsLifeIsToldToTheInstallation) {
  store::CaRecord ca;
  ca.id = "issuing";
  ca.certificate = {0x30, 0};
  ca.policy = "{}";
  ca.revision = 1;
  world_.apply({store::PutCa{ca}, store::PutCrl{{"issuing", 0, 7, 0, kStart, kStart + 10 * kDay, {}}}});
  world_.clock.set(kStart + 9 * kDay - Seconds(1));
  sweep();
  EXPECT_EQ(told("root", "number"), Names{});
  world_.clock.set(kStart + 9 * kDay);
  sweep();
  sweep();
  EXPECT_EQ(told("root", "number"), Names{"7"});
  EXPECT_EQ(told("admin", "number"), Names{});
  // Recorded once, with what it is about; the second sweep has told nobody anything.
  ASSERT_EQ(world_.audit_events(), Names{"EXPIRY_NOTIFIED"});
  const auto leaves = world_.store.audit_leaves(0, 10).value();
  EXPECT_NE(as_text(leaves[0].record).find(R"("fields":{"kind":"crl","ca":"issuing","shard":"0","ends":")" +
                                           to_rfc3339(kStart + 10 * kDay) + "\"}"),
            std::string_view::npos)
      << as_text(leaves[0].record);
  // Whoever becomes an administrator meanwhile is told as well, and that is recorded.
  world_.person("later", "admin", "*");
  sweep();
  sweep();
  EXPECT_EQ(told("later", "number"), Names{"7"});
  EXPECT_EQ(told("root", "number"), Names{"7"});
  EXPECT_EQ(world_.audit_events(), (Names{"EXPIRY_NOTIFIED", "EXPIRY_NOTIFIED"}));
}

TEST_F(ExpirySweepTest, ACaIsToldToTheInstallationOnceAtEachThresholdAndRecorded) {
  store::CaRecord ca;
  ca.id = "issuing";
  ca.certificate = certificate_of_ca(kStart, kStart + 400 * kDay);
  ca.state = store::CaState::active;
  ca.policy = "{}";
  ca.revision = 1;
  world_.apply({store::PutCa{ca}});
  for (const int day : {300, 311, 312, 371, 398}) {
    world_.clock.set(kStart + day * kDay);
    sweep();
    sweep();
  }
  EXPECT_EQ(told("root", "days"), (Names{"90", "30", "7"}));
  ASSERT_EQ(world_.audit_events(), (Names{"EXPIRY_NOTIFIED", "EXPIRY_NOTIFIED", "EXPIRY_NOTIFIED"}));
  const auto leaves = world_.store.audit_leaves(0, 10).value();
  EXPECT_NE(as_text(leaves[0].record).find(R"("fields":{"kind":"ca","ca":"issuing","days":"90","ends":")" +
                                           to_rfc3339(kStart + 400 * kDay) + "\"}"),
            std::string_view::npos)
      << as_text(leaves[0].record);
}

TEST_F(ExpirySweepTest, ACrlThatCannotBeReplacedIsNoNews) {
  const auto put = [&](const std::string& id, store::CaState state, Bytes sealed_key, Time ends) {
    store::CaRecord ca;
    ca.id = id;
    ca.state = state;
    ca.sealed_key = std::move(sealed_key);
    ca.certificate = certificate_of_ca(kStart, ends);
    ca.policy = "{}";
    ca.revision = 1;
    world_.apply({store::PutCa{ca}, store::PutCrl{{id, 0, 7, 0, kStart, kStart + 10 * kDay, {}}}});
  };
  const Time later = kStart + 4000 * kDay;
  put("expired", store::CaState::active, Bytes{1}, kStart + 9 * kDay);
  put("retired-offline", store::CaState::retired, {}, later);
  world_.clock.set(kStart + 9 * kDay);
  sweep();
  EXPECT_EQ(told("root", "ca"), Names{});
  // These can: a retired one goes on with its CRL while it has its key.
  put("retired", store::CaState::retired, Bytes{1}, later);
  put("offline", store::CaState::active, {}, later);
  sweep();
  EXPECT_EQ(told("root", "ca"), (Names{"offline", "retired"}));
}

TEST_F(ExpirySweepTest, TheCertificateOfACaIsNotToldToWhoeverMadeIt) {
  const auto issue_for = [&](std::uint64_t n, const std::string& tenant, const std::string& entity) {
    auto record = store::contract::certificate(n);
    record.tenant = tenant;
    record.principal = "requester";
    record.entity_type = "ca";
    record.entity_id = entity;
    record.not_before = world_.clock.now();
    record.not_after = world_.clock.now() + 90 * kDay;
    world_.apply({store::ReserveSerial{store::contract::reservation(n), {}}});
    world_.apply({store::RecordCertificate{record, 0, {}}});
  };
  store::CaRecord ca;
  ca.id = "issuing";
  ca.state = store::CaState::active;
  ca.certificate = certificate_of_ca(kStart, kStart + 90 * kDay);
  ca.policy = "{}";
  ca.revision = 1;
  world_.apply({store::PutCa{ca}});
  issue_for(1, "system", "issuing");
  world_.clock.advance(61 * kDay);
  sweep();
  EXPECT_EQ(told(), Names{});
  EXPECT_EQ(told("root"), Names{"30"});  // as a CA
  // One that is none of ours, or only named like one, is a certificate like others.
  issue_for(2, "system", "elsewhere");
  issue_for(3, "default", "issuing");
  world_.clock.advance(61 * kDay);
  sweep();
  EXPECT_EQ(told(), (Names{"30", "30"}));
}

}  // namespace
}  // namespace certwright::notification
