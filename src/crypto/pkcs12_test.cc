#include "crypto/pkcs12.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

namespace certwright::crypto {
namespace {

using testing::HasSubstr;

SecretBytes password(std::string_view text) { return SecretBytes::copy_of(as_bytes(text)); }

EVP_PKEY* openssl_object(const PrivateKey& key) {
  const SecretBytes der = key.pkcs8_der();
  const unsigned char* at = der.reveal().data();
  return d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
}

// A key with its certificate, and a few others, as OpenSSL objects.
class Pkcs12Test : public testing::Test {
 protected:
  Pkcs12Test() : object_(openssl_object(key_)), own_(certificate(object_, 1)) {
    for (long serial = 2; serial <= 3; ++serial) {
      EVP_PKEY* const other =
          openssl_object(PrivateKey::generate(*find_key_algorithm("ecdsa-p256").value()).value());
      sk_X509_push(chain_, certificate(other, serial));
      EVP_PKEY_free(other);
    }
  }
  ~Pkcs12Test() override {
    sk_X509_pop_free(chain_, X509_free);
    X509_free(own_);
    EVP_PKEY_free(object_);
  }

  static X509* certificate(EVP_PKEY* key, long serial) {
    X509* const made = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
    X509_gmtime_adj(X509_getm_notBefore(made), 0);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key);
    EXPECT_GT(X509_sign(made, key, EVP_sha256()), 0);
    return made;
  }
  static Bytes der_of(X509* object) {
    unsigned char* encoded = nullptr;
    const int size = i2d_X509(object, &encoded);
    Bytes out(encoded, encoded + size);
    OPENSSL_free(encoded);
    return out;
  }
  // Frees the file.
  static Bytes der_of(PKCS12* file) {
    EXPECT_NE(file, nullptr);
    unsigned char* encoded = nullptr;
    const int size = i2d_PKCS12(file, &encoded);
    Bytes out(encoded, encoded + size);
    OPENSSL_free(encoded);
    PKCS12_free(file);
    return out;
  }
  Bytes file(const char* text, int key_nid = NID_aes_256_cbc, int certificate_nid = NID_aes_256_cbc,
             int mac_iterations = 2048) {
    return der_of(PKCS12_create(text, "name", object_, own_, chain_, key_nid, certificate_nid, 2048,
                                mac_iterations, 0));
  }
  // Bags in clear, so that a test can put in what it likes; the MAC is right.
  static Bytes file_of_bags(STACK_OF(PKCS12_SAFEBAG) * bags, const char* text) {
    STACK_OF(PKCS7)* safes = nullptr;
    EXPECT_EQ(PKCS12_add_safe(&safes, bags, -1, 0, nullptr), 1);
    PKCS12* const made = PKCS12_add_safes(safes, 0);
    EXPECT_EQ(PKCS12_set_mac(made, text, -1, nullptr, 0, 2048, EVP_sha256()), 1);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return der_of(made);
  }

  PrivateKey key_ = PrivateKey::generate(*find_key_algorithm("ecdsa-p256").value()).value();
  EVP_PKEY* object_;
  X509* own_;
  STACK_OF(X509) * chain_ = sk_X509_new_null();
};

TEST_F(Pkcs12Test, GivesKeyAndCertificatesOwnFirst) {
  const auto content = import_pkcs12(file("password"), password("password"));
  ASSERT_TRUE(content) << content.error().detail;
  ASSERT_TRUE(content->key);
  EXPECT_EQ(to_bytes(content->key->pkcs8_der().reveal()), to_bytes(key_.pkcs8_der().reveal()));
  ASSERT_EQ(content->certificates.size(), 3u);
  EXPECT_EQ(content->certificates[0], der_of(own_));
  EXPECT_EQ(content->certificates[1], der_of(sk_X509_value(chain_, 0)));
  EXPECT_EQ(content->certificates[2], der_of(sk_X509_value(chain_, 1)));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(Pkcs12Test, OwnCertificateIsFirstWhereverItWas) {
  STACK_OF(PKCS12_SAFEBAG)* bags = nullptr;
  PKCS12_add_cert(&bags, sk_X509_value(chain_, 0));
  PKCS12_add_cert(&bags, own_);
  PKCS12_add_key(&bags, object_, 0, 0, -1, nullptr);
  const auto content = import_pkcs12(file_of_bags(bags, "p"), password("p"));
  ASSERT_TRUE(content) << content.error().detail;
  ASSERT_EQ(content->certificates.size(), 2u);
  EXPECT_EQ(content->certificates[0], der_of(own_));
}

TEST_F(Pkcs12Test, OldCipherAndNoKeyAndNonAsciiPassword) {
  const int triple_des = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
  EXPECT_TRUE(import_pkcs12(file("p", triple_des, triple_des), password("p")));
  EXPECT_TRUE(import_pkcs12(file("pässwörd"), password("pässwörd")));
  EXPECT_FALSE(import_pkcs12(file("pässwörd"), password("password")));
  PKCS12* const trust = PKCS12_create("p", nullptr, nullptr, nullptr, chain_, 0, 0, 0, 0, 0);
  const auto content = import_pkcs12(der_of(trust), password("p"));
  ASSERT_TRUE(content) << content.error().detail;
  EXPECT_FALSE(content->key);
  EXPECT_EQ(content->certificates.size(), 2u);
}

TEST_F(Pkcs12Test, EmptyPasswordIsFoundInBothItsForms) {
  EXPECT_TRUE(import_pkcs12(file(""), SecretBytes()));
  STACK_OF(PKCS12_SAFEBAG)* bags = nullptr;
  PKCS12_add_key(&bags, object_, 0, 0, -1, nullptr);
  EXPECT_TRUE(import_pkcs12(file_of_bags(bags, nullptr), SecretBytes()));
}

TEST_F(Pkcs12Test, WrongPasswordSaysSo) {
  for (const char* wrong : {"", "passwor", "password ", "Password"}) {
    const auto content = import_pkcs12(file("password"), password(wrong));
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().code, Errc::invalid);
    EXPECT_EQ(content.error().field, "passphrase");
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

TEST_F(Pkcs12Test, MacMustBeThere) {
  const auto content =
      import_pkcs12(file("p", NID_aes_256_cbc, NID_aes_256_cbc, -1), password("p"));
  ASSERT_FALSE(content);
  EXPECT_THAT(content.error().detail, HasSubstr("MAC"));
}

TEST_F(Pkcs12Test, CostIsLimited) {
  const Bytes cheap = file("p", NID_aes_256_cbc, NID_aes_256_cbc, 2049);
  // The MAC's iterations come last: INTEGER 2049.
  ASSERT_EQ(to_hex(ByteView(cheap).last(4)), "02020801");
  EXPECT_TRUE(import_pkcs12(cheap, password("p")));
  STACK_OF(PKCS12_SAFEBAG)* bags = nullptr;
  PKCS12_add_key(&bags, object_, 0, 0, -1, nullptr);
  STACK_OF(PKCS7)* safes = nullptr;
  PKCS12_add_safe(&safes, bags, -1, 0, nullptr);
  PKCS12* const made = PKCS12_add_safes(safes, 0);
  ASSERT_EQ(PKCS12_set_mac(made, "p", -1, nullptr, 0, 2, EVP_sha256()), 1);
  const ASN1_INTEGER* iterations = nullptr;
  PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, made);
  ASN1_INTEGER_set(const_cast<ASN1_INTEGER*>(iterations), 10'000'001);
  sk_PKCS7_pop_free(safes, PKCS7_free);
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
  EXPECT_EQ(import_pkcs12(der_of(made), password("p")).error().code, Errc::too_large);
}

TEST_F(Pkcs12Test, TwoKeysAreRefused) {
  STACK_OF(PKCS12_SAFEBAG)* bags = nullptr;
  PKCS12_add_key(&bags, object_, 0, 0, -1, nullptr);
  PKCS12_add_key(&bags, object_, 0, 2048, NID_aes_256_cbc, "p");
  const auto content = import_pkcs12(file_of_bags(bags, "p"), password("p"));
  ASSERT_FALSE(content);
  EXPECT_THAT(content.error().detail, HasSubstr("more than one private key"));
}

TEST_F(Pkcs12Test, CertificatesAreCounted) {
  for (const std::size_t count : {kPkcs12MaxCertificates, kPkcs12MaxCertificates + 1}) {
    STACK_OF(PKCS12_SAFEBAG)* bags = nullptr;
    for (std::size_t i = 0; i < count; ++i) PKCS12_add_cert(&bags, own_);
    const auto content = import_pkcs12(file_of_bags(bags, "p"), password("p"));
    EXPECT_EQ(content.has_value(), count == kPkcs12MaxCertificates);
    if (!content) {
      EXPECT_EQ(content.error().code, Errc::too_large);
    }
  }
}

TEST_F(Pkcs12Test, WhatIsNotAFileIsAnError) {
  const Bytes good = file("p");
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_FALSE(import_pkcs12(ByteView(good).first(size), password("p"))) << size;
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_EQ(import_pkcs12(longer, password("p")).error().code, Errc::bad_encoding);
  EXPECT_EQ(import_pkcs12(Bytes(kPkcs12MaxOctets + 1), password("p")).error().code,
            Errc::too_large);
  Bytes altered = good;
  altered[altered.size() / 2] ^= 1;
  EXPECT_FALSE(import_pkcs12(altered, password("p")));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace certwright::crypto
