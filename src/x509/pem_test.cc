#include "x509/pem.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>

namespace certwright::x509 {
namespace pem_test {  // test files are compiled together

std::string block(std::string_view label, std::string_view body) {
  return "-----BEGIN " + std::string(label) + "-----\n" + std::string(body) + "-----END " +
         std::string(label) + "-----\n";
}

TEST(PemWriteRfc7468, AgreesWithOpenSslAtEverySize) {
  for (std::size_t size = 1; size < 200; ++size) {
    Bytes der(size);
    for (std::size_t i = 0; i < size; ++i) der[i] = static_cast<std::uint8_t>(i * 7 + size);
    BIO* const out = BIO_new(BIO_s_mem());
    PEM_write_bio(out, "CERTIFICATE", "", der.data(), static_cast<long>(size));
    char* text = nullptr;
    const long length = BIO_get_mem_data(out, &text);
    EXPECT_EQ(to_pem("CERTIFICATE", der), std::string(text, static_cast<std::size_t>(length)));
    BIO_free(out);
    EXPECT_EQ(as_text(to_pem_secret("CERTIFICATE", der).reveal()), to_pem("CERTIFICATE", der));
    EXPECT_EQ(parse_pem_one(to_pem("CERTIFICATE", der), "CERTIFICATE").value(), der);
  }
}

struct PemCase {
  const char* name;
  std::string text;
  std::size_t blocks;
};
const PemCase kTexts[] = {
    {"One", block("CERTIFICATE", "Zm9v\n"), 1},
    {"TextAround", "subject=CN = a\n" + block("CERTIFICATE", "Zm9v\n") + "the end", 1},
    {"CrLf", "-----BEGIN X509 CRL-----\r\nZm9v\r\n-----END X509 CRL-----\r\n", 1},
    {"BlanksAtLineEnds", "-----BEGIN X509 CRL----- \nZm9v \t\n-----END X509 CRL-----  ", 1},
    {"EmptyLinesInside", block("CERTIFICATE", "\nZm9v\n\n"), 1},
    {"ShortLines", block("CERTIFICATE", "Z\nm\n9v\n"), 1},
    {"Padded", block("CERTIFICATE", "Zg==\n"), 1},
    {"Two", block("CERTIFICATE", "Zm9v\n") + block("X509 CRL", "Zm9v\n"), 2},
    {"NoFinalNewline", "-----BEGIN X509 CRL-----\nZm9v\n-----END X509 CRL-----", 1},
    {"NewRequest", block("NEW CERTIFICATE REQUEST", "Zm9v\n"), 1},
    {"Empty", "", 0},
    {"NoBlock", "hello", 0},
    {"EmptyBody", block("CERTIFICATE", ""), 0},
    {"NoEnd", "-----BEGIN CERTIFICATE-----\nZm9v\n", 0},
    {"OtherEnd", "-----BEGIN CERTIFICATE-----\nZm9v\n-----END X509 CRL-----\n", 0},
    {"BeginInside", "-----BEGIN CERTIFICATE-----\n" + block("CERTIFICATE", "Zm9v\n"), 0},
    {"Header", block("CERTIFICATE", "Proc-Type: 4,ENCRYPTED\n\nZm9v\n"), 0},
    {"NotCanonical", block("CERTIFICATE", "Zh==\n"), 0},
    {"NotPadded", block("CERTIFICATE", "Zg\n"), 0},
    {"AfterPadding", block("CERTIFICATE", "Zg==\nZm9v\n"), 0},
    {"PaddingOnly", block("CERTIFICATE", "====\n"), 0},
    {"ForeignCharacter", block("CERTIFICATE", "Zm-v\n"), 0},
    {"SpaceInside", block("CERTIFICATE", "Zm 9v\n"), 0},
    {"LineOf256", block("CERTIFICATE", std::string(256, 'A') + "\n"), 1},
    {"LineOf260", block("CERTIFICATE", std::string(260, 'A') + "\n"), 0},
    {"LowerCaseLabel", block("certificate", "Zm9v\n"), 0},
    {"PrivateKey", block("PRIVATE KEY", "Zm9v\n"), 0},
    {"EcPrivateKeyAmong", block("CERTIFICATE", "Zm9v\n") + block("EC PRIVATE KEY", "Zm9v\n"), 0}};
class PemText : public testing::TestWithParam<PemCase> {};
TEST_P(PemText, IsReadStrictly) {
  const auto blocks = parse_pem(GetParam().text);
  EXPECT_EQ(blocks ? blocks->size() : 0, GetParam().blocks);
}
INSTANTIATE_TEST_SUITE_P(Rfc7468, PemText, testing::ValuesIn(kTexts),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(PemLabels, OldRequestsAreRequests) {
  EXPECT_EQ(parse_pem(block("NEW CERTIFICATE REQUEST", "Zm9v\n"))->at(0).label,
            "CERTIFICATE REQUEST");
  EXPECT_FALSE(parse_pem_one(block("CERTIFICATE", "Zm9v\n"), kPemCrl));
  EXPECT_FALSE(parse_pem_one(block("X509 CRL", "Zm9v\n") + block("X509 CRL", "Zm9v\n"), kPemCrl));
}

TEST(PemLimit, IsOfTheText) {
  const std::string text = block("CERTIFICATE", "Zm9v\n");
  EXPECT_TRUE(parse_pem(text, text.size()));
  EXPECT_EQ(parse_pem(text, text.size() - 1).error().code, Errc::too_large);
  EXPECT_EQ(parse_pem_secret(text, text.size() - 1).error().code, Errc::too_large);
}

TEST(PemSecret, KeysComeOutInSecretBytesOnly) {
  const std::string text =
      block("EC PARAMETERS", "BggqhkjOPQMBBw==\n") + block("EC PRIVATE KEY", "Zm9v\n");
  EXPECT_EQ(parse_pem(text).error().code, Errc::conflict);
  const auto blocks = parse_pem_secret(text);
  ASSERT_TRUE(blocks);
  ASSERT_EQ(blocks->size(), 1U);
  EXPECT_EQ(blocks->at(0).label, "EC PRIVATE KEY");
  EXPECT_EQ(as_text(blocks->at(0).der.reveal()), "foo");
  EXPECT_FALSE(parse_pem_secret("nothing"));
}

}  // namespace pem_test
}  // namespace certwright::x509
