#include "session/sessions.h"

#include <gtest/gtest.h>

#include <set>

#include "access/token.h"
#include "session/csrf.h"
#include "session/testing_accounts.h"

namespace certwright::session {
namespace {

using testing::EndingStore;
using testing::World;

class SessionsTest : public ::testing::Test {
 protected:
  NewSession begin(bool restricted = false, std::optional<store::Sha256> replaced = {}) {
    return world_.sessions
        .begin({.principal = id_, .tenant = "default", .credential = credential_, .restricted = restricted,
                .method = "password", .replaced = replaced},
               World::actor_of(id_))
        .value();
  }
  World world_;
  std::string id_ = world_.add("Alice");
  std::string credential_ = world_.credential_of(id_);
};

TEST_F(SessionsTest, AreTheirPrincipals) {
  const auto session = begin();
  EXPECT_EQ(session.id.size(), access::kSessionIdCharacters);
  const auto found = world_.authenticator.by_session(as_text(session.id.reveal()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->principal.id, id_);
  EXPECT_EQ(found->session, session.record);
  EXPECT_EQ(found->session.remote, "192.0.2.1");
  EXPECT_FALSE(found->session.restricted);
  const auto other = world_.authenticator.by_session(std::string(43, 'A'));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::unauthenticated);
  for (const std::string& bad : {std::string(), std::string(as_text(session.id.reveal())) + "A", std::string(100'000, 'x')})
    EXPECT_FALSE(world_.authenticator.by_session(bad));
}

TEST_F(SessionsTest, TheIdIsNotInTheStore) {
  const auto session = begin();
  const auto record = world_.store.find_session(session.record.id_sha256).value();
  ASSERT_TRUE(record);
  EXPECT_EQ(world_.last_record().find(as_text(session.id.reveal())), std::string::npos);
  EXPECT_NE(world_.last_record().find(Sessions::handle_of(*record)), std::string::npos);
}

TEST_F(SessionsTest, EndWithoutUse) {
  const auto session = begin();
  world_.clock.advance(Seconds(30 * 60) - Duration(1));
  EXPECT_TRUE(world_.works(session));
  world_.clock.advance(Duration(1));
  EXPECT_FALSE(world_.works(session));
  EXPECT_TRUE(world_.sessions.list(id_).value().empty());
}

TEST_F(SessionsTest, EndAfterTwelveHoursWhateverTheUse) {
  const auto session = begin();
  for (int minutes = 20; minutes < 12 * 60; minutes += 20) {
    world_.clock.advance(Seconds(20 * 60));
    const auto found = world_.authenticator.by_session(as_text(session.id.reveal()));
    ASSERT_TRUE(found) << minutes;
    world_.sessions.seen(found->session);
  }
  world_.clock.advance(Seconds(20 * 60) - Duration(1));
  EXPECT_TRUE(world_.works(session));
  world_.clock.advance(Duration(1));
  EXPECT_FALSE(world_.works(session));
}

TEST_F(SessionsTest, UseIsNotedOnceAMinute) {
  const auto session = begin();
  const auto noted = [&] { return world_.store.find_session(session.record.id_sha256).value()->last_seen_at; };
  world_.clock.advance(Seconds(59));
  world_.sessions.seen(session.record);
  EXPECT_EQ(noted(), session.record.created_at);
  world_.clock.advance(Seconds(1));
  world_.sessions.seen(session.record);
  EXPECT_EQ(noted(), session.record.created_at + Seconds(60));
}

TEST_F(SessionsTest, RestrictedOnesAreShort) {
  const auto session = begin(true);
  EXPECT_TRUE(session.record.restricted);
  world_.clock.advance(Seconds(15 * 60));
  EXPECT_FALSE(world_.works(session));
}

TEST_F(SessionsTest, ANewOneReplacesWhatTheBrowserCameWith) {
  const auto old = begin();
  const auto renewed = begin(false, old.record.id_sha256);
  EXPECT_FALSE(world_.works(old));
  EXPECT_TRUE(world_.works(renewed));
  EXPECT_NE(as_text(old.id.reveal()), as_text(renewed.id.reveal()));
  // One that never was, or is over.
  EXPECT_TRUE(world_.works(begin(false, old.record.id_sha256)));
  EXPECT_EQ(world_.events(), (std::vector<std::string>{"SIGNED_IN", "SESSION_ENDED", "SIGNED_IN", "SIGNED_IN"}));
}

TEST_F(SessionsTest, TheOldestGoesWhenThereAreTooMany) {
  std::vector<NewSession> sessions;
  for (int i = 0; i < 21; ++i) {
    sessions.push_back(begin());
    world_.clock.advance(Seconds(1));
  }
  EXPECT_FALSE(world_.works(sessions[0]));
  EXPECT_TRUE(world_.works(sessions[1]));
  EXPECT_EQ(world_.sessions.list(id_).value().size(), 20U);
}

TEST_F(SessionsTest, EndAloneAndTogether) {
  const auto first = begin(), second = begin(), third = begin();
  ASSERT_TRUE(world_.sessions.end(first.record, "sign_out", World::actor_of(id_)));
  EXPECT_FALSE(world_.works(first));
  EXPECT_TRUE(world_.works(second));
  EXPECT_TRUE(world_.sessions.end(first.record, "sign_out", World::actor_of(id_))) << "twice is no error";
  ASSERT_TRUE(world_.sessions.end_all(id_, third.record.id_sha256, "sign_out", World::actor_of(id_)));
  EXPECT_FALSE(world_.works(second));
  EXPECT_TRUE(world_.works(third));
  EXPECT_NE(world_.last_record().find("\"count\":\"1\""), std::string::npos) << world_.last_record();
  const auto records = world_.events().size();
  ASSERT_TRUE(world_.sessions.end_all(id_, third.record.id_sha256, "sign_out", World::actor_of(id_)));
  EXPECT_EQ(world_.events().size(), records) << "nothing happened";
}

TEST_F(SessionsTest, AreFoundByTheirHandlesAndTheirOwner) {
  const auto session = begin();
  const auto handle = Sessions::handle_of(session.record);
  EXPECT_EQ(handle.size(), 24U);
  EXPECT_EQ(world_.sessions.find(id_, handle).value(), session.record);
  EXPECT_EQ(world_.sessions.find("pother", handle).error().code, Errc::not_found);
  EXPECT_EQ(world_.sessions.find(id_, "").error().code, Errc::not_found);
}

TEST_F(SessionsTest, DisablingEndsThemAtOnceAndForGood) {
  const auto session = begin();
  ASSERT_TRUE(world_.works(session));
  ASSERT_TRUE(world_.directory.create_principal({"default", "Root", "", {}, {{access::Role::admin, "*", ""}}}, testing::no_evidence));
  ASSERT_TRUE(world_.directory.set_principal_disabled(id_, true, testing::no_evidence));
  EXPECT_FALSE(world_.works(session)) << "though the principal is still in the cache";
  ASSERT_TRUE(world_.directory.set_principal_disabled(id_, false, testing::no_evidence));
  EXPECT_FALSE(world_.works(session));
}

TEST_F(SessionsTest, DisablingTheTenantEndsThemToo) {
  const auto session = begin();
  ASSERT_TRUE(world_.directory.create_tenant({"operators", "Operators"}, testing::no_evidence));
  ASSERT_TRUE(world_.directory.create_principal({"operators", "Root", "", {}, {{access::Role::admin, "*", ""}}}, testing::no_evidence));
  ASSERT_TRUE(world_.directory.set_tenant_disabled("default", true, testing::no_evidence));
  EXPECT_FALSE(world_.works(session));
  ASSERT_TRUE(world_.directory.set_tenant_disabled("default", false, testing::no_evidence));
  EXPECT_FALSE(world_.works(session));
}

TEST_F(SessionsTest, WhatIsOverIsForgotten) {
  const auto over = begin();
  world_.clock.advance(Seconds(3600));
  const auto running = begin();
  ASSERT_TRUE(world_.sessions.forget_ended());
  EXPECT_FALSE(world_.store.find_session(over.record.id_sha256).value());
  EXPECT_TRUE(world_.store.find_session(running.record.id_sha256).value());
}

TEST_F(SessionsTest, SurviveThatTheOneTheyReplaceEndsMeanwhile) {
  EndingStore store(world_.store);
  Sessions sessions(store, world_.journal, world_.clock, world_.random);
  const auto old = begin();
  store.meanwhile = store::Transaction{store::EndSession{old.record.id_sha256}};
  const auto renewed = sessions.begin(
      {.principal = id_, .tenant = "default", .credential = credential_, .method = "password",
       .replaced = old.record.id_sha256},
      World::actor_of(id_));
  ASSERT_TRUE(renewed) << renewed.error().detail;
  EXPECT_TRUE(world_.works(*renewed));
}

TEST_F(SessionsTest, OneThatIsToGoOnDoesNotOnceItHasEnded) {
  EndingStore store(world_.store);
  Sessions sessions(store, world_.journal, world_.clock, world_.random);
  const auto old = begin();
  store.meanwhile = store::Transaction{store::EndSession{old.record.id_sha256}};
  const auto renewed = sessions.begin({.principal = id_, .tenant = "default", .credential = credential_, .method = "password",
                                       .replaced = old.record.id_sha256, .must_replace = true},
                                      World::actor_of(id_));
  ASSERT_FALSE(renewed);
  EXPECT_EQ(renewed.error().code, Errc::unauthenticated);
  EXPECT_TRUE(world_.sessions.list(id_).value().empty());
}

TEST_F(SessionsTest, BeginOnlyWhileTheirCredentialIsGood) {
  EndingStore store(world_.store);
  Sessions sessions(store, world_.journal, world_.clock, world_.random);
  const auto revoked = world_.credential_of(id_);
  auto disabled = world_.store.find_principal(id_).value().value();
  disabled.disabled = true;
  auto closed = world_.store.find_tenant("default").value().value();
  closed.disabled = true;
  const std::pair<std::string, store::Command> meanwhile[] = {
      {revoked, store::RevokeCredential{revoked}}, {credential_, store::PutPrincipal{disabled}},
      {credential_, store::PutTenant{closed}}, {"cnobody", store::PutSetting{"s", {}}}};
  for (const auto& [credential, command] : meanwhile) {
    store.meanwhile = store::Transaction{command};
    const auto begun = sessions.begin({.principal = id_, .tenant = "default", .credential = credential, .method = "password"},
                                      World::actor_of(id_));
    ASSERT_FALSE(begun) << credential;
    EXPECT_EQ(begun.error().code, Errc::conflict);
    EXPECT_EQ(begun.error().field, "credential");
  }
  EXPECT_TRUE(world_.sessions.list(id_).value().empty());
}

TEST_F(SessionsTest, TheIdIsNoTokenThoughItIsInTheCache) {
  const auto session = begin();
  const auto id = as_text(session.id.reveal());
  ASSERT_TRUE(world_.authenticator.by_session(id));
  EXPECT_FALSE(world_.authenticator.by_token(id, "192.0.2.1"));
  const auto token = world_.token_of(id_);
  ASSERT_TRUE(world_.authenticator.by_token(token, "192.0.2.1"));
  EXPECT_FALSE(world_.authenticator.by_session(token));
  EXPECT_NE(session.record.id_sha256, access::token_hash(id));
}

TEST_F(SessionsTest, ThoseThatAreOverLockNobodyOut) {
  const auto token = world_.token_of(id_);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(world_.authenticator.by_session(std::string(43, 'A')));
  EXPECT_TRUE(world_.authenticator.by_token(token, "192.0.2.1"));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(world_.authenticator.by_token("guess", "192.0.2.2"));
  EXPECT_TRUE(world_.works(begin())) << "wherever tokens are guessed from";
}

TEST_F(SessionsTest, EndWithTheCredentialTheyBeganWith) {
  const auto session = begin();
  const auto other = world_.credential_of(id_);
  ASSERT_TRUE(world_.directory.revoke_credential(id_, other, testing::no_evidence));
  EXPECT_TRUE(world_.works(session));
  ASSERT_TRUE(world_.directory.revoke_credential(id_, credential_, testing::no_evidence));
  EXPECT_FALSE(world_.works(session));
}

TEST(CsrfToken, IsOfItsSession) {
  const std::string one(43, 'a'), other(43, 'b');
  EXPECT_EQ(csrf_token(one).size(), 43U);
  EXPECT_EQ(csrf_token(one), csrf_token(one));
  EXPECT_NE(csrf_token(one), csrf_token(other));
  EXPECT_TRUE(is_csrf_token(one, csrf_token(one)));
  EXPECT_FALSE(is_csrf_token(one, csrf_token(other)));
  EXPECT_FALSE(is_csrf_token(one, ""));
  EXPECT_FALSE(is_csrf_token(one, one));
}

}  // namespace
}  // namespace certwright::session
