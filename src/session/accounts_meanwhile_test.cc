// What happens to sign-ins and changes of the password when something else happens first.
#include <gtest/gtest.h>

#include <optional>

#include "session/accounts.h"
#include "session/testing_accounts.h"

namespace certwright::session {
namespace {

using testing::World;
constexpr std::string_view kPresent = "tea kettle on tuesday";
constexpr std::string_view kWanted = "coffee pot on wednesday";

std::string shown(const SecretBytes& secret) { return std::string(as_text(secret.reveal())); }

TEST(AccountsMeanwhile, OfAOneTimePasswordOnlyTheLatestSessionGoesOn) {
  World world;
  const auto id = world.add("Alice");
  const auto made = world.accounts.reset_password(id, "", World::admin()).value();
  const auto first = world.accounts.sign_in("alice", shown(made.password), "", World::anybody()).value();
  const auto second = world.accounts.sign_in("alice", shown(made.password), "", World::anybody("192.0.2.2")).value();
  EXPECT_FALSE(world.works(first));
  EXPECT_TRUE(world.works(second));
  const auto late = world.accounts.change_password(first.record, "", kPresent, World::actor_of(id));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::unauthenticated);
  EXPECT_EQ(late.error().field, "");
}

TEST(AccountsMeanwhile, ASessionThatEndedMeanwhileChangesNoPassword) {
  World world;
  const auto id = world.add_with_password("Alice", kPresent);
  const auto session = world.accounts.sign_in("alice", kPresent, "", World::anybody()).value();
  ASSERT_TRUE(world.sessions.end(session.record, "administrator", World::admin()));
  const auto late = world.accounts.change_password(session.record, kPresent, kWanted, World::actor_of(id));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::unauthenticated);
  EXPECT_EQ(world.sign_in("alice", kPresent), "ok");
}

TEST(AccountsMeanwhile, ARevokedPasswordIsNotReplacedByItsOwner) {
  World world;
  const auto id = world.add_with_password("Alice", kPresent);
  const auto session = world.accounts.sign_in("alice", kPresent, "", World::anybody()).value();
  // As if another process had revoked it after this request was let in.
  const auto credential = world.accounts.find_password(id).value()->id;
  ASSERT_TRUE(world.store.apply({store::RevokeCredential{credential}}));
  const auto late = world.accounts.change_password(session.record, kPresent, kWanted, World::actor_of(id));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::unauthenticated);
  EXPECT_EQ(world.accounts.find_password(id).value()->id, credential);
}

TEST(AccountsMeanwhile, RevokingTheTokenEndsTheSignInThatBeganWithIt) {
  World world;
  const auto bootstrap = world.directory.bootstrap({"Administrator"}, testing::no_evidence).value();
  const auto& id = bootstrap.principal.id;
  const auto session = world.accounts.sign_in("", shown(bootstrap.token.text), "", World::anybody()).value();
  ASSERT_TRUE(world.works(session));
  ASSERT_TRUE(world.directory.revoke_credential(id, bootstrap.token.credential.id, testing::no_evidence));
  EXPECT_FALSE(world.works(session));
  EXPECT_EQ(world.accounts.change_password(session.record, "", kPresent, World::actor_of(id)).error().code,
            Errc::unauthenticated);
  EXPECT_FALSE(world.accounts.find_password(id).value());
}

TEST(AccountsMeanwhile, ASignInInFlightDoesNotOutliveItsPassword) {
  for (const std::uint32_t passes : {1U, 2U}) {  // with 2 the verifier is made anew
    World world;
    const auto id = world.add_with_password("Alice", kPresent);
    testing::EndingStore store(world.store);
    Sessions sessions(store, world.journal, world.clock, world.random);
    auto options = testing::cheap_options();
    options.cost.passes = passes;
    Accounts accounts({store, world.journal, world.authenticator, sessions, world.random, world.clock}, options);
    store.meanwhile = store::Transaction{store::RevokeCredential{accounts.find_password(id).value()->id}};
    const auto late = accounts.sign_in("alice", kPresent, "", World::anybody());
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error(), (Error{Errc::unauthenticated, "The name or the password is wrong.", ""}));
    EXPECT_TRUE(accounts.find_password(id).value()->revoked);
    EXPECT_TRUE(world.sessions.list(id).value().empty());
  }
}

TEST(AccountsMeanwhile, APasswordCanBeChangedWithMoreSessionsThanThereArePlaces) {
  SessionOptions options;
  options.per_principal = 2;
  World world(testing::cheap_options(), options);
  const auto id = world.add_with_password("Alice", kPresent);
  std::optional<NewSession> session;
  for (int i = 0; i < 2; ++i) {
    session = world.accounts.sign_in("alice", kPresent, "", World::anybody()).value();
    world.clock.advance(Seconds(1));
  }
  // There were more when fewer were allowed.
  for (std::uint8_t i = 1; i <= 3; ++i) {
    auto more = session->record;
    more.id_sha256 = {i};
    ASSERT_TRUE(world.store.apply({store::PutSession{more}}));
  }
  const auto renewed = world.accounts.change_password(session->record, kPresent, kWanted, World::actor_of(id));
  ASSERT_TRUE(renewed) << renewed.error().detail;
  EXPECT_EQ(world.sessions.list(id).value(), std::vector<store::SessionRecord>{renewed->record});
}

}  // namespace
}  // namespace certwright::session
