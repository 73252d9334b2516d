#include "delivery/download_grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <variant>

#include "access/directory.h"
#include "crypto/private_key.h"
#include "revocation/testing_ca.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"
#include "x509/certificate.h"

namespace certwright::delivery {
namespace {

using revocation::test::must;

class DownloadGrantsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto none = [](std::string_view) { return store::Transaction{}; };
    must(directory_.create_tenant({"default", "Default"}, none));
    const auto made = must(directory_.create_principal({"default",
                                                        "who",
                                                        "",
                                                        store::PrincipalKind::machine,
                                                        {{access::Role::issuer, "default", {}}}},
                                                       none));
    principal_ = must(principals_.current(made.id));
    must(directory_.create_tenant({"operators", "Operators"}, none));
    must(directory_.create_principal(
        {"operators", "admin", "", store::PrincipalKind::person, {{access::Role::admin, "*", {}}}}, none));
    actor_ = {principal_.id, "default", "test", "192.0.2.1"};
  }

  // A certificate whose key we keep; `sealer` other than ours makes a key that does not open.
  store::StoredCertificate with_key(bool erase_after_delivery = false,
                                    keys::Sealer* sealer = nullptr) {
    const auto key = revocation::test::new_key();
    const auto id = next_id_++;
    std::array<std::uint8_t, 8> random{};
    random_.fill(random);
    const auto serial = x509::SerialNumber::from_id(id, random);
    store::CertificateRecord record = ca_.find(ca_.issue());
    record.id = record.lineage = id;
    record.serial = serial;
    record.principal = principal_.id;
    record.key_origin = store::KeyOrigin::generated;
    must(store_.apply({store::ReserveSerial{
        {id, serial, record.ca, record.profile, principal_.id, {}, clock_.now(), record.not_after},
        {}}}));
    auto sealed = must((sealer != nullptr ? *sealer : sealer_)
                           .seal("managed-key:" + std::to_string(id), key.pkcs8_der().reveal()));
    must(store_.apply({store::RecordCertificate{
        record, 0, store::ManagedKeyRecord{id, std::move(sealed), erase_after_delivery}}}));
    return stored(id);
  }
  store::StoredCertificate stored(store::CertificateId id) {
    return *must(store_.find_certificate(id));
  }
  std::size_t records_with(std::string_view text) {
    std::size_t count = 0;
    for (const auto& leaf : must(store_.audit_leaves(0, 1'000)))
      if (as_text(leaf.record).find(text) != std::string_view::npos) ++count;
    return count;
  }

  store::MemoryStore store_;
  ManualClock clock_{revocation::test::start_time()};
  crypto::SystemRandom random_;
  audit::Journal journal_{store_, clock_};
  keys::Sealer sealer_{keys::KeyEncryptionKey::generate(random_), random_};
  ca::CaDirectory cas_;
  revocation::test::TestingCa ca_{store_, cas_, clock_};
  access::Directory directory_{store_, clock_, random_};
  StoredPrincipals principals_{store_};
  DownloadGrants::Dependencies dependencies_{store_,      journal_, sealer_, cas_,
                                             principals_, random_,  clock_};
  DownloadGrants grants_{dependencies_};
  access::Principal principal_;
  audit::Actor actor_;
  store::CertificateId next_id_ = (std::uint64_t{1767323099000} << 20) + 1;
};

TEST_F(DownloadGrantsTest, DeliversTheKeyOfTheCertificate) {
  const auto certificate = with_key();
  const auto token = must(grants_.grant(certificate, principal_, actor_));
  const auto bundle = must(grants_.redeem(certificate, token, actor_));
  EXPECT_TRUE(crypto::PrivateKey::from_pem(bundle.key_pem, {}).has_value());
  EXPECT_EQ(must(x509::parse_certificates_pem(bundle.certificate_pem)).size(), 2u);
  EXPECT_EQ(records_with("DOWNLOAD_GRANTED"), 1u);
  EXPECT_EQ(records_with("KEY_DELIVERED"), 1u);
  EXPECT_EQ(records_with("PRIVATE KEY"), 0u);
}

// A crash, or a key that does not open, after the grant is consumed loses the grant, never its
// single use.
TEST_F(DownloadGrantsTest, IsConsumedBeforeTheKeyIsOpened) {
  keys::Sealer other(keys::KeyEncryptionKey::generate(random_), random_);
  const auto certificate = with_key(false, &other);
  const auto token = must(grants_.grant(certificate, principal_, actor_));
  const auto first = grants_.redeem(certificate, token, actor_);
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().code, Errc::internal);
  EXPECT_EQ(records_with("KEY_DELIVERED"), 1u)
      << "on record, in the transaction of the consumption";
  EXPECT_EQ(grants_.redeem(certificate, token, actor_).error().code, Errc::gone);
}

TEST_F(DownloadGrantsTest, OneOfManyAtOnce) {
  const auto certificate = with_key();
  const auto token = must(grants_.grant(certificate, principal_, actor_));
  std::atomic<int> delivered{0}, gone{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        const auto bundle = grants_.redeem(certificate, token, actor_);
        if (bundle)
          ++delivered;
        else if (bundle.error().code == Errc::gone)
          ++gone;
      });
  }
  EXPECT_EQ(delivered, 1);
  EXPECT_EQ(gone, 7);
}

TEST_F(DownloadGrantsTest, ErasesWhereTheProfileSaysSo) {
  const auto certificate = with_key(true);
  const auto one = must(grants_.grant(certificate, principal_, actor_));
  const auto two = must(grants_.grant(certificate, principal_, actor_));
  EXPECT_TRUE(grants_.redeem(certificate, one, actor_).has_value());
  EXPECT_FALSE(must(store_.find_managed_key(certificate.certificate.id)).has_value());
  EXPECT_EQ(records_with("KEY_ERASED"), 1u);
  EXPECT_EQ(grants_.redeem(certificate, two, actor_).error().code, Errc::gone);
  EXPECT_EQ(grants_.grant(certificate, principal_, actor_).error().code, Errc::gone);
}

// Two grants for such a key, redeemed at the same instant: both have seen the key, one delivers it.
TEST_F(DownloadGrantsTest, ErasesOnceForTwoGrantsAtOnce) {
  class Meanwhile final : public store::testing::ForwardingStore {
   public:
    using ForwardingStore::ForwardingStore;
    Result<void> apply(const store::Transaction& transaction) override {
      if (std::holds_alternative<store::ConsumeDownloadGrant>(transaction.front()))
        std::exchange(act, [] {})();
      return to().apply(transaction);
    }
    std::function<void()> act = [] {};
  } meanwhile(store_);
  DownloadGrants slower({meanwhile, journal_, sealer_, cas_, principals_, random_, clock_});
  const auto certificate = with_key(true);
  const auto one = must(grants_.grant(certificate, principal_, actor_));
  const auto two = must(grants_.grant(certificate, principal_, actor_));
  meanwhile.act = [&] { EXPECT_TRUE(grants_.redeem(certificate, one, actor_).has_value()); };
  const auto second = slower.redeem(certificate, two, actor_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::gone);
  EXPECT_EQ(records_with("KEY_DELIVERED"), 1u);
}

TEST_F(DownloadGrantsTest, KeysOfExpiredCertificatesAreErased) {
  const auto certificate = with_key();
  clock_.set(certificate.certificate.not_after);
  EXPECT_EQ(must(grants_.erase_expired()), 0U) << "good to the end";
  clock_.advance(Seconds(1));
  const auto later = with_key();
  EXPECT_EQ(must(grants_.erase_expired()), 1U);
  EXPECT_FALSE(must(store_.find_managed_key(certificate.certificate.id)).has_value());
  EXPECT_TRUE(must(store_.find_managed_key(later.certificate.id)).has_value());
  EXPECT_EQ(records_with("KEY_ERASED"), 1U);
  EXPECT_EQ(must(grants_.erase_expired()), 0U);
}

TEST_F(DownloadGrantsTest, KeepsTheKeyOtherwise) {
  const auto certificate = with_key(false);
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(
        grants_.redeem(certificate, must(grants_.grant(certificate, principal_, actor_)), actor_)
            .has_value());
}

TEST_F(DownloadGrantsTest, ServersOfOneStoreShareTheSecret) {
  DownloadGrants other(dependencies_);
  const auto certificate = with_key();
  EXPECT_TRUE(
      other.redeem(certificate, must(grants_.grant(certificate, principal_, actor_)), actor_)
          .has_value());
  const auto setting = must(store_.find_setting("download-grant-key"));
  ASSERT_TRUE(setting.has_value());
  EXPECT_GT(setting->size(), 32u) << "sealed";
}

TEST_F(DownloadGrantsTest, CsrCertificatesComeWithoutKey) {
  const auto id = ca_.issue();
  const access::Principal admin{
      "tester", "tester", "default", "", {{access::Role::admin, "*", {}}}};
  class Fixed final : public PrincipalSource {
   public:
    explicit Fixed(access::Principal who) : who_(std::move(who)) {}
    Result<access::Principal> current(std::string_view) override { return who_; }

   private:
    access::Principal who_;
  } source(admin);
  DownloadGrants grants({store_, journal_, sealer_, cas_, source, random_, clock_});
  const auto bundle =
      must(grants.redeem(stored(id), must(grants.grant(stored(id), admin, actor_)), actor_));
  EXPECT_TRUE(bundle.key_pem.empty());
  EXPECT_EQ(records_with("KEY_DELIVERED"), 0u) << "no key left the server";
}

TEST_F(DownloadGrantsTest, NothingForExpiredCertificates) {
  const auto certificate = with_key();
  const auto token = must(grants_.grant(certificate, principal_, actor_));
  clock_.set(certificate.certificate.not_after + Seconds(1));
  EXPECT_EQ(grants_.redeem(certificate, token, actor_).error().code, Errc::gone);
  EXPECT_EQ(grants_.grant(certificate, principal_, actor_).error().code, Errc::gone);
}

TEST_F(DownloadGrantsTest, EndedGrantsAreErased) {
  const auto certificate = with_key();
  const auto used = must(grants_.grant(certificate, principal_, actor_));
  must(grants_.redeem(certificate, used, actor_));
  const auto unused = must(grants_.grant(certificate, principal_, actor_));
  for (int i = 0; i < 450; ++i) {  // more than two batches
    store::Sha256 secret{};
    secret[0] = static_cast<std::uint8_t>(i), secret[1] = static_cast<std::uint8_t>(i / 256);
    must(store_.apply({store::PutDownloadGrant{
        {secret, certificate.certificate.lineage, principal_.id, clock_.now()}}}));
  }
  clock_.advance(DownloadGrants::kLifetime);
  const auto later = must(grants_.grant(certificate, principal_, actor_));
  EXPECT_EQ(must(grants_.erase_ended_grants()), 450u) << "their end itself is not after it";
  clock_.advance(Seconds(1));
  EXPECT_EQ(must(grants_.erase_ended_grants()), 2u);
  EXPECT_EQ(must(grants_.erase_ended_grants()), 0u);
  EXPECT_EQ(grants_.redeem(certificate, used, actor_).error().code, Errc::gone);
  EXPECT_EQ(grants_.redeem(certificate, unused, actor_).error().code, Errc::gone);
  EXPECT_FALSE(must(grants_.redeem(certificate, later, actor_)).key_pem.empty());
}

TEST_F(DownloadGrantsTest, RevocationBetweenGrantAndUse) {
  const auto certificate = with_key();
  const auto token = must(grants_.grant(certificate, principal_, actor_));
  must(store_.apply(
      {store::RevokeLineage{certificate.certificate.lineage, {{}, clock_.now(), "x"}}}));
  EXPECT_EQ(grants_.redeem(certificate, token, actor_).error().code, Errc::gone);
}

TEST_F(DownloadGrantsTest, DisabledTenant) {
  const auto certificate = with_key();
  const auto token = must(grants_.grant(certificate, principal_, actor_));
  must(directory_.set_tenant_disabled("default", true,
                                      [](std::string_view) { return store::Transaction{}; }));
  EXPECT_EQ(grants_.redeem(certificate, token, actor_).error().code, Errc::not_permitted);
}

// Made-up tokens are anybody's: they must not fill the audit log.
TEST_F(DownloadGrantsTest, ForgeriesAreRecordedOnceASecond) {
  const auto certificate = with_key();
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(grants_.redeem(certificate, "a.b.c", actor_).error().code, Errc::unauthenticated);
  EXPECT_EQ(records_with("DOWNLOAD_REFUSED"), 1u);
  clock_.advance(Seconds(1));
  (void)grants_.redeem(certificate, "a.b.c", actor_);
  EXPECT_EQ(records_with("DOWNLOAD_REFUSED"), 2u);
}

}  // namespace
}  // namespace certwright::delivery
