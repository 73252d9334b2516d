// Rotating the key-encryption key over the API, while certificates are issued and keys delivered.
#include <filesystem>

#include <gtest/gtest.h>

#include "gateway/admin/admin_door.h"
#include "gateway/certs/testing_world.h"

namespace certwright::gateway::admin {
namespace {

using certs::testing::must;
using certs::testing::World;

struct KekRoutes : testing::Test {
  KekRoutes() {
    char name[] = "/tmp/certwright-kek-XXXXXX";
    source.state_directory = ::mkdtemp(name);
    // The world made its own key: let the source have the same.
    must(world.sealer.add(must(must(keys::choose_source(source, world.random))->load())));
    must(world.sealer.activate(must(must(keys::choose_source(source, world.random))->load()).id_hex()));
    rotation = std::make_unique<key_rotation::Rotation>(
        key_rotation::Rotation::Dependencies{world.store, world.journal, world.sealer, world.random, source},
        key_rotation::Rotation::Options{.batch = 2, .settle = {}, .retry = {}});
    while (must(rotation->step())) {
    }
    auto routes = admin_routes({.authority = world.authority, .cas = world.cas, .crls = world.crls,
                                .profiles = world.profiles, .publisher = world.publisher,
                                .access = world.directory, .authenticator = world.authenticator,
                                .journal = world.journal, .store = world.store,
                                .checkpoint_key = must(audit::CheckpointKey::create("test", {})),
                                .clock = world.clock, .rotation = *rotation, .accounts = world.accounts,
                                .sessions = world.sessions, .status = {}});
    web::WebOptions options;
    options.per_peer = {};
    options.per_principal = {};
    handler = must(web::WebHandler::create(
        {world.authenticator, world.clock, world.random, world.metrics, &world.journal}, std::move(routes),
        std::move(options)));
  }
  ~KekRoutes() override { std::filesystem::remove_all(source.state_directory); }

  http::Response ask(const char* method, const char* path) {
    return handler->handle(web::testing::make_request(
        method, path, http::Headers{{"Authorization", "Bearer " + world.admin}}, ""));
  }
  // Its key is made here and kept sealed.
  std::string issue() { return world.issue(world.admin, "web" + std::to_string(next++)); }
  int delivers(const std::string& serial) {
    return world.call("GET", "/certs/" + serial + "/download?token=" + world.download_token(world.admin, serial)).status;
  }
  json::Value status() { return must(json::parse(ask("GET", "/api/v1/kek").body.text())); }
  std::string phase() { return *status().find("phase")->if_string(); }

  World world;
  int next = 1;
  keys::SourceOptions source;
  std::unique_ptr<key_rotation::Rotation> rotation;
  std::unique_ptr<web::WebHandler> handler;
};

TEST_F(KekRoutes, RotatesWhileCertificatesAreIssuedAndKeysDelivered) {
  ASSERT_EQ(phase(), "idle");
  std::vector<std::string> issued;
  for (int i = 0; i < 5; ++i) issued.push_back(issue());
  const auto before = *status().find("active")->if_string();
  const auto answer = ask("POST", "/api/v1/kek/rotate");
  ASSERT_EQ(answer.status, 200) << answer.body.text();
  EXPECT_EQ(World::text_of(answer, "retired"), before);
  EXPECT_EQ(ask("POST", "/api/v1/kek/rotate").status, 409);
  EXPECT_EQ(phase(), "counting");
  std::size_t delivered = 0;
  for (bool more = true; more;) {
    if (delivered < issued.size()) {
      EXPECT_EQ(delivers(issued[delivered++]), 200) << "a key from before";
      EXPECT_EQ(delivers(issue()), 200) << "a new one";
    }
    more = must(rotation->step());
  }
  EXPECT_EQ(delivered, issued.size());
  EXPECT_EQ(phase(), "idle");
  EXPECT_NE(*status().find("active")->if_string(), before);
  EXPECT_EQ(world.sealer.ids_hex().size(), 1U);
  EXPECT_EQ(delivers(issue()), 200);
}

}  // namespace
}  // namespace certwright::gateway::admin
