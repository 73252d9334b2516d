#include "issuance/issuance_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>
#include <thread>
#include <utility>

#include "crypto/public_key.h"
#include "crypto/verifying.h"
#include "keys/key_encryption_key.h"
#include "registration/testing_world.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"

namespace certwright::issuance {
namespace {

using registration::testing::csr_der;
using registration::testing::kDay;
using registration::testing::kStart_s;
using registration::testing::must;
using registration::testing::new_key;
using registration::testing::text_at;
using registration::IssuanceRequest;
using testing::Contains;
using testing::HasSubstr;

enum class Trouble { none, refused, lost_answer };

// Fails at the n-th apply() that issuance makes: before it is done, or behind it, when it is durable
// and only the answer is lost.
class TroubledStore : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<void> apply(const store::Transaction& transaction) override {
    const bool now = trouble != Trouble::none && ++applied_ >= from && applied_ <= to_inclusive;
    if (now && trouble == Trouble::refused) return fail(Errc::unavailable, "the disk is away");
    CERTWRIGHT_CHECK(to().apply(transaction));
    if (now) return fail(Errc::unavailable, "the answer of the disk is lost");
    return {};
  }
  void begin(Trouble which, int first, int last) {
    trouble = which;
    from = first;
    to_inclusive = last;
    applied_ = 0;
  }
  void end() { trouble = Trouble::none; }

  std::atomic<Trouble> trouble = Trouble::none;
  int from = 0, to_inclusive = 0;

 private:
  std::atomic<int> applied_{0};
};

// Signs, unless it is told to fail or to sign wrongly.
class TroubledSigner : public signer::Signer {
 public:
  enum class Mode { good, away, wrong };
  explicit TroubledSigner(std::shared_ptr<signer::Signer> with) : with_(std::move(with)) {}
  Result<Bytes> sign(signer::PreparedCertificate prepared) override {
    if (mode == Mode::away) return fail(Errc::unavailable, "the token is away");
    if (const auto meanwhile = std::exchange(while_signing, {})) meanwhile();
    auto signature = with_->sign(std::move(prepared));
    if (signature && mode == Mode::wrong) signature->back() ^= 1;
    return signature;
  }
  Result<Bytes> sign(signer::PreparedInterceptionCertificate p) override { return with_->sign(std::move(p)); }
  Result<Bytes> sign(signer::PreparedCertificateList p) override { return with_->sign(std::move(p)); }
  Result<Bytes> sign(signer::PreparedOcspResponse p) override { return with_->sign(std::move(p)); }
  Result<Bytes> sign(signer::PreparedRootCertificate p) override { return with_->sign(std::move(p)); }
  Result<Bytes> sign(signer::PreparedCaRequest p) override { return with_->sign(std::move(p)); }
  ByteView signature_algorithm_tlv() const noexcept override { return with_->signature_algorithm_tlv(); }
  ByteView subject_public_key_info_tlv() const noexcept override {
    return with_->subject_public_key_info_tlv();
  }
  Mode mode = Mode::good;
  std::function<void()> while_signing;  // once

 private:
  std::shared_ptr<signer::Signer> with_;
};

class Issuance : public testing::Test {
 protected:
  using World = registration::testing::World;
  Issuance() {
    issuing = world.add_ca({.wrap = [this](std::shared_ptr<signer::Signer> real) {
      signer = std::make_shared<TroubledSigner>(std::move(real));
      return signer;
    }});
  }

  static IssuanceRequest request() { return World::request(World::issuer()); }
  static IssuanceRequest csr_request() {
    return World::csr_request(World::issuer(),
                              csr_der(new_key(), "CN=own.example", {must(x509::GeneralName::dns("own.example"))}));
  }
  static RenewalRequest renewal_of(const store::StoredCertificate& newest) {
    const auto with = request();
    return {.principal = with.principal, .actor = with.actor, .newest = newest, .validity = {}};
  }
  store::StoredCertificate stored(const IssuedCertificate& issued) {
    return must(memory.find_certificate(issued.certificate.id)).value();
  }
  std::size_t certificates() {
    store::LineageFilter filter;
    filter.now = clock.now();
    return must(memory.list_lineages(filter, {.limit = 1000})).size();
  }
  std::size_t open_intents() {
    return must(memory.unfinished_intents(clock.now() + kDay, 1000)).size();
  }
  std::size_t count(std::string_view event) { return world.records(event).size(); }

  ManualClock clock{from_unix_s(kStart_s)};
  crypto::DeterministicRandom random{42};
  store::MemoryStore memory;
  TroubledStore store{memory};
  World world{store, clock};
  keys::Sealer sealer{keys::KeyEncryptionKey::generate(random), random};
  IssuanceService service{{.registration = world.registration,
                           .store = store,
                           .journal = world.journal,
                           .sealer = sealer,
                           .random = random,
                           .clock = clock}};
  std::shared_ptr<TroubledSigner> signer;
  ca::CaPtr issuing;
};

TEST_F(Issuance, ThePathFromARequestToARecordedCertificate) {
  auto asked = request();
  asked.validity = 30 * kDay;
  const auto issued = must(service.issue(std::move(asked)));
  const auto& record = issued.certificate;
  const auto certificate = must(x509::Certificate::parse(record.der));

  EXPECT_TRUE(crypto::verify(issuing->certificate().subject_public_key_info_tlv(),
                             certificate.signature_algorithm_tlv(), certificate.tbs_tlv(),
                             certificate.signature_value()));
  EXPECT_EQ(must(certificate.serial_number()), record.serial);
  EXPECT_EQ(certificate.subject().to_text(), "CN=web.example");
  EXPECT_EQ(certificate.not_before(), clock.now() - Seconds(300));
  EXPECT_EQ(certificate.not_after(), clock.now() + 30 * kDay);
  EXPECT_EQ(record.not_after, certificate.not_after());
  EXPECT_EQ(record.lineage, record.id);
  EXPECT_EQ(record.tenant, "default");
  EXPECT_EQ(record.principal, "alice");
  EXPECT_THAT(record.names, testing::ElementsAre("web.example"));
  EXPECT_FALSE(issued.replayed);

  EXPECT_EQ(stored(issued).certificate.der, record.der);
  const auto reservation = must(memory.find_reservation(record.id)).value();
  EXPECT_EQ(reservation.tbs_sha256, crypto::sha256(certificate.tbs_tlv()));
  EXPECT_EQ(open_intents(), 0U);

  const auto intents = world.records("CERTIFICATE_INTENT");
  const auto ends = world.records("CERTIFICATE_ISSUED");
  ASSERT_EQ(intents.size(), 1U);
  ASSERT_EQ(ends.size(), 1U);
  EXPECT_EQ(text_at(intents[0], {"fields", "serial"}), record.serial.hex());
  EXPECT_EQ(text_at(intents[0], {"fields", "tbs_sha256"}), to_hex(reservation.tbs_sha256));
  EXPECT_EQ(text_at(ends[0], {"fields", "sha256"}), to_hex(crypto::sha256(record.der)));
  EXPECT_EQ(text_at(ends[0], {"actor", "remote"}), "192.0.2.1");
}

TEST_F(Issuance, AGeneratedKeyIsSealedForItsCertificateOnly) {
  const auto issued = must(service.issue(request()));
  EXPECT_EQ(issued.certificate.key_origin, store::KeyOrigin::generated);
  const auto kept = must(memory.find_managed_key(issued.certificate.id)).value();
  const std::string context = "managed-key:" + std::to_string(issued.certificate.id);
  const auto key = must(crypto::PrivateKey::from_pkcs8(must(sealer.open(context, kept.sealed_pkcs8))));
  EXPECT_EQ(to_bytes(key.subject_public_key_info_tlv()),
            to_bytes(must(x509::Certificate::parse(issued.certificate.der)).subject_public_key_info_tlv()));
  EXPECT_FALSE(sealer.open("managed-key:1", kept.sealed_pkcs8));
}

TEST_F(Issuance, ACsrsKeyIsCertifiedAndNoneIsKept) {
  const auto key = new_key("ed25519");
  const auto issued = must(service.issue(World::csr_request(
      World::issuer(), csr_der(key, "CN=own.example", {must(x509::GeneralName::dns("own.example"))}))));
  EXPECT_EQ(to_bytes(must(x509::Certificate::parse(issued.certificate.der)).subject_public_key_info_tlv()),
            to_bytes(key.subject_public_key_info_tlv()));
  EXPECT_EQ(issued.certificate.key_origin, store::KeyOrigin::certification_request);
  EXPECT_FALSE(must(memory.find_managed_key(issued.certificate.id)));
}

TEST_F(Issuance, EveryCrlShardIsUsedAndWrittenIntoTheCertificate) {
  issuing = world.add_ca({.crl_shards = 4});
  std::set<std::uint32_t> shards;
  for (int i = 0; i < 100; ++i) {
    const auto issued = must(service.issue(csr_request()));
    shards.insert(issued.certificate.crl_shard);
    EXPECT_THAT(std::string(as_text(issued.certificate.der)), HasSubstr(issuing->crl_url(issued.certificate.crl_shard)));
  }
  EXPECT_EQ(shards, (std::set<std::uint32_t>{0, 1, 2, 3}));
}

TEST_F(Issuance, ADigestProfileKeepsNoCopyButReturnsOne) {
  auto profile = profile::shipped_profiles().front();
  profile.name = "short-lived";
  profile.record_level = store::RecordLevel::digest;
  must(world.publisher.publish(must(json::parse(profile::write_profile(profile))), {.principal = "root", .tenant = {}, .door = {}, .remote = {}}));
  world.add_ca({.profiles = {"short-lived"}});
  auto asked = request();
  asked.profile = "short-lived";
  const auto issued = must(service.issue(std::move(asked)));
  EXPECT_TRUE(x509::Certificate::parse(issued.certificate.der));
  EXPECT_TRUE(stored(issued).certificate.der.empty());
  const auto renewed = service.renew(renewal_of(stored(issued)));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Errc::conflict);
}

// ---- Refusals: nothing is reserved, nothing issued, and one record says so.

struct Refusal {
  const char* name;
  Errc code;
  const char* field;
  IssuanceRequest (*make)();
};

IssuanceRequest ours() { return registration::testing::World::request(registration::testing::World::issuer()); }
IssuanceRequest ours_for(std::string_view dns) {
  auto request = ours();
  request.names = {must(x509::GeneralName::dns(dns))};
  return request;
}
IssuanceRequest with_csr(Bytes der) {
  return registration::testing::World::csr_request(registration::testing::World::issuer(), std::move(der));
}
Bytes good_csr(std::string_view algorithm = "ecdsa-p256") {
  return csr_der(new_key(algorithm), "CN=own.example", {must(x509::GeneralName::dns("own.example"))});
}

const Refusal kRefusals[] = {
    {"UnknownProfile", Errc::not_found, "profile", [] { auto r = ours(); r.profile = "no-such"; return r; }},
    {"InternalProfile", Errc::not_found, "profile", [] { auto r = ours(); r.profile = "ocsp-responder"; return r; }},
    {"UnknownCa", Errc::not_found, "ca", [] { auto r = ours(); r.ca = "no-such"; return r; }},
    {"UnknownTenant", Errc::not_found, "", [] { auto r = ours(); r.tenant = "no-such"; return r; }},
    {"ForeignTenant", Errc::not_found, "", [] { auto r = ours(); r.tenant = "acme"; return r; }},
    {"ProfileNotAttached", Errc::policy, "profile",
     [] { auto r = ours(); r.profile = "code-signing"; r.ca = "issuing"; return r; }},
    {"RoleMissing", Errc::not_permitted, "",
     [] { auto r = ours(); r.principal.bindings = {{access::Role::auditor, "default", ""}}; return r; }},
    {"NoRoleAtAll", Errc::not_found, "", [] { auto r = ours(); r.principal.bindings.clear(); return r; }},
    {"IntermediateNeedsAdmin", Errc::not_permitted, "",
     [] { auto r = ours(); r.profile = "intermediate-ca"; r.ca = "root"; r.names.clear(); return r; }},
    {"KeyTypeTheProfileLacks", Errc::policy, "key_type",
     [] { auto r = ours(); r.generate_key = "rsa"; return r; }},
    {"NoSuchKeyType", Errc::invalid, "key_type", [] { auto r = ours(); r.generate_key = "rot13"; return r; }},
    {"CsrSignature", Errc::invalid, "csr",
     [] { auto der = good_csr(); der.back() ^= 1; return with_csr(std::move(der)); }},
    {"ValidityOverTheProfiles", Errc::policy, "validity", [] { auto r = ours(); r.validity = 398 * kDay; return r; }},
    {"ValidityBeyondTheIssuer", Errc::policy, "validity",
     [] { auto r = ours(); r.ca = "short"; r.validity = 11 * kDay; return r; }},
    {"NoValidityAtAll", Errc::invalid, "validity", [] { auto r = ours(); r.validity = Seconds(0); return r; }},
    {"Wildcard", Errc::policy, "names[0]", [] { return ours_for("*.example.com"); }},
    {"NoNames", Errc::policy, "names",
     [] { auto r = ours(); r.names.clear(); r.subject.clear(); return r; }},
    {"SubjectNotSettable", Errc::policy, "subject.email_address",
     [] { auto r = ours(); r.subject.push_back({"email_address", "a@b.example"}); return r; }},
    {"NamesOfCsrAndRequestDiffer", Errc::invalid, "names",
     [] { auto r = with_csr(good_csr()); r.names = {must(x509::GeneralName::dns("other.example"))}; return r; }},
    {"EntityTypeTooLong", Errc::too_large, "entity_type",
     [] { auto r = ours(); r.entity_type = std::string(65, 'x'); return r; }},
    {"EntityIdTooLong", Errc::too_large, "entity_id",
     [] { auto r = ours(); r.entity_id = std::string(257, 'x'); return r; }},
    {"ControlCharacter", Errc::invalid, "entity_id", [] { auto r = ours(); r.entity_id = "a\nb"; return r; }},
};

class Refused : public Issuance, public testing::WithParamInterface<Refusal> {
 protected:
  Refused() {
    world.add_ca({.id = "root", .profiles = {"intermediate-ca"}});
    world.add_ca({.id = "short", .validity = 10 * kDay});
  }
};

TEST_P(Refused, LeavesNothingButItsRecord) {
  const auto result = service.issue(GetParam().make());
  ASSERT_FALSE(result);
  EXPECT_EQ(name_of(result.error().code), name_of(GetParam().code)) << result.error().detail;
  EXPECT_EQ(result.error().field, GetParam().field) << result.error().detail;
  EXPECT_EQ(certificates(), 0U);
  EXPECT_EQ(open_intents(), 0U);
  EXPECT_EQ(count("CERTIFICATE_INTENT"), 0U);
  const auto refused = world.records("ISSUANCE_REFUSED");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(text_at(refused[0], {"fields", "code"}), name_of(GetParam().code));
  EXPECT_EQ(text_at(refused[0], {"fields", "reason"}), result.error().detail);
  EXPECT_EQ(text_at(refused[0], {"actor", "principal"}), "alice");
}

INSTANTIATE_TEST_SUITE_P(Issuance, Refused, testing::ValuesIn(kRefusals),
                         [](const auto& row) { return row.param.name; });

TEST_F(Issuance, ABlockedKeyIsRefused) {
  const auto key = new_key();
  must(memory.apply({store::BlockKey{crypto::sha256(key.subject_public_key_info_tlv()), "lost"}}));
  const auto result = service.issue(with_csr(csr_der(key, "CN=a.example")));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::policy);
  EXPECT_THAT(result.error().detail, HasSubstr("blocked"));
  EXPECT_EQ(count("ISSUANCE_REFUSED"), 1U);
  EXPECT_EQ(open_intents(), 0U);
}

// The builder keeps to the profile; a CA whose own certificate forbids what it would sign is for lint.
TEST_F(Issuance, ALintFindingStopsThePathBeforeTheIntent) {
  world.add_ca({.id = "root", .profiles = {"intermediate-ca"}, .path_length = 0});
  auto asked = World::request(World::admin(), "intermediate-ca");
  asked.ca = "root";
  asked.names.clear();
  const auto result = service.issue(std::move(asked));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::policy) << result.error().detail;
  EXPECT_EQ(count("CERTIFICATE_INTENT"), 0U);
  EXPECT_EQ(count("ISSUANCE_REFUSED"), 1U);
}

TEST_F(Issuance, AnIntermediateIsForTheAdministratorOfTheParent) {
  world.add_ca({.id = "root", .profiles = {"intermediate-ca"}});
  auto asked = World::request(World::admin(), "intermediate-ca");
  asked.names.clear();
  const auto issued = must(service.issue(std::move(asked)));
  EXPECT_TRUE(must(x509::Certificate::parse(issued.certificate.der)).is_ca());
}

TEST_F(Issuance, AnOutageIsNoRefusal) {
  world.add_ca({.offline = true});
  const auto result = service.issue(request());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
  EXPECT_EQ(count("ISSUANCE_REFUSED"), 0U);
}

// ---- Idempotency (DESIGN invariant 13)

IssuanceRequest keyed(std::string key, std::string entity = "web") {
  auto request = ours();
  request.idempotency_key = std::move(key);
  request.entity_id = std::move(entity);
  return request;
}

TEST_F(Issuance, TheSameKeyAndRequestGiveTheSameCertificate) {
  const auto first = must(service.issue(keyed("k")));
  clock.advance(kDay);
  const auto again = must(service.issue(keyed("k")));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.certificate.der, first.certificate.der);
  EXPECT_EQ(certificates(), 1U);
}

TEST_F(Issuance, TheSameKeyWithAnotherRequestIsAConflict) {
  must(service.issue(keyed("k")));
  const auto other = service.issue(keyed("k", "db"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::conflict);
  EXPECT_EQ(other.error().field, "idempotency_key");
  EXPECT_EQ(certificates(), 1U);
}

TEST_F(Issuance, KeysBelongToTheirPrincipal) {
  const auto first = must(service.issue(keyed("k")));
  auto other = keyed("k");
  other.principal.id = "bob";
  EXPECT_NE(must(service.issue(std::move(other))).certificate.id, first.certificate.id);
}

TEST_F(Issuance, ARunningRequestHoldsItsKeyForTwoMinutes) {
  // It died between its intent and everything else, account included.
  store.begin(Trouble::refused, 2, 1000);
  EXPECT_FALSE(service.issue(keyed("k")));
  store.end();
  EXPECT_EQ(open_intents(), 1U);

  clock.advance(Seconds(120) - Duration(1));
  const auto early = service.issue(keyed("k"));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, Errc::conflict);
  EXPECT_THAT(early.error().detail, HasSubstr("try again shortly"));

  clock.advance(Duration(1));
  EXPECT_FALSE(must(service.issue(keyed("k"))).replayed);
  EXPECT_EQ(certificates(), 1U);
  EXPECT_EQ(open_intents(), 0U);
  EXPECT_EQ(count("INTENT_ABANDONED"), 1U);
}

TEST_F(Issuance, AHungRequestRecordsNothingOnceItsIntentIsAbandoned) {
  store::CertificateId retried = 0;
  signer->while_signing = [&] {  // for two minutes; the client asks again meanwhile
    clock.advance(Seconds(120));
    retried = must(service.issue(keyed("k"))).certificate.id;
  };
  const auto hung = service.issue(keyed("k"));
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().code, Errc::conflict);
  EXPECT_EQ(certificates(), 1U);
  EXPECT_EQ(count("CERTIFICATE_ISSUED"), 1U);
  EXPECT_EQ(count("INTENT_ABANDONED"), 1U);
  EXPECT_EQ(must(service.issue(keyed("k"))).certificate.id, retried);
}

TEST_F(Issuance, AHungRequestRecordsNothingAfterTheNextStartsAccount) {
  signer->while_signing = [&] {
    clock.advance(Duration(1));
    EXPECT_EQ(must(service.account_for_unfinished_intents()), 1U);
  };
  const auto hung = service.issue(request());
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().code, Errc::conflict);
  EXPECT_EQ(certificates(), 0U);
  EXPECT_EQ(count("INTENT_ABANDONED"), 1U);
}

TEST_F(Issuance, IdempotencyKeysAreForgottenAfterAWeek) {
  const auto first = must(service.issue(keyed("k")));
  for (std::uint64_t i = 0; i < 450; ++i) {  // more than two batches
    const store::CertificateId id = (std::uint64_t{1} << 60) + i;
    must(memory.apply({store::ReserveSerial{
        {.id = id, .serial = x509::SerialNumber::from_id(id, {1, 2, 3, 4, 5, 6, 7, 8})},
        store::IdempotencyRecord{"bob", std::to_string(i), {}, id, clock.now()}}}));
  }
  clock.advance(Seconds(1));
  const auto second = must(service.issue(keyed("l")));
  clock.advance(IssuanceService::kIdempotencyKeyKept - Seconds(1));
  EXPECT_EQ(must(service.forget_old_idempotency_keys()), 0U) << "not before its time";
  EXPECT_TRUE(must(service.issue(keyed("k"))).replayed);
  clock.advance(Duration(1));
  EXPECT_EQ(must(service.forget_old_idempotency_keys()), 451U);
  EXPECT_EQ(must(service.forget_old_idempotency_keys()), 0U);
  EXPECT_TRUE(must(service.issue(keyed("l"))).replayed);
  const auto anew = must(service.issue(keyed("k")));
  EXPECT_FALSE(anew.replayed);
  EXPECT_NE(anew.certificate.id, first.certificate.id);
  EXPECT_TRUE(must(memory.find_certificate(first.certificate.id))) << "the certificate itself stays";
}

TEST_F(Issuance, ConcurrentRequestsWithOneKeyGiveOneCertificate) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<store::CertificateId> ids;
  std::size_t running = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const auto issued = service.issue(keyed("k"));
      const std::lock_guard lock(mutex);
      if (issued) ids.insert(issued->certificate.id);
      else if (issued.error().code == Errc::conflict) ++running;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_LT(running, 8U);
  EXPECT_EQ(certificates(), 1U);
}

// ---- Renewal

TEST_F(Issuance, RenewalMakesANewKeyWhereWeMadeTheOldOne) {
  const auto first = must(service.issue(request()));
  clock.advance(10 * kDay);
  const auto renewed = must(service.renew(renewal_of(stored(first))));
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
  const auto renewed = must(service.renew(renewal_of(stored(first))));
  EXPECT_EQ(renewed.certificate.subject_public_key_sha256, first.certificate.subject_public_key_sha256);
  EXPECT_EQ(renewed.certificate.key_origin, store::KeyOrigin::certification_request);
  EXPECT_FALSE(must(memory.find_managed_key(renewed.certificate.id)));
  const auto second = must(service.renew(renewal_of(stored(renewed))));
  EXPECT_EQ(second.certificate.lineage, first.certificate.id);
}

TEST_F(Issuance, RenewalOfABlockedKeyIsRefused) {
  const auto first = must(service.issue(csr_request()));
  must(memory.apply({store::BlockKey{first.certificate.subject_public_key_sha256, "lost"}}));
  const auto renewed = service.renew(renewal_of(stored(first)));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Errc::policy);
}

TEST_F(Issuance, RevokedIsNotRenewed) {
  const auto first = must(service.issue(request()));
  must(memory.apply({store::RevokeLineage{first.certificate.id,
                                          {x509::RevocationReason::superseded, clock.now(), "alice"}}}));
  const auto renewed = service.renew(renewal_of(stored(first)));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Errc::conflict);
  EXPECT_EQ(count("ISSUANCE_REFUSED"), 1U);
}

TEST_F(Issuance, ExpiredIsNotRenewed) {
  const auto first = must(service.issue(request()));
  clock.set(first.certificate.not_after - Duration(1));
  EXPECT_TRUE(service.renew(renewal_of(stored(first))));
  const auto second = must(service.issue(request()));
  clock.set(second.certificate.not_after);
  const auto renewed = service.renew(renewal_of(stored(second)));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Errc::conflict);
}

TEST_F(Issuance, OnlyTheNewestOfALineageIsRenewed) {
  const auto first = must(service.issue(request()));
  const auto old = stored(first);
  must(service.renew(renewal_of(old)));
  const auto again = service.renew(renewal_of(old));
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
  EXPECT_EQ(service.renew(renewal).error().code, Errc::policy);
  renewal.newest.certificate.profile = "ocsp-responder";
  const auto internal = service.renew(renewal);
  ASSERT_FALSE(internal);
  EXPECT_TRUE(internal.error().code == Errc::not_found || internal.error().code == Errc::policy);
  EXPECT_EQ(count("CERTIFICATE_RENEWED"), 0U);
}

TEST_F(Issuance, ARetiredCasCertificatesAreRenewedByAnother) {
  const auto first = must(service.issue(request()));
  world.add_ca({.state = store::CaState::retired});
  world.add_ca({.id = "issuing-2"});
  EXPECT_EQ(must(service.renew(renewal_of(stored(first)))).certificate.ca, "issuing-2");
}

TEST_F(Issuance, ARenewalGivesNoRightToAnotherCa) {
  const auto only_issuing = World::principal("ivan", {{access::Role::issuer, "default", "issuing"}});
  const auto first = must(service.issue(World::request(only_issuing)));
  world.add_ca({.state = store::CaState::retired});
  auto renewal = renewal_of(stored(first));
  renewal.principal = only_issuing;
  EXPECT_EQ(service.renew(renewal).error().code, Errc::unavailable);
  world.add_ca({.id = "gold"});
  const auto refused = service.renew(renewal);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_permitted);
  renewal.principal.bindings.push_back({access::Role::issuer, "default", "silver"});
  world.add_ca({.id = "silver"});
  EXPECT_EQ(must(service.renew(renewal)).certificate.ca, "silver");
}

TEST_F(Issuance, ARenewalNearTheCasEndEndsWithIt) {
  world.add_ca({.validity = 100 * kDay});
  const auto first = must(service.issue(request()));  // for 90 days
  clock.advance(60 * kDay);
  const auto renewed = must(service.renew(renewal_of(stored(first))));
  EXPECT_EQ(renewed.certificate.not_after, world.cas.find("issuing")->certificate().not_after());
  auto explicitly = renewal_of(stored(renewed));
  explicitly.validity = 90 * kDay;  // who asks for more than there is, is told so
  EXPECT_EQ(service.renew(explicitly).error().code, Errc::policy);
}

// ---- Serials (RFC 5280 section 4.1.2.2, DESIGN invariant 2)

TEST_F(Issuance, SerialsAreUniquePositiveAndSixteenOctets) {
  constexpr int kThreads = 4, kEach = 25'000;  // intents are made up to lint; no key is used
  struct Seen : store::testing::ForwardingStore {
    using ForwardingStore::ForwardingStore;
    Result<void> apply(const store::Transaction& transaction) override {
      const auto& serial = std::get<store::ReserveSerial>(transaction.front()).reservation.serial;
      const std::lock_guard lock(mutex);
      serials.push_back(serial);
      return fail(Errc::unavailable, "no further");
    }
    std::mutex mutex;
    std::vector<x509::SerialNumber> serials;
  } seen{memory};
  IssuanceService first{{.registration = world.registration, .store = seen, .journal = world.journal,
                         .sealer = sealer, .random = random, .clock = clock}};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        if (i % 1000 == 0) clock.advance(std::chrono::microseconds(300));
        (void)first.issue(request());
      }
    });
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(seen.serials.size(), std::size_t{kThreads * kEach});
  std::set<std::uint64_t> ids, tails;
  for (const auto& serial : seen.serials) {
    const ByteView octets = serial.integer_content();
    ASSERT_EQ(octets.size(), 16U);
    ASSERT_LT(octets[0], 0x80);
    ids.insert(serial.id().value());
    std::uint64_t tail = 0;
    for (std::size_t i = 8; i < 16; ++i) tail = tail << 8 | octets[i];
    tails.insert(tail);
  }
  EXPECT_EQ(ids.size(), seen.serials.size());    // unique by construction
  EXPECT_EQ(tails.size(), seen.serials.size());  // and 64 bits of randomness behind it
}

TEST_F(Issuance, AClockSetBackRepeatsNoSerial) {
  const auto first = must(service.issue(csr_request()));
  clock.set(clock.now() - Seconds(60));
  const auto second = must(service.issue(csr_request()));
  EXPECT_GT(second.certificate.id, first.certificate.id);
}

// ---- Failures between the steps (DESIGN invariants 1 and 3)

TEST_F(Issuance, AFailingTokenLeavesAnAccountedIntent) {
  for (const auto mode : {TroubledSigner::Mode::away, TroubledSigner::Mode::wrong}) {
    signer->mode = mode;
    const auto result = service.issue(keyed("k"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, mode == TroubledSigner::Mode::away ? Errc::unavailable : Errc::internal);
  }
  EXPECT_EQ(certificates(), 0U);
  EXPECT_EQ(open_intents(), 0U);
  EXPECT_EQ(count("INTENT_ABANDONED"), 2U);
  // Recorded once, also by the next start; and the key is free for a retry.
  EXPECT_EQ(must(service.account_for_unfinished_intents()), 0U);
  signer->mode = TroubledSigner::Mode::good;
  EXPECT_FALSE(must(service.issue(keyed("k"))).replayed);
}

struct Failure {
  const char* name;
  Trouble trouble;
  int from, to;
  std::size_t certificates;  // afterwards
  std::size_t open;          // intents without certificate, accounted for or not
  std::size_t abandoned;     // records of it, once the next start has looked
};
// apply() calls of one issue(): 1 intent, 2 record; then, on failure, 3 account, 4 idempotency key.
const Failure kFailures[] = {
    {"IntentRefused", Trouble::refused, 1, 1, 0, 0, 0},
    {"IntentAnswerLost", Trouble::lost_answer, 1, 1, 0, 1, 1},
    {"RecordRefused", Trouble::refused, 2, 2, 0, 1, 1},
    {"RecordAnswerLost", Trouble::lost_answer, 2, 2, 1, 0, 0},
    {"RecordAndAccountRefused", Trouble::refused, 2, 3, 0, 1, 1},
    {"RecordRefusedAccountAnswerLost", Trouble::lost_answer, 3, 3, 1, 0, 0},
    {"EverythingAfterTheIntentRefused", Trouble::refused, 2, 1000, 0, 1, 1},
    {"EverythingRefused", Trouble::refused, 1, 1000, 0, 0, 0},
    {"EveryAnswerLost", Trouble::lost_answer, 1, 1000, 0, 1, 1},
};

class StoreFails : public Issuance, public testing::WithParamInterface<Failure> {};

TEST_P(StoreFails, NothingIsHalfWritten) {
  const Failure& p = GetParam();
  store.begin(p.trouble, p.from, p.to);
  const auto result = service.issue(keyed("k"));
  store.end();
  const bool reaches_it = p.from <= 2;
  EXPECT_EQ(static_cast<bool>(result), !reaches_it);
  if (!result) { EXPECT_EQ(result.error().code, Errc::unavailable); }
  EXPECT_EQ(certificates(), p.certificates);
  EXPECT_EQ(open_intents() + count("INTENT_ABANDONED"), p.open);
  EXPECT_EQ(count("CERTIFICATE_ISSUED"), p.certificates);
  EXPECT_EQ(count("CERTIFICATE_INTENT"), p.certificates + p.open);
  if (result) { EXPECT_TRUE(must(memory.find_certificate(result->certificate.id))); }

  clock.advance(Seconds(1));
  const std::size_t told = count("INTENT_ABANDONED");
  EXPECT_EQ(must(service.account_for_unfinished_intents()), p.abandoned - told);
  EXPECT_EQ(must(service.account_for_unfinished_intents()), 0U);
  EXPECT_EQ(count("INTENT_ABANDONED"), p.abandoned);

  // A retry gets the certificate that exists, or a new one.
  clock.advance(Seconds(120));
  const auto retried = must(service.issue(keyed("k")));
  EXPECT_EQ(retried.replayed, p.certificates == 1);
  EXPECT_EQ(certificates(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Issuance, StoreFails, testing::ValuesIn(kFailures),
                         [](const auto& row) { return row.param.name; });

TEST_F(Issuance, AnyNumberOfUnfinishedIntentsIsAccountedFor) {
  constexpr std::size_t kIntents = 2345;
  store.begin(Trouble::refused, 2, 1'000'000);
  for (std::size_t i = 0; i < kIntents; ++i) {
    (void)service.issue(with_csr(good_csr()));
    store.begin(Trouble::refused, 2, 1'000'000);
  }
  store.end();
  clock.advance(Seconds(1));
  EXPECT_EQ(must(service.account_for_unfinished_intents()), kIntents);
  EXPECT_EQ(must(service.account_for_unfinished_intents()), 0U);
  std::set<std::string> serials;
  for (const auto& record : world.records("INTENT_ABANDONED")) serials.insert(text_at(record, {"fields", "serial"}));
  EXPECT_EQ(serials.size(), kIntents);
}

}  // namespace
}  // namespace certwright::issuance
