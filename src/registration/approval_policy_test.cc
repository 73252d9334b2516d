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

class ApprovalPolicy : public ::testing::Test {
 protected:
  ca::CaPtr with(std::vector<ca::ApprovalRule> rules) { return world.add_ca({.id = "x", .approval = std::move(rules)}); }
  ManualClock clock{from_unix_s(kStart_s)};
  store::MemoryStore store;
  World world{store, clock};
};

TEST_F(ApprovalPolicy, TheFirstRuleThatNamesTheProfileCounts) {
  const auto ca = with({{.profiles = {"a"}, .officers = 2}, {.profiles = {"b"}, .officers = 0}, {.officers = 3}});
  const auto officers = [&](std::string_view profile) { return approval_requirement(*ca, profile, "t", {}).officers; };
  EXPECT_EQ(officers("a"), 2U);
  EXPECT_EQ(officers("b"), 0U);
  EXPECT_EQ(officers("c"), 3U);
  EXPECT_TRUE(has_approval_rules(*ca));
  const auto none = with({{.profiles = {"a"}, .officers = 0}});
  EXPECT_FALSE(has_approval_rules(*none));
  EXPECT_EQ(approval_requirement(*with({{.profiles = {"a"}}}), "c", "t", {}).officers, 0U);
}

TEST_F(ApprovalPolicy, StandingRules) {
  const auto ca = with({{.officers = 1, .automatic = {{"acme", {"*.acme.example", "acme.example", "10.0.0.1"}}}}});
  const auto passes = [&](const profile::CertificateRequest& request, std::string_view tenant = "acme") {
    const auto requirement = approval_requirement(*ca, "tls-server", tenant, request);
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

TEST_F(ApprovalPolicy, Renewals) {
  const auto request = asking({}, {"a.example"});
  const auto needed = [&](bool renewals, bool is_unchanged) {
    return renewal_requirement(*with({{.officers = 1, .renewals = renewals}}), "p", "t", request, is_unchanged).needed();
  };
  EXPECT_FALSE(needed(false, true));
  EXPECT_TRUE(needed(false, false));
  EXPECT_TRUE(needed(true, true));
  EXPECT_FALSE(renewal_requirement(*with({}), "p", "t", request, false).needed());
}

TEST_F(ApprovalPolicy, Officers) {
  store::RequestRecord request;
  request.principal = "alice";
  ApprovalRequirement any, named;
  named.officers_of = {"bob", "alice"};
  const auto may = [&](const ApprovalRequirement& requirement, const char* who) {
    return check_officer(requirement, World::principal(who, {}), request).has_value();
  };
  EXPECT_TRUE(may(any, "bob"));
  EXPECT_FALSE(may(any, "alice"));
  EXPECT_TRUE(may(named, "bob"));
  EXPECT_FALSE(may(named, "carol"));
  EXPECT_FALSE(may(named, "alice"));
}

}  // namespace
}  // namespace certwright::registration
