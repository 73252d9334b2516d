#include "access/authenticator.h"

#include <gtest/gtest.h>

#include "access/directory.h"
#include "ca/ca_directory.h"
#include "crypto/digest.h"
#include "crypto/private_key.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"
#include "x509/certificate.h"
#include "x509/oids.h"
#include "x509/tbs_certificate.h"

namespace certwright::access {
namespace {

constexpr std::string_view kRemote = "192.0.2.1";

store::Transaction no_evidence(std::string_view) { return {}; }

class AuthenticatorTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(directory_.create_tenant({"default", "Default"}, no_evidence));
    ASSERT_TRUE(directory_.create_tenant({"operators", "Operators"}, no_evidence));
    ASSERT_TRUE(directory_.create_principal({"operators", "Eve", "", {}, {{Role::admin, "*", ""}}}, no_evidence));
    principal_ = directory_
                     .create_principal({"default", "Ada", "ada@example.com",
                                        store::PrincipalKind::person,
                                        {{Role::issuer, "default", ""}}},
                                       no_evidence)
                     .value()
                     .id;
    token_ = new_token({});
  }
  std::string new_token(std::optional<Time> expires_at) {
    const auto made = directory_.create_token({principal_, "", expires_at}, no_evidence).value();
    credential_ = made.credential.id;
    return std::string(as_text(made.text.reveal()));
  }
  Result<Principal> by_token(std::string_view token, std::string_view remote = kRemote) {
    return authenticator_.by_token(token, remote);
  }
  Errc refused(std::string_view token, std::string_view remote = kRemote) {
    const auto result = by_token(token, remote);
    if (result) return Errc::internal;
    if (result.error().code == Errc::unauthenticated) {
      EXPECT_EQ(result.error().detail, "This is not a valid credential.");
      EXPECT_EQ(result.error().field, "");
    }
    return result.error().code;
  }

  store::MemoryStore store_;
  ManualClock clock_{from_unix_s(1'700'000'000)};
  crypto::DeterministicRandom random_{1};
  Directory directory_{store_, clock_, random_};
  ca::CaDirectory cas_;
  Authenticator authenticator_{store_, clock_, cas_};
  std::string principal_, token_, credential_;
};

TEST_F(AuthenticatorTest, ATokenIsItsPrincipal) {
  const auto principal = by_token(token_);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->id, principal_);
  EXPECT_EQ(principal->name, "Ada");
  EXPECT_EQ(principal->tenant, "default");
  EXPECT_EQ(principal->email, "ada@example.com");
  EXPECT_EQ(principal->bindings, (std::vector<RoleBinding>{{Role::issuer, "default", ""}}));
}

TEST_F(AuthenticatorTest, EveryOtherTextIsRefusedWithOneError) {
  std::string wrong_secret = token_, unknown_prefix = token_;
  wrong_secret.back() = wrong_secret.back() == 'A' ? 'E' : 'A';
  unknown_prefix[4] = unknown_prefix[4] == 'a' ? 'b' : 'a';
  for (const std::string& bad : {std::string(), std::string("x"), wrong_secret, unknown_prefix,
                                 token_ + "A", token_.substr(1), std::string(1'000'000, 'c')})
    EXPECT_EQ(refused(bad), Errc::unauthenticated);
  // Neither is a certificate's hash a token, nor a token's prefix enough.
  EXPECT_EQ(refused(token_.substr(0, 16)), Errc::unauthenticated);
}

TEST_F(AuthenticatorTest, ATokenEndsWhenItExpires) {
  const std::string token = new_token(clock_.now() + Seconds(10));
  EXPECT_TRUE(by_token(token));
  clock_.advance(Seconds(10) - Duration(1));
  EXPECT_TRUE(by_token(token));
  clock_.advance(Duration(1));
  EXPECT_EQ(refused(token), Errc::unauthenticated) << "also from the cache";
}

// Each change that ends a right, without and with the cache that has seen it.
TEST_F(AuthenticatorTest, ChangesCountAtOnceWhenTold) {
  ASSERT_TRUE(by_token(token_));
  ASSERT_TRUE(directory_.set_principal_disabled(principal_, true, no_evidence));
  EXPECT_TRUE(by_token(token_)) << "cached, and nobody told";
  authenticator_.invalidate();
  EXPECT_EQ(refused(token_), Errc::unauthenticated);
  ASSERT_TRUE(directory_.set_principal_disabled(principal_, false, no_evidence));
  EXPECT_TRUE(by_token(token_));

  ASSERT_TRUE(directory_.set_tenant_disabled("default", true, no_evidence));
  authenticator_.invalidate();
  EXPECT_EQ(refused(token_), Errc::unauthenticated);
  ASSERT_TRUE(directory_.set_tenant_disabled("default", false, no_evidence));

  ASSERT_TRUE(directory_.remove_role(principal_, {Role::issuer, "default", ""}, no_evidence));
  authenticator_.invalidate();
  EXPECT_TRUE(by_token(token_)->bindings.empty());

  ASSERT_TRUE(directory_.revoke_credential(principal_, credential_, no_evidence));
  authenticator_.invalidate();
  EXPECT_EQ(refused(token_), Errc::unauthenticated);
}

TEST_F(AuthenticatorTest, ChangesCountAfterTheCachesTimeWhenNotTold) {
  ASSERT_TRUE(by_token(token_));
  ASSERT_TRUE(directory_.revoke_credential(principal_, credential_, no_evidence));
  clock_.advance(Seconds(5) - Duration(1));
  EXPECT_TRUE(by_token(token_));
  clock_.advance(Duration(1));
  EXPECT_EQ(refused(token_), Errc::unauthenticated);
}

TEST_F(AuthenticatorTest, TheCacheIsBounded) {
  Authenticator small(store_, clock_, cas_, {.cache_entries = 2});
  const std::string second = new_token({}), third = new_token({});
  for (const auto& token : {token_, second, third}) ASSERT_TRUE(small.by_token(token, kRemote));
  ASSERT_TRUE(directory_.set_principal_disabled(principal_, true, no_evidence));
  EXPECT_FALSE(small.by_token(token_, kRemote)) << "the oldest was dropped";
  EXPECT_TRUE(small.by_token(second, kRemote));
  EXPECT_TRUE(small.by_token(third, kRemote));
}

TEST_F(AuthenticatorTest, ManyFailuresAreTooMany) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(refused("guess"), Errc::unauthenticated);
  EXPECT_EQ(refused("guess"), Errc::too_many_requests);
  EXPECT_EQ(refused(token_), Errc::too_many_requests) << "not in the cache: not looked up";
  EXPECT_TRUE(by_token(token_, "192.0.2.2")) << "another address is not concerned";
  EXPECT_TRUE(by_token(token_)) << "now it is in the cache";
  EXPECT_EQ(refused("guess"), Errc::too_many_requests);
  clock_.advance(Seconds(10));
  EXPECT_TRUE(by_token(token_)) << "longer than the cache believes it: it was good lately";
  clock_.advance(Seconds(10));
  ASSERT_TRUE(directory_.revoke_credential(principal_, credential_, no_evidence));
  EXPECT_EQ(refused(token_), Errc::unauthenticated) << "looked up, and not good any more";
  EXPECT_EQ(refused(token_), Errc::too_many_requests) << "so it is a guess like others";
  clock_.advance(Seconds(60));
  EXPECT_EQ(refused("guess"), Errc::unauthenticated);
}

// Somebody's role is changed while guesses come from this address: who was good lately is let in still.
TEST_F(AuthenticatorTest, WhoWasGoodLatelyStaysKnownOverAChange) {
  ASSERT_TRUE(by_token(token_));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(refused("guess"), Errc::unauthenticated);
  EXPECT_EQ(refused("guess"), Errc::too_many_requests);
  authenticator_.invalidate();
  EXPECT_TRUE(by_token(token_));
  ASSERT_TRUE(directory_.revoke_credential(principal_, credential_, no_evidence));
  authenticator_.invalidate();
  EXPECT_EQ(refused(token_), Errc::unauthenticated) << "looked up";
  EXPECT_EQ(refused(token_), Errc::too_many_requests) << "and known no more";
}

class ChangingStore : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<std::vector<store::RoleBindingRecord>> list_role_bindings(std::string_view principal) const override {
    auto read = to().list_role_bindings(principal);
    if (then) std::exchange(then, {})();
    return read;
  }
  mutable std::function<void()> then;  // once, right after the roles were read
};

TEST_F(AuthenticatorTest, WhatWasFoundBeforeAChangeIsNotRememberedAfterIt) {
  const ChangingStore changing{store_};
  Authenticator authenticator{changing, clock_, cas_};
  for (const bool cached_before : {false, true}) {
    if (cached_before) {
      ASSERT_TRUE(authenticator.by_token(token_, kRemote));
    }
    authenticator.invalidate();
    changing.then = [&] {
      ASSERT_TRUE(directory_.set_principal_disabled(principal_, true, no_evidence));
      authenticator.invalidate();
    };
    EXPECT_TRUE(authenticator.by_token(token_, kRemote)) << "it came first";
    EXPECT_FALSE(authenticator.by_token(token_, kRemote));
    ASSERT_TRUE(directory_.set_principal_disabled(principal_, false, no_evidence));
  }
}

struct Identity {
  std::string_view issuer = "ada", subject = "ada";
  x509::Extensions extensions{};
};

// A certificate that reads well; its signature is TLS's business.
Bytes certificate_with(const x509::SerialNumber& serial, Time not_before, Time not_after, const Identity& identity = {}) {
  static const auto key = crypto::PrivateKey::generate(
                              **crypto::find_key_algorithm("ecdsa-p256"))
                              .value();
  const auto name = [](std::string_view text) { return x509::Name::Builder().common_name(text).build().value(); };
  const auto& algorithm = crypto::default_signature_algorithm(key.algorithm());
  const auto tbs = x509::encode({serial, to_bytes(algorithm.identifier_tlv), to_bytes(name(identity.issuer).tlv()),
                                 not_before, not_after, to_bytes(name(identity.subject).tlv()),
                                 to_bytes(key.subject_public_key_info_tlv()), identity.extensions})
                       .value();
  return x509::assemble_certificate(tbs, algorithm.identifier_tlv, Bytes(70, 0x30)).release();
}

class ClientCertificateTest : public AuthenticatorTest {
 protected:
  void SetUp() override {
    AuthenticatorTest::SetUp();
    der_ = certificate_with(serial_, clock_.now(), clock_.now() + Seconds(3600));
    ASSERT_TRUE(directory_.add_client_certificate(principal_, der_, "laptop", no_evidence));
  }
  Result<Principal> sign_in() { return authenticator_.by_client_certificate(der_, kRemote); }
  void record(store::RecordLevel level) {
    store::CertificateRecord record{.id = id_, .serial = serial_};
    record.ca = "issuing";
    record.lineage = id_;
    record.tenant = "default";
    record.principal = principal_;
    record.not_before = clock_.now();
    record.not_after = clock_.now() + Seconds(3600);
    record.record_level = level;
    if (level == store::RecordLevel::full) record.der = der_;
    store::SerialReservation reservation{.id = id_, .serial = serial_};
    reservation.ca = "issuing";
    ASSERT_TRUE(store_.apply({store::ReserveSerial{reservation, {}}}));
    const auto recorded = store_.apply({store::RecordCertificate{record, 0, {}}});
    ASSERT_TRUE(recorded) << recorded.error().detail;
  }
  void revoke() {
    ASSERT_TRUE(store_.apply({store::RevokeLineage{
        id_, {x509::RevocationReason::key_compromise, clock_.now(), principal_}}}));
  }

  const std::uint64_t id_ = std::uint64_t{1'700'000'000'000} << 20;
  const x509::SerialNumber serial_ = x509::SerialNumber::from_id(id_, {1, 2, 3, 4, 5, 6, 7, 8});
  Bytes der_;
};

TEST_F(ClientCertificateTest, ARegisteredOneIsItsPrincipal) {
  EXPECT_EQ(sign_in()->id, principal_);
  Bytes other = der_;
  other.back() ^= 1;
  EXPECT_EQ(authenticator_.by_client_certificate(other, kRemote).error().code,
            Errc::unauthenticated);
  EXPECT_EQ(authenticator_.by_client_certificate({}, kRemote).error().code, Errc::unauthenticated);
  EXPECT_EQ(authenticator_.by_client_certificate(Bytes(70'000), kRemote).error().code,
            Errc::unauthenticated);
}

TEST_F(ClientCertificateTest, ItsValidityCountsEachTime) {
  EXPECT_TRUE(sign_in());
  clock_.advance(Seconds(3600));
  EXPECT_TRUE(sign_in()) << "notAfter itself is still valid";
  clock_.advance(Seconds(1));
  EXPECT_FALSE(sign_in());
  clock_.set(from_unix_s(1'700'000'000) - Seconds(1));
  EXPECT_FALSE(sign_in());
}

TEST_F(ClientCertificateTest, OursWorksUntilItIsRevoked) {
  record(store::RecordLevel::full);
  EXPECT_TRUE(sign_in());
  revoke();
  EXPECT_EQ(sign_in().error().code, Errc::unauthenticated) << "at once, whatever is cached";
}

TEST_F(ClientCertificateTest, OursWithoutItsOctetsToo) {
  record(store::RecordLevel::digest);
  EXPECT_TRUE(sign_in());
  revoke();
  EXPECT_FALSE(sign_in());
}

TEST_F(ClientCertificateTest, AForeignOneWithOurSerialIsNotOurs) {
  record(store::RecordLevel::full);
  revoke();
  const Bytes foreign = certificate_with(serial_, clock_.now(), clock_.now() + Seconds(7200));
  ASSERT_TRUE(directory_.add_client_certificate(principal_, foreign, "", no_evidence));
  EXPECT_TRUE(authenticator_.by_client_certificate(foreign, kRemote));
}

// TLS takes it where a CA between the revoked one and the root is a trust anchor.
TEST_F(ClientCertificateTest, OneByARevokedCaIsRefused) {
  const Bytes first(20, 1), second(20, 2);
  const auto by = [&](std::string_view subject, const Bytes& issuer_key) {
    Identity identity{.issuer = "issuing", .subject = subject};
    if (!issuer_key.empty()) {
      EXPECT_TRUE(identity.extensions.add({x509::oids::kAuthorityKeyIdentifier, false,
                                           x509::encode_authority_key_identifier(issuer_key)}));
    }
    Bytes der = certificate_with(serial_, clock_.now(), clock_.now() + Seconds(3600), identity);
    EXPECT_TRUE(directory_.add_client_certificate(principal_, der, "", no_evidence));
    return der;
  };
  const auto put = [&](std::string id, const Bytes& key, bool revoked) {
    Identity identity{.issuer = "root", .subject = "issuing"};
    EXPECT_TRUE(identity.extensions.add(
        {x509::oids::kSubjectKeyIdentifier, false, x509::encode_subject_key_identifier(key)}));
    store::CaRecord record;
    record.id = std::move(id);
    record.certificate = certificate_with(serial_, clock_.now(), clock_.now() + Seconds(7200), identity);
    record.policy = ca::write_ca_policy({});
    cas_.put(ca::CertificationAuthority::create(std::move(record), nullptr).value()->with_revoked(revoked));
  };
  const Bytes of_first = by("one", first), of_second = by("two", second), of_either = by("three", {});
  const auto signs_in = [&](const Bytes& der) { return authenticator_.by_client_certificate(der, kRemote).has_value(); };
  put("issuing", first, false);
  put("issuing-2", second, false);
  EXPECT_TRUE(signs_in(of_first) && signs_in(of_second) && signs_in(of_either));
  put("issuing", first, true);
  EXPECT_FALSE(signs_in(of_first)) << "at once, whatever is cached";
  EXPECT_TRUE(signs_in(of_second)) << "by its successor, of the same name";
  EXPECT_FALSE(signs_in(of_either));
  EXPECT_TRUE(sign_in()) << "by somebody else";
  put("issuing", first, false);
  EXPECT_TRUE(signs_in(of_first));
}

TEST_F(ClientCertificateTest, ADisabledPrincipalIsRefused) {
  ASSERT_TRUE(directory_.set_principal_disabled(principal_, true, no_evidence));
  EXPECT_FALSE(sign_in());
}

}  // namespace
}  // namespace certwright::access
