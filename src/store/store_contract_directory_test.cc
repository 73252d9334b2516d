// Access, authorities, profiles, settings, leases and the audit log.
#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

TEST_P(StoreContract, KeepsTenantsAndPrincipals) {
  const PrincipalRecord alice{"p1",  "default", "Alice", "a@example.org", PrincipalKind::person,
                              false, kStart};
  EXPECT_EQ(outcome_with_field({PutPrincipal{alice}}), "not_found:tenant");
  EXPECT_EQ(outcome({PutTenant{{"default", "Default", false, kStart}}, PutPrincipal{alice}}), "ok");
  EXPECT_EQ(outcome({PutTenant{{"default", "Renamed", true, kStart}}}), "ok");
  EXPECT_EQ(outcome({PutTenant{{"another", "", false, kStart}}}), "ok");
  EXPECT_EQ(store().find_tenant("default").value()->name, "Renamed");
  EXPECT_TRUE(store().find_tenant("default").value()->disabled);
  EXPECT_EQ(store().find_tenant("default").value()->created_at, kStart);
  EXPECT_FALSE(store().find_tenant("x").value());
  const auto tenants = store().list_tenants().value();
  ASSERT_EQ(tenants.size(), 2U);
  EXPECT_EQ(tenants[0].id, "another");

  auto changed = alice;
  changed.kind = PrincipalKind::machine;
  changed.disabled = true;
  EXPECT_EQ(outcome({PutPrincipal{changed}}), "ok");
  const auto found = store().find_principal("p1").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, "default");
  EXPECT_EQ(found->name, "Alice");
  EXPECT_EQ(found->email, "a@example.org");
  EXPECT_EQ(found->kind, PrincipalKind::machine);
  EXPECT_TRUE(found->disabled);
  EXPECT_EQ(store().list_principals("default").value().size(), 1U);
  EXPECT_TRUE(store().list_principals("another").value().empty());
  EXPECT_FALSE(store().find_principal("p2").value());
}

TEST_P(StoreContract, KnowsWhetherAnAdministratorIsLeft) {
  const auto person = [](std::string id, std::string tenant, bool disabled = false) {
    return PutPrincipal{{std::move(id), std::move(tenant), "", "", PrincipalKind::person, disabled, kStart}};
  };
  const auto admin = [](std::string id, std::string tenant = "*", std::string ca = "") {
    return PutRoleBinding{{std::move(id), "admin", std::move(tenant), std::move(ca)}};
  };
  const auto none = "conflict:administrator";
  EXPECT_EQ(outcome_with_field({RequireAdministrator{}}), none);
  ASSERT_EQ(outcome({PutTenant{{"t", "", false, kStart}}, PutTenant{{"u", "", false, kStart}},
                     person("p1", "t"), person("p2", "u"), admin("p1"), admin("p2", "u"),
                     admin("p2", "*", "issuing"), PutRoleBinding{{"p2", "issuer", "*", ""}}}),
            "ok");
  EXPECT_EQ(outcome({RequireAdministrator{}}), "ok");
  const Transaction takes_p1_away[] = {
      {RemoveRoleBinding{{"p1", "admin", "*", ""}}, RequireAdministrator{}},
      {person("p1", "t", true), RequireAdministrator{}, AppendAuditLeaf{{1}}},
      {PutTenant{{"t", "", true, kStart}}, RequireAdministrator{}}};
  for (const auto& transaction : takes_p1_away) {
    EXPECT_EQ(outcome_with_field(transaction), none);
    EXPECT_EQ(outcome({RequireAdministrator{}}), "ok");  // nothing has changed
  }
  EXPECT_EQ(store().audit_size().value(), 0U);
  ASSERT_EQ(outcome({admin("p2")}), "ok");
  EXPECT_EQ(outcome(takes_p1_away[0]), "ok");
}

TEST_P(StoreContract, KeepsCredentials) {
  CredentialRecord token{"c1",     "p1",          CredentialKind::api_token,
                         "prefix", {1, 2},        "laptop",
                         kStart,   kStart + kDay, false,
                         "alice"};
  EXPECT_EQ(outcome({PutCredential{token}}), "ok");
  EXPECT_EQ(outcome({PutCredential{token}}), "conflict");
  auto same_id = token;
  same_id.lookup = "other";
  EXPECT_EQ(outcome({PutCredential{same_id}}), "conflict");
  auto same_lookup = token;
  same_lookup.id = "c2";
  EXPECT_EQ(outcome({PutCredential{same_lookup}}), "conflict");
  same_lookup.kind = CredentialKind::client_certificate;
  same_lookup.expires_at.reset();
  EXPECT_EQ(outcome({PutCredential{same_lookup}}), "ok");
  EXPECT_EQ(outcome({RevokeCredential{"c1"}}), "ok");
  EXPECT_EQ(outcome({RevokeCredential{"c9"}}), "not_found");
  const auto found = store().find_credential(CredentialKind::api_token, "prefix").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "c1");
  EXPECT_EQ(found->principal, "p1");
  EXPECT_EQ(found->verifier, (Bytes{1, 2}));
  EXPECT_EQ(found->label, "laptop");
  EXPECT_EQ(found->created_by, "alice");
  EXPECT_EQ(found->created_at, kStart);
  EXPECT_EQ(found->expires_at, kStart + kDay);
  EXPECT_TRUE(found->revoked);
  const auto other = store().find_credential(CredentialKind::client_certificate, "prefix").value();
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->expires_at);
  EXPECT_FALSE(other->revoked);
  EXPECT_FALSE(store().find_credential(CredentialKind::api_token, "prefi").value());
  EXPECT_EQ(store().list_credentials("p1").value().size(), 2U);
  EXPECT_TRUE(store().list_credentials("p2").value().empty());
}

TEST_P(StoreContract, RevokesAllCredentialsButThoseKept) {
  const auto token = [](std::string id, std::string principal) {
    return PutCredential{{id, std::move(principal), CredentialKind::api_token, id, {1}, "", kStart, std::nullopt, false, "alice"}};
  };
  ASSERT_EQ(outcome({token("c1", "p1"), token("c2", "p1"), token("c3", "p1"), token("c4", "p2"), RevokeCredential{"c3"}}), "ok");
  const auto session = [](std::uint64_t n, std::string credential) {
    return PutSession{{hash_of(n), "p1", "t", "", kStart, kStart, kStart, kStart, false, std::move(credential)}};
  };
  ASSERT_EQ(outcome({session(1, "c1"), session(2, "c2")}), "ok");
  EXPECT_EQ(outcome({RevokeOtherCredentials{"p1", {"c2"}}, RevokeCredential{"nobody"}}), "not_found");
  EXPECT_FALSE(store().find_credential(CredentialKind::api_token, "c1").value()->revoked) << "nothing is left of it";
  EXPECT_EQ(outcome({RevokeOtherCredentials{"p1", {"c2", "c4"}}, RevokeOtherCredentials{"nobody", {}}}), "ok");
  EXPECT_TRUE(store().find_credential(CredentialKind::api_token, "c1").value()->revoked);
  EXPECT_FALSE(store().find_credential(CredentialKind::api_token, "c2").value()->revoked);
  EXPECT_FALSE(store().find_credential(CredentialKind::api_token, "c4").value()->revoked);
  EXPECT_FALSE(store().find_session(hash_of(1)).value());
  EXPECT_TRUE(store().find_session(hash_of(2)).value());
  EXPECT_EQ(store().list_credentials("p1").value().front().created_by, "alice");
}

TEST_P(StoreContract, RolesCanBeRequired) {
  const RoleBindingRecord issuer{"p1", "issuer", "default", ""}, admin{"p1", "admin", "*", "root"};
  EXPECT_EQ(outcome({RequireRoles{"p1", {}}}), "ok");
  EXPECT_EQ(outcome({PutRoleBinding{issuer}, PutRoleBinding{admin}, RequireRoles{"p1", {issuer, admin}}}), "ok");
  EXPECT_EQ(outcome({RequireRoles{"p1", {admin, issuer}}, RequireRoles{"p2", {}}}), "ok");
  for (const auto& others : {std::vector<RoleBindingRecord>{}, {issuer}, {issuer, issuer}, {issuer, admin, admin}})
    EXPECT_EQ(outcome_with_field({RequireRoles{"p1", others}, PutSetting{"s", {1}}}), "conflict:roles");
  EXPECT_FALSE(store().find_setting("s").value());
}

TEST_P(StoreContract, APrincipalCanBeRequiredAsItIs) {
  const PrincipalRecord stored{"p1", "default", "Ada", "ada@example.com", PrincipalKind::person, false, kStart};
  EXPECT_EQ(outcome_with_field({RequirePrincipal{stored}}), "conflict:principal");
  EXPECT_EQ(outcome({PutTenant{{"default", "Default", false, kStart}}, PutPrincipal{stored}, RequirePrincipal{stored}}), "ok");
  std::vector<PrincipalRecord> others(7, stored);
  others[0].id = "p0";
  others[1].tenant = "other";
  others[2].name += "x";
  others[3].email = "x@example.com";
  others[4].kind = stored.kind == PrincipalKind::person ? PrincipalKind::machine : PrincipalKind::person;
  others[5].disabled = !stored.disabled;
  others[6].created_at += Seconds(1);
  for (const auto& other : others)
    EXPECT_EQ(outcome_with_field({RequirePrincipal{other}, PutSetting{"s", {1}}}), "conflict:principal");
  EXPECT_FALSE(store().find_setting("s").value());
}

TEST_P(StoreContract, KeepsRoleBindings) {
  const RoleBindingRecord issuer{"p1", "issuer", "default", ""};
  const RoleBindingRecord admin{"p1", "admin", "*", "root"};
  EXPECT_EQ(outcome({PutRoleBinding{issuer}, PutRoleBinding{admin}, PutRoleBinding{issuer}}), "ok");
  EXPECT_EQ(store().list_role_bindings("p1").value(),
            (std::vector<RoleBindingRecord>{admin, issuer}));
  EXPECT_EQ(outcome({RemoveRoleBinding{{"p1", "issuer", "default", "root"}}}), "not_found");
  EXPECT_EQ(outcome({RemoveRoleBinding{issuer}}), "ok");
  EXPECT_EQ(outcome({RemoveRoleBinding{issuer}}), "not_found");
  EXPECT_EQ(store().list_role_bindings("p1").value(), std::vector<RoleBindingRecord>{admin});
}

TEST_P(StoreContract, CasHaveARevision) {
  CaRecord ca{"issuing", "Issuing CA", CaState::active, "root", {1}, {{2}, {3, 4}}, {5},
              {6},       "P-256",      "ES256",         "{}",   1,   kStart};
  auto second = ca;
  second.revision = 2;
  EXPECT_EQ(outcome({PutCa{second}}), "conflict");
  EXPECT_EQ(outcome({PutCa{ca}}), "ok");
  EXPECT_EQ(outcome({PutCa{ca}}), "conflict");
  second.state = CaState::retired;
  second.issuer_chain = {{9}};
  EXPECT_EQ(outcome({PutCa{second}}), "ok");
  EXPECT_EQ(outcome({PutCa{second}}), "conflict");
  const auto cas = store().list_cas().value();
  ASSERT_EQ(cas.size(), 1U);
  EXPECT_EQ(cas[0].id, "issuing");
  EXPECT_EQ(cas[0].name, "Issuing CA");
  EXPECT_EQ(cas[0].state, CaState::retired);
  EXPECT_EQ(cas[0].parent, "root");
  EXPECT_EQ(cas[0].certificate, Bytes{1});
  EXPECT_EQ(cas[0].issuer_chain, (std::vector<Bytes>{{9}}));
  EXPECT_EQ(cas[0].sealed_key, Bytes{5});
  EXPECT_EQ(cas[0].subject_public_key_info, Bytes{6});
  EXPECT_EQ(cas[0].key_algorithm, "P-256");
  EXPECT_EQ(cas[0].signature_algorithm, "ES256");
  EXPECT_EQ(cas[0].policy, "{}");
  EXPECT_EQ(cas[0].revision, 2U);
  EXPECT_EQ(cas[0].created_at, kStart);
}

TEST_P(StoreContract, KeepsTheOrderOfAnIssuerChain) {
  CaRecord ca;
  ca.id = "a";
  ca.issuer_chain = {{9}, {1}, {5}, {}};
  ca.revision = 1;
  ASSERT_EQ(outcome({PutCa{ca}}), "ok");
  EXPECT_EQ(store().list_cas().value()[0].issuer_chain, ca.issuer_chain);
}

TEST_P(StoreContract, ProfilesHaveVersions) {
  ProfileRecord profile{"tls", 1, "{1}", "p1", kStart};
  auto second = profile;
  second.version = 2;
  second.document = "{2}";
  EXPECT_EQ(outcome({PutProfile{second}}), "conflict");
  EXPECT_EQ(outcome({PutProfile{profile}}), "ok");
  EXPECT_EQ(outcome({PutProfile{profile}}), "conflict");
  EXPECT_EQ(outcome({PutProfile{second}}), "ok");
  EXPECT_EQ(outcome({PutProfile{{"mail", 1, "{m}", "p1", kStart}}}), "ok");
  const auto newest = store().list_profiles().value();
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].name, "mail");
  EXPECT_EQ(newest[1].version, 2U);
  EXPECT_EQ(newest[1].document, "{2}");
  const auto old = store().find_profile("tls", 1).value();
  ASSERT_TRUE(old);
  EXPECT_EQ(old->document, "{1}");
  EXPECT_EQ(old->created_by, "p1");
  EXPECT_EQ(old->created_at, kStart);
  EXPECT_FALSE(store().find_profile("tls", 3).value());
}

TEST_P(StoreContract, KeepsSettingsAndBlockedKeys) {
  EXPECT_FALSE(store().find_setting("a").value());
  EXPECT_EQ(outcome({PutSetting{"a", {1}}, PutSetting{"a", {2}}}), "ok");
  EXPECT_EQ(store().find_setting("a").value(), Bytes{2});
  EXPECT_EQ(outcome({PutSettingOnce{"a", {3}}}), "conflict");
  EXPECT_EQ(outcome({PutSettingOnce{"b", {}}}), "ok");
  EXPECT_EQ(store().find_setting("b").value(), Bytes{});
  EXPECT_EQ(outcome({PutSettingOnce{"b", {3}}}), "conflict");
  EXPECT_FALSE(store().is_key_blocked(hash_of(1)).value());
  EXPECT_EQ(outcome({BlockKey{hash_of(1), "leaked"}, BlockKey{hash_of(1), "again"}}), "ok");
  EXPECT_TRUE(store().is_key_blocked(hash_of(1)).value());
  EXPECT_FALSE(store().is_key_blocked(hash_of(2)).value());
}

TEST_P(StoreContract, LeasesRunOutAndAreExtended) {
  const auto acquire = [&](const char* holder, int now_s, int until_s) {
    return outcome(
        {AcquireLease{"crl", holder, kStart + Seconds(now_s), kStart + Seconds(until_s)}});
  };
  EXPECT_EQ(acquire("a", 0, 10), "ok");
  EXPECT_EQ(acquire("b", 9, 20), "conflict");
  EXPECT_EQ(acquire("a", 9, 20), "ok");
  EXPECT_EQ(acquire("b", 19, 30), "conflict");
  EXPECT_EQ(acquire("b", 20, 30), "ok");
  EXPECT_EQ(acquire("a", 21, 30), "conflict");
  EXPECT_EQ(outcome({AcquireLease{"other", "a", kStart, kStart + Seconds(5)}}), "ok");
}

TEST_P(StoreContract, NumbersAuditLeavesWithoutGaps) {
  EXPECT_EQ(store().audit_size().value(), 0U);
  ASSERT_EQ(outcome({AppendAuditLeaf{{1}}, AppendAuditLeaf{{}}, AppendAuditLeaf{{3}}}), "ok");
  EXPECT_EQ(outcome({AppendAuditLeaf{{7}}, RevokeCredential{"nobody"}}), "not_found");
  ASSERT_EQ(outcome({AppendAuditLeaf{{4}}}), "ok");
  EXPECT_EQ(store().audit_size().value(), 4U);
  const auto leaves = store().audit_leaves(0, 10).value();
  ASSERT_EQ(leaves.size(), 4U);
  for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ(leaves[i].position, i);
  EXPECT_EQ(leaves[1].record, Bytes{});
  EXPECT_EQ(leaves[3].record, Bytes{4});
  EXPECT_EQ(store().audit_leaves(2, 1).value()[0].record, Bytes{3});
  EXPECT_TRUE(store().audit_leaves(4, 10).value().empty());
}

TEST_P(StoreContract, FindsAuditLeavesByTheirRequest) {
  const auto positions = [&](std::string_view request, std::uint64_t from, std::uint32_t limit) {
    std::vector<std::uint64_t> found;
    const auto leaves = store().audit_leaves_about(request, from, limit).value();
    for (const auto& leaf : leaves) {
      EXPECT_EQ(leaf.record, Bytes{static_cast<std::uint8_t>(leaf.position)});
      found.push_back(leaf.position);
    }
    return found;
  };
  using Positions = std::vector<std::uint64_t>;
  ASSERT_EQ(outcome({AppendAuditLeaf{{0}, "a"}, AppendAuditLeaf{{1}, {}}, AppendAuditLeaf{{2}, "b"},
                     AppendAuditLeaf{{3}, "a"}}),
            "ok");
  EXPECT_EQ(outcome({AppendAuditLeaf{{4}, "a"}, RevokeCredential{"nobody"}}), "not_found");
  ASSERT_EQ(outcome({AppendAuditLeaf{{4}, "b"}, AppendAuditLeaf{{5}, "a"}}), "ok");
  const bool kept = backend_->reopen();
  static_cast<void>(kept);
  EXPECT_EQ(positions("a", 0, 10), (Positions{0, 3, 5}));
  EXPECT_EQ(positions("b", 0, 10), (Positions{2, 4}));
  EXPECT_EQ(positions("a", 0, 2), (Positions{0, 3}));
  EXPECT_EQ(positions("a", 4, 10), Positions{5});
  EXPECT_EQ(positions("a", 5, 10), Positions{5});
  for (const char* nobody : {"", "c", "A", "aa"}) EXPECT_TRUE(positions(nobody, 0, 10).empty()) << nobody;
  EXPECT_TRUE(positions("a", 6, 10).empty());
  EXPECT_TRUE(positions("a", ~std::uint64_t{0}, 10).empty());
  EXPECT_EQ(outcome_with_field({AppendAuditLeaf{{6}, std::string(65, 'a')}}), "invalid:request");
}

TEST_P(StoreContract, ACallFindsAThousandLeavesAtMost) {
  Transaction many;
  for (int i = 0; i < 1'001; ++i) {
    many.push_back(AppendAuditLeaf{{1}, {}});
    many.push_back(AppendAuditLeaf{{2}, "a"});
  }
  ASSERT_EQ(outcome(many), "ok");
  const auto first = store().audit_leaves_about("a", 0, 100'000).value();
  ASSERT_EQ(first.size(), 1'000U);
  EXPECT_EQ(first.back().position, 1'999U);
  const auto rest = store().audit_leaves_about("a", 2'000, 100'000).value();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].position, 2'001U);
}

TEST_P(StoreContract, CheckpointsGrow) {
  EXPECT_FALSE(store().latest_checkpoint().value());
  EXPECT_EQ(outcome({PutAuditCheckpoint{{5, hash_of(1), "note", kStart}}}), "ok");
  EXPECT_EQ(outcome({PutAuditCheckpoint{{5, hash_of(1), "note", kStart}}}), "conflict");
  EXPECT_EQ(outcome({PutAuditCheckpoint{{4, hash_of(1), "note", kStart}}}), "conflict");
  EXPECT_EQ(outcome({PutAuditCheckpoint{{6, hash_of(2), "next", kStart}}}), "ok");
  const auto latest = store().latest_checkpoint().value();
  ASSERT_TRUE(latest);
  EXPECT_EQ(latest->tree_size, 6U);
  EXPECT_EQ(latest->root, hash_of(2));
  EXPECT_EQ(latest->signed_note, "next");
  EXPECT_EQ(latest->created_at, kStart);
  EXPECT_EQ(store().list_checkpoints(0, 10).value().size(), 2U);
  EXPECT_EQ(store().list_checkpoints(0, 1).value()[0].tree_size, 5U);
  EXPECT_EQ(store().list_checkpoints(6, 10).value().size(), 1U);
  EXPECT_TRUE(store().list_checkpoints(7, 10).value().empty());
  EXPECT_FALSE(store().find_audit_tile(0, 1).value());
  EXPECT_EQ(outcome({PutAuditTile{0, 1, {1}}, PutAuditTile{1, 1, {2}}}), "ok");
  EXPECT_EQ(store().find_audit_tile(0, 1).value(), Bytes{1});
  EXPECT_EQ(store().find_audit_tile(1, 1).value(), Bytes{2});
}

TEST_P(StoreContract, AFailedTransactionLeavesNothing) {
  const Transaction infallible_then_failing[] = {
      {PutSetting{"s", {1}}, RevokeCredential{"nobody"}},
      {ReserveSerial{reservation(1), IdempotencyRecord{"alice", "k", hash_of(1), id_of(1), kStart}},
       AppendAuditLeaf{{1}}, RevokeCredential{"nobody"}},
      {PutTenant{{"t", "", false, kStart}}, PutRoleBinding{{"p", "admin", "*", ""}},
       PutPrincipal{{"p", "nowhere", "", "", PrincipalKind::person, false, kStart}}},
      {ReserveSerial{reservation(1), {}}, RecordCertificate{certificate(1), 0, {}},
       RecordCertificate{certificate(1), 0, {}}},
      {BlockKey{hash_of(1), ""}, PutAuditTile{0, 0, {1}},
       PutDownloadGrant{{hash_of(1), id_of(1), "", kStart}},
       PutCrl{{"issuing", 0, 1, 0, kStart, kStart, {}}},
       PutCrl{{"issuing", 0, 1, 0, kStart, kStart, {}}}},
  };
  for (const auto& transaction : infallible_then_failing) {
    EXPECT_NE(outcome(transaction), "ok");
    EXPECT_FALSE(store().find_setting("s").value());
    EXPECT_FALSE(store().find_reservation(id_of(1)).value());
    EXPECT_FALSE(store().find_idempotent("alice", "k").value());
    EXPECT_FALSE(store().find_certificate(id_of(1)).value());
    EXPECT_FALSE(store().find_tenant("t").value());
    EXPECT_TRUE(store().list_role_bindings("p").value().empty());
    EXPECT_FALSE(store().is_key_blocked(hash_of(1)).value());
    EXPECT_FALSE(store().find_audit_tile(0, 0).value());
    EXPECT_FALSE(store().find_download_grant(hash_of(1)).value());
    EXPECT_FALSE(store().find_crl("issuing", 0).value());
    EXPECT_TRUE(store().unfinished_intents(kStart + kDay, 10).value().empty());
    EXPECT_EQ(store().audit_size().value(), 0U);
    EXPECT_EQ(store().count_lineages({}).value().value, 0U);
    EXPECT_TRUE(store().list_lineages({}, {}).value().empty());
  }
}

TEST_P(StoreContract, ACommandSeesThoseBeforeItInItsTransaction) {
  EXPECT_EQ(
      outcome({ReserveSerial{reservation(1), {}}, RecordCertificate{certificate(1), 0, {}},
               ReserveSerial{reservation(2), {}}, RecordCertificate{renewal(2, 1), id_of(1), {}},
               RevokeLineage{id_of(1), revocation(x509::RevocationReason::certificate_hold)},
               ReleaseHold{id_of(1)}, PutDownloadGrant{{hash_of(1), id_of(1), "", kStart + kDay}},
               ConsumeDownloadGrant{hash_of(1), id_of(1), kStart}}),
      "ok");
  EXPECT_EQ(stored(1).current, id_of(2));
  EXPECT_EQ(status(2), StatusKind::good);
}

TEST_P(StoreContract, KeepsEverythingWhenItIsOpenedAgain) {
  issue(certificate(1), 0, ManagedKeyRecord{id_of(1), {1}, false});
  issue(renewal(2, 1), 1);
  issue(certificate(3));
  ASSERT_EQ(outcome({ReserveSerial{reservation(4), {}}, AppendAuditLeaf{{1}}, AppendAuditLeaf{{2}},
                     PutSetting{"s", {1}}}),
            "ok");
  ASSERT_EQ(outcome({RevokeLineage{id_of(3), revocation(x509::RevocationReason::superseded)}}),
            "ok");
  if (!backend_->reopen()) GTEST_SKIP() << "keeps nothing by design";
  EXPECT_EQ(store().audit_size().value(), 2U);
  EXPECT_EQ(store().count_lineages({}).value().value, 2U);
  const auto web = filter([](auto& f) { f.entity_id = "web"; });
  EXPECT_EQ(store().count_lineages(web).value().value, 2U);
  const auto by_name = filter([](auto& f) { f.name = "host2.example"; });
  EXPECT_EQ(page(by_name), std::vector<std::uint64_t>{1});
  EXPECT_EQ(stored(1).current, id_of(2));
  EXPECT_EQ(status(3), StatusKind::revoked);
  EXPECT_EQ(store().find_setting("s").value(), Bytes{1});
  EXPECT_EQ(store().unfinished_intents(kStart + kDay, 9).value().size(), 1U);
  ASSERT_EQ(outcome({AppendAuditLeaf{{3}}}), "ok");
  EXPECT_EQ(store().audit_leaves(2, 1).value()[0].record, Bytes{3});
  issue(certificate(5));
  EXPECT_EQ(store().count_lineages(web).value().value, 3U);
  ASSERT_EQ(outcome({RevokeLineage{id_of(1), revocation(x509::RevocationReason::superseded)}}),
            "ok");
  const auto changes = store().revocations_after("issuing", 0, 0, kStart, 10).value();
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_LT(changes[0].sequence, changes[1].sequence);
}

}  // namespace
}  // namespace certwright::store::contract
