#include "authority/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/verifying.h"
#include "keys/key_encryption_key.h"
#include "registration/hierarchy.h"
#include "registration/testing_world.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"
#include "x509/oids.h"
#include "x509/pem.h"

namespace certwright::authority {
namespace {

using registration::testing::kDay;
using registration::testing::kStart_s;
using registration::testing::must;
using registration::testing::text_at;
using ::testing::HasSubstr;

constexpr Seconds kYear = 365 * kDay;

struct FreeOpenssl {
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(X509_REQ* p) const noexcept { X509_REQ_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

Bytes der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  Bytes octets(der, der + size);
  OPENSSL_free(der);
  return octets;
}

// A root that is not ours: OpenSSL with a key of its own.
class OutsideRoot {
 public:
  using Extensions = std::vector<std::pair<int, std::string>>;
  explicit OutsideRoot(std::string_view cn = "Outside Root", std::optional<int> path_length = {},
                       const Extensions& more = {}, int days = 3650)
      : key_(EVP_EC_gen("P-256")) {
    X509_NAME* name = X509_NAME_new();
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(cn.data()),
                               static_cast<int>(cn.size()), -1, 0);
    certificate_.reset(make(name, key_.get(), nullptr, key_.get(), constraints(path_length), days,
                            "critical,keyCertSign,cRLSign", more));
    X509_NAME_free(name);
  }
  static std::string constraints(std::optional<int> path_length) {
    return "critical,CA:TRUE" + (path_length ? ",pathlen:" + std::to_string(*path_length) : "");
  }
  Bytes der() const { return der_of(certificate_.get()); }

  // The answer to a PEM request; nothing is checked but that it is one.
  Bytes sign(std::string_view pem, const std::string& basic_constraints = "critical,CA:TRUE,pathlen:0",
             int days = 1000, const char* key_usage = "critical,keyCertSign,cRLSign") const {
    const Bytes der = must(x509::parse_pem_one(pem, x509::kPemCertificateRequest));
    const unsigned char* at = der.data();
    const Owned<X509_REQ> request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    EXPECT_EQ(X509_REQ_verify(request.get(), key), 1);
    const Owned<X509> answer(make(X509_REQ_get_subject_name(request.get()), key, certificate_.get(), key_.get(),
                                  basic_constraints, days, key_usage));
    return der_of(answer.get());
  }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  static X509* make(X509_NAME* subject, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                    const std::string& basic_constraints, int days,
                    const char* key_usage = "critical,keyCertSign,cRLSign", const Extensions& more = {}) {
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
    ASN1_TIME_set(X509_getm_notBefore(certificate), kStart_s - 60);
    ASN1_TIME_set(X509_getm_notAfter(certificate), kStart_s + days * std::int64_t{86'400});
    X509_set_subject_name(certificate, subject);
    X509_set_issuer_name(certificate, issuer != nullptr ? X509_get_subject_name(issuer) : subject);
    X509_set_pubkey(certificate, key);
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer != nullptr ? issuer : certificate, certificate, nullptr, nullptr, 0);
    Extensions extensions{{NID_basic_constraints, basic_constraints},
                          {NID_key_usage, key_usage},
                          {NID_subject_key_identifier, "hash"}};
    extensions.insert(extensions.end(), more.begin(), more.end());
    for (const auto& [nid, value] : extensions) {
      if (value.empty()) continue;
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, issuer_key, EVP_sha256());
    return certificate;
  }
  Owned<EVP_PKEY> key_;
  Owned<X509> certificate_;
};

SecretBytes pkcs8_of(EVP_PKEY* key) {
  PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key);
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  auto octets = SecretBytes::copy_of({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  PKCS8_PRIV_KEY_INFO_free(info);
  return octets;
}

class FailingStore : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<void> apply(const store::Transaction& transaction) override {
    if (fail_at != 0 && ++applied == fail_at) return fail(Errc::unavailable, "the disk is away");
    blind = blind_from_now;
    return to().apply(transaction);
  }
  Result<std::vector<store::CaRecord>> list_cas() const override {
    if (blind) return fail(Errc::unavailable, "the disk is away");
    return ForwardingStore::list_cas();
  }
  int fail_at = 0, applied = 0;
  bool blind_from_now = false, blind = false;  // reads fail from the next commit on
};

// The rooms, wired once more: a restart is another Rooms on the same store.
struct Rooms {
  Rooms(store::Store& store, const Clock& clock, keys::Sealer& sealer, crypto::Random& random)
      : world(store, clock),
        issuance({.registration = world.registration, .store = store, .journal = world.journal, .sealer = sealer,
                  .random = random, .clock = clock}),
        crls(store, world.journal, world.cas, clock),
        authority({.store = store, .journal = world.journal, .sealer = sealer, .cas = world.cas,
                   .profiles = world.profiles, .issuance = issuance, .random = random, .clock = clock}) {}
  registration::testing::World world;
  issuance::IssuanceService issuance;
  revocation::CrlIssuer crls;
  Authority authority;
};

class AuthorityTest : public ::testing::Test {
 protected:
  static NewCa new_ca(std::string id, std::vector<std::string> profiles = {"intermediate-ca"},
                      Seconds validity = 10 * kYear) {
    NewCa ca;
    ca.id = std::move(id);
    ca.subject = "CN=" + ca.id + ",O=Acme";
    ca.validity = validity;
    ca.policy.public_url = "http://pki.example:8080";
    ca.policy.profiles = std::move(profiles);
    return ca;
  }
  static audit::Actor actor() { return {.principal = "root", .tenant = "default", .door = "test", .remote = ""}; }
  static access::Principal admin() { return registration::testing::World::admin(); }

  ca::CaPtr root() { return must(rooms.authority.create_root(new_ca("root"), actor())); }
  ca::CaPtr issuing(Seconds validity = 5 * kYear) {
    return must(rooms.authority.create_subordinate(new_ca("issuing", {"tls-server"}, validity), "root", admin(), actor()));
  }
  std::string error_of(const Result<ca::CaPtr>& result) {
    return result ? "ok" : std::string(name_of(result.error().code)) + " " + result.error().field;
  }
  bool issues(std::string ca) {
    auto request = registration::testing::World::request(registration::testing::World::issuer());
    request.ca = std::move(ca);
    return rooms.issuance.issue(std::move(request)).has_value();
  }

  ManualClock clock{from_unix_s(kStart_s)};
  crypto::DeterministicRandom random{7};
  store::MemoryStore memory;
  FailingStore store{memory};
  keys::Sealer sealer{keys::KeyEncryptionKey::generate(random), random};
  Rooms rooms{store, clock, sealer, random};
};

// ---- Creation (RFC 5280 sections 4.2.1.3 and 4.2.1.9)

TEST_F(AuthorityTest, ARootIsSelfSignedAndItsKeySealed) {
  const auto ca = root();
  const auto& certificate = ca->certificate();
  EXPECT_TRUE(certificate.is_self_issued());
  EXPECT_TRUE(certificate.is_ca());
  EXPECT_EQ(certificate.version(), 3);
  EXPECT_TRUE(crypto::verify(certificate.subject_public_key_info_tlv(), certificate.signature_algorithm_tlv(),
                             certificate.tbs_tlv(), certificate.signature_value()));
  EXPECT_EQ(certificate.not_after(), clock.now() + 10 * kYear);
  EXPECT_EQ(certificate.serial_number_content().size(), 16U);
  const auto stored = must(memory.list_cas()).front();
  const auto key = must(sealer.open("ca-key:root", stored.sealed_key));
  EXPECT_EQ(as_text(stored.sealed_key).find(as_text(key.reveal())), std::string_view::npos);
  EXPECT_EQ(text_at(rooms.world.records("CA_CREATED").front(), {"fields", "ca"}), "root");
}

TEST_F(AuthorityTest, EveryAlgorithmOfTheTableMakesARoot) {
  for (const char* algorithm : {"ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "ed25519"}) {
    auto ca = new_ca(std::string("root-") + algorithm);
    ca.key_algorithm = algorithm;
    EXPECT_TRUE(rooms.authority.create_root(ca, actor())) << algorithm;
  }
  auto pss = new_ca("root-pss");
  pss.key_algorithm = "rsa-2048";
  pss.signature_algorithm = "rsa-pss-sha256";
  EXPECT_TRUE(rooms.authority.create_root(pss, actor()));
  auto mixed = new_ca("root-mixed");
  mixed.signature_algorithm = "rsa-pss-sha256";
  EXPECT_EQ(error_of(rooms.authority.create_root(mixed, actor())), "invalid signature_algorithm");
}

TEST_F(AuthorityTest, WhatARootCannotBe) {
  root();
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca("root"), actor())), "conflict id");
  for (const std::string id : {"", "-a", "A", "a/b", "a.b"}) {
    EXPECT_EQ(error_of(rooms.authority.create_root(new_ca(id), actor())), "invalid id") << id;
  }
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca(std::string(64, 'a')), actor())), "invalid id");
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca(std::string(63, 'a')), actor())), "ok");
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca("b", {}, Seconds(0)), actor())), "invalid validity");
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca("b", {}, 31 * kYear), actor())), "invalid validity");
  auto nameless = new_ca("b");
  nameless.subject = "";
  EXPECT_EQ(error_of(rooms.authority.create_root(nameless, actor())), "invalid subject");
  EXPECT_EQ(must(memory.list_cas()).size(), 2U);
}

// ---- Interception has a hierarchy of its own (DESIGN section 4)

TEST_F(AuthorityTest, AnInterceptionCaIsForServersOnlyAndEndsItsPath) {
  must(rooms.authority.create_root(new_ca("mitm-root", {"interception-ca"}), actor()));
  auto ca = new_ca("mitm", {"interception"}, 5 * kYear);
  ca.excluded_names = {"bank.example", "10.0.0.0/8"};
  const auto made = must(rooms.authority.create_subordinate(ca, "mitm-root", admin(), actor()));
  const auto& certificate = made->certificate();
  const auto purposes = x509::parse_ext_key_usage(certificate.find_extension(x509::oids::kExtKeyUsage)->value);
  EXPECT_EQ(must(purposes), std::vector<der::Oid>{x509::oids::kServerAuth});
  const auto constraints = must(x509::parse_basic_constraints(certificate.find_extension(x509::oids::kBasicConstraints)->value));
  EXPECT_EQ(constraints.path_length, 0U);
  const auto* names = certificate.find_extension(x509::oids::kNameConstraints);
  ASSERT_NE(names, nullptr);
  EXPECT_TRUE(names->critical);
  const auto excluded = must(x509::parse_name_constraints(names->value));
  EXPECT_TRUE(excluded.permitted.empty());
  ASSERT_EQ(excluded.excluded.size(), 2U);
  EXPECT_EQ(excluded.excluded[0].to_text(), "DNS:bank.example");
  EXPECT_EQ(excluded.excluded[1].to_text(), "IP:10.0.0.0/8");
  EXPECT_TRUE(rooms.world.registration.approve_interception("", "interception"));

  const auto successor = must(rooms.authority.rotate("mitm", admin(), actor()));
  EXPECT_EQ(successor->certificate().find_extension(x509::oids::kNameConstraints)->value, names->value);
}

TEST_F(AuthorityTest, InterceptionSharesNoRootWithAnythingElse) {
  root();
  issuing();
  must(rooms.authority.create_root(new_ca("mitm-root", {"interception-ca"}), actor()));
  const auto mitm = must(rooms.authority.create_subordinate(new_ca("mitm", {"interception"}, kYear), "mitm-root", admin(), actor()));
  const auto subordinate = [&](const char* id, const char* profile, const char* parent) {
    return error_of(rooms.authority.create_subordinate(new_ca(id, {profile}, kYear), parent, admin(), actor()));
  };
  EXPECT_EQ(subordinate("a", "interception", "root"), "policy profiles");
  EXPECT_EQ(subordinate("b", "tls-server", "mitm-root"), "policy profiles");
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca("c", {"interception", "tls-server"}), actor())), "policy profiles");
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca("c", {"interception-ca", "intermediate-ca"}), actor())), "policy profiles");
  auto policy = mitm->policy();
  policy.profiles = {"tls-server"};
  EXPECT_EQ(error_of(rooms.authority.change_policy("mitm", policy, actor())), "policy profiles");
  policy.profiles = {"interception"};
  EXPECT_EQ(error_of(rooms.authority.change_policy("issuing", policy, actor())), "policy profiles");
  EXPECT_EQ(error_of(rooms.authority.change_policy("mitm", policy, actor())), "ok");
  const auto intercepts = [&](const char* id) {
    return registration::is_of_interception(rooms.world.cas, rooms.world.profiles, *rooms.world.cas.find(id));
  };
  EXPECT_FALSE(intercepts("root") || intercepts("issuing"));
  EXPECT_TRUE(intercepts("mitm-root") && intercepts("mitm"));
  // Refused before anything was signed: every intent has its certificate.
  EXPECT_EQ(rooms.world.records("CERTIFICATE_INTENT").size(), 2U);
}

TEST_F(AuthorityTest, OnlyASubordinateExcludesNames) {
  must(rooms.authority.create_root(new_ca("mitm-root", {"interception-ca"}), actor()));
  auto ca = new_ca("mitm", {"interception"}, kYear);
  ca.excluded_names = {"not a name"};
  EXPECT_EQ(error_of(rooms.authority.create_subordinate(ca, "mitm-root", admin(), actor())), "invalid excluded_names[0]");
}

TEST_F(AuthorityTest, ASubordinateChainsToItsParentAndIssues) {
  const auto parent = root();
  const auto ca = issuing();
  EXPECT_EQ(ca->record().parent, "root");
  EXPECT_EQ(ca->chain().size(), 2U);
  EXPECT_TRUE(crypto::verify(parent->certificate().subject_public_key_info_tlv(),
                             ca->certificate().signature_algorithm_tlv(), ca->certificate().tbs_tlv(),
                             ca->certificate().signature_value()));
  EXPECT_TRUE(issues("issuing"));
  // The path length of the profile: nothing below it.
  auto below = new_ca("below");
  must(rooms.authority.change_policy("issuing", [&] { auto p = ca->policy(); p.profiles = {"intermediate-ca"}; return p; }(), actor()));
  const auto refused = rooms.authority.create_subordinate(below, "issuing", admin(), actor());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::policy) << refused.error().detail;
  EXPECT_EQ(must(memory.list_cas()).size(), 2U);
}

TEST_F(AuthorityTest, WhatASubordinateCannotBe) {
  root();
  const auto make = [&](NewCa ca, std::string_view parent, const access::Principal& who) {
    return error_of(rooms.authority.create_subordinate(ca, parent, who, actor()));
  };
  EXPECT_EQ(make(new_ca("issuing"), "nobody", admin()), "not_found parent");
  EXPECT_EQ(make(new_ca("root"), "root", admin()), "conflict id");
  EXPECT_EQ(make(new_ca("issuing", {}, kYear), "root", registration::testing::World::issuer()), "not_permitted ");
  EXPECT_EQ(make(new_ca("issuing", {}, 11 * kYear), "root", admin()), "policy validity");
  EXPECT_EQ(must(memory.list_cas()).size(), 1U);
}

TEST_F(AuthorityTest, ARestartFindsEveryCaAndItsKey) {
  root();
  const Bytes before = to_bytes(issuing()->certificate().der());
  must(rooms.authority.create_request(new_ca("waiting"), actor()));
  Rooms again(memory, clock, sealer, random);
  must(again.authority.load());
  ASSERT_EQ(again.world.cas.all().size(), 2U);
  EXPECT_EQ(to_bytes(again.world.cas.find("issuing")->certificate().der()), before);
  EXPECT_TRUE(again.world.cas.find("issuing")->can_issue(clock.now()));

  keys::Sealer stranger{keys::KeyEncryptionKey::generate(random), random};
  Rooms other(memory, clock, stranger, random);
  const auto loaded = other.authority.load();
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().detail, HasSubstr("the key of CA \"issuing\""));
}

// ---- An outside issuer

TEST_F(AuthorityTest, ARequestIsSignedOutsideAndTheAnswerInstalled) {
  const OutsideRoot outside;
  const std::string pem = must(rooms.authority.create_request(new_ca("issuing", {"tls-server"}), actor()));
  EXPECT_EQ(rooms.world.cas.find("issuing"), nullptr);  // it waits
  const std::string again = must(rooms.authority.export_request("issuing", actor()));
  const auto parsed = [](const std::string& text) {
    return must(pkcs10::parse_pem_or_der(as_bytes(text)));
  };
  EXPECT_EQ(to_bytes(parsed(pem).subject_public_key_info_tlv()), to_bytes(parsed(again).subject_public_key_info_tlv()));
  EXPECT_EQ(parsed(again).subject().to_text(), parsed(pem).subject().to_text());

  const auto ca = must(rooms.authority.install("issuing", outside.sign(pem), {outside.der()}, actor()));
  EXPECT_EQ(ca->record().state, store::CaState::active);
  EXPECT_TRUE(issues("issuing"));
  EXPECT_EQ(rooms.world.records("CA_CERTIFICATE_INSTALLED").size(), 1U);
  // A new certificate for the same key, before the old one expires.
  EXPECT_TRUE(rooms.authority.install("issuing", outside.sign(again, "critical,CA:TRUE,pathlen:0", 2000),
                                      {outside.der()}, actor()));
  must(rooms.authority.retire("issuing", actor()));
  EXPECT_EQ(error_of(rooms.authority.install("issuing", outside.sign(again), {outside.der()}, actor())), "conflict ca");
}

TEST_F(AuthorityTest, ASecondRequestWithTheSameIdChangesNothing) {
  const std::string pem = must(rooms.authority.create_request(new_ca("issuing"), actor()));
  auto other = new_ca("issuing");
  other.subject = "CN=Somebody Else";
  const auto second = rooms.authority.create_request(other, actor());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  const auto exported = must(pkcs10::parse_pem_or_der(as_bytes(must(rooms.authority.export_request("issuing", actor())))));
  EXPECT_EQ(exported.subject().to_text(), must(pkcs10::parse_pem_or_der(as_bytes(pem))).subject().to_text());
}

TEST_F(AuthorityTest, AnswersThatDoNotFit) {
  const OutsideRoot outside, stranger("Stranger"), twin, short_root("Short Root", 0);
  const std::string pem = must(rooms.authority.create_request(new_ca("issuing"), actor()));
  const std::string other = must(rooms.authority.create_request(new_ca("other"), actor()));
  const auto install = [&](const Bytes& certificate, std::vector<Bytes> chain) {
    return error_of(rooms.authority.install("issuing", certificate, chain, actor()));
  };
  const Bytes good = outside.sign(pem);
  EXPECT_EQ(install(outside.sign(other), {outside.der()}), "invalid certificate");                 // another key
  EXPECT_EQ(install(good, {}), "invalid certificate");                                             // no chain
  EXPECT_EQ(install(good, {stranger.der()}), "invalid certificate");                               // another name
  EXPECT_EQ(install(good, {twin.der()}), "invalid certificate");                                   // same name, another key
  EXPECT_EQ(install(outside.sign(pem, "critical,CA:FALSE"), {outside.der()}), "invalid certificate");
  EXPECT_EQ(install(outside.sign(pem, ""), {outside.der()}), "invalid certificate");
  EXPECT_EQ(install(outside.sign(pem, "critical,CA:TRUE", 1000, "critical,cRLSign"), {outside.der()}), "invalid certificate");
  EXPECT_EQ(install(outside.sign(pem, "critical,CA:TRUE", 0), {outside.der()}), "invalid certificate");  // expired
  Bytes forged = good;
  forged.back() ^= 1;
  EXPECT_NE(install(forged, {outside.der()}), "ok");
  EXPECT_EQ(error_of(rooms.authority.install("nobody", good, {outside.der()}, actor())), "not_found ca");
  EXPECT_EQ(rooms.world.cas.find("issuing"), nullptr);
  EXPECT_TRUE(rooms.world.records("CA_CERTIFICATE_INSTALLED").empty());
  EXPECT_EQ(install(good, {outside.der()}), "ok");
}

TEST_F(AuthorityTest, PathLengthsOfAChainSuffice) {
  struct Row {
    const char* name;
    std::optional<int> path_length;  // of the root
    const char *middle, *lower;      // root -> middle -> lower
  };
  const Row kRows[] = {{"none", std::nullopt, "ok", "ok"},
                       {"two", 2, "ok", "ok"},
                       {"one", 1, "ok", "policy parent"},
                       {"zero", 0, "invalid issuer_chain[0]", "not_found parent"}};
  for (const Row& row : kRows) {
    const std::string middle = std::string("middle-") + row.name;
    const OutsideRoot outside(std::string("Root ") + row.name, row.path_length);
    const std::string pem = must(rooms.authority.create_request(new_ca(middle), actor()));
    EXPECT_EQ(error_of(rooms.authority.install(middle, outside.sign(pem, "critical,CA:TRUE"), {outside.der()}, actor())),
              row.middle) << row.name;
    EXPECT_EQ(error_of(rooms.authority.create_subordinate(new_ca(std::string("lower-") + row.name, {}, kYear), middle,
                                                          admin(), actor())),
              row.lower) << row.name;
  }
}

// A verifier holds the whole chain against what is issued, so the root's limits are ours too.
TEST_F(AuthorityTest, WhatAnOutsideRootForbidsIsNotIssued) {
  struct Row {
    const char* id;
    OutsideRoot::Extensions extensions;
    int days;
    const char* complaint;  // "": it is issued
  };
  const Row kRows[] = {
      {"free", {}, 3650, ""},
      {"names", {{NID_name_constraints, "critical,permitted;DNS:nowhere.example"}}, 3650, "nameConstraints of CN=Root names"},
      {"wide", {{NID_name_constraints, "critical,excluded;DNS:nowhere.example"}}, 3650, ""},
      {"purposes", {{NID_ext_key_usage, "clientAuth"}}, 3650, "purposes of CN=Root purposes"},
      {"short", {}, 10, ""},
  };
  for (const Row& row : kRows) {
    const OutsideRoot outside(std::string("Root ") + row.id, {}, row.extensions, row.days);
    const std::string pem = must(rooms.authority.create_request(new_ca(row.id, {"tls-server"}), actor()));
    const auto ca = must(rooms.authority.install(row.id, outside.sign(pem), {outside.der()}, actor()));
    auto request = registration::testing::World::request(registration::testing::World::issuer());
    request.ca = row.id;
    const auto issued = rooms.issuance.issue(std::move(request));
    if (*row.complaint == '\0') {
      ASSERT_TRUE(issued) << row.id << ": " << issued.error().detail;
      EXPECT_LE(issued->certificate.not_after, clock.now() + row.days * kDay) << row.id;
    } else {
      ASSERT_FALSE(issued) << row.id;
      EXPECT_EQ(issued.error().code, Errc::policy);
      EXPECT_THAT(issued.error().detail, HasSubstr(row.complaint));
    }
  }
  // Longer than the root lasts is refused, also where the issuing CA lasts longer.
  EXPECT_GT(rooms.world.cas.find("short")->certificate().not_after(), clock.now() + 100 * kDay);
  auto request = registration::testing::World::request(registration::testing::World::issuer());
  request.ca = "short";
  request.validity = Seconds(20 * kDay);
  const auto refused = rooms.issuance.issue(std::move(request));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("outlive"));
}

// ---- Import

TEST_F(AuthorityTest, ARootWithItsKeyIsImported) {
  const OutsideRoot outside;
  const auto make = [&](const char* id, SecretBytes key) {
    return ImportedCa{.id = id, .name = "Outside", .certificate = outside.der(), .issuer_chain = {},
                      .private_key_pkcs8 = std::move(key), .policy = new_ca("x").policy};
  };
  const OutsideRoot other;
  EXPECT_EQ(error_of(rooms.authority.import(make("outside", pkcs8_of(other.key())), actor())), "invalid private_key");
  const auto ca = must(rooms.authority.import(make("outside", pkcs8_of(outside.key())), actor()));
  EXPECT_TRUE(ca->can_issue(clock.now()));
  EXPECT_TRUE(rooms.authority.create_subordinate(new_ca("issuing", {"tls-server"}, kYear), "outside", admin(), actor()));
  EXPECT_TRUE(issues("issuing"));
  EXPECT_EQ(error_of(rooms.authority.import(make("outside", pkcs8_of(outside.key())), actor())), "conflict id");

  EXPECT_EQ(error_of(rooms.authority.import(make("again", {}), actor())), "conflict certificate");
  auto without_key = make("offline", {});
  without_key.certificate = OutsideRoot("Offline Root").der();
  const auto offline = must(rooms.authority.import(std::move(without_key), actor()));
  EXPECT_FALSE(offline->can_issue(clock.now()));
  EXPECT_EQ(rooms.world.records("CA_IMPORTED").size(), 2U);
}

// ---- Rotation, retirement, the offline root

TEST_F(AuthorityTest, RotationMakesASuccessorAndRetiresThePresentOne) {
  root();
  const auto first = issuing();
  const auto second = must(rooms.authority.rotate("issuing", admin(), actor()));
  EXPECT_EQ(second->id(), "issuing-2");
  EXPECT_EQ(second->certificate().subject().to_text(), first->certificate().subject().to_text());
  EXPECT_NE(to_bytes(second->subject_key_identifier()), to_bytes(first->subject_key_identifier()));
  EXPECT_EQ(second->certificate().not_after(), first->certificate().not_after());  // as long, from now
  EXPECT_FALSE(rooms.world.cas.find("issuing")->can_issue(clock.now()));
  EXPECT_NE(rooms.world.cas.find("issuing")->signer(), nullptr);  // CRLs and OCSP go on
  EXPECT_FALSE(issues("issuing"));
  EXPECT_TRUE(issues("issuing-2"));
  EXPECT_EQ(must(rooms.authority.rotate("issuing-2", admin(), actor()))->id(), "issuing-3");
  EXPECT_EQ(error_of(rooms.authority.rotate("root", admin(), actor())), "conflict ca");
  EXPECT_EQ(error_of(rooms.authority.rotate("nobody", admin(), actor())), "not_found ca");
}

TEST_F(AuthorityTest, ARotationNearTheParentsEndEndsWithIt) {
  const auto parent = root();
  issuing(5 * kYear);
  clock.advance(7 * kYear);  // expired by now; its successor is made all the same
  const auto successor = must(rooms.authority.rotate("issuing", admin(), actor()));
  EXPECT_EQ(successor->certificate().not_after(), parent->certificate().not_after());
}

TEST_F(AuthorityTest, RetiredIsForGood) {
  root();
  issuing();
  must(rooms.authority.retire("issuing", actor()));
  EXPECT_FALSE(issues("issuing"));
  EXPECT_EQ(error_of(rooms.authority.retire("issuing", actor())), "conflict ");
  EXPECT_TRUE(rooms.crls.rebuild("issuing", 0));
  // What it issued is answered for as before: a responder is made also after a restart.
  EXPECT_TRUE(rooms.authority.make_responder(*rooms.world.cas.find("issuing")));
  EXPECT_EQ(rooms.world.records("CA_RETIRED").size(), 1U);
}

TEST_F(AuthorityTest, ARevokedCaIssuesNoMore) {
  root();
  auto policy = issuing()->policy();
  revocation::RevocationService revocation(store, rooms.world.journal, clock);
  revocation.add_listener(rooms.authority);
  const auto serial = must(rooms.world.cas.find("issuing")->certificate().serial_number());
  const auto lineage = must(memory.find_certificate(serial))->certificate.lineage;

  must(revocation.revoke(lineage, x509::RevocationReason::certificate_hold, actor()));
  EXPECT_FALSE(issues("issuing"));
  must(revocation.release(lineage, actor()));
  EXPECT_TRUE(issues("issuing"));
  must(revocation.revoke(lineage, x509::RevocationReason::ca_compromise, actor()));
  EXPECT_FALSE(issues("issuing"));
  // Neither a change of policy nor a restart brings it back; relying parties are still told.
  must(rooms.authority.change_policy("issuing", policy, actor()));
  EXPECT_FALSE(issues("issuing"));
  EXPECT_TRUE(rooms.crls.rebuild("issuing", 0));
  EXPECT_TRUE(rooms.authority.make_responder(*rooms.world.cas.find("issuing")));
  Rooms again(memory, clock, sealer, random);
  must(again.authority.load());
  EXPECT_TRUE(again.world.cas.find("issuing")->is_revoked());
  EXPECT_FALSE(again.world.cas.find("root")->is_revoked());
  EXPECT_TRUE(must(rooms.authority.rotate("issuing", admin(), actor()))->can_issue(clock.now()))
      << "its successor";
}

TEST_F(AuthorityTest, ARetirementCountsAlsoWhereTheStoreCannotBeReadAfterIt) {
  root();
  issuing();
  store.blind_from_now = true;
  must(rooms.authority.retire("issuing", actor()));
  store.blind = store.blind_from_now = false;
  EXPECT_FALSE(issues("issuing"));
}

TEST_F(AuthorityTest, PolicyChangesAreCheckedAndRecorded) {
  root();
  auto policy = issuing()->policy();
  policy.crl_shards = 4;
  EXPECT_EQ(must(rooms.authority.change_policy("issuing", policy, actor()))->policy().crl_shards, 4U);
  policy.crl_shards = 2;
  EXPECT_EQ(error_of(rooms.authority.change_policy("issuing", policy, actor())), "conflict crl_shards");
  policy.crl_shards = 4;
  for (const char* profile : {"no-such", "ocsp-responder"}) {
    policy.profiles = {profile};
    EXPECT_EQ(error_of(rooms.authority.change_policy("issuing", policy, actor())), "invalid profiles");
  }
  EXPECT_EQ(rooms.world.records("CA_POLICY_CHANGED").size(), 1U);
}

TEST_F(AuthorityTest, ARootGoesOfflineOnceItsKeyIsKept) {
  root();
  issuing();
  const auto refuse = [](const SecretBytes&) -> Result<void> { return fail(Errc::unavailable, "the vault is full"); };
  EXPECT_FALSE(rooms.authority.take_offline("root", rooms.crls, refuse, actor()));
  EXPECT_NE(rooms.world.cas.find("root")->signer(), nullptr);  // the only copy is still here

  SecretBytes kept;
  must(rooms.authority.take_offline("root", rooms.crls, [&](const SecretBytes& key) -> Result<void> {
    kept = key.clone();
    return {};
  }, actor()));
  const auto offline = rooms.world.cas.find("root");
  EXPECT_EQ(offline->signer(), nullptr);
  EXPECT_TRUE(must(memory.list_cas()).back().sealed_key.empty());
  EXPECT_TRUE(must(memory.find_crl("root", 0)));
  const auto key = must(crypto::PrivateKey::from_pkcs8(kept));
  EXPECT_EQ(to_bytes(key.subject_public_key_info_tlv()), to_bytes(offline->certificate().subject_public_key_info_tlv()));
  EXPECT_TRUE(issues("issuing"));
  const auto again = rooms.authority.take_offline("root", rooms.crls, refuse, actor());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::conflict);
  EXPECT_EQ(rooms.authority.take_offline("issuing", rooms.crls, refuse, actor()).error().code, Errc::conflict);
}

// ---- Identities that the server makes for itself

TEST_F(AuthorityTest, ResponderAndServerCertificates) {
  root();
  const auto ca = issuing();
  const auto responder = must(rooms.authority.make_responder(*ca));
  const auto certificate = must(x509::Certificate::parse(responder.certificate));
  EXPECT_NE(certificate.find_extension(x509::oids::kOcspNoCheck), nullptr);
  EXPECT_EQ(to_bytes(certificate.issuer_tlv()), to_bytes(ca->certificate().subject_tlv()));
  EXPECT_EQ(rooms.world.records("OCSP_RESPONDER_RENEWED").size(), 1U);

  const auto server = must(rooms.authority.make_server_identity({"pki.example"}, {"127.0.0.1"}));
  const auto chain = must(x509::parse_certificates_pem(server.chain_pem));
  ASSERT_EQ(chain.size(), 2U);
  // These names and no other: the common name is one of them.
  EXPECT_THAT(must(chain[0].subject_alt_names()),
              ::testing::UnorderedElementsAre(must(x509::GeneralName::dns("pki.example")),
                                              must(x509::GeneralName::ip("127.0.0.1"))));
  EXPECT_EQ(chain[0].subject().to_text(), "CN=pki.example");
}

TEST_F(AuthorityTest, ARetiredCaStillHasResponders) {
  root();
  issuing();
  must(rooms.authority.rotate("issuing", admin(), actor()));
  clock.advance(std::chrono::hours(24 * 8));  // the responder's certificate of then is over
  const auto retired = rooms.world.cas.find("issuing");
  const auto responder = must(rooms.authority.make_responder(*retired));
  const auto certificate = must(x509::Certificate::parse(responder.certificate));
  EXPECT_EQ(to_bytes(certificate.issuer_tlv()), to_bytes(retired->certificate().subject_tlv()));
  EXPECT_FALSE(issues("issuing")) << "and nothing else";
  clock.advance(30 * kYear);
  EXPECT_EQ(rooms.authority.make_responder(*retired).error().code, Errc::unavailable) << "not for ever";
}

// ---- A store that fails at every place in turn: no CA in the directory that the store does not have.

TEST_F(AuthorityTest, AFailingStoreLeavesNoHalfCa) {
  root();
  for (int at = 1;; ++at) {
    ASSERT_LT(at, 20);
    store.fail_at = at;
    store.applied = 0;
    const auto made = rooms.authority.create_subordinate(new_ca("issuing", {"tls-server"}, kYear), "root", admin(), actor());
    store.fail_at = 0;
    if (made) break;
    EXPECT_EQ(made.error().code, Errc::unavailable);
    EXPECT_EQ(rooms.world.cas.find("issuing"), nullptr);
    EXPECT_EQ(must(memory.list_cas()).size(), 1U);
  }
  Rooms again(memory, clock, sealer, random);
  must(again.authority.load());
  EXPECT_EQ(again.world.cas.all().size(), 2U);
}

}  // namespace
}  // namespace certwright::authority
