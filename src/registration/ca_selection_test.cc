#include "registration/ca_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "registration/testing_world.h"
#include "store/memory/memory_store.h"

namespace certwright::registration {
namespace {

using testing::kDay;
using testing::kStart_s;
using testing::must;
using testing::World;
using ::testing::HasSubstr;

// Issuing CAs: web (all tenants), vpn (two more years), mail (acme only, e-mail profiles), old (ends in 30 days),
// gone (retired).
class Selecting : public ::testing::Test {
 protected:
  Selecting() {
    const auto root = world.add_ca({.id = "root", .profiles = {"intermediate-ca", "tls-server"}});
    const std::vector<Bytes> chain = {to_bytes(root->certificate().der())};
    const std::vector<std::string> tls = {"tls-server", "tls-client", "tls-server-client"};
    world.add_ca({.id = "web", .profiles = tls, .validity = 1000 * kDay, .issuer_chain = chain});
    world.add_ca({.id = "vpn", .profiles = tls, .validity = 1730 * kDay, .issuer_chain = chain});
    world.add_ca({.id = "mail", .profiles = {"email-protection"}, .tenants = {"acme"}, .issuer_chain = chain});
    world.add_ca({.id = "old", .profiles = tls, .validity = 30 * kDay, .issuer_chain = chain});
    world.add_ca({.id = "gone", .profiles = tls, .state = store::CaState::retired, .issuer_chain = chain});
  }

  struct Asked {
    std::string tenant = "default", email = "alice@acme.example", purpose{}, address = "10.1.2.3", key_type{};
    std::vector<std::string> extensions{};
    std::optional<Seconds> validity = 90 * kDay;
    std::string ca_of_role{};
  };
  Selection select(const Asked& asked, const SelectionPolicy& policy = {}) {
    auto who = World::principal("alice", {{access::Role::issuer, asked.tenant, asked.ca_of_role}}, asked.tenant);
    who.email = asked.email;
    return select_ca({.principal = who, .tenant = asked.tenant, .purpose = asked.purpose, .profile = "",
                      .extensions = asked.extensions, .client_address = asked.address, .key_type = asked.key_type,
                      .validity = asked.validity},
                     policy, world.cas, world.profiles, clock.now());
  }
  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore store;
  World world{store, clock};
};

// It is stored with each request, which has room for so much (store/limits.h).
TEST_F(Selecting, AnExplanationOfManyCasIsShort) {
  constexpr int kMore = 400;
  const SelectionPolicy policy{.rules = {{.ca = "web", .purposes = {"web"}}}};
  const auto record_of_web = world.cas.find("web")->record();
  for (int i = 0; i < kMore; ++i) {
    auto record = record_of_web;
    record.id = "a-ca-with-a-name-of-some-length-" + std::to_string(i);
    world.cas.put(must(ca::CertificationAuthority::create(record, nullptr)));
  }
  const auto selection = select({.purpose = "web"}, policy);
  EXPECT_EQ(selection.ca, "web");
  EXPECT_EQ(selection.candidates.size(), kMore + 3U);
  EXPECT_TRUE(selection.explanation.starts_with("chose web")) << selection.explanation;
  EXPECT_THAT(selection.explanation, HasSubstr("and 383 more"));
  EXPECT_LT(selection.explanation.size(), 4'000U);
}

TEST_F(Selecting, Table) {
  const SelectionRule web{.ca = "web", .purposes = {"web"}, .emails = {"@acme.example"}, .networks = {"10.0.0.0/8"}, .key_types = {"ecdsa"}};
  const auto required = [&](auto set) {
    SelectionRule rule{.ca = "vpn", .required = true};
    set(rule);
    return SelectionPolicy{.rules = {rule}};
  };
  const struct {
    const char* name;
    Asked asked;
    SelectionPolicy policy;
    const char* chosen;
  } kRows[] = {
      {"the longest lasting of equals", {}, {}, "vpn"},
      {"purpose", {.purpose = "web"}, {.rules = {{.ca = "web", .purposes = {"web"}}}}, "web"},
      {"another purpose", {.purpose = "vpn"}, {.rules = {{.ca = "web", .purposes = {"web"}}}}, "vpn"},
      {"a domain's address", {}, {.rules = {{.ca = "web", .emails = {"@acme.example"}}}}, "web"},
      {"a subdomain's address", {.email = "a@x.acme.example"}, {.rules = {{.ca = "web", .emails = {"@acme.example"}}}}, "web"},
      {"not a domain that only ends so", {.email = "a@evilacme.example"}, {.rules = {{.ca = "web", .emails = {"@acme.example"}}}}, "vpn"},
      {"one address", {}, {.rules = {{.ca = "web", .emails = {"ALICE@acme.example"}}}}, "web"},
      {"no address at all", {.email = ""}, {.rules = {{.ca = "web", .emails = {"@acme.example"}}}}, "vpn"},
      {"network", {}, {.rules = {{.ca = "web", .networks = {"10.0.0.0/8"}}}}, "web"},
      {"another network", {.address = "192.0.2.1"}, {.rules = {{.ca = "web", .networks = {"10.0.0.0/8"}}}}, "vpn"},
      {"an address that is none", {.address = "x"}, {.rules = {{.ca = "web", .networks = {"10.0.0.0/8"}}}}, "vpn"},
      {"key type by family", {.key_type = "ecdsa-p256"}, {.rules = {{.ca = "web", .key_types = {"ecdsa"}}}}, "web"},
      {"key type by name", {.key_type = "rsa-2048"}, {.rules = {{.ca = "web", .key_types = {"rsa-4096"}}}}, "vpn"},
      {"all criteria add up", {.purpose = "web", .key_type = "ecdsa-p256"},
       {.rules = {web, {.ca = "vpn", .purposes = {"web"}, .emails = {"@acme.example"}}}}, "web"},
      {"points are the tenant's", {.purpose = "vpn"},
       {.purpose_points = 1, .rules = {{.ca = "vpn", .purposes = {"vpn"}}, {.ca = "web", .networks = {"10.0.0.0/8"}}}}, "web"},
      {"required and met", {.purpose = "vpn"}, required([](auto& r) { r.purposes = {"vpn"}; }), "vpn"},
      {"required and not met", {.purpose = "web"}, required([](auto& r) { r.purposes = {"vpn"}; }), "web"},
      {"too short a life for the validity", {.validity = 1'500 * kDay}, {.rules = {web}}, "vpn"},
      {"too long for all", {.validity = 3'000 * kDay}, {}, ""},
      {"a minimum of remaining life", {.validity = {}}, {.remaining_min = Seconds(1'200 * kDay), .rules = {web}}, "vpn"},
      {"extensions that one CA has", {.tenant = "acme", .extensions = {"email_protection"}}, {}, "mail"},
      {"that CA is another tenant's", {.extensions = {"email_protection"}}, {}, ""},
      {"extensions that none has", {.extensions = {"code_signing"}}, {}, ""},
      {"a role at one CA only", {.ca_of_role = "web"}, {}, "web"},
      {"a role at a root only", {.ca_of_role = "root"}, {}, ""},
      {"half the points for one that just suffices", {.validity = 600 * kDay}, {.rules = {{.ca = "old"}}}, "vpn"},
  };
  for (const auto& row : kRows) {
    const auto selection = select(row.asked, row.policy);
    EXPECT_EQ(selection.ca, row.chosen) << row.name << ": " << selection.explanation;
    EXPECT_EQ(select(row.asked, row.policy).explanation, selection.explanation) << row.name;
    for (const auto& candidate : selection.candidates) EXPECT_NE(candidate.ca, "root") << row.name;
  }
}

TEST_F(Selecting, Explains) {
  const auto selection = select({.purpose = "web"}, {.rules = {{.ca = "web", .purposes = {"web"}}}});
  EXPECT_THAT(selection.explanation, HasSubstr("chose web (50 points) because it lasts 1000 days more (+10), purpose \"web\" matches \"web\" (+40)"));
  EXPECT_THAT(selection.explanation, HasSubstr("vpn has 10 points"));
  EXPECT_EQ(selection.explanation.find("gone"), std::string::npos) << "a retired CA";
  EXPECT_THAT(selection.explanation, HasSubstr("old excluded because it ends in 30 days, before the 90 that are needed"));
  EXPECT_EQ(selection.explanation.find("mail"), std::string::npos) << "another tenant's CA";
  EXPECT_EQ(select({.ca_of_role = "root"}).explanation, "there is no issuing CA that you may use for this tenant");
}

// A CA for one purpose lasts for ten years. What says nothing of a purpose is not for it; what does, is.
TEST_F(Selecting, ACaForSomethingSpecialIsNotForEverything) {
  const std::vector<Bytes> chain = {to_bytes(world.cas.find("root")->certificate().der())};
  world.add_ca({.id = "device", .profiles = {"tls-client"}, .validity = 3650 * kDay, .issuer_chain = chain});
  const auto selection = select({});
  EXPECT_EQ(selection.ca, "vpn") << selection.explanation;
  EXPECT_THAT(selection.explanation, HasSubstr("device has 0 points: it lasts 3650 days more (+0), it would give "
                                               "\"tls-client\", not the usual \"tls-server-client\""));
  EXPECT_EQ(select({}, {.lifetime_points = 0}).ca, "vpn") << "of equals";
  EXPECT_EQ(select({.extensions = {"client_auth"}}).ca, "device");
  EXPECT_EQ(select({.purpose = "tls-client"}).ca, "device");
  EXPECT_EQ(select({.purpose = "iot"}, {.rules = {{.ca = "device", .purposes = {"iot"}}}}).ca, "device");
  EXPECT_EQ(select({.ca_of_role = "device"}).ca, "device") << "the only one there is";
  EXPECT_EQ(select({.validity = 2'000 * kDay}).ca, "device") << "the only one that lasts so long";
}

TEST_F(Selecting, APolicyIsAboutCasThatThereAre) {
  const auto field = [&](std::vector<SelectionRule> rules, std::string_view tenant = "default") {
    const auto checked = check_selection_policy({.rules = std::move(rules)}, tenant, world.cas);
    return checked ? std::string() : checked.error().field + " " + checked.error().detail;
  };
  EXPECT_EQ(field({{.ca = "web", .key_types = {"rsa", "rsa-2048", "ecdsa", "ed25519", "ml-dsa"}}, {.ca = "vpn"}, {.ca = "gone"}}), "");
  EXPECT_EQ(field({{.ca = "mail"}}, "acme"), "");
  const std::string none = field({{.ca = "vnp"}}), foreign = field({{.ca = "mail"}});
  EXPECT_EQ(none, "rules[0].ca rules[0].ca: no CA \"vnp\" serves tenant \"default\"");
  EXPECT_EQ(foreign, "rules[0].ca rules[0].ca: no CA \"mail\" serves tenant \"default\"");
  EXPECT_THAT(field({{.ca = "root"}}), HasSubstr("rules[0].ca rules[0].ca: \"root\" is a root CA"));
  EXPECT_THAT(field({{.ca = "web"}, {.ca = "vpn"}, {.ca = "web"}}), HasSubstr("rules[2].ca rules[2].ca: rules[0] is about \"web\""));
  for (const char* type : {"rsaa", "rsa-", "ecdsa-p25", "", "2048"})
    EXPECT_THAT(field({{.ca = "web", .key_types = {type}}}), HasSubstr("rules[0].key_types")) << type;
}

TEST_F(Selecting, WhatARequesterWritesDoesNotBreakALine) {
  const auto selection = select({.purpose = "x\n\x1b[31m"}, {.rules = {{.ca = "web", .purposes = {"web"}}}});
  EXPECT_EQ(selection.explanation.find('\n'), std::string::npos);
  EXPECT_EQ(selection.explanation.find('\x1b'), std::string::npos);
}

TEST_F(Selecting, AProfileForWhatIsWanted) {
  const auto ca = world.cas.find("web");
  const auto name = [&](std::vector<std::string> extensions, std::string_view purpose = {}) {
    const auto profile = profile_for(*ca, world.profiles, extensions, purpose);
    return profile == nullptr ? std::string("none") : profile->name;
  };
  EXPECT_EQ(name({"server_auth"}), "tls-server");
  EXPECT_EQ(name({"client_auth"}), "tls-client");
  EXPECT_EQ(name({"client_auth", "server_auth"}), "tls-server-client");
  EXPECT_EQ(name({"code_signing"}), "none");
  EXPECT_EQ(name({}), "tls-server-client");
  EXPECT_EQ(name({}, "tls-client"), "tls-client");
  EXPECT_EQ(profile_for(*world.cas.find("root"), world.profiles, {}, "intermediate-ca")->name, "tls-server");
}

TEST(SelectionPolicyDocument, RoundTripsAndRefuses) {
  const SelectionPolicy policy{.purpose_points = 1, .email_points = 2, .network_points = 3, .key_type_points = 4,
                               .lifetime_points = 5, .remaining_min = Seconds(60),
                               .rules = {{"web", {"a"}, {"@b.example"}, {"10.0.0.0/8"}, {"rsa"}, true}}};
  EXPECT_EQ(must(parse_selection_policy(write_selection_policy(policy))), policy);
  EXPECT_EQ(must(parse_selection_policy("{}")), SelectionPolicy{});
  EXPECT_EQ(parse_selection_policy(R"({"purpose_points": -1})").error().field, "purpose_points");
  EXPECT_EQ(parse_selection_policy(R"({"rules": [{}]})").error().field, "rules[0].ca");
  EXPECT_EQ(parse_selection_policy(R"({"rules": [{"ca": "a", "networks": ["10.0.0.0/40"]}]})").error().field, "rules[0].networks");
  EXPECT_EQ(parse_selection_policy(R"({"rules": [{"ca": "a", "emails": ["acme"]}]})").error().field, "rules[0].emails");
  EXPECT_EQ(parse_selection_policy(R"({"x": 1})").error().field, "x");
}

}  // namespace
}  // namespace certwright::registration
