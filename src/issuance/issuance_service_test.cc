#include "issuance/testing_service.h"

namespace certwright::issuance::service_test {
namespace {

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
  const auto renewed = service.issue(renewal_of(stored(issued)));
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

// Of RSA keys only so many are made at once, or they would take the threads that answer.
TEST_F(Issuance, AnRsaKeyNeedsASlot) {
  IssuanceService busy({.registration = world.registration,
                        .store = store,
                        .journal = world.journal,
                        .sealer = sealer,
                        .random = random,
                        .clock = clock,
                        .rsa_keys = {.running = 0, .waiting = 0, .patience = {}}});
  auto rsa = request();
  rsa.generate_key = "rsa-2048";
  const auto refused = busy.issue(rsa);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_many_requests);
  EXPECT_EQ(refused.error().field, "key_type");
  EXPECT_EQ(open_intents(), 0U);
  EXPECT_TRUE(busy.issue(request())) << "another kind of key needs none";
  EXPECT_TRUE(service.issue(rsa)) << "given back";
  EXPECT_TRUE(service.issue(std::move(rsa)));
}

TEST_F(Issuance, AnOutageIsNoRefusal) {
  world.add_ca({.offline = true});
  const auto result = service.issue(request());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
  EXPECT_EQ(count("ISSUANCE_REFUSED"), 0U);
}

}  // namespace
}  // namespace certwright::issuance::service_test
