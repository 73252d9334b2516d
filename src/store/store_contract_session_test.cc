// Sign-in: passwords and sessions.
#include "store/store_contract.h"

namespace certwright::store::contract {
namespace {

CredentialRecord password(std::string id, std::string principal, std::string name) {
  return {std::move(id), std::move(principal), CredentialKind::password, std::move(name),
          {'$', 'a'},    "",                   kStart,                   std::nullopt,
          false};
}

SessionRecord session(std::uint64_t n, std::string principal, std::string tenant = "default") {
  return {hash_of(n), std::move(principal), std::move(tenant), "192.0.2.1", kStart + Seconds(n),
          kStart + Seconds(n), kStart + Seconds(1800 + n), kStart + Seconds(43'200), false, "c0"};
}

TEST_P(StoreContract, APrincipalHasOnePasswordAndANameHasOnePrincipal) {
  EXPECT_EQ(outcome({PutPassword{password("c1", "p1", "alice@example.org"), ""}}), "ok");
  const auto found = store().find_credential(CredentialKind::password, "alice@example.org").value();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "c1");
  EXPECT_EQ(found->verifier, (Bytes{'$', 'a'}));
  EXPECT_FALSE(store().find_credential(CredentialKind::api_token, "alice@example.org").value());
  // Another one's name.
  EXPECT_EQ(outcome_with_field({PutPassword{password("c2", "p2", "alice@example.org"), ""}}),
            "conflict:sign_in_name");
  // In the place of one that is not there, or is there no more.
  EXPECT_EQ(outcome_with_field({PutPassword{password("c3", "p1", "alice"), ""}}), "conflict:password");
  EXPECT_EQ(outcome_with_field({PutPassword{password("c3", "p1", "alice"), "c9"}}), "conflict:password");
  EXPECT_EQ(outcome_with_field({PutPassword{password("c3", "p3", "carol"), "c9"}}), "conflict:password");
  // The same name again, then another.
  auto one_time = password("c3", "p1", "alice@example.org");
  one_time.expires_at = kStart + kDay;
  EXPECT_EQ(outcome({PutPassword{one_time, "c1"}}), "ok");
  EXPECT_EQ(store().find_credential(CredentialKind::password, "alice@example.org").value()->expires_at,
            kStart + kDay);
  EXPECT_EQ(outcome({PutPassword{password("c4", "p1", "alice"), "c3"}}), "ok");
  EXPECT_FALSE(store().find_credential(CredentialKind::password, "alice@example.org").value());
  EXPECT_EQ(store().list_credentials("p1").value().size(), 1U);
  EXPECT_EQ(outcome({PutPassword{password("c5", "p2", "alice@example.org"), ""}}), "ok");
}

TEST_P(StoreContract, ARevokedPasswordGivesItsNameUp) {
  ASSERT_EQ(outcome({PutPassword{password("c1", "p1", "alice"), ""}, PutPassword{password("c2", "p2", "bob"), ""}}), "ok");
  EXPECT_EQ(outcome_with_field({PutPassword{password("c3", "p2", "alice"), "c2"}}), "conflict:sign_in_name");
  ASSERT_EQ(outcome({RevokeCredential{"c1"}}), "ok");
  // Not where something else is in the way.
  EXPECT_EQ(outcome_with_field({PutPassword{password("c3", "p2", "alice"), "c9"}}), "conflict:password");
  EXPECT_EQ(outcome_with_field({PutPassword{password("c2", "p3", "alice"), ""}}), "conflict:credential");
  EXPECT_EQ(outcome({PutPassword{password("c3", "p2", "alice"), "c2"}, RevokeCredential{"nobody"}}), "not_found");
  EXPECT_EQ(store().find_credential(CredentialKind::password, "alice").value()->id, "c1");
  EXPECT_EQ(outcome({PutPassword{password("c3", "p2", "alice"), "c2"}}), "ok");
  EXPECT_EQ(store().find_credential(CredentialKind::password, "alice").value()->principal, "p2");
  EXPECT_FALSE(store().find_credential(CredentialKind::password, "bob").value());
  EXPECT_TRUE(store().list_credentials("p1").value().empty());
  // In one transaction, and the other one is as one that never had any.
  EXPECT_EQ(outcome({RevokeCredential{"c3"}, PutPassword{password("c4", "p1", "alice"), ""}}), "ok");
  EXPECT_EQ(outcome({PutPassword{password("c5", "p2", "bob"), ""}}), "ok");
}

TEST_P(StoreContract, APasswordIsAPassword) {
  auto token = password("c1", "p1", "alice");
  token.kind = CredentialKind::api_token;
  EXPECT_EQ(outcome_with_field({PutPassword{token, ""}}), "invalid:kind");
  auto huge = password("c1", "p1", std::string(65 * 1024, 'a'));
  EXPECT_EQ(outcome_with_field({PutPassword{huge, ""}}), "too_large:lookup");
}

TEST_P(StoreContract, AFailedChangeLeavesThePassword) {
  ASSERT_EQ(outcome({PutPassword{password("c1", "p1", "alice"), ""}, PutSession{session(1, "p1")}}), "ok");
  EXPECT_EQ(outcome({EndSessions{"p1", {}}, PutPassword{password("c2", "p1", "alice"), "c9"}}), "conflict");
  EXPECT_EQ(outcome({PutPassword{password("c2", "p1", "alice"), "c1"}, EndSession{hash_of(9)}}), "not_found");
  EXPECT_EQ(store().find_credential(CredentialKind::password, "alice").value()->id, "c1");
  EXPECT_TRUE(store().find_session(hash_of(1)).value());
}

TEST_P(StoreContract, APasswordUnderATakenIdLeavesTheOldOne) {
  auto token = password("c1", "p2", "prefix");
  token.kind = CredentialKind::api_token;
  ASSERT_EQ(outcome({PutCredential{token}, PutPassword{password("c0", "p1", "alice"), ""}}), "ok");
  EXPECT_EQ(outcome_with_field({PutPassword{password("c1", "p1", "alice"), "c0"}}), "conflict:credential");
  EXPECT_EQ(store().find_credential(CredentialKind::password, "alice").value()->id, "c0");
  EXPECT_EQ(store().find_credential(CredentialKind::api_token, "prefix").value()->principal, "p2");
}

TEST_P(StoreContract, ACredentialCanBeRequired) {
  const auto outcome_now = [&] { return outcome_with_field({RequireCredential{"c1", "p1"}, PutSetting{"s", {1}}}); };
  const std::string none = "conflict:credential";
  EXPECT_EQ(outcome_now(), none);
  const PutTenant tenant{{"default", "", false, kStart}};
  const PutPrincipal person{{"p1", "default", "Alice", "", PrincipalKind::person, false, kStart}};
  ASSERT_EQ(outcome({tenant, person, PutPassword{password("c1", "p1", "alice"), ""}}), "ok");
  EXPECT_EQ(outcome_now(), "ok");
  EXPECT_EQ(outcome_with_field({RequireCredential{"c1", "p2"}}), none);
  EXPECT_EQ(outcome_with_field({RequireCredential{"c2", "p1"}}), none);
  // What the commands before it do counts; and then nothing of them does.
  auto disabled = person;
  disabled.principal.disabled = true;
  auto closed = tenant;
  closed.tenant.disabled = true;
  EXPECT_EQ(outcome_with_field({disabled, RequireCredential{"c1", "p1"}}), none);
  EXPECT_EQ(outcome_with_field({closed, RequireCredential{"c1", "p1"}}), none);
  EXPECT_EQ(outcome_with_field({RevokeCredential{"c1"}, RequireCredential{"c1", "p1"}}), none);
  EXPECT_EQ(outcome_with_field({PutPassword{password("c2", "p1", "alice"), "c1"}, RequireCredential{"c1", "p1"}}), none);
  EXPECT_EQ(outcome_now(), "ok");
  EXPECT_EQ(outcome({PutPassword{password("c2", "p1", "alice"), "c1"}, RequireCredential{"c2", "p1"}}), "ok");
  EXPECT_EQ(outcome_now(), none);
}

TEST_P(StoreContract, SessionsEndWithTheCredentialTheyBeganWith) {
  auto other = session(3, "p1");
  other.credential = "c9";
  ASSERT_EQ(outcome({PutSession{session(1, "p1")}, PutSession{session(2, "p1")}, PutSession{other}}), "ok");
  EXPECT_EQ(outcome({EndCredentialSessions{"c0"}, EndCredentialSessions{"c1"}}), "ok");
  EXPECT_EQ(store().list_sessions("p1").value(), std::vector<SessionRecord>{other});
  auto huge = session(4, "p1");
  huge.credential = std::string(65 * 1024, 'a');
  EXPECT_EQ(outcome_with_field({PutSession{huge}}), "too_large:credential");
}

TEST_P(StoreContract, KeepsSessions) {
  auto restricted = session(2, "p1", "acme");
  restricted.restricted = true;
  EXPECT_EQ(outcome({PutSession{restricted}, PutSession{session(1, "p1")}}), "ok");
  EXPECT_EQ(outcome_with_field({PutSession{session(1, "p2")}}), "conflict:session");
  EXPECT_EQ(store().find_session(hash_of(2)).value(), restricted);
  EXPECT_EQ(store().find_session(hash_of(1)).value(), session(1, "p1"));
  EXPECT_FALSE(store().find_session(hash_of(3)).value());
  EXPECT_EQ(store().list_sessions("p1").value(),
            (std::vector<SessionRecord>{session(1, "p1"), restricted}));
  EXPECT_TRUE(store().list_sessions("p2").value().empty());
  auto endless = session(4, "p1");
  endless.idle_ends_at = endless.ends_at + Seconds(1);
  EXPECT_EQ(outcome_with_field({PutSession{endless}}), "invalid:idle_ends_at");
  if (!backend_->reopen()) return;
  EXPECT_EQ(store().find_session(hash_of(2)).value(), restricted);
}

TEST_P(StoreContract, ASessionMovesOnWithUseUpToItsEnd) {
  ASSERT_EQ(outcome({PutSession{session(1, "p1")}}), "ok");
  EXPECT_EQ(outcome({TouchSession{hash_of(1), kStart + Seconds(60), kStart + Seconds(1860)}}), "ok");
  EXPECT_EQ(store().find_session(hash_of(1)).value()->last_seen_at, kStart + Seconds(60));
  EXPECT_EQ(store().find_session(hash_of(1)).value()->idle_ends_at, kStart + Seconds(1860));
  // An older one comes late.
  EXPECT_EQ(outcome({TouchSession{hash_of(1), kStart + Seconds(30), kStart + Seconds(1830)}}), "ok");
  EXPECT_EQ(store().find_session(hash_of(1)).value()->last_seen_at, kStart + Seconds(60));
  EXPECT_EQ(store().find_session(hash_of(1)).value()->idle_ends_at, kStart + Seconds(1860));
  EXPECT_EQ(outcome({TouchSession{hash_of(1), kStart + Seconds(43'000), kStart + Seconds(44'800)}}), "ok");
  EXPECT_EQ(store().find_session(hash_of(1)).value()->idle_ends_at, kStart + Seconds(43'200));
  EXPECT_EQ(outcome({TouchSession{hash_of(9), kStart, kStart}}), "ok");
}

TEST_P(StoreContract, SessionsEndAloneOrTogether) {
  ASSERT_EQ(outcome({PutSession{session(1, "p1")}, PutSession{session(2, "p1")}, PutSession{session(3, "p1")},
                     PutSession{session(4, "p2")}, PutSession{session(5, "p3", "acme")},
                     PutSession{session(6, "p4", "acme")}}),
            "ok");
  EXPECT_EQ(outcome({EndSession{hash_of(1)}}), "ok");
  EXPECT_EQ(outcome_with_field({EndSession{hash_of(1)}}), "not_found:session");
  EXPECT_EQ(outcome({EndSessions{"p1", hash_of(3)}}), "ok");
  EXPECT_EQ(store().list_sessions("p1").value(), std::vector<SessionRecord>{session(3, "p1")});
  EXPECT_EQ(outcome({EndSessions{"p1", {}}, EndSessions{"p9", {}}}), "ok");
  EXPECT_TRUE(store().list_sessions("p1").value().empty());
  EXPECT_EQ(store().list_sessions("p2").value().size(), 1U);
  EXPECT_EQ(outcome({EndTenantSessions{"acme"}}), "ok");
  EXPECT_TRUE(store().list_sessions("p3").value().empty());
  EXPECT_TRUE(store().list_sessions("p4").value().empty());
  EXPECT_EQ(store().list_sessions("p2").value().size(), 1U);
}

TEST_P(StoreContract, SessionsThatAreOverAreForgottenOldestFirst) {
  for (std::uint64_t n = 1; n <= 5; ++n) ASSERT_EQ(outcome({PutSession{session(n, "p1")}}), "ok");
  const Time end_of_4 = kStart + Seconds(1804);
  EXPECT_EQ(outcome({ForgetSessions{end_of_4, 2}}), "ok");
  EXPECT_EQ(store().list_sessions("p1").value().size(), 3U);
  EXPECT_FALSE(store().find_session(hash_of(2)).value());
  EXPECT_EQ(outcome({ForgetSessions{end_of_4}}), "ok");
  EXPECT_EQ(store().list_sessions("p1").value(),
            (std::vector<SessionRecord>{session(4, "p1"), session(5, "p1")}));
}

}  // namespace
}  // namespace certwright::store::contract
