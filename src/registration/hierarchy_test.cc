#include "registration/hierarchy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registration/testing_world.h"
#include "store/memory/memory_store.h"

namespace certwright::registration {
namespace {

using testing::must;
using testing::World;

class Hierarchy : public ::testing::Test {
 protected:
  // A new version of, or another profile like, one that there is.
  json::Value document(std::string_view like, std::initializer_list<std::pair<const char*, const char*>> members) {
    auto changed = must(json::parse(profile::write_profile(*world.profiles.find(like))));
    for (const auto& [member, value] : members) changed.set(member, must(json::parse(value)));
    return changed;
  }
  std::string publish(const json::Value& document) {
    const auto published = world.publisher.publish(document, actor);
    return published ? "ok" : std::string(name_of(published.error().code)) + " " + published.error().field;
  }
  bool may_have(const ca::CaPtr& root, std::vector<std::string> profiles) {
    return check_hierarchy(world.cas, world.profiles, root->root_certificate(), "new", profiles).has_value();
  }

  const audit::Actor actor{.principal = "root", .tenant = "default", .door = "test", .remote = ""};
  ManualClock clock{from_unix_s(testing::kStart_s)};
  store::MemoryStore store;
  World world{store, clock};
};

TEST_F(Hierarchy, ACaForTlsServersOnlyIsAnOrdinaryOne) {
  ASSERT_EQ(publish(document("intermediate-ca", {{"name", R"("tls-issuers")"}, {"extended_key_usage", R"(["serverAuth"])"}})), "ok");
  const auto root = world.add_ca({.id = "root", .profiles = {"intermediate-ca", "tls-issuers"}});
  EXPECT_TRUE(may_have(root, {"intermediate-ca", "tls-client"}));
  EXPECT_FALSE(may_have(root, {"interception"}));
  EXPECT_FALSE(may_have(root, {"interception-ca"}));
}

TEST_F(Hierarchy, NoClientIsBelievedUnderARootThatIntercepts) {
  const auto ids = [&] {
    std::vector<std::string> all;
    for (const auto& ca : outside_of_interception(world.cas, world.profiles)) all.push_back(ca->id());
    return all;
  };
  ASSERT_EQ(publish(document("intermediate-ca", {{"name", R"("tls-issuers")"}, {"extended_key_usage", R"(["serverAuth"])"}})), "ok");
  const auto root = world.add_ca({.id = "root", .profiles = {"intermediate-ca", "tls-issuers"}});
  world.add_ca({.id = "issuing", .issuer_chain = {to_bytes(root->certificate().der())}});
  const auto proxy = world.add_ca({.id = "proxy-root", .profiles = {}});
  EXPECT_THAT(ids(), ::testing::ElementsAre("root", "issuing", "proxy-root"));
  world.add_ca({.id = "proxy", .profiles = {"interception"}, .issuer_chain = {to_bytes(proxy->certificate().der())}});
  EXPECT_THAT(ids(), ::testing::ElementsAre("root", "issuing"));
  world.add_ca({.id = "other-root", .profiles = {"interception-ca"}});
  EXPECT_THAT(ids(), ::testing::ElementsAre("root", "issuing"));
}

// CAs stand under their roots for what their profiles were.
TEST_F(Hierarchy, AProfileStaysOfItsKind) {
  EXPECT_EQ(publish(document("interception", {{"name", R"("tls-server")"}})), "policy interception");
  EXPECT_EQ(publish(document("tls-server", {{"name", R"("interception")"}})), "policy interception");
  EXPECT_EQ(publish(document("interception-ca", {{"name", R"("intermediate-ca")"}})), "policy interception_ca");
  EXPECT_EQ(publish(document("interception", {{"description", R"("ours")"}})), "ok");
  EXPECT_EQ(publish(document("interception", {{"name", R"("proxies")"}})), "ok");
  EXPECT_EQ(world.profiles.find("tls-server")->version, 1U);
}

// From a version that attached names without looking.
TEST_F(Hierarchy, ANameThatACaHasAlreadyCannotComeToIntercept) {
  store::CaRecord record = world.add_ca({.id = "issuing", .profiles = {"tls-server", "later"}})->record();
  must(store.apply({store::PutCa{record}}));
  EXPECT_EQ(publish(document("interception", {{"name", R"("later")"}})), "policy name");
  EXPECT_EQ(publish(document("tls-server", {{"name", R"("later")"}})), "ok");
}

TEST_F(Hierarchy, DocumentsOfAnOlderVersionAreInForceAfterAnUpgrade) {
  auto before = document("intermediate-ca", {{"name", R"("old-ca")"}, {"record_level", R"("digest")"}});
  EXPECT_EQ(publish(before), "invalid record_level");
  must(store.apply({store::PutProfile{
      {.name = "old-ca", .version = 1, .document = json::write(before), .created_by = "x", .created_at = {}}}}));
  must(world.profiles.reload());
  ASSERT_NE(world.profiles.find("old-ca"), nullptr);
  EXPECT_EQ(world.profiles.find("old-ca")->record_level, store::RecordLevel::full);
}

}  // namespace
}  // namespace certwright::registration
