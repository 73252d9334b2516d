#include "authority/testing_authority.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/verifying.h"
#include "x509/oids.h"

namespace certwright::authority {
namespace {

using testing::AuthorityTest;
using testing::kYear;
using testing::OutsideRoot;
using testing::Rooms;
using registration::testing::must;
using registration::testing::text_at;
using ::testing::HasSubstr;

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

// A name that means nothing yet could come to mean interception.
TEST_F(AuthorityTest, OnlyProfilesThatThereAreCanBeAttached) {
  root();
  const OutsideRoot outside;
  for (const char* profile : {"no-such", "ocsp-responder"}) {
    const auto ca = new_ca("issuing", {"tls-server", profile}, kYear);
    EXPECT_EQ(error_of(rooms.authority.create_root(ca, actor())), "invalid profiles");
    EXPECT_EQ(error_of(rooms.authority.create_subordinate(ca, "root", admin(), actor())), "invalid profiles");
    const auto request = rooms.authority.create_request(ca, actor());
    EXPECT_EQ(request ? "" : request.error().field, "profiles");
    EXPECT_EQ(error_of(rooms.authority.import({.id = "outside", .name = {}, .certificate = outside.der(), .issuer_chain = {},
                                               .private_key_pkcs8 = {}, .policy = ca.policy}, actor())),
              "invalid profiles");
  }
  EXPECT_EQ(must(memory.list_cas()).size(), 1U);
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
  ASSERT_EQ(rooms.world.records("CA_POLICY_CHANGED").size(), 1U);
  const auto record = rooms.world.records("CA_POLICY_CHANGED").front();
  EXPECT_THAT(text_at(record, {"fields", "before"}), HasSubstr(R"("crl_shards":1,)"));
  EXPECT_THAT(text_at(record, {"fields", "changes"}), HasSubstr(R"("crl_shards":4,)"));
}

// A misspelt rule would let pass what it was to hold.
TEST_F(AuthorityTest, ApprovalRulesThatWouldNeverCountAreRefused) {
  root();
  auto policy = issuing()->policy();
  policy.profiles = {"tls-server", "tls-client", "intermediate-ca"};
  must(store.apply({store::PutTenant{{.id = "acme", .name = "Acme"}}}));
  const auto with = [&](std::vector<ca::ApprovalRule> rules) {
    policy.approval = std::move(rules);
    return error_of(rooms.authority.change_policy("issuing", policy, actor()));
  };
  EXPECT_EQ(with({{.profiles = {"tls-sever"}}}), "invalid approval[0].profiles");
  EXPECT_EQ(with({{.profiles = {"tls-server", "code-signing"}}}), "invalid approval[0].profiles") << "not attached";
  EXPECT_EQ(with({{.profiles = {"intermediate-ca"}}}), "invalid approval[0].profiles");
  EXPECT_EQ(with({{.profiles = {"tls-server"}}, {.profiles = {"tls-client", "tls-server"}}}), "invalid approval[1].profiles");
  EXPECT_EQ(with({{}, {.profiles = {"tls-server"}}}), "invalid approval[1]");
  EXPECT_EQ(with({{}, {}}), "invalid approval[1]");
  EXPECT_EQ(with({{.automatic = {{.tenant = "acm", .dns = {"*.acme.example"}}}}}), "invalid approval[0].automatic[0].tenant");
  EXPECT_TRUE(rooms.world.cas.find("issuing")->policy().approval.empty());
  EXPECT_EQ(with({{.profiles = {"tls-server"}, .automatic = {{.tenant = "acme", .dns = {"*.acme.example"}}}}, {}}), "ok");
  // A profile is not taken away from under its rule either, and a new CA is held to the same.
  policy.profiles = {"tls-client"};
  EXPECT_EQ(error_of(rooms.authority.change_policy("issuing", policy, actor())), "invalid approval[0].profiles");
  auto other = new_ca("other", {"tls-server"}, kYear);
  other.policy.approval = {{.profiles = {"tls-sever"}}};
  EXPECT_EQ(error_of(rooms.authority.create_subordinate(other, "root", admin(), actor())), "invalid approval[0].profiles");
}

// A rule that was stored before rules were checked stands in the way of nothing that it is not about.
TEST_F(AuthorityTest, AnOldRuleThatNeverCountsBlocksNeitherRotationNorOtherChanges) {
  root();
  issuing();
  auto records = must(memory.list_cas());
  auto record = *std::ranges::find(records, "issuing", &store::CaRecord::id);
  auto policy = rooms.world.cas.find("issuing")->policy();
  policy.approval = {{.profiles = {"tls-sever"}}};
  record.policy = ca::write_ca_policy(policy);
  ++record.revision;
  must(store.apply({store::PutCa{record}}));
  must(rooms.authority.load());
  EXPECT_EQ(error_of(rooms.authority.check_approval_rules(policy)), "invalid approval[0].profiles");

  const auto with = [](std::string_view document) -> Authority::PolicyChange {
    return [document](const ca::CaPolicy& present) { return ca::change_ca_policy(present, document); };
  };
  EXPECT_EQ(error_of(rooms.authority.change_policy("issuing", with(R"({"tenants": ["default"]})"), actor())), "ok");
  EXPECT_EQ(error_of(rooms.authority.change_policy("issuing", with(R"({"profiles": ["tls-client"]})"), actor())),
            "invalid approval[0].profiles");
  const auto rotated = rooms.authority.rotate("issuing", admin(), actor());
  ASSERT_EQ(error_of(rotated), "ok");
  EXPECT_EQ(rotated->successor->policy().approval, policy.approval);
  EXPECT_EQ(error_of(rooms.authority.change_policy("issuing-2", with(R"({"approval": [{}]})"), actor())), "ok");
}

// Two who each change something else: one of them hears that it must look again, and nothing is lost.
TEST_F(AuthorityTest, AChangeIsMadeToThePolicyAsItIsStored) {
  root();
  issuing();
  const auto with = [&](std::string_view document) -> Authority::PolicyChange {
    return [document](const ca::CaPolicy& present) { return ca::change_ca_policy(present, document); };
  };
  const auto first = rooms.authority.change_policy("issuing", [&](const ca::CaPolicy& present) {
    must(rooms.authority.change_policy("issuing", with(R"({"tenants": ["default"]})"), actor()));
    return ca::change_ca_policy(present, R"({"approval": [{}]})");
  }, actor());
  EXPECT_EQ(error_of(first), "conflict id");
  const auto policy = must(rooms.authority.change_policy("issuing", with(R"({"approval": [{}]})"), actor()))->policy();
  EXPECT_EQ(policy.tenants, std::vector<std::string>{"default"});
  EXPECT_EQ(policy.approval.size(), 1U);
  EXPECT_EQ(error_of(rooms.authority.change_policy("nobody", with("{}"), actor())), "not_found ca");
}

// Two changes at once: what was stored last is in force, whoever is slower to say so.
TEST_F(AuthorityTest, ChangesCountInTheOrderInWhichTheyWereStored) {
  root();
  auto policy = issuing()->policy();
  for (const bool blind : {false, true}) {
    auto later = policy;
    policy.crl_shards *= 2;
    later.crl_shards = policy.crl_shards * 2;
    store.after_commit = [&] {
      must(rooms.authority.change_policy("issuing", later, actor()));
      store.blind = blind;
    };
    must(rooms.authority.change_policy("issuing", policy, actor()));
    store.blind = false;
    EXPECT_EQ(rooms.world.cas.find("issuing")->policy(), later) << blind;
    policy = later;
  }
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
