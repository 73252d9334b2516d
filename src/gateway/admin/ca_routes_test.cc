// What an operator changes at a CA over the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/admin/admin_door.h"
#include "gateway/certs/testing_world.h"
#include "json/value.h"

namespace certwright::gateway::admin {
namespace {

using certs::testing::must;
using certs::testing::World;
using ::testing::HasSubstr;

struct CaRoutes : ::testing::Test {
  CaRoutes() {
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
  }
  int ask(const std::string& method, const std::string& path, std::string_view body = {}) {
    const auto response = handler->handle(web::testing::make_request(
        method, "/api/v1/cas" + path, http::Headers{{"Authorization", "Bearer " + world.admin}}, body));
    last = must(json::parse(response.body.text()));
    return response.status;
  }
  std::string text(std::string_view member) const {
    const auto* found = last.find(member);
    return found == nullptr || found->if_string() == nullptr ? "" : *found->if_string();
  }
  ca::CaPolicy policy() const { return world.cas.find("issuing")->policy(); }

  World world;
  key_rotation::Rotation rotation{{.store = world.store, .journal = world.journal, .sealer = world.sealer,
                                   .random = world.random, .source = {}}};
  std::unique_ptr<web::WebHandler> handler;
  json::Value last;
};

TEST_F(CaRoutes, APolicyIsReplacedOnlyByAWholeOne) {
  const auto before = policy();
  ASSERT_FALSE(before.profiles.empty());
  EXPECT_EQ(ask("PUT", "/issuing/policy", R"({"approval": [{"officers": 2}]})"), 422);
  EXPECT_EQ(text("field"), "public_url");
  EXPECT_THAT(text("detail"), HasSubstr("PATCH"));
  EXPECT_EQ(policy(), before);
  // As it is shown it can be given back, also where nobody must approve.
  ASSERT_EQ(ask("GET", "/issuing"), 200);
  ASSERT_NE(last.find("policy")->find("approval"), nullptr);
  ASSERT_EQ(ask("PUT", "/issuing/policy", json::write(*last.find("policy"))), 200) << json::write(last);
  EXPECT_EQ(policy(), before);
}

TEST_F(CaRoutes, APartOfAPolicyIsChangedAlone) {
  auto expected = policy();
  ASSERT_EQ(ask("PATCH", "/issuing/policy", R"({"approval": [{"officers": 2}]})"), 200) << json::write(last);
  expected.approval = {{.officers = 2}};
  EXPECT_EQ(policy(), expected);
  ASSERT_EQ(ask("PATCH", "/issuing/policy", R"({"tenants": ["default"]})"), 200) << json::write(last);
  expected.tenants = {"default"};
  EXPECT_EQ(policy(), expected) << "and the rule is there still";
  EXPECT_EQ(ask("PATCH", "/issuing/policy", R"({"approval": null})"), 422);
  EXPECT_EQ(text("field"), "approval");
  EXPECT_EQ(ask("PATCH", "/issuing/policy", R"({"aproval": []})"), 422);
  EXPECT_EQ(policy(), expected);
  ASSERT_EQ(ask("PATCH", "/issuing/policy", R"({"approval": []})"), 200);
  EXPECT_TRUE(policy().approval.empty());
}

TEST_F(CaRoutes, ARotationSaysWhatGoesOnWithTheSuccessor) {
  const auto alice = world.add_account("default", {{access::Role::admin, "default", "issuing"}});
  const auto may_read = [&](const std::string& ca) {
    const auto response = handler->handle(web::testing::make_request(
        "GET", "/api/v1/cas/" + ca, http::Headers{{"Authorization", "Bearer " + alice.token}}, {}));
    return response.status == 200;
  };
  EXPECT_TRUE(may_read("issuing"));
  ASSERT_EQ(ask("POST", "/issuing/rotate"), 201) << json::write(last);
  EXPECT_EQ(text("id"), "issuing-2");
  EXPECT_EQ(json::write(*last.find("carried_over")), R"({"roles":1,"selection_rules":0,"approval_password":false})");
  EXPECT_EQ(*last.find("open_requests"), json::Value(0));
  EXPECT_TRUE(may_read("issuing-2")) << "from now on, not when a cache is over";
}

}  // namespace
}  // namespace certwright::gateway::admin
