#include "authority/testing_authority.h"

#include <gtest/gtest.h>

#include "registration/hierarchy.h"
#include "x509/oids.h"

namespace certwright::authority {
namespace {

using testing::kYear;
using registration::testing::must;

class CaHierarchy : public testing::AuthorityTest {};

TEST_F(CaHierarchy, AnInterceptionCaIsForServersOnlyAndEndsItsPath) {
  must(rooms.authority.create_root(new_ca("mitm-root", {"interception-ca"}), actor()));
  auto ca = new_ca("mitm", {"interception"}, 5 * kYear);
  ca.excluded_names = {"bank.example", "10.0.0.0/8"};
  const auto made = must(rooms.authority.create_subordinate(ca, "mitm-root", admin(), actor()));
  const auto& certificate = made->certificate();
  const auto purposes = x509::parse_ext_key_usage(certificate.find_extension(x509::oids::kExtKeyUsage)->value);
  EXPECT_EQ(must(purposes), std::vector<der::Oid>{x509::oids::kServerAuth});
  const auto constraints = must(x509::parse_basic_constraints(certificate.find_extension(x509::oids::kBasicConstraints)->value));
  EXPECT_EQ(constraints.path_length, 0U);
  const auto* names = certificate.find_extension(x509::oids::kNameConstraints);
  ASSERT_NE(names, nullptr);
  EXPECT_TRUE(names->critical);
  const auto excluded = must(x509::parse_name_constraints(names->value));
  EXPECT_TRUE(excluded.permitted.empty());
  ASSERT_EQ(excluded.excluded.size(), 2U);
  EXPECT_EQ(excluded.excluded[0].to_text(), "DNS:bank.example");
  EXPECT_EQ(excluded.excluded[1].to_text(), "IP:10.0.0.0/8");
  EXPECT_TRUE(rooms.world.registration.approve_interception("", "interception"));

  const auto successor = must(rooms.authority.rotate("mitm", admin(), actor())).successor;
  EXPECT_EQ(successor->certificate().find_extension(x509::oids::kNameConstraints)->value, names->value);
}

TEST_F(CaHierarchy, InterceptionSharesNoRootWithAnythingElse) {
  root();
  issuing();
  must(rooms.authority.create_root(new_ca("mitm-root", {"interception-ca"}), actor()));
  const auto mitm = must(rooms.authority.create_subordinate(new_ca("mitm", {"interception"}, kYear), "mitm-root", admin(), actor()));
  const auto subordinate = [&](const char* id, const char* profile, const char* parent) {
    return error_of(rooms.authority.create_subordinate(new_ca(id, {profile}, kYear), parent, admin(), actor()));
  };
  EXPECT_EQ(subordinate("a", "interception", "root"), "policy profiles");
  EXPECT_EQ(subordinate("b", "tls-server", "mitm-root"), "policy profiles");
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca("c", {"interception", "tls-server"}), actor())), "policy profiles");
  EXPECT_EQ(error_of(rooms.authority.create_root(new_ca("c", {"interception-ca", "intermediate-ca"}), actor())), "policy profiles");
  auto policy = mitm->policy();
  policy.profiles = {"tls-server"};
  EXPECT_EQ(error_of(rooms.authority.change_policy("mitm", policy, actor())), "policy profiles");
  policy.profiles = {"interception"};
  EXPECT_EQ(error_of(rooms.authority.change_policy("issuing", policy, actor())), "policy profiles");
  EXPECT_EQ(error_of(rooms.authority.change_policy("mitm", policy, actor())), "ok");
  std::vector<std::string> others;
  for (const auto& ca : registration::outside_of_interception(rooms.world.cas, rooms.world.profiles)) others.push_back(ca->id());
  EXPECT_EQ(others, (std::vector<std::string>{"root", "issuing"}));
  // Refused before anything was signed: every intent has its certificate.
  EXPECT_EQ(rooms.world.records("CERTIFICATE_INTENT").size(), 2U);
}

TEST_F(CaHierarchy, OnlyASubordinateExcludesNames) {
  must(rooms.authority.create_root(new_ca("mitm-root", {"interception-ca"}), actor()));
  auto ca = new_ca("mitm", {"interception"}, kYear);
  ca.excluded_names = {"not a name"};
  EXPECT_EQ(error_of(rooms.authority.create_subordinate(ca, "mitm-root", admin(), actor())), "invalid excluded_names[0]");
  // Where they would come to nothing they are refused.
  ca.excluded_names = {"bank.example"};
  EXPECT_EQ(error_of(rooms.authority.create_root(ca, actor())), "invalid excluded_names");
  const auto request = rooms.authority.create_request(ca, actor());
  EXPECT_EQ(request ? "" : request.error().field, "excluded_names");
  EXPECT_EQ(must(memory.list_cas()).size(), 1U);
}

// From a version that did not look: what must not be added can still be taken away.
TEST_F(CaHierarchy, WhatIsMixedAlreadyCanBeRetiredAndTakenOffline) {
  root();
  auto policy = issuing()->policy();
  policy.profiles = {"tls-server", "interception"};
  auto record = rooms.world.cas.find("issuing")->record();
  record.policy = ca::write_ca_policy(policy);
  ++record.revision;
  must(memory.apply({store::PutCa{record}}));
  must(rooms.authority.load());

  EXPECT_EQ(error_of(rooms.authority.change_policy("issuing", policy, actor())), "policy profiles");
  EXPECT_EQ(error_of(rooms.authority.create_subordinate(new_ca("b", {"tls-server"}, kYear), "root", admin(), actor())),
            "policy profiles");
  EXPECT_EQ(error_of(rooms.authority.retire("issuing", actor())), "ok");
  SecretBytes kept;
  must(rooms.authority.take_offline("root", rooms.crls, [&](const SecretBytes& key) -> Result<void> {
    kept = key.clone();
    return {};
  }, actor()));
  EXPECT_FALSE(kept.empty());
  EXPECT_EQ(rooms.world.cas.find("root")->signer(), nullptr) << "the key was handed out, so it is not here any more";
}

}  // namespace
}  // namespace certwright::authority
