// Who else may know a password, and whose a sign-in name is.
#include <algorithm>

#include <gtest/gtest.h>

#include "session/testing_accounts.h"

namespace certwright::session {
namespace {

using testing::World;
constexpr std::string_view kChosen = "tea kettle on tuesday";

TEST(AccountsOfOthers, APasswordIsOfWhoMadeWhatItWasChosenWith) {
  World world;
  const auto bob = world.add("Bob");
  const auto maker = [&](const std::string& id) { return world.accounts.find_password(id).value()->created_by; };
  const auto made = world.accounts.reset_password(bob, "", World::admin()).value();
  EXPECT_EQ(maker(bob), "padmin");
  const auto chosen = [&] {
    const auto session = world.accounts.sign_in("bob", as_text(made.password.reveal()), "", World::anybody()).value();
    return world.accounts.change_password(session.record, "", kChosen, World::actor_of(bob)).value();
  }();
  EXPECT_EQ(maker(bob), "padmin") << "who could have chosen it";
  ASSERT_TRUE(world.accounts.change_password(chosen.record, kChosen, "coffee pot on wednesday", World::actor_of(bob)));
  EXPECT_EQ(maker(bob), "padmin");
  // With a token: its maker.
  const auto carl = world.add("Carl", {}, store::PrincipalKind::person, {{access::Role::admin, "*", ""}});
  const auto token = world.directory.create_token({carl, "", {}, "pother"}, testing::no_evidence).value();
  const auto session = world.accounts.sign_in("", as_text(token.text.reveal()), "", World::anybody()).value();
  ASSERT_TRUE(world.accounts.change_password(session.record, "", kChosen, World::actor_of(carl)));
  EXPECT_EQ(maker(carl), "pother");
  const auto dora = world.add("Dora", {}, store::PrincipalKind::person, {{access::Role::admin, "*", ""}});
  auto self = world.directory.find_principal(dora).value();
  // Not by one who was judged by other roles than it has.
  auto weaker = self;
  weaker.bindings = {{access::Role::admin, "default", ""}};
  const auto refused = world.accounts.set_first_password(weaker, "", kChosen, World::actor_of(dora));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "roles");
  ASSERT_TRUE(world.accounts.set_first_password(self, "", kChosen, World::actor_of(dora)));
  EXPECT_EQ(maker(dora), dora);
}

TEST(AccountsOfOthers, ATakenNameCanBeTakenBack) {
  World world;
  const auto squatter = world.add("Mallory", "ceo@other.example"), ceo = world.add("Ceo", "ceo@other.example");
  const auto squatted = world.accounts.reset_password(squatter, "", World::admin(), {.names = SignInNames::own_email}).value();
  const auto session =
      world.accounts.sign_in("ceo@other.example", as_text(squatted.password.reveal()), "", World::anybody()).value();
  const auto refused = world.accounts.reset_password(ceo, "", World::admin());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "sign_in_name");
  const auto weak = world.accounts.reset_password(ceo, "", World::admin(), {.names = SignInNames::own_email, .takes_name = true});
  ASSERT_FALSE(weak);
  EXPECT_EQ(weak.error().code, Errc::not_permitted);
  EXPECT_TRUE(world.works(session));

  const auto taken = world.accounts.reset_password(ceo, "", World::admin(), {.takes_name = true}).value();
  EXPECT_EQ(taken.taken_from, squatter);
  EXPECT_EQ(taken.sign_in_name, "ceo@other.example");
  world.authenticator.invalidate();
  EXPECT_FALSE(world.works(session));
  EXPECT_EQ(world.sign_in("ceo@other.example", as_text(squatted.password.reveal())), "unauthenticated");
  EXPECT_EQ(world.sign_in("ceo@other.example", as_text(taken.password.reveal())), "ok");
  EXPECT_EQ(std::ranges::count(world.events(), "CREDENTIAL_REVOKED"), 1);
  EXPECT_EQ(world.accounts.reset_password(ceo, "", World::admin(), {.takes_name = true}).value().taken_from, "") << "one's own";
  // Who lost it gets another one.
  EXPECT_TRUE(world.accounts.reset_password(squatter, "mallory", World::admin()));
}

TEST(AccountsOfOthers, TheNameOfARevokedPasswordIsFree) {
  World world;
  const auto former = world.add("Alice"), next = world.add("alice");
  ASSERT_TRUE(world.accounts.reset_password(former, "", World::admin()));
  ASSERT_FALSE(world.accounts.reset_password(next, "", World::admin()));
  const auto held = world.accounts.find_password(former).value();
  ASSERT_TRUE(world.directory.revoke_credential(former, held->id, testing::no_evidence));
  EXPECT_TRUE(world.accounts.reset_password(next, "", World::admin()));
  EXPECT_FALSE(world.accounts.find_password(former).value());
}

}  // namespace
}  // namespace certwright::session
