#include "x509/name.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "x509/certificate.h"
#include "x509/golden.h"
#include "x509/oids.h"

namespace certwright::x509 {
namespace name_test {  // test files are compiled together

Bytes hex(std::string_view text) { return from_hex(text).value(); }

std::string openssl_rfc2253(ByteView tlv) {
  const unsigned char* at = tlv.data();
  X509_NAME* const name = d2i_X509_NAME(nullptr, &at, static_cast<long>(tlv.size()));
  if (name == nullptr) return "refused";
  BIO* const out = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(out, name, 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string result(text, static_cast<std::size_t>(size));
  BIO_free(out);
  X509_NAME_free(name);
  return result;
}

TEST(NameEmpty, IsAllowed) {
  const Name name;
  EXPECT_TRUE(name.empty());
  EXPECT_EQ(to_hex(name.tlv()), "3000");
  EXPECT_EQ(Name::parse(name.tlv()).value(), name);
  EXPECT_EQ(Name::from_text("").value(), name);
  EXPECT_EQ(name.to_text(), "");
}

TEST(NameBuilderRfc5280AppendixA, UsesTheStringTypesAsked) {
  const Name name = Name::from_fields({.country = "SE",
                                       .state_or_province = "Skåne",
                                       .locality = "Malmö",
                                       .street_address = "Storgatan 1",
                                       .postal_code = "211 34",
                                       .organization = "Acme",
                                       .organizational_unit = {"A", "B"},
                                       .common_name = "Acme Root CA",
                                       .serial_number = "17",
                                       .email_address = "ca@acme.example",
                                       .user_id = "u",
                                       .domain_component = {"com", "acme"}})
                        .value();
  EXPECT_EQ(name.to_text(),
            "UID=u,emailAddress=ca@acme.example,serialNumber=17,CN=Acme Root CA,OU=B,OU=A,O=Acme,"
            "postalCode=211 34,STREET=Storgatan 1,L=Malmö,ST=Skåne,C=SE,DC=acme,DC=com");
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto attribute = name.attribute(i);
    der::Tag expected = der::Tag::utf8_string;
    if (attribute.type == oids::kCountryName || attribute.type == oids::kSerialNumber)
      expected = der::Tag::printable_string;
    if (attribute.type == oids::kEmailAddress || attribute.type == oids::kDomainComponent)
      expected = der::Tag::ia5_string;
    EXPECT_EQ(attribute.tag, expected) << attribute.type.to_text();
  }
  EXPECT_EQ(name.common_names(), std::vector<std::string>{"Acme Root CA"});
  EXPECT_EQ(name.values(oids::kOrganizationalUnitName), (std::vector<std::string>{"A", "B"}));
  EXPECT_NE(openssl_rfc2253(name.tlv()), "refused");
}

struct BoundCase {
  const char* name;
  const der::Oid& type;
  std::size_t upper_bound;
};
const BoundCase kBounds[] = {{"CommonName", oids::kCommonName, 64},
                             {"Organization", oids::kOrganizationName, 64},
                             {"OrganizationalUnit", oids::kOrganizationalUnitName, 64},
                             {"Locality", oids::kLocalityName, 128},
                             {"State", oids::kStateOrProvinceName, 128},
                             {"SerialNumber", oids::kSerialNumber, 64},
                             {"Email", oids::kEmailAddress, 255},
                             {"Country", oids::kCountryName, 2}};
class NameUpperBound : public testing::TestWithParam<BoundCase> {};
TEST_P(NameUpperBound, IsEnforcedWhenBuilding) {
  const auto& c = GetParam();
  EXPECT_TRUE(Name::Builder().add(c.type, std::string(c.upper_bound, 'a')).build());
  const auto over = Name::Builder().add(c.type, std::string(c.upper_bound + 1, 'a')).build();
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Errc::invalid);
  EXPECT_FALSE(over.error().field.empty());
  EXPECT_FALSE(Name::Builder().add(c.type, "").build());
}
INSTANTIATE_TEST_SUITE_P(Rfc5280AppendixA1, NameUpperBound, testing::ValuesIn(kBounds),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(NameUpperBound, CountsCharactersNotOctets) {
  std::string text;
  for (int i = 0; i < 64; ++i) text += "å";
  EXPECT_TRUE(Name::Builder().common_name(text).build());
  EXPECT_FALSE(Name::Builder().common_name(text + "å").build());
}

TEST(NameBuilder, RefusesCharactersThatDoNotBelong) {
  EXPECT_FALSE(Name::Builder().common_name(std::string_view("a\0b", 3)).build());
  EXPECT_FALSE(Name::Builder().common_name("a\nb").build());
  EXPECT_FALSE(Name::Builder().common_name("a\x7f").build());
  EXPECT_FALSE(Name::Builder().common_name("a\xc2\x85").build());
  EXPECT_FALSE(Name::Builder().common_name("\xff").build());
  EXPECT_FALSE(Name::Builder().country("S").build());
  EXPECT_FALSE(Name::Builder().country("S1").build());
  EXPECT_FALSE(Name::Builder().serial_number("a*b").build());
  EXPECT_FALSE(Name::Builder().domain_component("å").build());
  EXPECT_TRUE(Name::Builder().common_name("\xc2\xa0").build());
}

// The same to the eye is not the same name: who approves "Acme" must not sign "A<U+200B>cme".
TEST(NameBuilder, RefusesWhatNobodySeesAndNamesIt) {
  const struct { const char *text, *code_point; } kRows[] = {
      {"A\xc2\xad" "cme", "U+00AD"},         {"A\xe2\x80\x8b" "cme", "U+200B"},     {"\xe2\x80\xae" "emcA", "U+202E"},
      {"\xd9\x86\xe2\x80\x8c\xd9\x85", "U+200C"}, {"Acme\xf3\xa0\x81\x81", "U+E0041"}, {"Acme\xef\xbb\xbf", "U+FEFF"}};
  for (const auto& row : kRows) {
    const auto built = Name::Builder().organization(row.text).build();
    ASSERT_FALSE(built) << row.code_point;
    EXPECT_EQ(built.error().code, Errc::invalid);
    EXPECT_EQ(built.error().field, "organization");
    EXPECT_NE(built.error().detail.find(row.code_point), std::string::npos) << built.error().detail;
    EXPECT_EQ(built.error().detail.find(row.text), std::string::npos) << "it is shown, not repeated";
  }
}

// What others made is read as it is; whoever would sign it asks check_characters().
TEST(NameParse, AHiddenCharacterIsReadAndTold) {
  Bytes tlv = to_bytes(Name::Builder().organization("A___cme").build()->tlv());
  constexpr std::uint8_t kZeroWidthSpace[] = {0xe2, 0x80, 0x8b};
  std::ranges::copy(kZeroWidthSpace, std::ranges::find(tlv, '_'));
  const auto name = Name::parse(tlv);
  ASSERT_TRUE(name);
  EXPECT_EQ(name->attribute(0).text(), "A\xe2\x80\x8b" "cme");
  EXPECT_EQ(Bytes(name->tlv().begin(), name->tlv().end()), tlv);
  const auto checked = name->check_characters();
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("U+200B"), std::string::npos) << checked.error().detail;
}

struct TextCase {
  const char* name;
  std::string_view text, back;
};
constexpr TextCase kTexts[] = {
    {"Two", "CN=Acme Root CA,O=Acme", ""},   {"SpacesSkipped", " cn = a , o = b ", "CN=a,O=b"},
    {"EscapedComma", "O=Acme\\, Inc.", ""},  {"EscapedEdges", "CN=\\ a\\ ", ""},
    {"EscapedHash", "CN=\\#1", ""},          {"EscapedSpecials", "CN=\\\"\\+\\;\\<\\>\\\\", ""},
    {"EscapedEquals", "CN=a\\=b", "CN=a=b"}, {"HexPair", "CN=Malm\\c3\\b6", "CN=Malmö"},
    {"MultiValued", "CN=a+UID=b,O=c", ""},   {"Dotted", "2.99999.1.0=x,CN=y", ""},
    {"InnerSpaces", "CN=a  b", ""},          {"Utf8", "CN=東京", ""}};
class NameText : public testing::TestWithParam<TextCase> {};
TEST_P(NameText, IsReadAndGivenBack) {
  const auto name = Name::from_text(GetParam().text);
  ASSERT_TRUE(name) << name.error().detail;
  const std::string_view back = GetParam().back.empty() ? GetParam().text : GetParam().back;
  EXPECT_TRUE(name->to_text() == back || GetParam().name == std::string_view("MultiValued"))
      << name->to_text();
  EXPECT_EQ(Name::from_text(name->to_text()).value(), *name);
}
INSTANTIATE_TEST_SUITE_P(Rfc4514, NameText, testing::ValuesIn(kTexts),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(NameTextRfc4514Section2_1, LastInTextIsFirstInDer) {
  const Name name = Name::from_text("CN=Acme Root CA,O=Acme").value();
  EXPECT_EQ(name.attribute(0).type, oids::kOrganizationName);
  EXPECT_EQ(name.attribute(1).type, oids::kCommonName);
}

TEST(NameText, RefusesOtherForms) {
  for (const char* bad :
       {"CN", "=a", "CN=", "CN=a,", ",CN=a", "CN=a,,O=b", "XX=a", "CN=a;O=b", "CN=a\\", "CN=a\\x",
        "CN=#0c0161", "CN=a+", "CN=\"a\"", "CN=a<b", "3.1=a", "1=a"})
    EXPECT_FALSE(Name::from_text(bad)) << bad;
}

TEST(NameText, IsOneLineWhateverIsInIt) {
  const Name name = Name::parse(hex("3015311330110603550403"
                                    "0c0a610a6200c2850d6c696e"))
                        .value();
  EXPECT_EQ(name.to_text(), "CN=a\\0ab\\00\\c2\\85\\0dlin");
  EXPECT_FALSE(name.check_characters());
  EXPECT_TRUE(Name::from_text("CN=a")->check_characters());
}

TEST(NameParse, KeepsWhatTheFieldHas) {
  // PrintableString with '*', as old certificates have it.
  const Bytes star =
      hex("3014311230100603550403"
          "13092a2e612e62632e6465");
  EXPECT_EQ(Name::parse(star)->common_names().at(0), "*.a.bc.de");
  // A common name above its upper bound is read, and found when asked.
  const Bytes long_name = [] {
    Bytes tlv =
        hex("30503"
            "14e304c0603550403"
            "0c45");
    tlv.insert(tlv.end(), 69, 'a');
    return tlv;
  }();
  const auto parsed = Name::parse(long_name);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_FALSE(parsed->check_upper_bounds());
}

struct BadCase {
  const char* name;
  std::string_view tlv_hex;
};
constexpr BadCase kBad[] = {{"EmptyRdn", "30023100"},
                            {"RdnIsSequence", "300e300c300a06035504030c03616263"},
                            {"ValueIsInteger",
                             "300e310c300a0603550403"
                             "0203616263"},
                            {"ValueIsBitString",
                             "300d310b30090603550403"
                             "03020061"},
                            {"ValueIsVisibleString",
                             "300c310a30080603550403"
                             "1a0161"},
                            {"ValueMissing",
                             "300931073005"
                             "0603550403"},
                            {"MoreThanAValue",
                             "3010310e300c0603550403"
                             "0c01610c0162"},
                            {"InvalidUtf8",
                             "300c310a30080603550403"
                             "0c01ff"},
                            {"OddBmp",
                             "300c310a30080603550403"
                             "1e0141"},
                            {"UnsortedRdn",
                             "301831163"
                             "00a06035504030c03616263"
                             "300806035504030c0162"},
                            {"TrailingOctet", "300000"}};
class NameBad : public testing::TestWithParam<BadCase> {};
TEST_P(NameBad, IsRefused) {
  const auto name = Name::parse(hex(GetParam().tlv_hex));
  ASSERT_FALSE(name) << name->to_text();
  EXPECT_EQ(name.error().code, Errc::bad_encoding);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2_4, NameBad, testing::ValuesIn(kBad),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(NameLimits, AreAttributesAndOctets) {
  Name::Builder builder;
  for (std::size_t i = 0; i < Name::kMaxAttributes; ++i) builder.organizational_unit("x");
  EXPECT_TRUE(builder.build());
  EXPECT_EQ(builder.organizational_unit("x").build().error().code, Errc::too_large);
  EXPECT_EQ(Name::parse(Bytes(Name::kMaxTlvOctets + 1)).error().code, Errc::too_large);
}

TEST(NameGolden, DecodesEachStringType) {
  const auto subject = [](const char* file) {
    return Certificate::parse(golden::read_der(std::string("testdata/certificate/") + file))
        .value()
        .subject();
  };
  EXPECT_EQ(subject("bmp_subject.pem").to_text(), "CN=bmp,O=Företaget 東京");
  EXPECT_EQ(subject("universal_subject.pem").to_text(), "CN=universal,O=東京");
  EXPECT_EQ(subject("teletex_subject.pem").to_text(), "CN=teletex,O=Malmö");
  EXPECT_EQ(subject("utf8_subject.pem").to_text(), "CN=utf8,O=Företaget 東京 😀,L=Malmö,C=SE");
  const Name multi = subject("multi_valued_rdn.pem");
  EXPECT_EQ(multi.size(), 6U);
  EXPECT_EQ(multi.attribute(5).rdn, 2U);
  EXPECT_EQ(multi.common_names(), std::vector<std::string>{"multi"});
}

TEST(NameGolden, TextAgreesWithOpenSsl) {
  for (const char* text : {"CN=Acme Root CA,O=Acme", "O=Acme\\, Inc.", "CN=\\ a\\ ", "CN=\\#1",
                           "CN=\\\"\\+\\;\\<\\>\\\\", "CN=東京,C=SE", "DC=acme,DC=com"})
    EXPECT_EQ(openssl_rfc2253(Name::from_text(text)->tlv()), text);
}

}  // namespace name_test
}  // namespace certwright::x509
