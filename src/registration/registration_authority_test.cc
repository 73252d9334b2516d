#include "registration/registration_authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "registration/testing_world.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"

namespace certwright::registration {
namespace {

using access::Role;
using testing::csr_der;
using testing::kDay;
using testing::kStart_s;
using testing::must;
using testing::new_key;
using testing::World;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "ok <ca>" or "<code> <field>".
std::string outcome(const Result<ApprovedRequest>& result) {
  if (result) return "ok " + result->ca().id();
  return std::string(name_of(result.error().code)) + " " + result.error().field;
}

class Registration : public ::testing::Test {
 protected:
  Registration() {
    world.add_ca({.id = "root", .profiles = {"intermediate-ca"}});
    world.add_ca({.id = "issuing"});
    world.add_ca({.id = "acme-only", .profiles = {"code-signing"}, .tenants = {"acme"}});
  }
  std::string approve(IssuanceRequest request) {
    return outcome(world.registration.approve(std::move(request)));
  }
  static IssuanceRequest request(Role role, std::string tenant = "default", std::string ca = "") {
    return World::request(World::principal("p", {{role, std::move(tenant), std::move(ca)}}));
  }

  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore store;
  World world{store, clock};
};

TEST_F(Registration, RolesThatMayIssue) {
  const std::pair<Role, const char*> kRows[] = {{Role::admin, "ok issuing"},
                                                {Role::issuer, "ok issuing"},
                                                {Role::requester, "ok issuing"},
                                                {Role::approver, "not_permitted "},
                                                {Role::auditor, "not_permitted "}};
  for (const auto& [role, wanted] : kRows) {
    EXPECT_EQ(approve(request(role)), wanted) << access::name_of(role);
    auto csr = World::csr_request(World::principal("p", {{role, "default", ""}}), csr_der(new_key(), "CN=a.example"));
    EXPECT_EQ(approve(std::move(csr)), wanted) << access::name_of(role);
  }
}

TEST_F(Registration, ARoleCountsWhereItIsBound) {
  EXPECT_EQ(approve(request(Role::issuer, "default", "issuing")), "ok issuing");
  // Bound to another CA or another tenant: a stranger here.
  EXPECT_EQ(approve(request(Role::issuer, "default", "other")), "not_found ");
  EXPECT_EQ(approve(request(Role::issuer, "acme")), "not_found ");
  auto elsewhere = request(Role::issuer, "acme");
  elsewhere.tenant = "acme";
  EXPECT_EQ(approve(std::move(elsewhere)), "ok issuing");
  auto everywhere = request(Role::admin, "*");
  everywhere.tenant = "acme";
  EXPECT_EQ(approve(std::move(everywhere)), "ok issuing");
}

TEST_F(Registration, ADisabledTenantLooksLikeNone) {
  must(store.apply({store::PutTenant{{.id = "acme", .name = "", .disabled = true, .created_at = {}}}}));
  auto disabled = request(Role::admin, "*");
  disabled.tenant = "acme";
  auto none = disabled;
  none.tenant = "nobody";
  const auto a = world.registration.approve(std::move(disabled));
  const auto b = world.registration.approve(std::move(none));
  ASSERT_FALSE(a);
  ASSERT_FALSE(b);
  EXPECT_EQ(a.error(), b.error());
}

TEST_F(Registration, TheCaServesTheTenantAndHasTheProfile) {
  auto theirs = request(Role::admin, "*");
  theirs.profile = "code-signing";
  EXPECT_EQ(approve(theirs), "unavailable profile");  // none for this tenant
  theirs.ca = "acme-only";
  EXPECT_EQ(approve(theirs), "not_found ca");
  theirs.tenant = "acme";
  EXPECT_EQ(approve(theirs), "ok acme-only");
  auto other = request(Role::admin, "*");
  other.ca = "root";
  EXPECT_EQ(approve(std::move(other)), "policy profile");
}

// Which tenants there are, and what their CAs issue, is nobody else's business.
TEST_F(Registration, AForeignTenantLooksLikeNone) {
  for (const char* profile : {"tls-server", "email-protection", "no-such"})
    for (const char* tenant : {"acme", "nobody"}) {
      auto foreign = request(Role::issuer);
      foreign.tenant = tenant;
      foreign.profile = profile;
      EXPECT_EQ(approve(std::move(foreign)), "not_found ") << tenant << " " << profile;
    }
}

TEST_F(Registration, ACaThatCannotIssueIsPassedOver) {
  world.add_ca({.id = "issuing", .state = store::CaState::retired});
  EXPECT_EQ(approve(request(Role::issuer)), "unavailable profile");
  world.add_ca({.id = "second"});
  EXPECT_EQ(approve(request(Role::issuer)), "ok second");
  auto named = request(Role::issuer);
  named.ca = "issuing";
  EXPECT_EQ(approve(std::move(named)), "unavailable ca");
  world.add_ca({.id = "second", .validity = kDay});
  clock.advance(kDay);
  EXPECT_EQ(approve(request(Role::issuer)), "unavailable profile");
}

TEST_F(Registration, ACaCertificateNeedsItsParentsAdministrator) {
  for (const auto& [role, wanted] : {std::pair{Role::issuer, "not_permitted "}, std::pair{Role::admin, "ok root"}}) {
    auto intermediate = request(role, "*");
    intermediate.profile = "intermediate-ca";
    EXPECT_EQ(approve(std::move(intermediate)), wanted);
  }
  // The administrator of one tenant manages no CA.
  auto tenants = request(Role::admin, "default");
  tenants.profile = "intermediate-ca";
  EXPECT_FALSE(approve(std::move(tenants)).starts_with("ok"));
}

TEST_F(Registration, InternalProfilesHaveNoDoor) {
  world.add_ca({.id = "issuing", .profiles = {"ocsp-responder"}});  // even where one is attached
  auto responder = request(Role::admin, "*");
  responder.profile = "ocsp-responder";
  EXPECT_EQ(approve(std::move(responder)), "not_found profile");
}

// ---- The key (RFC 2986 section 3, DESIGN invariant 5)

Bytes openssl_csr(EVP_PKEY* key, const EVP_MD* digest) {
  X509_REQ* request = X509_REQ_new();
  X509_REQ_set_version(request, 0);
  X509_REQ_set_pubkey(request, key);
  X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("a.example"), -1, -1, 0);
  X509_REQ_sign(request, key, digest);
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request, &der);
  Bytes result(der, der + size);
  OPENSSL_free(der);
  X509_REQ_free(request);
  EVP_PKEY_free(key);
  return result;
}

EVP_PKEY* rsa_with_exponent_3() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr);
  BIGNUM* three = BN_new();
  BN_set_word(three, 3);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048);
  EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, three);
  EVP_PKEY_generate(context, &key);
  BN_free(three);
  EVP_PKEY_CTX_free(context);
  return key;
}

TEST_F(Registration, WeakKeys) {
  const auto csr = [](Bytes der) { return World::csr_request(World::issuer(), std::move(der)); };
  EXPECT_EQ(approve(csr(openssl_csr(EVP_RSA_gen(2048), EVP_sha256()))), "ok issuing");
  EXPECT_EQ(approve(csr(openssl_csr(EVP_RSA_gen(1024), EVP_sha256()))), "invalid csr");
  EXPECT_EQ(approve(csr(openssl_csr(rsa_with_exponent_3(), EVP_sha256()))), "invalid csr");
  EXPECT_EQ(approve(csr(openssl_csr(EVP_EC_gen("P-256"), EVP_sha256()))), "ok issuing");
  EXPECT_EQ(approve(csr(openssl_csr(EVP_EC_gen("P-224"), EVP_sha256()))), "invalid csr");
  EXPECT_EQ(approve(csr(openssl_csr(EVP_EC_gen("secp256k1"), EVP_sha256()))), "invalid csr");
}

TEST_F(Registration, PossessionIsProvenByTheSignature) {
  const auto key = new_key();
  const Bytes good = csr_der(key, "CN=a.example");
  EXPECT_EQ(approve(World::csr_request(World::issuer(), good)), "ok issuing");
  // Somebody else's request with the key exchanged: every octet of the signature counts.
  Bytes changed = good;
  changed.back() ^= 1;
  EXPECT_EQ(approve(World::csr_request(World::issuer(), changed)), "invalid csr");
  const Bytes other = csr_der(new_key(), "CN=a.example");
  const auto parsed = must(pkcs10::CertificationRequest::parse(other));
  const auto mine = must(pkcs10::CertificationRequest::parse(good));
  Bytes spliced = to_bytes(mine.der());
  const auto at = std::search(spliced.begin(), spliced.end(), mine.subject_public_key_info_tlv().begin(),
                              mine.subject_public_key_info_tlv().end());
  ASSERT_NE(at, spliced.end());
  ASSERT_EQ(parsed.subject_public_key_info_tlv().size(), mine.subject_public_key_info_tlv().size());
  std::ranges::copy(parsed.subject_public_key_info_tlv(), at);
  EXPECT_EQ(approve(World::csr_request(World::issuer(), spliced)), "invalid csr");
}

TEST_F(Registration, BlockedKeys) {
  const auto key = new_key();
  must(store.apply({store::BlockKey{crypto::sha256(key.subject_public_key_info_tlv()), "lost"}}));
  EXPECT_EQ(approve(World::csr_request(World::issuer(), csr_der(key, "CN=a.example"))), "policy csr");
}

// ---- What the CSR says and what the door says

TEST_F(Registration, NamesOfTheDoorMustBeTheCsrs) {
  const auto a = must(x509::GeneralName::dns("a.example"));
  const auto b = must(x509::GeneralName::dns("b.example"));
  const auto with = [&](std::vector<x509::GeneralName> in_csr, std::vector<x509::GeneralName> of_door) {
    auto request = World::csr_request(World::issuer(), csr_der(new_key(), "CN=a.example", in_csr));
    request.names = std::move(of_door);
    return approve(std::move(request));
  };
  EXPECT_EQ(with({a, b}, {}), "ok issuing");
  EXPECT_EQ(with({a, b}, {b, a}), "ok issuing");
  EXPECT_EQ(with({}, {a}), "ok issuing");
  EXPECT_EQ(with({a, b}, {a}), "invalid names");
  EXPECT_EQ(with({a}, {b}), "invalid names");
}

TEST_F(Registration, SubjectOfTheDoorMustBeTheCsrs) {
  const auto with = [&](std::string_view in_csr, std::vector<profile::SubjectAttribute> of_door) {
    auto request = World::csr_request(World::issuer(), csr_der(new_key(), in_csr));
    request.subject = std::move(of_door);
    return approve(std::move(request));
  };
  EXPECT_EQ(with("CN=a.example", {}), "ok issuing");
  EXPECT_EQ(with("CN=a.example", {{"common_name", "a.example"}}), "ok issuing");
  EXPECT_EQ(with("", {{"common_name", "a.example"}}), "ok issuing");
  EXPECT_EQ(with("CN=a.example", {{"common_name", "b.example"}}), "invalid subject");
  EXPECT_EQ(with("CN=a.example", {{"common_name", "a.example"}, {"organization", "Acme"}}), "invalid subject");
}

TEST_F(Registration, TextLimits) {
  const auto with = [&](std::string IssuanceRequest::*member, std::size_t octets) {
    auto request = World::request(World::issuer());
    request.*member = std::string(octets, 'x');
    return approve(std::move(request));
  };
  EXPECT_EQ(with(&IssuanceRequest::entity_type, 64), "ok issuing");
  EXPECT_EQ(with(&IssuanceRequest::entity_type, 65), "too_large entity_type");
  EXPECT_EQ(with(&IssuanceRequest::entity_id, 256), "ok issuing");
  EXPECT_EQ(with(&IssuanceRequest::entity_id, 257), "too_large entity_id");
  EXPECT_EQ(with(&IssuanceRequest::idempotency_key, 255), "ok issuing");
  EXPECT_EQ(with(&IssuanceRequest::idempotency_key, 256), "too_large idempotency_key");
}

// ---- Profiles

TEST_F(Registration, PublishedProfilesAreVersionsInForceAtOnce) {
  const audit::Actor actor{.principal = "root", .tenant = "default", .door = "test", .remote = ""};
  auto profile = *world.profiles.find("tls-server");
  profile.validity_max = 10 * kDay;
  profile.validity_default = 10 * kDay;
  const auto document = must(json::parse(profile::write_profile(profile)));
  EXPECT_EQ(must(world.publisher.publish(document, actor))->version, 2U);
  EXPECT_EQ(must(world.registration.approve(World::request(World::issuer()))).profile().validity_max, 10 * kDay);
  EXPECT_EQ(must(store.find_profile("tls-server", 1))->version, 1U);
  const auto records = world.records("PROFILE_CREATED");
  EXPECT_EQ(testing::text_at(records.back(), {"fields", "version"}), "2");
  EXPECT_EQ(must(world.publisher.publish_shipped(actor)), 0U);

  auto internal = *world.profiles.find("ocsp-responder");
  const auto refused = world.publisher.publish(must(json::parse(profile::write_profile(internal))), actor);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_permitted);
}

TEST_F(Registration, ADamagedStoredProfileIsNamed) {
  must(store.apply({store::PutProfile{
      {.name = "broken", .version = 1, .document = "{\"name\":\"broken\"}", .created_by = "x", .created_at = {}}}}));
  const auto reloaded = world.profiles.reload();
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().code, Errc::invalid);
  EXPECT_THAT(reloaded.error().detail, HasSubstr("broken"));
  EXPECT_NE(world.profiles.find("tls-server"), nullptr);  // what was in force stays
}

// A thousand names by thousands of patterns is work for nothing where the profile refuses so many.
TEST_F(Registration, NamesAreCountedBeforeAnyRuleLooksAtThem) {
  world.add_ca({.id = "issuing", .approval = {{}}});
  const auto asked = [&](std::size_t names) {
    auto with = request(Role::issuer);
    with.ca = "issuing";
    with.names.clear();
    for (std::size_t i = 0; i < names; ++i)
      with.names.push_back(must(x509::GeneralName::dns("n" + std::to_string(i) + ".example")));
    return approve(std::move(with));
  };
  const std::size_t most = world.profiles.find("tls-server")->names_max;
  EXPECT_EQ(asked(most), "approval_required approval");
  EXPECT_EQ(asked(most + 1), "policy names");
}

// ---- The end of a CA

class Revoking : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<store::CertificateStatus> certificate_status(std::string_view ca, const x509::SerialNumber&) const override {
    if (ca != "root" || !reason) return store::CertificateStatus{.kind = store::StatusKind::good, .revocation = {}};
    return store::CertificateStatus{.kind = store::StatusKind::revoked,
                                    .revocation = store::Revocation{.reason = *reason, .revoked_at = {}, .principal = {}}};
  }
  std::optional<x509::RevocationReason> reason;
};

TEST(EndOfACa, IsForEver) {
  using x509::RevocationReason;
  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore memory;
  Revoking store{memory};
  World world{store, clock};
  const auto has_ended = [&] { return must(world.registration.has_ended("issuing")); };
  EXPECT_FALSE(has_ended());  // there is none
  world.add_ca({.validity = 10 * kDay});
  EXPECT_FALSE(has_ended());
  world.add_ca({.validity = 10 * kDay, .offline = true});
  EXPECT_FALSE(has_ended());
  auto record = world.cas.find("issuing")->record();
  record.parent = "root";
  world.cas.put(must(ca::CertificationAuthority::create(record, nullptr))->with_revoked(true));
  store.reason = RevocationReason::certificate_hold;
  EXPECT_FALSE(has_ended());
  store.reason = RevocationReason::key_compromise;
  EXPECT_TRUE(has_ended());
  // One above it.
  record.id = "below";
  record.parent = "issuing";
  world.cas.put(must(ca::CertificationAuthority::create(record, nullptr))->with_revoked(true));
  EXPECT_TRUE(must(world.registration.has_ended("below")));
  world.add_ca({.state = store::CaState::retired});
  EXPECT_TRUE(has_ended());
  world.add_ca({.validity = 10 * kDay});
  clock.advance(10 * kDay);
  EXPECT_TRUE(has_ended());
}

}  // namespace
}  // namespace certwright::registration
