#include "registration/approval_policy.h"

#include <gtest/gtest.h>

#include "registration/testing_world.h"
#include "store/memory/memory_store.h"

namespace certwright::registration {
namespace {

using testing::kStart_s;
using testing::must;
using testing::World;

profile::CertificateRequest asking(std::vector<profile::SubjectAttribute> subject, const std::vector<std::string>& dns,
                                   const std::vector<std::string>& ips = {}) {
  profile::CertificateRequest request;
  request.subject = std::move(subject);
  for (const auto& name : dns) request.names.push_back(must(x509::GeneralName::dns(name)));
  for (const auto& ip : ips) request.names.push_back(must(x509::GeneralName::ip(ip)));
  return request;
}

profile::Profile named(std::string_view name, bool is_ca = false) {
  profile::Profile profile;
  profile.name = name;
  profile.ca = is_ca;
  return profile;
}

class ApprovalPolicy : public ::testing::Test {
 protected:
  ca::CaPtr with(std::vector<ca::ApprovalRule> rules) { return world.add_ca({.id = "x", .approval = std::move(rules)}); }
  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore store;
  World world{store, clock};
};

TEST_F(ApprovalPolicy, TheFirstRuleThatNamesTheProfileCounts) {
  const auto ca = with({{.profiles = {"a"}, .officers = 2}, {.profiles = {"b"}, .officers = 0}, {.officers = 3}});
  const auto officers = [&](std::string_view profile) { return approval_requirement(*ca, named(profile), "t", {}).officers; };
  EXPECT_EQ(officers("a"), 2U);
  EXPECT_EQ(officers("b"), 0U);
  EXPECT_EQ(officers("c"), 3U);
  EXPECT_TRUE(has_approval_rules(*ca));
  const auto none = with({{.profiles = {"a"}, .officers = 0}});
  EXPECT_FALSE(has_approval_rules(*none));
  EXPECT_EQ(approval_requirement(*with({{.profiles = {"a"}}}), named("c"), "t", {}).officers, 0U);
}

TEST_F(ApprovalPolicy, StandingRules) {
  const auto ca = with({{.officers = 1, .automatic = {{"acme", {"*.acme.example", "acme.example"}, {"10.0.0.1"}}}}});
  const auto passes = [&](const profile::CertificateRequest& request, std::string_view tenant = "acme") {
    const auto requirement = approval_requirement(*ca, named("tls-server"), tenant, request);
    EXPECT_NE(requirement.needed(), requirement.by_standing_rule);
    return requirement.by_standing_rule;
  };
  EXPECT_TRUE(passes(asking({}, {"www.acme.example", "acme.example"}, {"10.0.0.1"})));
  EXPECT_TRUE(passes(asking({{"common_name", "WWW.acme.example"}, {"organization", "Acme"}}, {})));
  EXPECT_FALSE(passes(asking({}, {"www.acme.example"}), "globex"));
  EXPECT_FALSE(passes(asking({}, {"www.acme.example", "www.bank.example"})));
  EXPECT_FALSE(passes(asking({{"common_name", "bank.example"}}, {"www.acme.example"})));
  EXPECT_FALSE(passes(asking({{"email_address", "ceo@bank.example"}}, {"www.acme.example"})));
  EXPECT_FALSE(passes(asking({}, {"www.acme.example"}, {"10.0.0.2"})));
  EXPECT_FALSE(passes(asking({}, {"www.acme.example.evil.example"})));
  EXPECT_FALSE(passes(asking({}, {"*.acme.example"})));
  EXPECT_FALSE(passes(asking({{"organization", "Acme"}}, {})));
  EXPECT_FALSE(passes(asking({}, {})));
  auto directory = asking({}, {"www.acme.example"});
  directory.names.push_back(x509::GeneralName::directory_name(must(x509::Name::from_text("CN=www.acme.example"))));
  EXPECT_FALSE(passes(directory));
}

TEST_F(ApprovalPolicy, AStandingRulesAsteriskGoesAcrossDots) {
  const auto ca = with({{.officers = 1, .automatic = {{"acme", {"*.acme.example"}}}}});
  const auto needed = [&](const std::string& name) {
    return approval_requirement(*ca, named("tls-server"), "acme", asking({}, {name})).needed();
  };
  EXPECT_FALSE(needed("www.acme.example"));
  EXPECT_FALSE(needed("a.b.acme.example"));
  EXPECT_TRUE(needed("acme.example"));
  EXPECT_TRUE(needed("wwwacme.example"));
}

// A pattern is about names of its type: "*.acme.example" about hosts, whatever else may end like that.
TEST_F(ApprovalPolicy, StandingRulesAreForATypeOfName) {
  const auto ca = with({{.officers = 1, .automatic = {{"acme", {"*.acme.example"}, {"10.0.0.0/8"}, {"*@acme.example"}, {"spiffe://acme/*"}}}}});
  const auto passes = [&](const std::vector<x509::GeneralName>& names, std::vector<profile::SubjectAttribute> subject = {}) {
    profile::CertificateRequest request;
    request.names = names;
    request.subject = std::move(subject);
    return approval_requirement(*ca, named("p"), "acme", request).by_standing_rule;
  };
  const auto email = [](std::string_view text) { return must(x509::GeneralName::email(text)); };
  const auto uri = [](std::string_view text) { return must(x509::GeneralName::uri(text)); };
  EXPECT_TRUE(passes({email("ceo@acme.example")}));
  EXPECT_FALSE(passes({email("ceo@mail.acme.example")}));
  EXPECT_TRUE(passes({uri("spiffe://acme/web")}));
  EXPECT_FALSE(passes({uri("https://bank.example/www.acme.example")}));
  EXPECT_TRUE(passes({must(x509::GeneralName::ip("10.1.2.3"))}));
  EXPECT_FALSE(passes({must(x509::GeneralName::ip("11.1.2.3"))}));
  EXPECT_TRUE(passes({}, {{"common_name", "10.1.2.3"}}));
  EXPECT_TRUE(passes({}, {{"common_name", "ceo@acme.example"}}));
  EXPECT_TRUE(passes({}, {{"email_address", "ceo@acme.example"}}));
  EXPECT_FALSE(passes({}, {{"common_name", "John.acme.example's"}}));
  EXPECT_FALSE(passes({}, {{"serial_number", "www.acme.example"}}));
}

TEST_F(ApprovalPolicy, NoRuleIsAboutCertificatesOfCas) {
  EXPECT_TRUE(approval_requirement(*with({{}}), named("p"), "t", {}).needed());
  EXPECT_FALSE(approval_requirement(*with({{}}), named("intermediate-ca", true), "t", {}).needed());
}

TEST_F(ApprovalPolicy, Renewals) {
  const auto request = asking({}, {"a.example"});
  const auto needed = [&](bool renewals, bool is_unchanged) {
    return renewal_requirement(*with({{.officers = 1, .renewals = renewals}}), named("p"), "t", request, is_unchanged).needed();
  };
  EXPECT_FALSE(needed(false, true));
  EXPECT_TRUE(needed(false, false));
  EXPECT_TRUE(needed(true, true));
  EXPECT_FALSE(renewal_requirement(*with({}), named("p"), "t", request, false).needed());
}

TEST_F(ApprovalPolicy, Officers) {
  store::RequestRecord request;
  request.principal = "alice";
  ApprovalRequirement any, some;
  some.officers_of = {"bob", "alice"};
  const auto may = [&](const ApprovalRequirement& requirement, const char* who) {
    return check_officer(requirement, World::principal(who, {}), request).has_value();
  };
  EXPECT_TRUE(may(any, "bob"));
  EXPECT_FALSE(may(any, "alice"));
  EXPECT_TRUE(may(some, "bob"));
  EXPECT_FALSE(may(some, "carol"));
  EXPECT_FALSE(may(some, "alice"));
}

// Those a tenant's administrator can make, or be, do not count where the rule wants others.
TEST_F(ApprovalPolicy, OfficersOfTheInstallation) {
  using access::Role;
  store::RequestRecord request;
  request.principal = "alice";
  ApprovalRequirement requirement;
  requirement.installation_officers = true;
  const auto may = [&](Role role, const char* tenant, const char* ca = "") {
    return check_officer(requirement, World::principal("bob", {{role, tenant, ca}}), request).has_value();
  };
  EXPECT_TRUE(may(Role::approver, "*"));
  EXPECT_TRUE(may(Role::admin, "*"));
  EXPECT_FALSE(may(Role::approver, "default"));
  EXPECT_FALSE(may(Role::admin, "default"));
  EXPECT_FALSE(may(Role::approver, "*", "issuing"));
  EXPECT_FALSE(may(Role::auditor, "*"));
}

}  // namespace
}  // namespace certwright::registration
