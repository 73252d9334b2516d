#pragma once
// For tests of this room: the rooms below it wired together, roots that are not ours, a store that fails.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "authority/authority.h"
#include "keys/key_encryption_key.h"
#include "registration/testing_world.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"
#include "x509/pem.h"

namespace certwright::authority::testing {

using registration::testing::kDay;
using registration::testing::kStart_s;
using registration::testing::must;
using registration::testing::text_at;

constexpr Seconds kYear = 365 * kDay;

struct FreeOpenssl {
  void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
  void operator()(X509* p) const noexcept { X509_free(p); }
  void operator()(X509_REQ* p) const noexcept { X509_REQ_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenssl>;

inline Bytes der_of(X509* certificate) {
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
             int days = 1000, const char* key_usage = "critical,keyCertSign,cRLSign",
             const Extensions& more = {}) const {
    const Bytes der = must(x509::parse_pem_one(pem, x509::kPemCertificateRequest));
    const unsigned char* at = der.data();
    const Owned<X509_REQ> request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())));
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    EXPECT_EQ(X509_REQ_verify(request.get(), key), 1);
    const Owned<X509> answer(make(X509_REQ_get_subject_name(request.get()), key, certificate_.get(), key_.get(),
                                  basic_constraints, days, key_usage, more));
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

inline SecretBytes pkcs8_of(EVP_PKEY* key) {
  PKCS8_PRIV_KEY_INFO* info = EVP_PKEY2PKCS8(key);
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  auto octets = SecretBytes::copy_of({der, static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  PKCS8_PRIV_KEY_INFO_free(info);
  return octets;
}

// Goes wrong, or lets something else happen, where a test wants it to.
class FailingStore : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<void> apply(const store::Transaction& transaction) override {
    if (before_apply) before_apply(transaction);
    if (fail_at != 0 && ++applied == fail_at) return fail(Errc::unavailable, "the disk is away");
    blind = blind_from_now;
    auto result = to().apply(transaction);
    if (result && after_commit) std::exchange(after_commit, {})();
    return result;
  }
  Result<store::CertificateStatus> certificate_status(std::string_view ca,
                                                      const x509::SerialNumber& serial) const override {
    auto status = ForwardingStore::certificate_status(ca, serial);
    if (after_status) std::exchange(after_status, {})(serial);
    return status;
  }
  Result<std::vector<store::CaRecord>> list_cas() const override {
    if (blind) return fail(Errc::unavailable, "the disk is away");
    return ForwardingStore::list_cas();
  }
  int fail_at = 0, applied = 0;
  bool blind_from_now = false, blind = false;  // reads fail from the next commit on
  std::function<void(const store::Transaction&)> before_apply;  // each time
  std::function<void()> after_commit;          // once, before whoever committed hears of it
  mutable std::function<void(const x509::SerialNumber&)> after_status;  // once, likewise
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
  template <class T>
  std::string error_of(const Result<T>& result) {
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

}  // namespace certwright::authority::testing
