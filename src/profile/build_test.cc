#include "profile/testing_build.h"

#include <openssl/err.h>

#include <gmock/gmock.h>

namespace certwright::profile::build_test {
namespace {

TEST(Rfc5280Section4_1, ServerCertificateAsOpensslReadsIt) {
  const auto tbs = must(build(shipped("tls-server"), server_request()));
  const auto certificate = testing::sign(ca().key.get(), tbs);
  EXPECT_EQ(verify_strict(certificate, ca().certificate()), 1);
  const OpensslView view(certificate);
  ASSERT_NE(view.certificate, nullptr);
  EXPECT_EQ(X509_get_version(view.certificate.get()), X509_VERSION_3);
  EXPECT_EQ(view.subject(), "CN=a.example");
  EXPECT_EQ(view.extension(NID_basic_constraints), "critical,CA:FALSE");
  EXPECT_EQ(view.extension(NID_key_usage), "critical,Digital Signature");
  EXPECT_EQ(view.extension(NID_ext_key_usage), "TLS Web Server Authentication");
  EXPECT_EQ(view.extension(NID_subject_alt_name), "DNS:a.example, IP Address:10.0.0.1");
  EXPECT_EQ(view.extension(NID_crl_distribution_points),
            "Full Name:  URI:http://ca.example/issuing.crl");
  EXPECT_EQ(view.extension(NID_info_access),
            "OCSP - URI:http://ca.example/ocspCA Issuers - URI:http://ca.example/issuing.cer");
  EXPECT_EQ(view.extension(NID_id_pkix_OCSP_noCheck), "absent");
  EXPECT_EQ(X509_get_ext_count(view.certificate.get()), 8);
  EXPECT_EQ(to_unix_s(certificate.not_before()), to_unix_s(noon()) - 300);
  EXPECT_EQ(to_unix_s(certificate.not_after()), to_unix_s(noon()) + 90 * 86'400);
  EXPECT_EQ(certificate.subject_key_identifier(),
            testing::TestCa::to_key_identifier(testing::spki_of(leaf_key())));
  EXPECT_EQ(certificate.authority_key_identifier(), ca().key_identifier);
}

TEST(Rfc5280Section4_1, IsReproducible) {
  const auto build_once = [] {
    return must(x509::encode(must(build(shipped("tls-server"), server_request()))));
  };
  EXPECT_EQ(build_once(), build_once());
}

TEST(ShippedProfiles, MakeWhatOpensslTakes) {
  for (const Profile& profile : shipped_profiles()) {
    SCOPED_TRACE(profile.name);
    auto request = testing::request_for(leaf_key(), "ecdsa-p256");
    request.subject = {{"common_name", "Somebody"}, {"organization", "Acme"}};
    if (profile.dns.permitted) request.names.push_back(must(GeneralName::dns("a.example")));
    if (profile.email.permitted) request.names.push_back(must(GeneralName::email("a@b.example")));
    if (profile.uri.permitted) request.names.push_back(must(GeneralName::uri("spiffe://a/b")));
    if (profile.ip.permitted) request.names.push_back(must(GeneralName::ip("2001:db8::1")));
    if (profile.name == "tls-server") request.subject.erase(request.subject.begin());
    const auto tbs = build(profile, request);
    ASSERT_TRUE(tbs) << tbs.error().field << ": " << tbs.error().detail;
    const auto certificate = testing::sign(ca().key.get(), *tbs);
    EXPECT_EQ(verify_strict(certificate, ca().certificate()), 1);
    const OpensslView view(certificate);
    EXPECT_EQ(view.extension(NID_basic_constraints),
              profile.ca ? "critical,CA:TRUE, pathlen:0" : "critical,CA:FALSE");
    EXPECT_EQ(view.extension(NID_id_pkix_OCSP_noCheck) != "absent", profile.ocsp_nocheck);
    EXPECT_EQ(view.extension(NID_info_access).find("OCSP") != std::string::npos, profile.ocsp_url);
  }
}

struct KeyCase {
  const char* name;
  const char* algorithm;
  const char* key_usage;
};
class KeyUsageCut : public ::testing::TestWithParam<KeyCase> {};

TEST_P(KeyUsageCut, FollowsTheKey) {
  const std::string_view algorithm = GetParam().algorithm;
  const auto key = algorithm == "rsa-2048" ? testing::rsa_2048_key()
                   : algorithm == "ed25519" ? testing::ed25519_key()
                                            : testing::p256_key();
  auto request = testing::request_for(key.get(), algorithm);
  request.names = {must(GeneralName::email("a@b.example"))};
  const auto tbs = must(build(shipped("email-protection"), request));
  const OpensslView view(testing::sign(ca().key.get(), tbs));
  EXPECT_EQ(view.extension(NID_key_usage), GetParam().key_usage);
}

const KeyCase kKeyCases[] = {
    {"Rsa", "rsa-2048", "critical,Digital Signature, Key Encipherment"},
    {"EllipticCurve", "ecdsa-p256", "critical,Digital Signature, Key Agreement"},
    {"Ed25519", "ed25519", "critical,Digital Signature"},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_3, KeyUsageCut, ::testing::ValuesIn(kKeyCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Rfc5280Section4_2_1_9, PathLengthIsCutToTheIssuers) {
  Profile profile;
  auto request = server_request();
  make_ca(profile, request);
  auto issuer = ca().issuer();
  issuer.path_length = 3;
  const auto path_length = [&](std::optional<std::uint32_t> of_profile) {
    profile.path_length = of_profile;
    const auto tbs = must(build(profile, request, issuer));
    return must(x509::parse_basic_constraints(tbs.extensions.find(oids::kBasicConstraints)->value))
        .path_length;
  };
  EXPECT_EQ(path_length(1), 1U);
  EXPECT_EQ(path_length(2), 2U);
  EXPECT_EQ(path_length(3), 2U);
  EXPECT_EQ(path_length({}), 2U);
}

TEST(Rfc5280Section4_1_2_5, DefaultIsShortenedToTheIssuer) {
  auto issuer = ca().issuer();
  issuer.not_after = noon() + 1h + 500ms;
  const auto tbs = must(build(shipped("tls-server"), server_request(), issuer));
  EXPECT_EQ(tbs.not_after, noon() + 1h);
}

TEST(Rfc5280Section4_1_2_5, BackdatingStopsAtTheIssuersStart) {
  auto issuer = ca().issuer();
  issuer.not_before = noon() - 10s;
  EXPECT_EQ(must(build(shipped("tls-server"), server_request(), issuer)).not_before, noon() - 10s);
}

TEST(Rfc5280Section4_1_2_6, EmptySubjectMakesNamesCritical) {
  auto request = server_request();
  EXPECT_FALSE(must(build(shipped("tls-server"), request)).extensions.find(oids::kSubjectAltName)->critical);
  request.subject.clear();
  const auto tbs = must(build(shipped("tls-server"), request));
  EXPECT_TRUE(tbs.extensions.find(oids::kSubjectAltName)->critical);
  EXPECT_EQ(verify_strict(testing::sign(ca().key.get(), tbs), ca().certificate()), 1);
}

TEST(Rfc5280Section4_1_2_6, FixedAttributesComeFirst) {
  Profile profile = shipped("tls-server");
  profile.subject.fixed = {{"domain_component", "example"}, {"title", "Server"}};
  auto request = server_request();
  request.subject = {{"country", "US"}, {"title", "Server"}, {"common_name", "a.example"}};
  const OpensslView view(testing::sign(ca().key.get(), must(build(profile, request))));
  EXPECT_EQ(view.subject(), "CN=a.example,title=Server,C=US,DC=example");
}

TEST(Rfc5280Section4_2_1_6, EachNameOnce) {
  auto request = server_request();
  request.names = {parsed_dns("b.example"), parsed_dns("B.example"), must(GeneralName::ip("10.0.0.1")),
                   must(GeneralName::ip("10.0.0.1")), parsed_dns("A.example"), parsed_dns("b.example")};
  EXPECT_THAT(names_in(must(build(shipped("tls-server"), request))),
              ::testing::ElementsAre("DNS:b.example", "IP:10.0.0.1", "DNS:A.example"));
}

TEST(Rfc5280Section4_2_1_6, EachOfManyNamesOnce) {
  auto request = server_request();
  request.names = hosts(40);
  for (auto& name : hosts(40)) request.names.push_back(std::move(name));
  request.names.push_back(parsed_dns("H0.EXAMPLE"));
  EXPECT_EQ(names_in(must(build(shipped("tls-server"), request))).size(), 41U);
}

struct CommonNameCase {
  const char* name;
  const char* common_name;
  std::vector<std::string> names;
};
class CommonNameToSan : public ::testing::TestWithParam<CommonNameCase> {};

TEST_P(CommonNameToSan, WhereItReadsAsAName) {
  Profile profile = shipped("tls-server");
  profile.dns_wildcards = profile.email.permitted = profile.uri.permitted = true;
  profile.names_required = false;
  auto request = server_request();
  request.names.clear();
  request.subject = {{"common_name", GetParam().common_name}};
  EXPECT_EQ(names_in(must(build(profile, request))), GetParam().names);
  profile.subject.common_name_to_san = false;
  EXPECT_EQ(names_in(must(build(profile, request))), std::vector<std::string>{});
}

const CommonNameCase kCommonNameCases[] = {
    {"Host", "a.example", {"DNS:a.example"}},
    {"SingleLabel", "localhost", {"DNS:localhost"}},
    {"Wildcard", "*.banana.com", {"DNS:*.banana.com"}},
    {"Ipv4", "10.0.0.1", {"IP:10.0.0.1"}},
    {"Ipv6", "2001:db8::1", {"IP:2001:db8::1"}},
    {"Mailbox", "a@b.example", {"email:a@b.example"}},
    {"Uri", "spiffe://td/x", {"URI:spiffe://td/x"}},
    {"Words", "Some server", {}},
    {"AlmostAnAddress", "10.0.0.256", {}},
};
INSTANTIATE_TEST_SUITE_P(Rfc6125Section6_4_4, CommonNameToSan, ::testing::ValuesIn(kCommonNameCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Rfc5280Section4_2, CopiesListedExtensionsAsTheyAre) {
  Profile profile = shipped("tls-server-client");
  auto request = server_request();
  const Bytes evidence(32'768, 0x5a);
  request.extensions = {extension(kEvidence, evidence), extension(kUnknown, {5, 0})};
  auto tbs = must(build(profile, request));
  const auto* copied = tbs.extensions.find(kEvidence);
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(copied->value, evidence);
  EXPECT_FALSE(copied->critical);
  EXPECT_EQ(tbs.extensions.find(kUnknown), nullptr);
  request.extensions[0].critical = true;
  EXPECT_TRUE(must(build(profile, request)).extensions.find(kEvidence)->critical);
}

TEST(Rfc5280Section4_2_2_1, LeavesOutWhatTheIssuerDoesNotHave) {
  auto issuer = ca().issuer();
  issuer.ocsp_url.clear();
  issuer.ca_issuers_url.clear();
  issuer.crl_url.clear();
  const auto tbs = must(build(shipped("tls-server"), server_request(), issuer));
  EXPECT_EQ(tbs.extensions.find(oids::kAuthorityInfoAccess), nullptr);
  EXPECT_EQ(tbs.extensions.find(oids::kCrlDistributionPoints), nullptr);
}

TEST(Messages, QuoteNothingUnprintable) {
  auto request = server_request();
  request.names.push_back(parsed_dns("a\x1b[31m\n.example"));
  const auto built = build(shipped("tls-server"), request);
  ASSERT_FALSE(built);
  for (const char c : built.error().detail) EXPECT_GE(c, 0x20);
}

}  // namespace
}  // namespace certwright::profile::build_test
