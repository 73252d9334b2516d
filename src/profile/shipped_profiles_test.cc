#include <algorithm>

#include <gtest/gtest.h>

#include "profile/testing.h"

namespace certwright::profile {
namespace {

TEST(ShippedProfiles, AreValidDocuments) {
  const auto profiles = shipped_profiles();
  EXPECT_EQ(profiles.size(), 9U);
  for (const Profile& profile : profiles) {
    const auto document = json::parse(write_profile(profile));
    ASSERT_TRUE(document) << profile.name;
    const auto parsed = parse_profile(*document);
    ASSERT_TRUE(parsed) << profile.name << ": " << parsed.error().field << ": " << parsed.error().detail;
    EXPECT_EQ(*parsed, profile) << profile.name;
    EXPECT_EQ(profile.version, 1U);
    EXPECT_EQ(profile.key_algorithms.front(), "ecdsa-p256");
    EXPECT_EQ(profile.backdate, profile.interception ? Seconds(86'400) : Seconds(300));
  }
}

TEST(ShippedProfiles, OnlyTheResponderIsInternalAndSignsOcsp) {
  for (const Profile& profile : shipped_profiles()) {
    const bool responder = profile.name == "ocsp-responder";
    EXPECT_EQ(profile.internal, responder) << profile.name;
    EXPECT_EQ(profile.ocsp_nocheck, responder) << profile.name;
    const auto& purposes = profile.extended_key_usage;
    EXPECT_EQ(std::ranges::find(purposes, x509::oids::kOcspSigning) != purposes.end(), responder);
    EXPECT_EQ(profile.ca, profile.name == "intermediate-ca" || profile.name == "interception-ca");
    EXPECT_EQ(profile.interception.has_value(), profile.name == "interception");
    EXPECT_EQ(profile.record_level == store::RecordLevel::aggregate, profile.name == "interception");
  }
}

// Found on Debian 13: a root could have such a key, but no CA below it.
TEST(ShippedProfiles, TakePostQuantumKeys) {
  for (const Profile& profile : shipped_profiles()) {
    const auto takes = [&](std::string_view name) {
      return std::ranges::find(profile.key_algorithms, name) != profile.key_algorithms.end();
    };
    const bool brought = !profile.interception;  // those keys are made here, as the upstream's kinds
    for (const auto* name : {"ml-dsa-44", "ml-dsa-65", "ml-dsa-87"}) EXPECT_EQ(takes(name), brought) << profile.name << name;
    const bool long_lived = profile.ca || profile.name == "code-signing";
    EXPECT_EQ(takes("slh-dsa-sha2-128s"), long_lived) << profile.name;
    EXPECT_EQ(takes("slh-dsa-shake-256f"), long_lived) << profile.name;
  }
}

TEST(ShippedProfiles, CertsServiceTakesAYear) {
  const Profile profile = testing::shipped("tls-server-client");
  EXPECT_EQ(profile.validity_default, std::chrono::hours(24 * 90));
  EXPECT_EQ(profile.validity_max, std::chrono::hours(8760));
  ASSERT_EQ(profile.copy_extensions.size(), 3U);
  EXPECT_EQ(profile.copy_extensions[2].oid.to_text(), "2.99999.1.2");
  EXPECT_EQ(profile.copy_extensions[2].size_octets_max, 32'768U);
}

}  // namespace
}  // namespace certwright::profile
