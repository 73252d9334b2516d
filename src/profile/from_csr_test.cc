#include "profile/from_csr.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "profile/testing.h"

namespace certwright::profile {
namespace {

using testing::must;
using x509::GeneralName;
namespace oids = x509::oids;

pkcs10::CertificationRequest csr_from(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return must(pkcs10::parse_pem_or_der(as_bytes(text.str())));
}

// The signature is not looked at here, so any octets will do.
pkcs10::CertificationRequest csr_of(const x509::Name& subject, const x509::Extensions& extensions) {
  static const auto key = testing::p256_key();
  const auto info = must(pkcs10::encode_request_info(subject, testing::spki_of(key.get()), extensions));
  auto der = pkcs10::assemble_request(info, testing::ecdsa_sha256_tlv(), Bytes(8, 1));
  return must(pkcs10::CertificationRequest::parse(std::move(der).release()));
}

struct SampleCase {
  const char* name;
  const char* file;
  const char* common_name;
};
class SampleCsr : public ::testing::TestWithParam<SampleCase> {};

// The requests of the tls-certificates interface's specification: a wildcard as the common name and
// no subjectAltName.
TEST_P(SampleCsr, IssuesWhereWildcardsAreAllowed) {
  const auto csr = csr_from(GetParam().file);
  const auto request = must(request_from_csr(csr));
  ASSERT_EQ(request.subject.size(), 2U);
  EXPECT_EQ(request.subject[0].attribute, "country");
  EXPECT_EQ(request.subject[0].value, "US");
  EXPECT_EQ(request.subject[1].attribute, "common_name");
  EXPECT_EQ(request.subject[1].value, GetParam().common_name);
  EXPECT_EQ(request.key_algorithm, "rsa-2048");
  EXPECT_TRUE(request.names.empty());
  EXPECT_TRUE(request.extensions.empty());

  const testing::TestCa ca;
  Profile profile = testing::shipped("tls-server");
  const auto build = [&] {
    return build_tbs_certificate(profile, request, ca.issuer(), testing::serial(), testing::noon());
  };
  EXPECT_EQ(build().error().field, "subject.common_name");
  profile.dns_wildcards = true;
  const auto certificate = testing::sign(ca.key.get(), must(build()));
  const auto names = must(certificate.subject_alt_names());
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0], must(GeneralName::dns(GetParam().common_name)));
  EXPECT_TRUE(std::ranges::equal(certificate.subject_tlv(), csr.subject().tlv()));
}

const SampleCase kSampleCases[] = {
    {"BananaCom", "testdata/csr/wildcard_banana_com.pem", "*.banana.com"},
    {"BananaCa", "testdata/csr/wildcard_banana_ca.pem", "*.banana.ca"},
    {"PizzaCom", "testdata/csr/wildcard_pizza_com.pem", "*.pizza.com"},
};
INSTANTIATE_TEST_SUITE_P(TlsCertificatesV1, SampleCsr, ::testing::ValuesIn(kSampleCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(Rfc2986Section4, SplitsNamesFromOtherExtensions) {
  x509::Extensions extensions;
  const std::vector<GeneralName> names = {must(GeneralName::dns("a.example")),
                                          must(GeneralName::ip("10.0.0.1"))};
  ASSERT_TRUE(extensions.add({oids::kSubjectAltName, false, x509::encode_subject_alt_name(names)}));
  ASSERT_TRUE(extensions.add({oids::kBasicConstraints, true, x509::encode_basic_constraints({})}));
  ASSERT_TRUE(extensions.add({der::Oid::of({2, 99999, 1, 0}), false, {1, 2, 3}}));
  const auto csr = csr_of(must(x509::Name::from_text("CN=x,OU=b,OU=a,O=Acme")), extensions);
  const auto request = must(request_from_csr(csr));
  EXPECT_EQ(request.names, names);
  ASSERT_EQ(request.extensions.size(), 2U);
  EXPECT_EQ(request.extensions[0].oid, oids::kBasicConstraints);
  EXPECT_TRUE(request.extensions[0].critical);
  EXPECT_EQ(request.extensions[1].value, (Bytes{1, 2, 3}));
  ASSERT_EQ(request.subject.size(), 4U);
  EXPECT_EQ(request.subject[0].attribute, "organization");
  EXPECT_EQ(request.subject[2].value, "b");
  EXPECT_EQ(request.key_algorithm, "ecdsa-p256");
  EXPECT_EQ(request.validity, std::nullopt);
}

TEST(Rfc2986Section4, RefusesUnknownSubjectAttributesByName) {
  const auto csr = csr_of(must(x509::Name::from_text("CN=x,2.5.4.15=Private")), {});
  const auto request = request_from_csr(csr);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, Errc::invalid);
  EXPECT_EQ(request.error().field, "subject.2.5.4.15");
}

TEST(Rfc2986Section4, RefusesMalformedNames) {
  x509::Extensions extensions;
  ASSERT_TRUE(extensions.add({oids::kSubjectAltName, false, {0x30, 0x00}}));
  const auto request = request_from_csr(csr_of(x509::Name(), extensions));
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().field, "names");
}

TEST(Rfc2986Section4, TakesAnEmptySubject) {
  const auto request = must(request_from_csr(csr_of(x509::Name(), {})));
  EXPECT_TRUE(request.subject.empty());
}

}  // namespace
}  // namespace certwright::profile
