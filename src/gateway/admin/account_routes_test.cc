// Passwords and sessions over the API.
#include <gtest/gtest.h>

#include "gateway/admin/admin_door.h"
#include "gateway/certs/testing_world.h"
#include "json/value.h"

namespace certwright::gateway::admin {
namespace {

using certs::testing::must;
using certs::testing::World;
constexpr const char* kPassword = R"({"new_password":"tea kettle on tuesday"})";

struct AccountRoutes : ::testing::Test {
  AccountRoutes() {
    web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    handler = must(web::WebHandler::create(
        {world.authenticator, world.clock, world.random, world.metrics, &world.journal, &world.sessions},
        admin_routes({.authority = world.authority, .cas = world.cas, .crls = world.crls, .profiles = world.profiles,
                      .publisher = world.publisher, .access = world.directory, .authenticator = world.authenticator,
                      .journal = world.journal, .store = world.store,
                      .checkpoint_key = must(audit::CheckpointKey::create("test", {})), .clock = world.clock,
                      .rotation = rotation, .accounts = world.accounts, .sessions = world.sessions, .status = {}}),
        std::move(options)));
    alice = must(world.directory.create_principal({"default", "Alice", "Alice@example.org", store::PrincipalKind::person, {}},
                                                  World::no_evidence()))
                .id;
  }
  http::Response ask(const std::string& method, const std::string& path, std::string_view body = {}) {
    return ask_as(world.admin, method, path, body);
  }
  http::Response ask_as(const std::string& token, const std::string& method, const std::string& path, std::string_view body = {}) {
    return handler->handle(
        web::testing::make_request(method, "/api/v1" + path, http::Headers{{"Authorization", "Bearer " + token}}, body));
  }
  std::string sign_in(std::string_view name, std::string_view password) {
    const auto session = world.accounts.sign_in(name, password, "", {.principal = "", .tenant = "", .door = "test", .remote = "::1"});
    return session ? session::Sessions::handle_of(session->record) : std::string();
  }

  World world;
  key_rotation::Rotation rotation{{.store = world.store, .journal = world.journal, .sealer = world.sealer,
                                   .random = world.random, .source = {}}};
  std::unique_ptr<web::WebHandler> handler;
  std::string alice;
};

TEST_F(AccountRoutes, AnAdministratorResetsAPassword) {
  const auto made = ask("POST", "/principals/" + alice + "/password");
  ASSERT_EQ(made.status, 201) << made.body.text();
  EXPECT_TRUE(made.secret);
  EXPECT_EQ(made.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(World::text_of(made, "sign_in_name"), "alice@example.org");
  EXPECT_NE(sign_in("alice@example.org", World::text_of(made, "password")), "");
  const auto again = ask("POST", "/principals/" + alice + "/password", R"({"sign_in_name":"Alice"})");
  EXPECT_EQ(World::text_of(again, "sign_in_name"), "alice");
  EXPECT_EQ(sign_in("alice@example.org", World::text_of(made, "password")), "");
  const auto shown = ask("GET", "/principals/" + alice);
  EXPECT_NE(shown.body.text().find("\"kind\":\"one_time_password\""), std::string_view::npos) << shown.body.text();
  EXPECT_EQ(shown.body.text().find("argon2id"), std::string_view::npos);
}

TEST_F(AccountRoutes, ResetsSayWhatIsWrong) {
  const auto machine = world.add_account("default", {});
  EXPECT_EQ(ask("POST", "/principals/" + machine.id + "/password").status, 422);
  EXPECT_EQ(ask("POST", "/principals/pnobody/password").status, 404);
  EXPECT_EQ(ask("POST", "/principals/" + alice + "/password", R"({"password":"mine"})").status, 422);
  const auto bob = must(world.directory.create_principal({"default", "Bob", "", store::PrincipalKind::person, {}}, World::no_evidence()));
  ASSERT_EQ(ask("POST", "/principals/" + bob.id + "/password").status, 201);
  EXPECT_EQ(ask("POST", "/principals/" + alice + "/password", R"({"sign_in_name":"bob"})").status, 409);
}

TEST_F(AccountRoutes, AnAdministratorOfAllTakesANameBack) {
  const auto weaker = world.add_account("default", {{access::Role::admin, "default", {}}});
  const auto other = must(world.directory.create_principal(
      {"default", "Other", "alice@example.org", store::PrincipalKind::person, {}}, World::no_evidence()));
  ASSERT_EQ(ask_as(weaker.token, "POST", "/principals/" + other.id + "/password").status, 201);
  const auto path = "/principals/" + alice + "/password";
  EXPECT_EQ(ask("POST", path).status, 409);
  EXPECT_EQ(ask_as(weaker.token, "POST", path, R"({"take_name":true})").status, 403);
  const auto taken = ask("POST", path, R"({"take_name":true})");
  ASSERT_EQ(taken.status, 201) << taken.body.text();
  EXPECT_EQ(World::text_of(taken, "taken_from"), other.id);
  EXPECT_NE(sign_in("alice@example.org", World::text_of(taken, "password")), "");
}

TEST_F(AccountRoutes, TheFirstAdministratorSetsTheirOwn) {
  EXPECT_EQ(ask("POST", "/self/password", R"({"new_password":"short"})").status, 422);
  const auto set = ask("POST", "/self/password", kPassword);
  ASSERT_EQ(set.status, 201) << set.body.text();
  EXPECT_EQ(World::text_of(set, "sign_in_name"), "admin");
  EXPECT_NE(sign_in("admin", "tea kettle on tuesday"), "");
  EXPECT_EQ(ask("POST", "/self/password", kPassword).status, 409) << "there is one";
}

TEST_F(AccountRoutes, APromotionEndsWhatWeakerAdministratorsMade) {
  const auto weaker = world.add_account("default", {{access::Role::admin, "default", {}}});
  const auto path = "/principals/" + alice;
  const auto made = ask_as(weaker.token, "POST", path + "/tokens", "{}");
  ASSERT_EQ(made.status, 201) << made.body.text();
  const auto theirs = World::text_of(made, "token"), mine = World::text_of(ask("POST", path + "/tokens", "{}"), "token");
  const auto password = World::text_of(ask_as(weaker.token, "POST", path + "/password"), "password");
  EXPECT_NE(sign_in("alice@example.org", password), "");
  EXPECT_EQ(ask_as(weaker.token, "POST", path + "/roles", R"({"role":"requester"})").status, 204);
  EXPECT_EQ(ask_as(theirs, "GET", "/self").status, 200);

  const auto granted = ask("POST", path + "/roles", R"({"role":"approver","tenant":"*"})");
  ASSERT_EQ(granted.status, 200) << granted.body.text();
  EXPECT_NE(granted.body.text().find("\"" + World::text_of(made, "id") + "\""), std::string_view::npos);
  EXPECT_EQ(ask_as(theirs, "GET", "/self").status, 401);
  EXPECT_EQ(ask_as(mine, "GET", "/self").status, 200);
  EXPECT_EQ(sign_in("alice@example.org", password), "");
  EXPECT_EQ(ask("GET", path + "/sessions").body.text(), "{\"sessions\":[]}\n");
  EXPECT_NE(ask("GET", path).body.text().find("\"created_by\":\"" + weaker.id + "\",\"revoked\":true"), std::string_view::npos);
  EXPECT_EQ(ask_as(weaker.token, "POST", path + "/tokens", "{}").status, 403);
}

TEST_F(AccountRoutes, SessionsAreListedAndEnded) {
  ASSERT_EQ(ask("POST", "/self/password", kPassword).status, 201);
  const auto first = sign_in("admin", "tea kettle on tuesday"), second = sign_in("admin", "tea kettle on tuesday");
  const auto self = "/principals/" + world.admin_id;
  const auto list = [&](const std::string& path) { return std::string(ask("GET", path).body.text()); };
  EXPECT_NE(list("/self/sessions").find(first), std::string::npos);
  EXPECT_NE(list(self + "/sessions").find(second), std::string::npos);
  EXPECT_NE(list(self + "/sessions").find("\"remote\":\"::1\""), std::string::npos);
  EXPECT_EQ(ask("DELETE", self + "/sessions/" + first).status, 204);
  EXPECT_EQ(ask("DELETE", self + "/sessions/" + first).status, 404);
  EXPECT_EQ(list("/self/sessions").find(first), std::string::npos);
  EXPECT_EQ(ask("DELETE", "/principals/" + alice + "/sessions/" + second).status, 404) << "of another";
  EXPECT_EQ(ask("DELETE", "/self/sessions").status, 204);
  EXPECT_EQ(list("/self/sessions"), "{\"sessions\":[]}\n");
  sign_in("admin", "tea kettle on tuesday");
  EXPECT_EQ(ask("DELETE", self + "/sessions").status, 204);
  EXPECT_EQ(list("/self/sessions"), "{\"sessions\":[]}\n");
}

TEST_F(AccountRoutes, ARestrictedSessionReachesNothingHere) {
  const auto made = ask("POST", "/principals/" + alice + "/password");
  const auto session = must(world.accounts.sign_in("alice@example.org", World::text_of(made, "password"), "",
                                                   {.principal = "", .tenant = "", .door = "test", .remote = "::1"}));
  const auto refused = handler->handle(web::testing::make_request(
      "GET", "/api/v1/self", http::Headers{{"Cookie", "__Host-certwright=" + std::string(as_text(session.id.reveal()))}}));
  EXPECT_EQ(refused.status, 403);
}

}  // namespace
}  // namespace certwright::gateway::admin
