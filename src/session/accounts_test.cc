#include "session/accounts.h"

#include <gtest/gtest.h>

#include <thread>

#include "session/testing_accounts.h"

namespace certwright::session {
namespace {

using testing::World;
constexpr std::string_view kPassword = "tea kettle on tuesday";
constexpr std::string_view kOther = "coffee pot on wednesday";

std::string text_of(const SecretBytes& secret) { return std::string(as_text(secret.reveal())); }

TEST(Accounts, SignInWithNameAndPassword) {
  World world;
  const auto id = world.add_with_password("Alice", kPassword);
  const auto session = world.accounts.sign_in(" ALICE ", kPassword, "", World::anybody());
  ASSERT_TRUE(session) << session.error().detail;
  EXPECT_EQ(session->record.principal, id);
  EXPECT_EQ(session->record.tenant, "default");
  EXPECT_FALSE(session->record.restricted);
  EXPECT_TRUE(world.works(*session));
  EXPECT_NE(world.last_record().find("\"principal\":\"" + id), std::string::npos);
  EXPECT_NE(world.last_record().find("\"method\":\"password\""), std::string::npos);
}

TEST(Accounts, EveryRefusalIsTheSame) {
  World world;
  const auto disabled = world.add_with_password("Dora", kPassword);
  const auto revoked = world.add_with_password("Rita", kPassword);
  world.add_with_password("Alice", kPassword);
  world.add("Root", {}, store::PrincipalKind::person, {{access::Role::admin, "*", ""}});
  ASSERT_TRUE(world.directory.set_principal_disabled(disabled, true, testing::no_evidence));
  ASSERT_TRUE(world.directory.revoke_credential(revoked, world.accounts.find_password(revoked).value()->id, testing::no_evidence));
  const std::pair<std::string, std::string> attempts[] = {
      {"alice", "tea kettle on Tuesday"}, {"alice", ""},     {"alice", std::string(kPassword) + std::string(600, ' ')},
      {"nobody", std::string(kPassword)}, {"", std::string(kPassword)},
      {"alice\n", std::string(kPassword)}, {std::string(10'000, 'a'), std::string(kPassword)},
      {"dora", std::string(kPassword)},   {"rita", std::string(kPassword)},
      {"alice", "cw_aaaaaaaaaaaa_" + std::string(43, 'a')}};
  for (const auto& [name, password] : attempts) {
    const auto refused = world.accounts.sign_in(name, password, "", World::anybody());
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error(), (Error{Errc::unauthenticated, "The name or the password is wrong.", ""})) << name;
    EXPECT_NE(world.last_record().find("SIGN_IN_REFUSED"), std::string::npos) << world.last_record();
    if (!name.empty()) {
      EXPECT_EQ(world.last_record().find("nobody"), std::string::npos) << "what was typed may be a password";
    }
  }
}

TEST(Accounts, AnUnknownNameCostsOneHashToo) {
  // Where no hash may be made, it is sent away as everybody is: so it would have made one.
  auto options = testing::cheap_options();
  options.hashes_at_once = 0;
  options.hashes_waiting = 0;
  World world(options);
  EXPECT_EQ(world.sign_in("nobody", kPassword), "too_many_requests");
}

TEST(Accounts, TheOneTimePasswordIsForChoosingAnother) {
  World world;
  const auto id = world.add("Alice", "Alice@example.org");
  const auto made = world.accounts.reset_password(id, "", World::admin()).value();
  EXPECT_EQ(made.sign_in_name, "alice@example.org");
  EXPECT_EQ(made.expires_at, world.clock.now() + Seconds(72 * 3600));
  EXPECT_EQ(world.last_record().find(text_of(made.password)), std::string::npos);
  const auto session = world.accounts.sign_in("alice@example.org", text_of(made.password), "", World::anybody()).value();
  EXPECT_TRUE(session.record.restricted);

  const auto weak = world.accounts.change_password(session.record, "", "short", World::actor_of(id));
  ASSERT_FALSE(weak);
  EXPECT_EQ(weak.error().field, "new_password");
  const auto renewed = world.accounts.change_password(session.record, "", kPassword, World::actor_of(id)).value();
  EXPECT_FALSE(renewed.record.restricted);
  EXPECT_FALSE(world.works(session)) << "the session goes on under another id";
  EXPECT_TRUE(world.works(renewed));
  EXPECT_EQ(world.sign_in("alice@example.org", text_of(made.password)), "unauthenticated");
  EXPECT_EQ(world.sign_in("alice@example.org", kPassword), "ok");
}

TEST(Accounts, TheOneTimePasswordIsNotChosenAsOnesOwn) {
  World world;
  const auto id = world.add("Alice");
  const auto made = world.accounts.reset_password(id, "", World::admin()).value();
  const auto session = world.accounts.sign_in("alice", text_of(made.password), "", World::anybody()).value();
  const auto kept = world.accounts.change_password(session.record, "", text_of(made.password), World::actor_of(id));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Errc::invalid);
  EXPECT_EQ(kept.error().field, "new_password");
  EXPECT_TRUE(world.accounts.change_password(session.record, "", kPassword, World::actor_of(id)));
}

TEST(Accounts, TheTokenOfInitIsNotLockedFromElsewhere) {
  World world;
  const auto bootstrap = world.directory.bootstrap({"Administrator"}, testing::no_evidence).value();
  const auto guess = "cw_aaaaaaaaaaaa_" + std::string(43, 'a');
  for (int i = 0; i < 150; ++i) {
    EXPECT_EQ(world.sign_in("", guess, "198.51.100." + std::to_string(i / 10)), "unauthenticated");
    EXPECT_EQ(world.sign_in("", "guess", "203.0.113." + std::to_string(i / 10)), i < 100 ? "unauthenticated" : "too_many_requests");
  }
  EXPECT_EQ(world.sign_in("", text_of(bootstrap.token.text)), "ok");
}

TEST(Accounts, RightPasswordsCostTooAndAreCounted) {
  auto options = testing::cheap_options();
  options.limits.right_per_account = 4;
  World world(options);
  world.add_with_password("Alice", kPassword);  // one of them
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.sign_in("alice", kPassword), "ok");
  EXPECT_EQ(world.sign_in("alice", kPassword), "too_many_requests");
  world.clock.advance(Seconds(15 * 60));
  EXPECT_EQ(world.sign_in("alice", kPassword), "ok");
}

TEST(Accounts, APasswordThatCannotBeChosenCostsNoHash) {
  auto options = testing::cheap_options();
  World world(options);
  const auto id = world.add_with_password("Alice", kPassword);
  const auto session = world.accounts.sign_in("alice", kPassword, "", World::anybody()).value();
  // The present one is wrong too, but is not looked at.
  const auto refused = world.accounts.change_password(session.record, "guess", "short", World::actor_of(id));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "new_password");
}

TEST(Accounts, TheOneTimePasswordHasAnEnd) {
  World world;
  const auto id = world.add("Alice");
  const auto made = world.accounts.reset_password(id, "", World::admin()).value();
  world.clock.advance(Seconds(72 * 3600));
  EXPECT_EQ(world.sign_in("alice", text_of(made.password)), "unauthenticated");
  const auto again = world.accounts.reset_password(id, "", World::admin()).value();
  EXPECT_NE(text_of(again.password), text_of(made.password));
  EXPECT_EQ(world.sign_in("alice", text_of(made.password)), "unauthenticated");
  EXPECT_EQ(world.sign_in("alice", text_of(again.password)), "ok");
}

TEST(Accounts, AResetEndsPasswordAndSessions) {
  World world;
  const auto id = world.add_with_password("Alice", kPassword);
  const auto session = world.accounts.sign_in("alice", kPassword, "", World::anybody()).value();
  const auto made = world.accounts.reset_password(id, "smith", World::admin()).value();
  EXPECT_EQ(made.sign_in_name, "smith");
  EXPECT_FALSE(world.works(session));
  EXPECT_EQ(world.sign_in("alice", kPassword), "unauthenticated");
  EXPECT_EQ(world.sign_in("smith", kPassword), "unauthenticated");
  EXPECT_EQ(world.sign_in("smith", text_of(made.password)), "ok");
}

TEST(Accounts, AChangeWantsThePresentPasswordAndEndsOtherSessions) {
  World world;
  const auto id = world.add_with_password("Alice", kPassword);
  const auto here = world.accounts.sign_in("alice", kPassword, "", World::anybody()).value();
  const auto elsewhere = world.accounts.sign_in("alice", kPassword, "", World::anybody("192.0.2.2")).value();
  const auto wrong = world.accounts.change_password(here.record, "tea", kOther, World::actor_of(id));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::unauthenticated);
  EXPECT_EQ(wrong.error().field, "password");
  EXPECT_TRUE(world.works(elsewhere));
  EXPECT_EQ(world.accounts.change_password(here.record, kPassword, kPassword, World::actor_of(id)).error().field, "new_password");
  const auto renewed = world.accounts.change_password(here.record, kPassword, kOther, World::actor_of(id)).value();
  EXPECT_TRUE(world.works(renewed));
  EXPECT_FALSE(world.works(here));
  EXPECT_FALSE(world.works(elsewhere));
  EXPECT_EQ(world.sign_in("alice", kPassword), "unauthenticated");
  EXPECT_EQ(world.sign_in("alice", kOther), "ok");
}

TEST(Accounts, GuessingTheCurrentPasswordInASessionIsLimitedToo) {
  World world;
  const auto id = world.add_with_password("Alice", kPassword);
  const auto session = world.accounts.sign_in("alice", kPassword, "", World::anybody()).value();
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(world.accounts.change_password(session.record, "guess", kOther, World::actor_of(id)).error().code, Errc::unauthenticated);
  EXPECT_EQ(world.accounts.change_password(session.record, kPassword, kOther, World::actor_of(id)).error().code,
            Errc::too_many_requests);
}

TEST(Accounts, ASignInNeverKeepsTheIdThatTheBrowserCameWith) {
  World world;
  world.add_with_password("Alice", kPassword);
  const std::string planted(43, 'x');
  const auto session = world.accounts.sign_in("alice", kPassword, planted, World::anybody()).value();
  EXPECT_NE(text_of(session.id), planted);
  EXPECT_FALSE(world.authenticator.by_session(planted));
  const auto again = world.accounts.sign_in("alice", kPassword, text_of(session.id), World::anybody()).value();
  EXPECT_FALSE(world.works(session));
  EXPECT_TRUE(world.works(again));
}

TEST(Accounts, TooManyWrongPasswordsLockTheAccountForThatAddress) {
  World world;
  const auto id = world.add_with_password("Alice", kPassword);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(world.sign_in("alice", "guess"), "unauthenticated");
  EXPECT_NE(world.last_record().find("SIGN_IN_LOCKED"), std::string::npos) << world.last_record();
  EXPECT_NE(world.last_record().find(id), std::string::npos);
  const auto records = world.events().size();
  EXPECT_EQ(world.sign_in("alice", kPassword), "too_many_requests");
  EXPECT_EQ(world.events().size(), records) << "the lock is recorded once";
  EXPECT_EQ(world.sign_in("alice", kPassword, "198.51.100.7"), "ok");
  world.clock.advance(Seconds(15 * 60));
  EXPECT_EQ(world.sign_in("alice", kPassword), "ok");
}

TEST(Accounts, NamesThatNobodyHasLockAlike) {
  World world;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(world.sign_in("nobody", "guess"), "unauthenticated");
  EXPECT_EQ(world.sign_in("nobody", "guess"), "too_many_requests");
}

TEST(Accounts, TheFirstAdministratorSignsInWithTheTokenOfInit) {
  World world;
  const auto bootstrap = world.directory.bootstrap({"Administrator"}, testing::no_evidence).value();
  const auto token = text_of(bootstrap.token.text);
  const auto session = world.accounts.sign_in("", token, "", World::anybody()).value();
  EXPECT_TRUE(session.record.restricted);
  const auto renewed =
      world.accounts.change_password(session.record, "", kPassword, World::actor_of(bootstrap.principal.id)).value();
  EXPECT_FALSE(renewed.record.restricted);
  EXPECT_EQ(world.sign_in("administrator", kPassword), "ok");
  EXPECT_EQ(world.sign_in("", token), "unauthenticated") << "there is a password now";
}

TEST(Accounts, ASessionForTheFirstPasswordDoesNotReplaceOne) {
  World world;
  const auto bootstrap = world.directory.bootstrap({"Administrator"}, testing::no_evidence).value();
  const auto& id = bootstrap.principal.id;
  const auto session = world.accounts.sign_in("", text_of(bootstrap.token.text), "", World::anybody()).value();
  const auto same = world.accounts.sign_in("", text_of(bootstrap.token.text), "", World::anybody()).value();
  ASSERT_TRUE(world.accounts.change_password(session.record, "", kPassword, World::actor_of(id)));
  EXPECT_FALSE(world.works(same));
  const auto late = world.accounts.change_password(same.record, "", kOther, World::actor_of(id));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::conflict);
  EXPECT_EQ(world.sign_in("administrator", kPassword), "ok");
}

TEST(Accounts, AVerifierOfOlderCostsIsMadeAnewAtSignIn) {
  World world;
  const auto id = world.add_with_password("Alice", kPassword);
  const auto before = world.accounts.find_password(id).value();
  auto options = testing::cheap_options();
  options.cost.passes = 2;
  Accounts newer({world.store, world.journal, world.authenticator, world.sessions, world.random, world.clock}, options);
  ASSERT_FALSE(newer.sign_in("alice", "wrong", "", World::anybody()));
  EXPECT_EQ(newer.find_password(id).value()->verifier, before->verifier);
  ASSERT_TRUE(newer.sign_in("alice", kPassword, "", World::anybody()));
  const auto after = newer.find_password(id).value();
  EXPECT_EQ(after->id, before->id);
  EXPECT_NE(as_text(after->verifier).find(",t=2,"), std::string::npos);
  EXPECT_TRUE(newer.sign_in("alice", kPassword, "", World::anybody()));
  EXPECT_EQ(newer.find_password(id).value()->verifier, after->verifier) << "once";
}

TEST(Accounts, ATokenIsNoPasswordOfOthers) {
  World world;
  const auto requester = world.add("Bob", {}, store::PrincipalKind::person, {{access::Role::requester, "default", ""}});
  const auto machine = world.add("Robot", {}, store::PrincipalKind::machine, {{access::Role::admin, "*", ""}});
  EXPECT_EQ(world.sign_in("", world.token_of(requester)), "unauthenticated");
  EXPECT_EQ(world.sign_in("", world.token_of(machine)), "unauthenticated");
}

TEST(Accounts, TheFirstPasswordMayBeSetWithACredentialOfAnAdministrator) {
  World world;
  const auto admin = world.add("Ada", "ada@example.org", store::PrincipalKind::person, {{access::Role::admin, "*", ""}});
  const auto self = world.directory.find_principal(admin).value();
  EXPECT_EQ(world.accounts.set_first_password(self, "", "short", World::actor_of(admin)).error().field, "new_password");
  ASSERT_TRUE(world.accounts.set_first_password(self, "Ada", kPassword, World::actor_of(admin)));
  EXPECT_EQ(world.sign_in("ada", kPassword), "ok");
  EXPECT_EQ(world.accounts.set_first_password(self, "", kOther, World::actor_of(admin)).error().code, Errc::conflict);
  const auto bob = world.add("Bob");
  EXPECT_EQ(world.accounts.set_first_password(world.directory.find_principal(bob).value(), "", kPassword, World::actor_of(bob))
                .error()
                .code,
            Errc::not_permitted);
}

TEST(Accounts, OnlyPeopleHavePasswordsAndNamesAreTheirs) {
  World world;
  const auto machine = world.add("Robot", {}, store::PrincipalKind::machine);
  const auto first = world.add("Alice"), second = world.add("alice");
  EXPECT_EQ(world.accounts.reset_password(machine, "", World::admin()).error().field, "kind");
  EXPECT_EQ(world.accounts.reset_password("pnobody", "", World::admin()).error().code, Errc::not_found);
  ASSERT_TRUE(world.accounts.reset_password(first, "", World::admin()));
  const auto taken = world.accounts.reset_password(second, "", World::admin());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::conflict);
  EXPECT_EQ(taken.error().field, "sign_in_name");
  EXPECT_TRUE(world.accounts.reset_password(second, "alice-two", World::admin()));
}

TEST(Accounts, WhoAdministersAPartGivesNoNamesButEmailAddresses) {
  World world;
  const auto ada = world.add("Ada", "Ada@example.org"), bob = world.add("Administrator");
  const auto reset = [&](const std::string& id, std::string_view name) {
    const auto made = world.accounts.reset_password(id, name, World::admin(), {.names = SignInNames::own_email});
    return made ? made->sign_in_name : std::string(name_of(made.error().code)) + ":" + made.error().field;
  };
  EXPECT_EQ(reset(ada, "root"), "not_permitted:sign_in_name");
  EXPECT_EQ(reset(bob, ""), "not_permitted:sign_in_name");
  EXPECT_EQ(reset(ada, ""), "ada@example.org");
  EXPECT_EQ(reset(ada, "ADA@example.org"), "ada@example.org");
  ASSERT_TRUE(world.accounts.reset_password(bob, "bob", World::admin()));
  EXPECT_EQ(reset(bob, ""), "bob") << "the one they have";
  const auto admin = world.add("Carl", {}, store::PrincipalKind::person, {{access::Role::admin, "default", ""}});
  const auto self = world.directory.find_principal(admin).value();
  EXPECT_EQ(world.accounts.set_first_password(self, "root", kPassword, World::actor_of(admin), SignInNames::own_email).error().field,
            "sign_in_name");
  const auto session = world.accounts.sign_in("", world.token_of(admin), "", World::anybody()).value();
  const auto refused = world.accounts.change_password(session.record, "", kPassword, World::actor_of(admin));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::not_permitted);
  EXPECT_EQ(refused.error().field, "sign_in_name");
}

TEST(Accounts, AFloodOfSignInsIsSentAway) {
  auto options = testing::cheap_options();
  options.hashes_at_once = 1;
  options.hashes_waiting = 0;
  options.cost.passes = 8;
  options.cost.memory_kib = 4096;
  options.limits.per_remote = 10'000;
  World world(options);
  std::atomic<int> sent_away = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        const auto outcome = world.sign_in("name" + std::to_string(t), "guess");
        ++(outcome == "too_many_requests" ? sent_away : refused);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sent_away + refused, 40);
  EXPECT_GT(sent_away, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace certwright::session
