#include "profile/testing_build.h"

namespace certwright::profile::build_test {
namespace {

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

}  // namespace
}  // namespace certwright::profile::build_test
