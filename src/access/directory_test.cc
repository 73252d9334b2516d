#include "access/directory.h"

#include <gtest/gtest.h>

#include "access/authenticator.h"
#include "ca/ca_directory.h"
#include "store/memory/memory_store.h"
#include "store/testing_forwarding_store.h"

namespace certwright::access {
namespace {

class DirectoryTest : public testing::Test {
 protected:
  Evidence leaf(std::string text) {
    return [text = std::move(text)](std::string_view id) -> store::Transaction {
      return {store::AppendAuditLeaf{to_bytes(as_bytes(text + ":" + std::string(id)))}};
    };
  }
  std::string last_leaf() {
    const auto size = store_.audit_size().value();
    if (size == 0) return "";
    const auto leaves = store_.audit_leaves(size - 1, 1).value();
    return std::string(as_text(leaves.front().record));
  }
  store::PrincipalRecord create(std::vector<RoleBinding> bindings = {}) {
    return directory_
        .create_principal({"default", "Ada", "ada@example.com", store::PrincipalKind::person,
                           std::move(bindings)},
                          leaf("principal"))
        .value();
  }
  void SetUp() override {
    ASSERT_TRUE(directory_.create_tenant({"default", "Default"}, leaf("tenant")));
  }

  store::MemoryStore store_;
  ManualClock clock_{from_unix_s(1'700'000'000)};
  crypto::DeterministicRandom random_{1};
  Directory directory_{store_, clock_, random_};
};

TEST_F(DirectoryTest, TheLastAdministratorStays) {
  const RoleBinding admin{Role::admin, "*", ""};
  const auto ada = create({admin, {Role::issuer, "default", ""}});
  const auto is_refused = [&](const Result<void>& result) {
    return !result && result.error().code == Errc::conflict && result.error().field == "administrator";
  };
  const auto before = store_.audit_size().value();
  EXPECT_TRUE(is_refused(directory_.remove_role(ada.id, admin, leaf("x"))));
  EXPECT_TRUE(is_refused(directory_.set_principal_disabled(ada.id, true, leaf("x"))));
  EXPECT_TRUE(is_refused(directory_.set_tenant_disabled("default", true, leaf("x"))));
  EXPECT_EQ(store_.audit_size().value(), before);
  EXPECT_TRUE(directory_.remove_role(ada.id, {Role::issuer, "default", ""}, leaf("r")));
  // An administrator of one tenant or one CA, or one who is disabled, is none of the installation.
  ASSERT_TRUE(directory_.create_tenant({"other", "Other"}, leaf("t")));
  create({{Role::admin, "other", ""}});
  const auto bob = create({admin});
  EXPECT_EQ(directory_.administrators().value().size(), 2U);
  ASSERT_TRUE(directory_.set_principal_disabled(bob.id, true, leaf("d")));
  EXPECT_TRUE(is_refused(directory_.remove_role(ada.id, admin, leaf("x"))));
  ASSERT_EQ(directory_.administrators().value().size(), 1U);
  EXPECT_EQ(directory_.administrators().value().front().id, ada.id);
  ASSERT_TRUE(directory_.set_principal_disabled(bob.id, false, leaf("e")));
  EXPECT_TRUE(directory_.remove_role(ada.id, admin, leaf("r")));
  EXPECT_TRUE(is_refused(directory_.remove_role(bob.id, admin, leaf("x"))));
}

// Something happens between what a change reads and its commit.
class InterruptedStore : public store::testing::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Result<void> apply(const store::Transaction& transaction) override {
    if (meanwhile) std::exchange(meanwhile, {})();
    return to().apply(transaction);
  }
  std::function<void()> meanwhile;
};

TEST_F(DirectoryTest, TheLastAdministratorStaysAlsoInARace) {
  const RoleBinding admin{Role::admin, "*", ""};
  ASSERT_TRUE(directory_.create_tenant({"other", "Other"}, leaf("t")));
  InterruptedStore interrupted{store_};
  Directory slow{interrupted, clock_, random_};
  auto present = create({admin});
  // Who is no administrator when they are looked at becomes the only one before the change is made.
  const auto race = [&](auto change) {
    const auto heir = directory_.create_principal({"other", "Heir", "", {}, {}}, leaf("p")).value();
    interrupted.meanwhile = [&] {
      ASSERT_TRUE(directory_.grant_role(heir.id, admin, {leaf("g"), leaf("end"), leaf("cleared")}));
      ASSERT_TRUE(directory_.remove_role(present.id, admin, leaf("r")));
    };
    const Result<void> raced = change(heir);
    EXPECT_FALSE(interrupted.meanwhile) << "it did not happen";
    present = heir;
    return raced ? "ok" : raced.error().field;
  };
  EXPECT_EQ(race([&](const auto& heir) { return slow.set_principal_disabled(heir.id, true, leaf("x")); }), "administrator");
  EXPECT_EQ(race([&](const auto&) { return slow.set_tenant_disabled("other", true, leaf("x")); }), "administrator");
  ASSERT_EQ(directory_.administrators().value().size(), 1U);
  EXPECT_EQ(directory_.administrators().value().front().id, present.id);
}

TEST_F(DirectoryTest, AnEmailAddressIsChangedAndNothingElse) {
  const auto ada = create({{Role::issuer, "default", ""}});
  const auto before = store_.find_principal(ada.id).value().value();
  ASSERT_TRUE(directory_.set_principal_email({ada.id, ada.email, "ada@example.org"}, leaf("e")));
  auto after = store_.find_principal(ada.id).value().value();
  EXPECT_EQ(after.email, "ada@example.org");
  after.email = before.email;
  EXPECT_EQ(after, before);
  EXPECT_EQ(directory_.find_principal(ada.id).value().bindings, (std::vector<RoleBinding>{{Role::issuer, "default", ""}}));
  ASSERT_TRUE(directory_.set_principal_email({ada.id, "ada@example.org", ""}, leaf("e")));
  EXPECT_EQ(directory_.find_principal(ada.id).value().email, "");
}

TEST_F(DirectoryTest, AnEmailAddressIsCheckedAndRecordedOnlyWhereItChanges) {
  const auto ada = create();
  const auto size = store_.audit_size().value();
  for (const char* email : {"a", "@b", "a@b\n", "<a@b>", "a..b@example.org", "a@b_c"})
    EXPECT_EQ(directory_.set_principal_email({ada.id, ada.email, email}, leaf("e")).error().field, "email") << email;
  EXPECT_EQ(directory_.set_principal_email({ada.id, "other@example.com", "a@b"}, leaf("e")).error().code, Errc::conflict)
      << "whoever changes it saw another one";
  EXPECT_EQ(directory_.set_principal_email({"p0", "", "a@b"}, leaf("e")).error().code, Errc::not_found);
  EXPECT_TRUE(directory_.set_principal_email({ada.id, ada.email, ada.email}, leaf("e")));
  EXPECT_EQ(store_.audit_size().value(), size);
  ASSERT_TRUE(directory_.set_principal_email({ada.id, ada.email, "a@b"}, leaf("e")));
  EXPECT_EQ(store_.audit_size().value(), size + 1);
}

// Both write the whole record: neither may take back what the other did.
TEST_F(DirectoryTest, DisablingAndANewAddressDoNotUndoEachOther) {
  create({{Role::admin, "*", ""}});
  const auto ada = create();
  InterruptedStore interrupted{store_};
  Directory slow{interrupted, clock_, random_};
  interrupted.meanwhile = [&] { ASSERT_TRUE(directory_.set_principal_disabled(ada.id, true, leaf("d"))); };
  EXPECT_EQ(slow.set_principal_email({ada.id, ada.email, "a@b"}, leaf("e")).error().code, Errc::conflict);
  EXPECT_TRUE(store_.find_principal(ada.id).value()->disabled);
  interrupted.meanwhile = [&] { ASSERT_TRUE(directory_.set_principal_email({ada.id, ada.email, "a@b"}, leaf("e"))); };
  ASSERT_TRUE(slow.set_principal_disabled(ada.id, false, leaf("d"))) << "it is tried again";
  EXPECT_FALSE(store_.find_principal(ada.id).value()->disabled);
  EXPECT_EQ(store_.find_principal(ada.id).value()->email, "a@b");
}

// Makes a token for `owner` as `maker`, and gives back its id.
class PromotionTest : public DirectoryTest {
 protected:
  PrincipalToCreate person(std::string tenant, std::vector<RoleBinding> bindings) {
    return {std::move(tenant), "Bob", "", store::PrincipalKind::person, std::move(bindings)};
  }
  std::string add(const PrincipalToCreate& principal) { return directory_.create_principal(principal, leaf("p")).value().id; }
  std::string token_by(const std::string& maker, const std::string& owner) {
    return directory_.create_token({owner, "", {}, maker}, leaf("t")).value().credential.id;
  }
  using Ids = std::vector<std::string>;
  // The ids that end, in order; and in the store these are revoked, and the others are not.
  Ids grant(const std::string& owner, const RoleBinding& binding) {
    auto ended = directory_.grant_role(owner, binding, {leaf("grant"), leaf("end"), leaf("cleared")}).value().credentials_ended;
    const auto credentials = directory_.list_credentials(owner).value();
    for (const auto& credential : credentials)
      EXPECT_EQ(credential.revoked, std::ranges::find(ended, credential.id) != ended.end()) << credential.id;
    return ended;
  }
  static Ids sorted(Ids ids) {
    std::ranges::sort(ids);
    return ids;
  }
  void SetUp() override {
    DirectoryTest::SetUp();
    ASSERT_TRUE(directory_.create_tenant({"team", "Team"}, leaf("t")));
    ASSERT_TRUE(directory_.create_tenant({"other", "Other"}, leaf("t")));
    root_ = add(person("default", {{Role::admin, "*", ""}}));
    alice_ = add(person("team", {{Role::admin, "team", ""}}));
  }
  std::string root_, alice_;
};

TEST_F(PromotionTest, EndsWhatWeakerAdministratorsMade) {
  const auto bob = add(person("team", {{Role::approver, "team", ""}}));
  const auto of_alice = token_by(alice_, bob), of_root = token_by(root_, bob), of_nobody = token_by("", bob),
             of_stranger = token_by("pgone", bob);
  const auto certificate = directory_.add_client_certificate(bob, Bytes{0x30}, "", leaf("c"), alice_).value().id;
  const auto session = [&](std::uint8_t n, const std::string& credential) {
    store::SessionRecord record{{n}, bob, "team", "", clock_.now(), clock_.now(), clock_.now(), clock_.now(), false, credential};
    ASSERT_TRUE(store_.apply({store::PutSession{record}}));
  };
  session(1, of_alice);
  session(2, of_root);
  EXPECT_EQ(grant(bob, {Role::issuer, "team", ""}), Ids()) << "alice could give this";
  EXPECT_EQ(grant(bob, {Role::approver, "*", ""}), sorted({of_alice, of_nobody, of_stranger, certificate}));
  EXPECT_TRUE(last_leaf().starts_with("end:"));
  ASSERT_EQ(store_.list_sessions(bob).value().size(), 1U);
  EXPECT_EQ(store_.list_sessions(bob).value().front().credential, of_root);
}

TEST_F(PromotionTest, EndsWhatAnAdministratorMadeForItselfBefore) {
  // alice held a token of carl, who is an administrator of the team too, and made another one with it.
  const auto carl = add(person("team", {{Role::admin, "team", ""}}));
  const auto own = token_by(carl, carl), of_root = token_by(root_, carl);
  EXPECT_EQ(grant(carl, {Role::admin, "*", ""}), Ids{own});
  // Now carl can give itself anything: what it makes stays.
  const auto later = token_by(carl, carl);
  EXPECT_EQ(directory_.grant_role(carl, {Role::auditor, "*", ""}, {leaf("g"), leaf("end"), leaf("cleared")}).value().credentials_ended, Ids());
  EXPECT_NE(later, own);
}

TEST_F(PromotionTest, ASecondOneEndsWhatTheFirstLeft) {
  const auto dora = add(person("other", {{Role::admin, "team", ""}, {Role::admin, "other", ""}}));
  const auto bob = add(person("team", {}));
  const auto of_dora = token_by(dora, bob), of_alice = token_by(alice_, bob);
  EXPECT_EQ(grant(bob, {Role::approver, "other", ""}), Ids{of_alice}) << "dora could give this";
  const auto of_nobody = token_by("", bob);
  const auto ended = directory_.grant_role(bob, {Role::approver, "*", ""}, {leaf("g"), leaf("end"), leaf("cleared")}).value().credentials_ended;
  EXPECT_EQ(ended, (Ids{of_dora, of_nobody})) << "whose maker nobody knows may be anybody's";
  // What is there already is no promotion.
  token_by(alice_, bob);
  EXPECT_EQ(directory_.grant_role(bob, {Role::approver, "*", ""}, {leaf("g"), leaf("end"), leaf("cleared")}).value().credentials_ended, Ids());
}

TEST_F(PromotionTest, LeavesNoTokenThatIsMadeMeanwhile) {
  const auto bob = add(person("team", {}));
  InterruptedStore interrupted{store_};
  Directory slow{interrupted, clock_, random_};
  // Between the look at the credentials and the grant.
  interrupted.meanwhile = [&] { token_by(alice_, bob); };
  ASSERT_TRUE(slow.grant_role(bob, {Role::approver, "*", ""}, {leaf("g"), leaf("end"), leaf("cleared")}));
  const auto credentials = directory_.list_credentials(bob).value();
  ASSERT_EQ(credentials.size(), 1U);
  EXPECT_TRUE(credentials.front().revoked);
  // Between the look at the roles and the token: as the doors ask for it.
  const auto carl = add(person("team", {}));
  const auto judged = directory_.find_principal(carl).value();
  interrupted.meanwhile = [&] {
    ASSERT_TRUE(directory_.grant_role(carl, {Role::approver, "*", ""}, {leaf("g"), leaf("end"), leaf("cleared")}));
  };
  const auto made = slow.create_token({carl, "", {}, alice_}, [&](std::string_view) { return store::Transaction{require_roles(judged)}; });
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().field, "roles");
}

TEST_F(PromotionTest, ClearsTheAddressThatAWeakerAdministratorMayHaveSet) {
  auto bob_with = person("team", {{Role::approver, "team", ""}});
  bob_with.email = "alice@team.example";
  const auto bob = add(bob_with);
  const auto rise = [&](Directory& directory, const RoleBinding& binding) {
    return directory.grant_role(bob, binding, {leaf("g"), leaf("end"), leaf("cleared")});
  };
  EXPECT_EQ(rise(directory_, {Role::issuer, "team", ""}).value().email_cleared, "") << "alice could give this";
  EXPECT_EQ(directory_.find_principal(bob).value().email, "alice@team.example");
  // Between the look at the address and the grant.
  InterruptedStore interrupted{store_};
  Directory slow{interrupted, clock_, random_};
  interrupted.meanwhile = [&] {
    ASSERT_TRUE(directory_.set_principal_email({bob, "alice@team.example", "alice2@team.example"}, leaf("e")));
  };
  EXPECT_EQ(rise(slow, {Role::approver, "*", ""}).error().code, Errc::conflict);
  EXPECT_EQ(rise(directory_, {Role::approver, "*", ""}).value().email_cleared, "alice2@team.example");
  EXPECT_EQ(last_leaf(), "cleared:alice2@team.example");
  EXPECT_EQ(directory_.find_principal(bob).value().email, "");
  // Set by whoever may manage it now: stays, whatever it is given that is no rise.
  ASSERT_TRUE(directory_.set_principal_email({bob, "", "bob@ca.example"}, leaf("e")));
  EXPECT_EQ(rise(directory_, {Role::approver, "*", ""}).value().email_cleared, "");
  EXPECT_EQ(directory_.find_principal(bob).value().email, "bob@ca.example");
}

TEST_F(DirectoryTest, EveryChangeHasItsEvidenceInItsTransaction) {
  EXPECT_EQ(last_leaf(), "tenant:default");
  ASSERT_TRUE(directory_.create_tenant({"operators", "Operators"}, leaf("tenant")));
  const auto eve = directory_.create_principal({"operators", "Eve", "", {}, {{Role::admin, "*", ""}}}, leaf("p")).value();
  const auto principal = create({{Role::issuer, "default", ""}});
  EXPECT_EQ(last_leaf(), "principal:" + principal.id);
  const auto token = directory_.create_token({principal.id, "ci", {}, eve.id}, leaf("token")).value();
  EXPECT_EQ(last_leaf(), "token:" + token.credential.id);
  ASSERT_TRUE(directory_.grant_role(principal.id, {Role::auditor, "*", ""}, {leaf("grant"), leaf("end"), leaf("cleared")}));
  EXPECT_EQ(last_leaf(), "cleared:" + principal.email);
  ASSERT_TRUE(directory_.remove_role(principal.id, {Role::auditor, "*", ""}, leaf("remove")));
  EXPECT_EQ(last_leaf(), "remove:" + principal.id);
  ASSERT_TRUE(directory_.revoke_credential(principal.id, token.credential.id, leaf("revoke")));
  EXPECT_EQ(last_leaf(), "revoke:" + token.credential.id);
  ASSERT_TRUE(directory_.set_principal_disabled(principal.id, true, leaf("disable")));
  EXPECT_EQ(last_leaf(), "disable:" + principal.id);
  ASSERT_TRUE(directory_.set_tenant_disabled("default", true, leaf("off")));
  EXPECT_EQ(last_leaf(), "off:default");
  EXPECT_TRUE(store_.find_tenant("default").value()->disabled);
}

TEST_F(DirectoryTest, AChangeThatFailsLeavesNoEvidence) {
  const auto before = store_.audit_size().value();
  EXPECT_FALSE(directory_.create_tenant({"default", "Again"}, leaf("x")));
  EXPECT_FALSE(directory_.remove_role("nobody", {Role::admin, "*", ""}, leaf("x")));
  EXPECT_FALSE(directory_.create_token({"nobody", "", {}}, leaf("x")));
  EXPECT_EQ(store_.audit_size().value(), before);
}

struct TenantCase { const char* name; std::string id, tenant_name; bool good; };
class TenantIds : public DirectoryTest, public testing::WithParamInterface<TenantCase> {};
TEST_P(TenantIds, AreJudged) {
  const auto& c = GetParam();
  const auto result = directory_.create_tenant({c.id, c.tenant_name}, leaf("t"));
  EXPECT_EQ(result.has_value(), c.good);
  if (!c.good) {
    EXPECT_EQ(result.error().code, Errc::invalid);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Limits, TenantIds,
    testing::Values(TenantCase{"OneLetter", "a", "A", true},
                    TenantCase{"Longest", std::string(63, 'a'), "A", true},
                    TenantCase{"TooLong", std::string(64, 'a'), "A", false},
                    TenantCase{"Empty", "", "A", false}, TenantCase{"Star", "*", "A", false},
                    TenantCase{"UpperCase", "Blue", "A", false},
                    TenantCase{"HyphenInside", "team-9", "A", true},
                    TenantCase{"HyphenFirst", "-a", "A", false},
                    TenantCase{"HyphenLast", "a-", "A", false},
                    TenantCase{"NoName", "b", "", false},
                    TenantCase{"LongestName", "b", std::string(200, 'n'), true},
                    TenantCase{"NameTooLong", "b", std::string(201, 'n'), false},
                    TenantCase{"Utf8Name", "b", "B\xc3\xa4ren \xf0\x9f\x90\xbb", true},
                    TenantCase{"NotUtf8", "b", "\xff", false},
                    TenantCase{"CutUtf8", "b", "a\xc3", false},
                    TenantCase{"LineFeed", "b", "a\nb", false},
                    TenantCase{"C1Control", "b", "a\xc2\x85", false}),
    [](const auto& c) { return std::string(c.param.name); });

TEST_F(DirectoryTest, PrincipalsAreChecked) {
  const auto refused = [&](PrincipalToCreate principal) {
    return directory_.create_principal(principal, leaf("p")).error();
  };
  EXPECT_EQ(refused({"nowhere", "A", "", {}, {}}).code, Errc::not_found);
  EXPECT_EQ(refused({"default", "", "", {}, {}}).field, "name");
  for (const char* email : {"a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "<a@b>"})
    EXPECT_EQ(refused({"default", "A", email, {}, {}}).field, "email") << email;
  EXPECT_EQ(refused({"default", "A", "", {}, {{Role::issuer, "nowhere", ""}}}).field, "tenant");
  EXPECT_EQ(refused({"default", "A", "", {}, {{Role::issuer, "default", "noca"}}}).field, "ca");
  EXPECT_EQ(refused({"default", "A", "", {}, std::vector<RoleBinding>(101)}).code,
            Errc::too_large);
  const auto good = create({{Role::issuer, "default", ""}});
  const auto found = directory_.find_principal(good.id).value();
  EXPECT_EQ(found.email, "ada@example.com");
  EXPECT_EQ(found.bindings, (std::vector<RoleBinding>{{Role::issuer, "default", ""}}));
  EXPECT_EQ(directory_.find_principal("p0").error().code, Errc::not_found);
}

TEST_F(DirectoryTest, RolesHaveALimit) {
  const auto principal = create();
  for (std::size_t i = 0; i < Directory::kMaxBindings; ++i) {
    const std::string tenant = "t" + std::to_string(i);
    ASSERT_TRUE(directory_.create_tenant({tenant, tenant}, leaf("t")));
    ASSERT_TRUE(directory_.grant_role(principal.id, {Role::issuer, tenant, ""}, {leaf("g"), leaf("end"), leaf("cleared")}));
  }
  EXPECT_EQ(directory_.grant_role(principal.id, {Role::issuer, "*", ""}, {leaf("g"), leaf("end"), leaf("cleared")}).error().code,
            Errc::too_large);
  EXPECT_TRUE(directory_.grant_role(principal.id, {Role::issuer, "t0", ""}, {leaf("g"), leaf("end"), leaf("cleared")}))
      << "what is there already can be granted again";
}

TEST_F(DirectoryTest, TokensAreStoredAsHashes) {
  const auto principal = create();
  const auto token =
      directory_.create_token({principal.id, "ci", clock_.now() + Seconds(60)}, leaf("t")).value();
  const auto stored =
      store_.find_credential(store::CredentialKind::api_token, token.credential.lookup).value();
  ASSERT_TRUE(stored);
  const auto hash = token_hash(as_text(token.text.reveal()));
  EXPECT_EQ(stored->verifier, Bytes(hash.begin(), hash.end()));
  EXPECT_EQ(directory_.create_token({principal.id, "x", clock_.now()}, leaf("t")).error().field,
            "expires_at");
  EXPECT_EQ(directory_.create_token({principal.id, std::string(201, 'l'), {}}, leaf("t"))
                .error()
                .field,
            "label");
}

TEST_F(DirectoryTest, OnlyThePrincipalsOwnCredentialIsRevoked) {
  const auto ada = create(), bob = create();
  const auto token = directory_.create_token({ada.id, "", {}}, leaf("t")).value();
  EXPECT_EQ(directory_.revoke_credential(bob.id, token.credential.id, leaf("r")).error().code,
            Errc::not_found);
  EXPECT_TRUE(directory_.revoke_credential(ada.id, token.credential.id, leaf("r")));
}

TEST_F(DirectoryTest, ACertificateIsACredentialOnce) {
  const auto ada = create(), bob = create();
  const Bytes der{0x30, 0x00};
  const auto added = directory_.add_client_certificate(ada.id, der, "laptop", leaf("c"));
  ASSERT_TRUE(added);
  EXPECT_EQ(added->lookup.size(), 64u);
  EXPECT_EQ(directory_.add_client_certificate(bob.id, der, "", leaf("c")).error().code,
            Errc::conflict);
  EXPECT_EQ(directory_.add_client_certificate(bob.id, {}, "", leaf("c")).error().code,
            Errc::invalid);
}

TEST_F(DirectoryTest, BootstrapTakesAnEmailAddress) {
  store::MemoryStore fresh;
  Directory directory(fresh, clock_, random_);
  EXPECT_EQ(directory.bootstrap({"Administrator", "nobody"}, leaf("b")).error().field, "email");
  const auto first = directory.bootstrap({"Administrator", "ca@example.com"}, leaf("b"));
  ASSERT_TRUE(first);
  EXPECT_EQ(directory.find_principal(first->principal.id).value().email, "ca@example.com");
}

TEST_F(DirectoryTest, BootstrapWorksOnce) {
  store::MemoryStore fresh;
  Directory directory(fresh, clock_, random_);
  const auto first = directory.bootstrap({"Administrator"}, leaf("b"));
  ASSERT_TRUE(first);
  EXPECT_EQ(directory.bootstrap({"Mallory"}, leaf("b")).error().code, Errc::conflict);
  EXPECT_EQ(fresh.audit_size().value(), 1u);
  EXPECT_EQ(first->token.credential.expires_at, clock_.now() + Seconds(86'400));

  const ca::CaDirectory cas;
  Authenticator authenticator(fresh, clock_, cas);
  const auto principal =
      authenticator.by_token(as_text(first->token.text.reveal()), "192.0.2.1").value();
  EXPECT_TRUE(authorise(principal, Action::ca_manage, {"", "root", ""}));
  EXPECT_TRUE(authorise(principal, Action::access_manage, {"*", "", ""}));
  clock_.advance(Seconds(86'400));
  EXPECT_FALSE(authenticator.by_token(as_text(first->token.text.reveal()), "192.0.2.1"));
}

}  // namespace
}  // namespace certwright::access
