#include "profile/build.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profile/testing.h"

namespace certwright::profile {
namespace {

using namespace std::chrono_literals;
namespace oids = x509::oids;
using testing::must;
using testing::noon;
using testing::shipped;
using x509::GeneralName;

const testing::TestCa& ca() {
  static const testing::TestCa instance;
  return instance;
}
EVP_PKEY* leaf_key() {
  static const auto key = testing::p256_key();
  return key.get();
}

CertificateRequest server_request() {
  auto request = testing::request_for(leaf_key(), "ecdsa-p256");
  request.subject = {{"common_name", "a.example"}};
  request.names = {must(GeneralName::dns("a.example")), must(GeneralName::ip("10.0.0.1"))};
  return request;
}

Result<x509::TbsCertificate> build(const Profile& profile, const CertificateRequest& request,
                                   const Issuer& issuer = ca().issuer()) {
  return build_tbs_certificate(profile, request, issuer, testing::serial(), noon());
}

std::vector<std::string> names_in(const x509::TbsCertificate& tbs) {
  std::vector<std::string> out;
  if (const auto* extension = tbs.extensions.find(oids::kSubjectAltName))
    for (const auto& name : must(x509::parse_subject_alt_name(extension->value)))
      out.push_back(name.to_text());
  return out;
}

// What OpenSSL makes of a certificate.
struct OpensslView {
  testing::Owned<X509> certificate;

  explicit OpensslView(const x509::Certificate& ours) {
    const unsigned char* der = ours.der().data();
    certificate.reset(d2i_X509(nullptr, &der, static_cast<long>(ours.der().size())));
  }
  // "critical," and the text of `openssl x509 -text`; "absent".
  std::string extension(int nid) const {
    const int index = X509_get_ext_by_NID(certificate.get(), nid, -1);
    if (index < 0) return "absent";
    X509_EXTENSION* extension = X509_get_ext(certificate.get(), index);
    const testing::Owned<BIO> out(BIO_new(BIO_s_mem()));
    X509V3_EXT_print(out.get(), extension, 0, 0);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    std::string flat(X509_EXTENSION_get_critical(extension) != 0 ? "critical," : "");
    for (const char c : std::string_view(text, static_cast<std::size_t>(size)))
      if (c != '\n') flat += c;
    return flat;
  }
  std::string subject() const {
    const testing::Owned<BIO> out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return std::string(text, static_cast<std::size_t>(size));
  }
};

// 1 if OpenSSL accepts the chain as strictly as it can, at `noon()`.
int verify_strict(const x509::Certificate& leaf, const x509::Certificate& root) {
  const OpensslView leaf_view(leaf), root_view(root);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root_view.certificate.get());
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf_view.certificate.get(), nullptr);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
  X509_VERIFY_PARAM_set_time(param, to_unix_s(noon()));
  const int ok = X509_verify_cert(context);
  if (ok != 1)
    ADD_FAILURE() << X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return ok;
}

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

// A request or profile changed in one way; the field and code of the refusal, none if it is taken.
struct RefusalCase {
  const char* name;
  void (*change)(Profile&, CertificateRequest&, Issuer&);
  const char* field;
  std::optional<Errc> code;
};
class Refusal : public ::testing::TestWithParam<RefusalCase> {};

TEST_P(Refusal, NamesTheField) {
  Profile profile = shipped("tls-server");
  auto request = server_request();
  auto issuer = ca().issuer();
  GetParam().change(profile, request, issuer);
  const auto built = build(profile, request, issuer);
  if (!GetParam().code) {
    EXPECT_TRUE(built) << built.error().field << ": " << built.error().detail;
    return;
  }
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().field, GetParam().field) << built.error().detail;
  EXPECT_EQ(built.error().code, *GetParam().code) << built.error().detail;
  EXPECT_FALSE(built.error().detail.empty());
}

using P = Profile;
using R = CertificateRequest;
using I = Issuer;

const RefusalCase kValidityCases[] = {
    {"ValidityMax", [](P&, R& r, I&) { r.validity = 397 * 24h; }, "", {}},
    {"ValidityOverMax", [](P&, R& r, I&) { r.validity = 397 * 24h + 1s; }, "validity", Errc::policy},
    {"ValidityOneSecond", [](P&, R& r, I&) { r.validity = 1s; }, "", {}},
    {"ValidityZero", [](P&, R& r, I&) { r.validity = 0s; }, "validity", Errc::invalid},
    {"ValidityNegative", [](P&, R& r, I&) { r.validity = -1s; }, "validity", Errc::invalid},
    {"UpToTheIssuersEnd",
     [](P&, R& r, I& i) {
       i.not_after = noon() + 1h;
       r.validity = 1h;
     }, "", {}},
    {"OutlivesTheIssuer",
     [](P&, R& r, I& i) {
       i.not_after = noon() + 1h;
       r.validity = 1h + 1s;
     }, "validity", Errc::policy},
    {"IssuerEnded", [](P&, R&, I& i) { i.not_after = noon(); }, "validity", Errc::policy},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2_5, Refusal, ::testing::ValuesIn(kValidityCases),
                         [](const auto& c) { return std::string(c.param.name); });

const RefusalCase kKeyRefusals[] = {
    {"OtherAlgorithm", [](P&, R& r, I&) { r.key_algorithm = "rsa-1024"; }, "key_algorithm",
     Errc::policy},
    {"AlgorithmNotOfThisProfile", [](P& p, R&, I&) { p.key_algorithms = {"ed25519"}; },
     "key_algorithm", Errc::policy},
    {"NoUsageLeft", [](P& p, R&, I&) { p.key_usage = {"keyEncipherment"}; }, "key_algorithm",
     Errc::policy},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2_7, Refusal, ::testing::ValuesIn(kKeyRefusals),
                         [](const auto& c) { return std::string(c.param.name); });

const RefusalCase kSubjectCases[] = {
    {"NotSettable", [](P&, R& r, I&) { r.subject.push_back({"user_id", "x"}); }, "subject.user_id",
     Errc::policy},
    {"NoAttribute", [](P&, R& r, I&) { r.subject.push_back({"cn", "x"}); }, "subject.cn", Errc::policy},
    {"FixedSame",
     [](P& p, R& r, I&) {
       p.subject.fixed = {{"title", "x"}};
       r.subject.push_back({"title", "x"});
     }, "", {}},
    {"FixedOther",
     [](P& p, R& r, I&) {
       p.subject.fixed = {{"title", "x"}};
       r.subject.push_back({"title", "y"});
     }, "subject.title", Errc::policy},
    {"CommonNameTwice", [](P&, R& r, I&) { r.subject.push_back({"common_name", "a.example"}); },
     "subject.common_name", Errc::invalid},
    {"UnitTwice",
     [](P&, R& r, I&) {
       r.subject.push_back({"organizational_unit", "x"});
       r.subject.push_back({"organizational_unit", "y"});
     }, "", {}},
    {"ValueEmpty", [](P&, R& r, I&) { r.subject.push_back({"organization", ""}); },
     "subject.organization", Errc::invalid},
    {"ValueWithNul", [](P&, R& r, I&) { r.subject.push_back({"organization", std::string("a\0b", 3)}); },
     "subject.organization", Errc::invalid},
    {"Organization64", [](P&, R& r, I&) { r.subject.push_back({"organization", std::string(64, 'x')}); },
     "", {}},
    {"Organization65", [](P&, R& r, I&) { r.subject.push_back({"organization", std::string(65, 'x')}); },
     "subject.organization", Errc::invalid},
    {"CountryOfThree", [](P&, R& r, I&) { r.subject.push_back({"country", "USA"}); },
     "subject.country", Errc::invalid},
    {"CommonNameRequired",
     [](P& p, R& r, I&) {
       p.subject.common_name_required = true;
       r.subject.clear();
     }, "subject.common_name", Errc::policy},
    {"ManyAttributes", [](P&, R& r, I&) { r.subject.assign(65, {"organizational_unit", "x"}); },
     "subject", Errc::invalid},
    {"NoSubjectNoNames",
     [](P& p, R& r, I&) {
       p.names_required = false;
       r.subject.clear();
       r.names.clear();
     }, "subject", Errc::invalid},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2_6, Refusal, ::testing::ValuesIn(kSubjectCases),
                         [](const auto& c) { return std::string(c.param.name); });

GeneralName parsed_dns(std::string_view text) {
  der::Writer writer;
  writer.primitive(der::context(2), as_bytes(text));
  const Bytes tlv = std::move(writer).take();
  der::Reader reader(tlv);
  return must(GeneralName::parse(reader));
}

std::vector<GeneralName> hosts(std::size_t count) {
  std::vector<GeneralName> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(parsed_dns(fmt::format("h{}.example", i)));
  return names;
}

const RefusalCase kNameRefusals[] = {
    {"Most", [](P&, R& r, I&) { r.names = hosts(99); }, "", {}},  // and the common name
    {"CommonNameIsOneTooMany", [](P&, R& r, I&) { r.names = hosts(100); }, "names", Errc::policy},
    {"TooMany", [](P&, R& r, I&) { r.names = hosts(101); }, "names", Errc::policy},
    {"TenThousand", [](P&, R& r, I&) { r.names = hosts(10'000); }, "names", Errc::policy},
    {"AddressAsHost", [](P&, R& r, I&) { r.names.push_back(parsed_dns("10.0.0.1")); }, "names[2]",
     Errc::invalid},
    {"NulInHost", [](P&, R& r, I&) { r.names.push_back(parsed_dns({"a\0.example", 10})); },
     "names[2]", Errc::invalid},
    {"Wildcard", [](P&, R& r, I&) { r.names.push_back(parsed_dns("*.a.example")); }, "names[2]",
     Errc::policy},
    {"WildcardAllowed",
     [](P& p, R& r, I&) {
       p.dns_wildcards = true;
       r.names.push_back(parsed_dns("*.a.example"));
     }, "", {}},
    {"OtherType", [](P&, R& r, I&) { r.names.push_back(must(GeneralName::uri("https://a.example/"))); },
     "names[2]", Errc::policy},
    {"WildcardCommonName", [](P&, R& r, I&) { r.subject[0].value = "*.a.example"; },
     "subject.common_name", Errc::policy},
    {"DeniedCommonName", [](P& p, R& r, I&) {
       p.dns.deny = {"secret.example"};
       r.subject[0].value = "Secret.example";
     }, "subject.common_name", Errc::policy},
    {"DeniedCommonNameThatIsNoSan", [](P& p, R& r, I&) {
       p.subject.common_name_to_san = false;
       p.dns.deny = {"secret.example"};
       r.subject[0].value = "secret.example";
     }, "subject.common_name", Errc::policy},
    {"WordAsCommonNameThatIsNoSan", [](P& p, R& r, I&) {
       p.subject.common_name_to_san = false;
       p.dns.allow = {"*.example"};
       r.subject[0].value = "fde3263e-70b8-4ce9-9f3c-4a203a0dcdf5";
     }, "", {}},
    {"HostAsCommonNameWhereNoneIsPermitted", [](P& p, R& r, I&) {
       p.dns = {};
       r.names = {must(GeneralName::ip("10.0.0.1"))};
       r.subject[0].value = "bank.example";
     }, "subject.common_name", Errc::policy},
    {"AddressAsCommonNameWhereNoneIsPermitted", [](P& p, R& r, I&) {
       p.ip = {};
       r.names = {parsed_dns("a.example")};
       r.subject[0].value = "10.0.0.1";
     }, "subject.common_name", Errc::policy},
    {"CommonNameThatIsAPattern", [](P& p, R& r, I&) {
       p.dns_wildcards = true;
       p.dns.allow = {"*.a.example"};
       r.names = {must(GeneralName::ip("10.0.0.1"))};
       r.subject[0].value = "f*.bank.example";
     }, "subject.common_name", Errc::policy},
    {"CommonNameWithADotAtItsEnd", [](P& p, R& r, I&) {
       p.dns.deny = {"secret.example"};
       r.subject[0].value = "secret.example.";
     }, "subject.common_name", Errc::policy},
    {"HostAsCommonNameOfAClient", [](P& p, R& r, I&) {
       p.extended_key_usage = {oids::kClientAuth};
       p.dns = {};
       r.names = {must(GeneralName::ip("10.0.0.1"))};
     }, "", {}},
    {"NamesRequired",
     [](P&, R& r, I&) {
       r.subject = {{"common_name", "Some server"}};
       r.names.clear();
     }, "names", Errc::policy},
    {"NoNames",
     [](P& p, R& r, I&) {
       p.names_required = false;
       r.subject = {{"common_name", "Some server"}};
       r.names.clear();
     }, "", {}},
    {"EmailAddressIsAName",
     [](P& p, R& r, I&) {
       p.subject.settable.push_back("email_address");
       r.subject.push_back({"email_address", "a@b.example"});
     }, "subject.email_address", Errc::policy},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_6, Refusal, ::testing::ValuesIn(kNameRefusals),
                         [](const auto& c) { return std::string(c.param.name); });

x509::Extension extension(const der::Oid& oid, Bytes value, bool critical = false) {
  return {oid, critical, std::move(value)};
}
using Bit = x509::KeyUsageBit;
inline constexpr der::Oid kUnknown = der::Oid::of({1, 2, 3, 4});
inline constexpr der::Oid kEvidence = der::Oid::of({2, 99999, 1, 0});

const RefusalCase kExtensionCases[] = {
    {"BasicConstraintsNoCa",
     [](P&, R& r, I&) {
       r.extensions = {extension(oids::kBasicConstraints, x509::encode_basic_constraints({}))};
     }, "", {}},
    {"BasicConstraintsCa",
     [](P&, R& r, I&) {
       r.extensions = {extension(oids::kBasicConstraints, x509::encode_basic_constraints({true, {}}))};
     }, "extensions[2.5.29.19]", Errc::policy},
    {"BasicConstraintsMalformed",
     [](P&, R& r, I&) { r.extensions = {extension(oids::kBasicConstraints, {0x30})}; },
     "extensions[2.5.29.19]", Errc::invalid},
    {"KeyUsageAsGiven",
     [](P&, R& r, I&) {
       r.extensions = {extension(oids::kKeyUsage,
                                 x509::encode_key_usage({Bit::digital_signature, Bit::key_encipherment}),
                                 true)};
     }, "", {}},
    {"KeyUsageBeyond",
     [](P&, R& r, I&) {
       r.extensions = {extension(oids::kKeyUsage,
                                 x509::encode_key_usage({Bit::digital_signature, Bit::key_cert_sign}))};
     }, "extensions[2.5.29.15]", Errc::policy},
    {"PurposeAsGiven",
     [](P&, R& r, I&) {
       r.extensions = {extension(oids::kExtKeyUsage, x509::encode_ext_key_usage({oids::kServerAuth}))};
     }, "", {}},
    {"PurposeBeyond",
     [](P&, R& r, I&) {
       r.extensions = {extension(oids::kExtKeyUsage, x509::encode_ext_key_usage(
                                                         {oids::kServerAuth, oids::kClientAuth}))};
     }, "extensions[2.5.29.37]", Errc::policy},
    {"PurposeOcspSigning",
     [](P&, R& r, I&) {
       r.extensions = {extension(oids::kExtKeyUsage, x509::encode_ext_key_usage({oids::kOcspSigning}))};
     }, "extensions[2.5.29.37]", Errc::policy},
    {"UnknownIsDropped", [](P&, R& r, I&) { r.extensions = {extension(kUnknown, {5, 0})}; }, "", {}},
    {"UnknownCritical", [](P&, R& r, I&) { r.extensions = {extension(kUnknown, {5, 0}, true)}; },
     "extensions[1.2.3.4]", Errc::policy},
    {"NameConstraintsCritical",
     [](P&, R& r, I&) { r.extensions = {extension(oids::kNameConstraints, {0x30, 0}, true)}; },
     "extensions[2.5.29.30]", Errc::policy},
    {"DecidedEvenIfListed",
     [](P& p, R& r, I&) {
       p.copy_extensions = {{oids::kNameConstraints}};
       r.extensions = {extension(oids::kNameConstraints, {0x30, 0}, true)};
     }, "extensions[2.5.29.30]", Errc::policy},
    {"NamesAmongExtensions",
     [](P&, R& r, I&) { r.extensions = {extension(oids::kSubjectAltName, {0x30, 0})}; },
     "extensions[2.5.29.17]", Errc::invalid},
    {"CopiedMost",
     [](P& p, R& r, I&) {
       p.copy_extensions = {{kUnknown, 100}};
       r.extensions = {extension(kUnknown, Bytes(100))};
     }, "", {}},
    {"CopiedTooLarge",
     [](P& p, R& r, I&) {
       p.copy_extensions = {{kUnknown, 100}};
       r.extensions = {extension(kUnknown, Bytes(101))};
     }, "extensions[1.2.3.4]", Errc::policy},
    {"CopiedTwice",
     [](P& p, R& r, I&) {
       p.copy_extensions = {{kUnknown, 100}};
       r.extensions = {extension(kUnknown, Bytes(1)), extension(kUnknown, Bytes(2))};
     }, "extensions[1.2.3.4]", Errc::invalid},
    {"TogetherTooLarge",
     [](P& p, R& r, I&) {
       p.copy_extensions = {{kUnknown, 32'768}, {kEvidence, 32'768}};
       r.extensions = {extension(kUnknown, Bytes(30'000)), extension(kEvidence, Bytes(30'000))};
     }, "names", Errc::policy},
    {"TooManyExtensions",
     [](P&, R& r, I&) { r.extensions.assign(65, extension(kUnknown, {5, 0})); }, "extensions",
     Errc::invalid},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2, Refusal, ::testing::ValuesIn(kExtensionCases),
                         [](const auto& c) { return std::string(c.param.name); });

void make_ca(Profile& profile, CertificateRequest& request) {
  profile = shipped("intermediate-ca");
  request.subject = {{"common_name", "Issuing CA"}};
  request.names.clear();
}
void ask_for_ca(CertificateRequest& request, x509::BasicConstraints constraints) {
  request.extensions = {extension(oids::kBasicConstraints, x509::encode_basic_constraints(constraints), true)};
}

const RefusalCase kCaCases[] = {
    {"Ca", [](P& p, R& r, I&) { make_ca(p, r); }, "", {}},
    {"CaUnderPathLength1",
     [](P& p, R& r, I& i) {
       make_ca(p, r);
       i.path_length = 1;
     }, "", {}},
    {"CaUnderPathLength0",
     [](P& p, R& r, I& i) {
       make_ca(p, r);
       i.path_length = 0;
     }, "path_length", Errc::policy},
    {"AsksForCa",
     [](P& p, R& r, I&) {
       make_ca(p, r);
       ask_for_ca(r, {true, 0});
     }, "", {}},
    {"AsksForLongerPath",
     [](P& p, R& r, I&) {
       make_ca(p, r);
       ask_for_ca(r, {true, 1});
     }, "extensions[2.5.29.19]", Errc::policy},
    {"AsksForNoCa",
     [](P& p, R& r, I&) {
       make_ca(p, r);
       ask_for_ca(r, {});
     }, "extensions[2.5.29.19]", Errc::policy},
    {"CaWithoutSubject",
     [](P& p, R& r, I&) {
       make_ca(p, r);
       p.subject.common_name_required = false;
       r.subject.clear();
     }, "subject", Errc::invalid},
};
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_9, Refusal, ::testing::ValuesIn(kCaCases),
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
}  // namespace certwright::profile
