#include "crypto/algorithm.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/private_key.h"

namespace certwright::crypto {
namespace {

TEST(AlgorithmTable, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const auto& row : key_algorithms()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    const auto found = find_key_algorithm(row.name);
    EXPECT_EQ(found.has_value(), row.available()) << row.name;
    if (found) {
      EXPECT_EQ(*found, &row);
    } else {
      EXPECT_EQ(found.error().code, Errc::unavailable) << row.name;
    }
  }
  names.clear();
  for (const auto& row : signature_algorithms()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(find_signature_algorithm(row.name).has_value(), row.available()) << row.name;
    EXPECT_EQ(find_signature_algorithm_by_identifier(row.identifier_tlv).value(), &row);
  }
}

TEST(AlgorithmTable, UnknownNamesAreNotFound) {
  for (const char* name : {"", "rsa-1024", "ecdsa-p224", "ED25519", "ed25519 ", "sha256"}) {
    EXPECT_EQ(find_key_algorithm(name).error().code, Errc::not_found) << name;
    EXPECT_EQ(find_signature_algorithm(name).error().code, Errc::not_found) << name;
  }
}

TEST(AlgorithmTable, AnUnknownNameIsToldWhatThereIs) {
  const std::string keys = find_key_algorithm("rsa-1024").error().detail;
  EXPECT_EQ(keys.find("no key algorithm 'rsa-1024'; there are ecdsa-p256, "), 0U) << keys;
  EXPECT_NE(keys.find(", rsa-2048, "), std::string::npos) << keys;
  EXPECT_EQ(keys.find("ml-dsa-65") != std::string::npos, find_key_algorithm("ml-dsa-65").has_value()) << keys;
  EXPECT_EQ((keys + ",").find("rsa,"), std::string::npos) << keys;
  EXPECT_NE(find_signature_algorithm("rsa").error().detail.find("rsa-pss-sha256"), std::string::npos);
}

TEST(AlgorithmTable, EveryKeyCanUseItsDefaultSignature) {
  for (const auto& row : key_algorithms()) {
    const auto& signature = default_signature_algorithm(row);
    EXPECT_EQ(signature.name, row.default_signature);
    EXPECT_TRUE(can_sign(row, signature)) << row.name;
    EXPECT_EQ(signature.available(), row.available()) << row.name;
  }
}

TEST(AlgorithmTable, ClassicalRowsAreAvailableEverywhere) {
  for (const char* name : {"rsa-2048", "rsa-3072", "rsa-4096", "rsa", "ecdsa-p256", "ecdsa-p384",
                           "ecdsa-p521", "ed25519"})
    EXPECT_TRUE(find_key_algorithm(name)) << name;
}

// Debian 12 has OpenSSL 3.0, Debian 13 has 3.5, where these arrived.
TEST(AlgorithmTable, PostQuantumRowsFollowTheLibrary) {
  const bool has_them = OPENSSL_version_major() > 3 ||
                        (OPENSSL_version_major() == 3 && OPENSSL_version_minor() >= 5);
  for (const auto& row : key_algorithms()) {
    if (row.family == KeyFamily::message) {
      EXPECT_EQ(row.available(), has_them) << row.name;
    }
  }
}

struct FitCase { const char* name; const char *key, *signature; bool fits; };
class CanSign : public testing::TestWithParam<FitCase> {};
TEST_P(CanSign, IsDecidedByTheFamily) {
  const auto& c = GetParam();
  const auto row = [](const auto& rows, std::string_view name) {
    return std::ranges::find_if(rows, [&](const auto& r) { return r.name == name; });
  };
  EXPECT_EQ(can_sign(*row(key_algorithms(), c.key), *row(signature_algorithms(), c.signature)),
            c.fits);
}
INSTANTIATE_TEST_SUITE_P(Table, CanSign, testing::Values(
    FitCase{"P256WithSha512", "ecdsa-p256", "ecdsa-sha512", true},
    FitCase{"RsaWithPss", "rsa", "rsa-pss-sha384", true},
    FitCase{"RsaWithEcdsa", "rsa-2048", "ecdsa-sha256", false},
    FitCase{"EcWithEd25519", "ecdsa-p256", "ed25519", false},
    FitCase{"MlDsaWithItsOwn", "ml-dsa-65", "ml-dsa-65", true},
    FitCase{"MlDsaWithAnother", "ml-dsa-65", "ml-dsa-44", false},
    FitCase{"MlDsaWithSlhDsa", "ml-dsa-65", "slh-dsa-sha2-128s", false}),
    [](const auto& c) { return std::string(c.param.name); });

// What OpenSSL itself would write into a certificate.
TEST(AlgorithmIdentifier, IsTheOneOpensslWrites) {
  for (const auto& row : signature_algorithms()) {
    if (row.family == KeyFamily::message && !row.available()) continue;
    const char* key_name = row.family == KeyFamily::rsa       ? "rsa-2048"
                           : row.family == KeyFamily::ecdsa   ? "ecdsa-p256"
                           : row.family == KeyFamily::ed25519 ? "ed25519"
                                                              : row.key_name.data();
    static std::map<std::string, SecretBytes> keys;
    if (!keys.contains(key_name))
      keys[key_name] =
          PrivateKey::generate(*find_key_algorithm(key_name).value()).value().pkcs8_der();
    const ByteView der = keys[key_name].reveal();
    const unsigned char* at = der.data();
    EVP_PKEY* const key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* pkey_context = nullptr;
    constexpr const char* kDigests[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    const bool digested = row.family == KeyFamily::rsa || row.family == KeyFamily::ecdsa;
    ASSERT_EQ(EVP_DigestSignInit_ex(context, &pkey_context,
                                    digested ? kDigests[static_cast<int>(row.digest)] : nullptr,
                                    nullptr, nullptr, key, nullptr), 1);
    if (row.scheme == SignatureScheme::rsa_pss) {
      ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(pkey_context, RSA_PKCS1_PSS_PADDING), 1);
      ASSERT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_context, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    std::array<std::uint8_t, 256> identifier{};
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, identifier.data(),
                                          identifier.size()),
        OSSL_PARAM_construct_end()};
    ASSERT_EQ(EVP_PKEY_CTX_get_params(pkey_context, params), 1) << row.name;
    EXPECT_EQ(to_hex(ByteView(identifier).first(params[0].return_size)),
              to_hex(row.identifier_tlv)) << row.name;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
  }
}

// NIST's registry: 2.16.840.1.101.3.4.3.17 and on.
TEST(AlgorithmIdentifier, PostQuantumOidsAreNists) {
  for (const auto& [name, oid] : std::initializer_list<std::pair<std::string_view, const char*>>{
           {"ml-dsa-44", "2.16.840.1.101.3.4.3.17"},
           {"ml-dsa-87", "2.16.840.1.101.3.4.3.19"},
           {"slh-dsa-sha2-128s", "2.16.840.1.101.3.4.3.20"},
           {"slh-dsa-sha2-256f", "2.16.840.1.101.3.4.3.25"},
           {"slh-dsa-shake-128s", "2.16.840.1.101.3.4.3.26"},
           {"slh-dsa-shake-256f", "2.16.840.1.101.3.4.3.31"}}) {
    const auto row = std::ranges::find(signature_algorithms(), name, &SignatureAlgorithm::name);
    ASSERT_NE(row, signature_algorithms().end());
    const unsigned char* at = row->identifier_tlv.data();
    X509_ALGOR* const parsed =
        d2i_X509_ALGOR(nullptr, &at, static_cast<long>(row->identifier_tlv.size()));
    ASSERT_NE(parsed, nullptr);
    const ASN1_OBJECT* object = nullptr;
    int type = 0;
    X509_ALGOR_get0(&object, &type, nullptr, parsed);
    char text[64];
    OBJ_obj2txt(text, sizeof text, object, 1);
    EXPECT_STREQ(text, oid);
    EXPECT_EQ(type, V_ASN1_UNDEF);
    X509_ALGOR_free(parsed);
  }
}

struct IdentifierCase { const char* name; const char* hex; const char* found; };
class FindByIdentifier : public testing::TestWithParam<IdentifierCase> {};
TEST_P(FindByIdentifier, IsExact) {
  const auto row = find_signature_algorithm_by_identifier(from_hex(GetParam().hex).value());
  if (GetParam().found != nullptr) {
    ASSERT_TRUE(row);
    EXPECT_EQ((*row)->name, GetParam().found);
  } else {
    ASSERT_FALSE(row);
    EXPECT_EQ(row.error().code, Errc::invalid);
    EXPECT_THAT(row.error().detail, testing::HasSubstr(GetParam().hex));
  }
}
INSTANTIATE_TEST_SUITE_P(Rfc4055Section5, FindByIdentifier, testing::Values(
    IdentifierCase{"Pkcs1Sha256", "300d06092a864886f70d01010b0500", "rsa-pkcs1-sha256"},
    IdentifierCase{"Pkcs1Sha256WithoutNull", "300b06092a864886f70d01010b", "rsa-pkcs1-sha256"},
    IdentifierCase{"Pkcs1Sha512WithoutNull", "300b06092a864886f70d01010d", "rsa-pkcs1-sha512"},
    IdentifierCase{"Pkcs1WithOctetString", "300d06092a864886f70d01010b0400", nullptr},
    IdentifierCase{"Pkcs1Sha1", "300d06092a864886f70d0101050500", nullptr},
    IdentifierCase{"Pkcs1Md5", "300d06092a864886f70d0101040500", nullptr},
    IdentifierCase{"PssWithDefaults", "300d06092a864886f70d01010a3000", nullptr},
    IdentifierCase{"EcdsaSha1", "300906072a8648ce3d0401", nullptr},
    IdentifierCase{"EcdsaSha256WithNull", "300c06082a8648ce3d0403020500", nullptr},
    IdentifierCase{"Ed25519WithNull", "300706032b65700500", nullptr},
    IdentifierCase{"Ed448", "300506032b6571", nullptr},
    IdentifierCase{"Empty", "", nullptr}),
    [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace certwright::crypto
