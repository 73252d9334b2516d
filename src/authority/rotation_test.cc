#include "authority/testing_authority.h"

#include <future>
#include <set>

#include <gtest/gtest.h>

#include "registration/approval_password.h"
#include "registration/selection_policies.h"
#include "x509/oids.h"

namespace certwright::authority {
namespace {

using testing::kYear;
using testing::OutsideRoot;
using testing::pkcs8_of;
using testing::Rooms;
using registration::testing::must;
using registration::testing::text_at;

class CaRotation : public testing::AuthorityTest {};

TEST_F(CaRotation, RotationMakesASuccessorAndRetiresThePresentOne) {
  root();
  const auto first = issuing();
  const auto second = must(rooms.authority.rotate("issuing", admin(), actor())).successor;
  EXPECT_EQ(second->id(), "issuing-2");
  EXPECT_EQ(second->certificate().subject().to_text(), first->certificate().subject().to_text());
  EXPECT_NE(to_bytes(second->subject_key_identifier()), to_bytes(first->subject_key_identifier()));
  EXPECT_EQ(second->certificate().not_after(), first->certificate().not_after());  // as long, from now
  EXPECT_FALSE(rooms.world.cas.find("issuing")->can_issue(clock.now()));
  EXPECT_NE(rooms.world.cas.find("issuing")->signer(), nullptr);  // CRLs and OCSP go on
  EXPECT_FALSE(issues("issuing"));
  EXPECT_TRUE(issues("issuing-2"));
  EXPECT_EQ(must(rooms.authority.rotate("issuing-2", admin(), actor())).successor->id(), "issuing-3");
  EXPECT_EQ(error_of(rooms.authority.rotate("root", admin(), actor())), "conflict ca");
  EXPECT_EQ(error_of(rooms.authority.rotate("nobody", admin(), actor())), "not_found ca");
}

// Whoever rotates a CA expects its people, its selection rules and its password to go on.
TEST_F(CaRotation, WhatGoesWithTheCaGoesOnWithTheSuccessor) {
  root();
  issuing();
  must(store.apply({store::PutPrincipal{{.id = "pa", .tenant = "default", .name = "Alice", .email = {}}},
                    store::PutPrincipal{{.id = "pb", .tenant = "acme", .name = "Bob", .email = {}}},
                    store::PutRoleBinding{{"pa", "requester", "default", "issuing"}},
                    store::PutRoleBinding{{"pa", "issuer", "default", ""}},
                    store::PutRoleBinding{{"pa", "auditor", "default", "root"}},
                    store::PutRoleBinding{{"pb", "approver", "*", "issuing"}}}));
  registration::SelectionPolicies policies(store, rooms.world.journal);
  const registration::SelectionPolicy wishes{.remaining_min = Seconds(60),
                                             .rules = {{.ca = "issuing", .purposes = {"web"}, .required = true}}};
  must(policies.put("acme", wishes, rooms.world.cas, actor()));
  registration::ApprovalPasswords passwords(store, rooms.world.journal, random, clock,
                                            {.operations = 1, .memory_octets = 8192});
  const auto password = SecretBytes::copy_of(as_bytes("correct horse battery"));
  must(passwords.set("issuing", password, actor()));
  for (const auto& [id, state] : {std::pair(std::string(32, '1'), store::RequestState::pending),
                                  std::pair(std::string(32, '2'), store::RequestState::denied)})
    must(store.apply({store::PutRequest{{.id = id, .revision = 1, .state = state, .tenant = "default",
                                         .ca = "issuing", .principal = "pa", .request_sha256 = {state == store::RequestState::pending},
                                         .received_at = clock.now(), .changed_at = clock.now(), .expires_at = clock.now()}}}));

  const auto carried = must(rooms.authority.rotate("issuing", admin(), actor())).carried_over;
  EXPECT_EQ(carried.roles, 2U);
  EXPECT_EQ(carried.selection_rules, 1U);
  EXPECT_TRUE(carried.approval_password);
  EXPECT_EQ(carried.open_requests, 1U);
  using Bindings = std::set<std::string>;
  const auto bindings = [&](const char* principal) {
    Bindings all;
    for (const auto& each : must(memory.list_role_bindings(principal))) all.insert(each.role + "@" + each.tenant + "/" + each.ca);
    return all;
  };
  EXPECT_EQ(bindings("pa"), (Bindings{"requester@default/issuing", "requester@default/issuing-2", "issuer@default/", "auditor@default/root"}));
  EXPECT_EQ(bindings("pb"), (Bindings{"approver@*/issuing", "approver@*/issuing-2"}));
  ASSERT_EQ(rooms.world.records("ROLE_GRANTED").size(), 2U);
  EXPECT_EQ(text_at(rooms.world.records("ROLE_GRANTED").front(), {"fields", "ca"}), "issuing-2");
  auto expected = wishes;
  expected.rules[0].ca = "issuing-2";
  EXPECT_EQ(must(policies.find("acme")), expected);
  EXPECT_EQ(rooms.world.records("SELECTION_CHANGED").size(), 2U);
  EXPECT_TRUE(must(passwords.check("issuing-2", password, actor())).right);
  EXPECT_FALSE(must(passwords.check("issuing-2", SecretBytes::copy_of(as_bytes("correct horse batterz")), actor())).right);
  EXPECT_EQ(rooms.world.records("APPROVAL_PASSWORD_SET").size(), 2U);
}

TEST_F(CaRotation, WhereNothingGoesWithACaNothingIsMade) {
  root();
  issuing();
  const auto carried = must(rooms.authority.rotate("issuing", admin(), actor())).carried_over;
  EXPECT_EQ(carried.roles + carried.selection_rules + carried.open_requests, 0U);
  EXPECT_FALSE(carried.approval_password);
  EXPECT_FALSE(must(memory.find_setting(registration::ApprovalPasswords::setting("issuing-2"))));
  EXPECT_TRUE(rooms.world.records("SELECTION_CHANGED").empty());
}

// The present one goes on issuing where its successor is not ready.
// An administrator is a moment earlier: what they took away is not given again.
TEST_F(CaRotation, ARoleThatIsTakenAwayMeanwhileStaysAway) {
  root();
  issuing();
  must(store.apply({store::PutPrincipal{{.id = "pb", .tenant = "default", .name = "Bob", .email = {}}},
                    store::PutRoleBinding{{"pb", "approver", "*", "issuing"}},
                    store::PutRoleBinding{{"pb", "requester", "default", "issuing"}}}));
  bool is_done = false;
  store.before_apply = [&](const store::Transaction& transaction) {
    const bool carries = std::ranges::any_of(transaction, [](const store::Command& command) {
      const auto* put = std::get_if<store::PutRoleBinding>(&command);
      return put != nullptr && put->binding.ca == "issuing-2";
    });
    if (!carries || std::exchange(is_done, true)) return;
    must(memory.apply({store::RemoveRoleBinding{{"pb", "approver", "*", "issuing"}}}));
  };
  EXPECT_EQ(must(rooms.authority.rotate("issuing", admin(), actor())).carried_over.roles, 1U);
  const auto bindings = must(store.list_role_bindings("pb"));
  EXPECT_EQ(std::ranges::count(bindings, "approver", &store::RoleBindingRecord::role), 0);
  EXPECT_EQ(std::ranges::count(bindings, "issuing-2", &store::RoleBindingRecord::ca), 1);
}

TEST_F(CaRotation, WhatCannotBeCarriedOverRetiresNothing) {
  root();
  issuing();
  must(store.apply({store::PutSetting{registration::ApprovalPasswords::setting("issuing"), {1}}}));
  store.applied = 0;
  store.fail_at = 4;  // after the successor's serial, certificate and record
  EXPECT_EQ(error_of(rooms.authority.rotate("issuing", admin(), actor())), "unavailable ");
  EXPECT_TRUE(rooms.world.cas.find("issuing")->can_issue(clock.now()));
  EXPECT_NE(rooms.world.cas.find("issuing-2"), nullptr);
}

TEST_F(CaRotation, ARotationNearTheParentsEndEndsWithIt) {
  const auto parent = root();
  issuing(5 * kYear);
  clock.advance(7 * kYear);  // expired by now; its successor is made all the same
  const auto successor = must(rooms.authority.rotate("issuing", admin(), actor())).successor;
  EXPECT_EQ(successor->certificate().not_after(), parent->certificate().not_after());
}

// Of every kind, permitted ones too, octet for octet (RFC 5280 section 4.2.1.10).
TEST_F(CaRotation, ASuccessorHasItsPredecessorsNameConstraints) {
  const OutsideRoot outside;
  must(rooms.authority.import({.id = "outside", .name = {}, .certificate = outside.der(), .issuer_chain = {},
                               .private_key_pkcs8 = pkcs8_of(outside.key()), .policy = new_ca("x").policy},
                              actor()));
  using x509::GeneralName;
  x509::NameConstraints constraints;
  constraints.permitted = {must(GeneralName::dns_constraint("acme.example")),
                           must(GeneralName::email_constraint(".acme.example")),
                           must(GeneralName::ip_constraint("10.0.0.0/8")),
                           GeneralName::directory_name(must(x509::Name::from_text("O=Acme")))};
  constraints.excluded = {must(GeneralName::dns_constraint("secret.acme.example")),
                          must(GeneralName::uri("https://secret.acme.example")),
                          must(GeneralName::email_constraint("root@acme.example"))};
  const Bytes value = x509::encode_name_constraints(constraints);
  const std::string pem = must(rooms.authority.create_request(new_ca("issuing", {"tls-server"}), actor()));
  const Bytes answer = outside.sign(pem, "critical,CA:TRUE,pathlen:0", 1000, "critical,keyCertSign,cRLSign",
                                    {{NID_name_constraints, "critical,DER:" + to_hex(value)}});
  must(rooms.authority.install("issuing", answer, {outside.der()}, actor()));
  const auto successor = must(rooms.authority.rotate("issuing", admin(), actor())).successor;
  const auto* extension = successor->certificate().find_extension(x509::oids::kNameConstraints);
  ASSERT_NE(extension, nullptr);
  EXPECT_TRUE(extension->critical);
  EXPECT_EQ(to_hex(extension->value), to_hex(value));
}

TEST_F(CaRotation, RetiredIsForGood) {
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

TEST_F(CaRotation, ARetirementCountsAlsoWhereTheStoreCannotBeReadAfterIt) {
  root();
  issuing();
  store.blind_from_now = true;
  must(rooms.authority.retire("issuing", actor()));
  store.blind = store.blind_from_now = false;
  EXPECT_FALSE(issues("issuing"));
}

TEST_F(CaRotation, ARetiredCaStillHasResponders) {
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

TEST_F(CaRotation, ARootGoesOfflineOnceItsKeyIsKept) {
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

TEST_F(CaRotation, ARevokedCaIssuesNoMore) {
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
  EXPECT_TRUE(must(rooms.authority.rotate("issuing", admin(), actor())).successor->can_issue(clock.now()))
      << "its successor";
}

TEST_F(CaRotation, ACaIsRevokedAlsoOnItsWayIntoTheDirectory) {
  root();
  revocation::RevocationService revocation(store, rooms.world.journal, clock);
  revocation.add_listener(rooms.authority);
  std::future<void> revoked;
  store.after_status = [&](const x509::SerialNumber& serial) {
    const auto lineage = must(memory.find_certificate(serial))->certificate.lineage;
    revoked = std::async(std::launch::async, [&, lineage] {
      must(revocation.revoke(lineage, x509::RevocationReason::ca_compromise, actor()));
    });
    // As long as it takes where it need not wait for the CA to be there.
    (void)revoked.wait_for(std::chrono::milliseconds(500));
  };
  const auto ca = issuing();
  ASSERT_TRUE(revoked.valid());
  revoked.get();
  EXPECT_TRUE(rooms.world.cas.find("issuing")->is_revoked());
}

}  // namespace
}  // namespace certwright::authority
