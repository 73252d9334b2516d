#include "x509/extension.h"

#include <gtest/gtest.h>

#include "x509/certificate.h"
#include "x509/certificate_list.h"
#include "x509/golden.h"
#include "x509/oids.h"

namespace certwright::x509 {
namespace extension_test {  // test files are compiled together

Bytes hex(std::string_view text) { return from_hex(text).value(); }

Certificate golden_certificate(const std::string& name) {
  return Certificate::parse(golden::read_der("testdata/certificate/" + name + ".pem")).value();
}
const Bytes& value_of(const Certificate& certificate, const der::Oid& oid) {
  return certificate.find_extension(oid)->value;
}

struct ListCase {
  const char* name;
  std::string_view tlv_hex;
  bool good;
};
constexpr ListCase kLists[] = {{"One", "300a300806022a0304020500", true},
                               {"Critical", "300d300b06022a030101ff04020500", true},
                               {"CriticalFalseWritten", "300d300b06022a0301010004020500", false},
                               {"CriticalOne", "300d300b06022a0301010104020500", false},
                               {"Empty", "3000", false},
                               {"Twice", "3014300806022a0304020500300806022a0304020500", false},
                               {"NoValue", "3006300406022a03", false},
                               {"ValueIsNull", "3008300606022a030500", false},
                               {"FieldTooMany", "300c300a06022a03040205000500", false}};
class ExtensionList : public testing::TestWithParam<ListCase> {};
TEST_P(ExtensionList, IsStrict) {
  const auto extensions = Extensions::parse(hex(GetParam().tlv_hex));
  ASSERT_EQ(extensions.has_value(), GetParam().good);
  if (!extensions) return;
  der::Writer writer;
  extensions->write(writer);
  EXPECT_EQ(to_hex(writer.view()), GetParam().tlv_hex);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1, ExtensionList, testing::ValuesIn(kLists),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(ExtensionListAdd, RefusesTheSameOidAndTooMany) {
  Extensions extensions;
  EXPECT_TRUE(extensions.add({oids::kKeyUsage, true, {}}));
  EXPECT_EQ(extensions.add({oids::kKeyUsage, false, {1}}).error().code, Errc::conflict);
  for (std::size_t i = 1; i < Extensions::kMaxCount; ++i)
    EXPECT_TRUE(
        extensions.add({der::Oid::from_text("1.2." + std::to_string(i)).value(), false, {}}));
  EXPECT_EQ(extensions.add({oids::kBasicConstraints, true, {}}).error().code, Errc::too_large);
  EXPECT_EQ(extensions.size(), Extensions::kMaxCount);
}

struct ConstraintsCase {
  const char* name;
  std::string_view value_hex;
  std::optional<BasicConstraints> expected;
};
const ConstraintsCase kBasicConstraintsCases[] = {
    {"EndEntity", "3000", BasicConstraints{}},
    {"Ca", "30030101ff", BasicConstraints{true, {}}},
    {"PathLengthZero", "30060101ff020100", BasicConstraints{true, 0}},
    {"PathLengthMax", "300a0101ff020500ffffffff", BasicConstraints{true, 0xffffffff}},
    {"PathLengthAbove", "300a0101ff02050100000000", {}},
    {"PathLengthNegative", "30060101ff0201ff", {}},
    {"PathLengthWithoutCa", "3003020100", {}},
    {"FalseWritten", "3003010100", {}},
    {"TrueIsOne", "3003010101", {}},
    {"FieldTooMany", "30080101ff0201000500", {}},
    {"Trailing", "300000", {}},
    {"NotASequence", "0101ff", {}}};
class BasicConstraintsValue : public testing::TestWithParam<ConstraintsCase> {};
TEST_P(BasicConstraintsValue, IsReadAndWritten) {
  const auto& c = GetParam();
  const auto parsed = parse_basic_constraints(hex(c.value_hex));
  ASSERT_EQ(parsed.has_value(), c.expected.has_value());
  if (!parsed) return;
  EXPECT_EQ(*parsed, *c.expected);
  EXPECT_EQ(to_hex(encode_basic_constraints(*parsed)), c.value_hex);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_9, BasicConstraintsValue,
                         testing::ValuesIn(kBasicConstraintsCases),
                         [](const auto& c) { return std::string(c.param.name); });

struct KeyUsageCase {
  const char* name;
  std::string_view value_hex;
  std::optional<KeyUsage> expected;
};
const KeyUsageCase kKeyUsages[] = {
    {"CaUsage", "03020106", KeyUsage{KeyUsageBit::key_cert_sign, KeyUsageBit::crl_sign}},
    {"ServerUsage", "030205a0",
     KeyUsage{KeyUsageBit::digital_signature, KeyUsageBit::key_encipherment}},
    {"NinthBit", "0303070880", KeyUsage{KeyUsageBit::key_agreement, KeyUsageBit::decipher_only}},
    {"TenthBit", "0303060840", {}},
    {"TenthBitAmong", "03030608c0", {}},
    {"Empty", "030100", {}},
    {"TrailingZeroBit", "030200a0", {}},
    {"TrailingZeroOctet", "0303008000", {}},
    {"UnusedBitSet", "030205a1", {}},
    {"Trailing", "0302010600", {}}};
class KeyUsageValue : public testing::TestWithParam<KeyUsageCase> {};
TEST_P(KeyUsageValue, IsReadAndWritten) {
  const auto& c = GetParam();
  const auto parsed = parse_key_usage(hex(c.value_hex));
  ASSERT_EQ(parsed.has_value(), c.expected.has_value());
  if (!parsed) return;
  EXPECT_EQ(*parsed, *c.expected);
  EXPECT_EQ(to_hex(encode_key_usage(*parsed)), c.value_hex);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2_1_3, KeyUsageValue, testing::ValuesIn(kKeyUsages),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(KeyUsageNames, AreTheStandards) {
  for (std::uint8_t bit = 0; bit < 9; ++bit) {
    const auto usage = static_cast<KeyUsageBit>(bit);
    EXPECT_EQ(key_usage_bit_from_name(name_of(usage)), usage);
  }
  EXPECT_EQ(key_usage_bit_from_name("contentCommitment"), KeyUsageBit::content_commitment);
  EXPECT_EQ(key_usage_bit_from_name("digitalsignature"), std::nullopt);
  EXPECT_EQ(names_of({KeyUsageBit::crl_sign, KeyUsageBit::key_cert_sign}),
            (std::vector<std::string_view>{"keyCertSign", "cRLSign"}));
}

TEST(ExtKeyUsageNames, GoBothWays) {
  EXPECT_EQ(ext_key_usage_name(oids::kOcspSigning), "OCSPSigning");
  EXPECT_EQ(ext_key_usage_from_name("serverAuth").value(), oids::kServerAuth);
  EXPECT_EQ(ext_key_usage_from_name("2.99999.1.0")->to_text(), "2.99999.1.0");
  EXPECT_EQ(ext_key_usage_name(der::Oid::of({2, 99999, 1})), "2.99999.1");
  EXPECT_FALSE(ext_key_usage_from_name("server"));
  EXPECT_FALSE(parse_ext_key_usage(hex("3000")));
}

// Where our encoders can write all that a golden extension says, they must give OpenSSL's octets.
TEST(ExtensionGolden, ReencodesOpenSslsOctets) {
  const Certificate leaf = golden_certificate("leaf_all_names");
  const auto expect_same = [&](const der::Oid& oid, const Bytes& encoded) {
    EXPECT_EQ(to_hex(encoded), to_hex(value_of(leaf, oid))) << oid.to_text();
  };
  const auto names = leaf.subject_alt_names().value();
  std::string text;
  for (const GeneralName& name : names) text += name.to_text() + " ";
  EXPECT_EQ(
      text,
      "DNS:a.example.com DNS:*.b.example.com IP:10.1.2.3 IP:2001:db8::1 "
      "email:someone@example.com URI:spiffe://example.com/ns/x RID:1.2.3.4 dirName:O=Example,C=SE "
      "otherName:060a2b060104018237140203a0150c13736f6d656f6e65406578616d706c652e636f6d ");
  expect_same(oids::kSubjectAltName, encode_subject_alt_name(names));
  const auto uris =
      parse_crl_distribution_points(value_of(leaf, oids::kCrlDistributionPoints)).value();
  EXPECT_EQ(uris,
            (std::vector<std::string>{"http://crl.example/1.crl", "http://crl.example/2.crl"}));
  expect_same(oids::kCrlDistributionPoints, encode_crl_distribution_points(uris));
  const auto access =
      parse_authority_info_access(value_of(leaf, oids::kAuthorityInfoAccess)).value();
  EXPECT_EQ(access, (AuthorityInfoAccess{{"http://ocsp.example/"}, {"http://ca.example/ca.cer"}}));
  expect_same(oids::kAuthorityInfoAccess, encode_authority_info_access(access));
  const auto purposes = parse_ext_key_usage(value_of(leaf, oids::kExtKeyUsage)).value();
  EXPECT_EQ(purposes, (std::vector<der::Oid>{oids::kServerAuth, oids::kClientAuth}));
  expect_same(oids::kExtKeyUsage, encode_ext_key_usage(purposes));
  expect_same(oids::kSubjectKeyIdentifier,
              encode_subject_key_identifier(leaf.subject_key_identifier()));
  expect_same(oids::kAuthorityKeyIdentifier,
              encode_authority_key_identifier(leaf.authority_key_identifier()));
  EXPECT_EQ(leaf.authority_key_identifier(),
            golden_certificate("root_p256").subject_key_identifier());
  expect_same(oids::kKeyUsage,
              encode_key_usage(parse_key_usage(value_of(leaf, oids::kKeyUsage)).value()));
  expect_same(oids::kBasicConstraints, encode_basic_constraints({}));
}

TEST(ExtensionGolden, NameConstraintsAndPolicies) {
  const Certificate ca = golden_certificate("intermediate");
  const Bytes& value = value_of(ca, oids::kNameConstraints);
  const auto constraints = parse_name_constraints(value).value();
  ASSERT_EQ(constraints.permitted.size(), 3U);
  ASSERT_EQ(constraints.excluded.size(), 2U);
  EXPECT_EQ(constraints.permitted[0], GeneralName::dns_constraint("example.com").value());
  EXPECT_EQ(constraints.permitted[1], GeneralName::ip_constraint("10.0.0.0/8").value());
  EXPECT_EQ(constraints.permitted[2], GeneralName::email_constraint(".example.com").value());
  EXPECT_EQ(constraints.excluded[0].to_text(), "dirName:C=XX");
  EXPECT_EQ(constraints.excluded[1].to_text(), "IP:2001:db8::/32");
  EXPECT_EQ(encode_name_constraints(constraints), value);
  const auto policies =
      parse_certificate_policies(value_of(ca, oids::kCertificatePolicies)).value();
  ASSERT_EQ(policies.size(), 3U);
  EXPECT_EQ(policies[0], oids::kAnyPolicy);
  EXPECT_EQ(policies[2].to_text(), "2.99999.1.0");
  EXPECT_EQ(parse_certificate_policies(encode_certificate_policies(policies)).value(), policies);
  const auto identifier =
      parse_authority_key_identifier(value_of(ca, oids::kAuthorityKeyIdentifier)).value();
  EXPECT_EQ(identifier.key_identifier, golden_certificate("root_p256").subject_key_identifier());
}

TEST(ExtensionGolden, TheRest) {
  EXPECT_TRUE(
      parse_ocsp_nocheck(value_of(golden_certificate("ocsp_responder"), oids::kOcspNoCheck)));
  EXPECT_EQ(value_of(golden_certificate("ocsp_responder"), oids::kOcspNoCheck),
            encode_ocsp_nocheck());
  const Certificate nine = golden_certificate("key_usage_nine");
  EXPECT_EQ(names_of(parse_key_usage(value_of(nine, oids::kKeyUsage)).value()),
            (std::vector<std::string_view>{"keyAgreement", "decipherOnly"}));
  const Certificate points = golden_certificate("crldp_reasons");
  EXPECT_EQ(parse_crl_distribution_points(value_of(points, oids::kCrlDistributionPoints)).value(),
            std::vector<std::string>{"http://crl.example/1.crl"});
  const Certificate large = golden_certificate("large_oid");
  EXPECT_NE(large.find_extension(der::Oid::of({2, 99999, 1, 0})), nullptr);
  EXPECT_NE(large.find_extension(
                der::Oid::from_text("2.25.329800735698586629295641978511506172918").value()),
            nullptr);
}

TEST(IssuingDistributionPointRfc5280Section5_2_5, ReencodesOpenSslsOctets) {
  const auto list =
      CertificateList::parse(golden::read_der("testdata/crl/issuing_distribution_point.pem"))
          .value();
  const Extension* const extension = list.extensions().find(oids::kIssuingDistributionPoint);
  ASSERT_NE(extension, nullptr);
  EXPECT_TRUE(extension->critical);
  IssuingDistributionPoint expected;
  expected.uris = {"http://crl.example/1.crl"};
  expected.only_contains_user_certs = true;
  EXPECT_EQ(parse_issuing_distribution_point(extension->value).value(), expected);
  EXPECT_EQ(encode_issuing_distribution_point(expected), extension->value);
  IssuingDistributionPoint only_cas;
  only_cas.only_contains_ca_certs = true;
  EXPECT_EQ(parse_issuing_distribution_point(encode_issuing_distribution_point(only_cas)).value(),
            only_cas);
  for (const char* bad : {"3000", "3003810100", "3003810101", "300482010081", "30068201ff8101ff"})
    EXPECT_FALSE(parse_issuing_distribution_point(hex(bad))) << bad;
}

TEST(CrlNumberRfc5280Section5_2_3, IsNotNegativeAndAtMostTwentyOctets) {
  for (const std::uint64_t number :
       std::initializer_list<std::uint64_t>{0, 127, 128, 1ULL << 40, 0x7fffffffffffffffULL})
    EXPECT_EQ(parse_crl_number_u64(encode_crl_number(number)).value(), number);
  EXPECT_FALSE(parse_crl_number(hex("0201ff")));
  EXPECT_FALSE(parse_crl_number(hex("02020001")));
  EXPECT_FALSE(parse_crl_number(hex("0201010500")));
  EXPECT_TRUE(parse_crl_number(hex("02147fffffffffffffffffffffffffffffffffffffff")));
  EXPECT_FALSE(parse_crl_number(hex("021500ffffffffffffffffffffffffffffffffffffffff")));
  EXPECT_EQ(parse_crl_number_u64(hex("0209008000000000000000")).error().code, Errc::too_large);
}

TEST(ReasonCodeRfc5280Section5_3_1, KnowsTheStandardsReasons) {
  for (std::uint8_t number = 0; number < 12; ++number) {
    const Bytes value = {0x0a, 0x01, number};
    const auto reason = parse_reason_code(value);
    EXPECT_EQ(reason.has_value(), number != 7 && number != 11) << int{number};
    if (!reason) continue;
    EXPECT_EQ(encode_reason_code(*reason), value);
    EXPECT_EQ(revocation_reason_from_name(name_of(*reason)), *reason);
  }
  EXPECT_EQ(name_of(RevocationReason::aa_compromise), "aACompromise");
  EXPECT_EQ(revocation_reason_from_name("KeyCompromise"), std::nullopt);
}

TEST(InvalidityDateRfc5280Section5_3_2, IsAGeneralizedTime) {
  const Time date = from_unix_s(1714743209);
  EXPECT_EQ(as_text(encode_invalidity_date(date)),
            "\x18\x0f"
            "20240503133329Z");
  EXPECT_EQ(parse_invalidity_date(encode_invalidity_date(date)).value(), date);
  der::Writer writer;
  writer.time(date);  // UTCTime
  EXPECT_FALSE(parse_invalidity_date(writer.view()));
}

struct ValueCase {
  const char* name;
  Result<void> (*parse)(ByteView);
  std::string_view value_hex;
};
template <auto Parse>
Result<void> only_error(ByteView value) {
  CERTWRIGHT_CHECK(Parse(value));
  return {};
}
constexpr ValueCase kMalformed[] = {
    {"NocheckNotNull", only_error<parse_ocsp_nocheck>, "3000"},
    {"NocheckWithContent", only_error<parse_ocsp_nocheck>, "050100"},
    {"SkiNotOctets", only_error<parse_subject_key_identifier>, "020101"},
    {"SkiTrailing", only_error<parse_subject_key_identifier>, "04010105"},
    {"AkiIssuerWithoutSerial", only_error<parse_authority_key_identifier>, "3005a103820161"},
    {"AkiSerialWithoutIssuer", only_error<parse_authority_key_identifier>, "3003820101"},
    {"AkiSerialPadded", only_error<parse_authority_key_identifier>, "3009a10382016182020001"},
    {"AkiWrongOrder", only_error<parse_authority_key_identifier>, "300ba1038201618201018001aa"},
    {"SanEmpty", only_error<parse_subject_alt_name>, "3000"},
    {"DistributionPointsEmpty", only_error<parse_crl_distribution_points>, "3000"},
    {"DistributionPointNameNotExplicit", only_error<parse_crl_distribution_points>,
     "30073005a003860161"},
    {"AccessEmpty", only_error<parse_authority_info_access>, "3000"},
    {"ConstraintsEmpty", only_error<parse_name_constraints>, "3000"},
    {"ConstraintsEmptyList", only_error<parse_name_constraints>, "3002a000"},
    {"ConstraintsMinimumZeroWritten", only_error<parse_name_constraints>,
     "300aa0083006820161800100"},
    {"ConstraintsMaximum", only_error<parse_name_constraints>, "300aa0083006820161810101"},
    {"ConstraintsWrongOrder", only_error<parse_name_constraints>,
     "300ea1053003820161a0053003820161"},
    {"PoliciesEmpty", only_error<parse_certificate_policies>, "3000"},
    {"PolicyTwice", only_error<parse_certificate_policies>, "300c300406022a03300406022a03"},
    {"QualifiersEmpty", only_error<parse_certificate_policies>, "3008300606022a033000"}};
class MalformedValue : public testing::TestWithParam<ValueCase> {};
TEST_P(MalformedValue, IsRefused) {
  const auto result = GetParam().parse(hex(GetParam().value_hex));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::bad_encoding);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_2, MalformedValue, testing::ValuesIn(kMalformed),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace extension_test
}  // namespace certwright::x509
