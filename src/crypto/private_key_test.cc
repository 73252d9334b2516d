#include "crypto/private_key.h"
#include "crypto/sm2_key.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

// OpenSSL 3 has no other way to write some of the forms that others' files have.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace certwright::crypto {
namespace {

using testing::HasSubstr;

SecretBytes secret_text(std::string_view text) { return SecretBytes::copy_of(as_bytes(text)); }

struct Openssl {
  EVP_PKEY* key;
  explicit Openssl(EVP_PKEY* k) : key(k) {}
  explicit Openssl(const PrivateKey& ours) {
    const SecretBytes der = ours.pkcs8_der();
    const unsigned char* at = der.reveal().data();
    key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
    EXPECT_NE(key, nullptr);
  }
  Openssl(const Openssl&) = delete;
  ~Openssl() { EVP_PKEY_free(key); }

  Bytes pkcs8() const {
    PKCS8_PRIV_KEY_INFO* const info = EVP_PKEY2PKCS8(key);
    unsigned char* encoded = nullptr;
    const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &encoded);
    Bytes out(encoded, encoded + size);
    OPENSSL_free(encoded);
    PKCS8_PRIV_KEY_INFO_free(info);
    return out;
  }
  Bytes traditional() const {
    unsigned char* encoded = nullptr;
    const int size = i2d_PrivateKey(key, &encoded);
    Bytes out(encoded, encoded + size);
    OPENSSL_free(encoded);
    return out;
  }
  Bytes spki() const {
    unsigned char* encoded = nullptr;
    const int size = i2d_PUBKEY(key, &encoded);
    Bytes out(encoded, encoded + size);
    OPENSSL_free(encoded);
    return out;
  }
  // What `write` puts into a PEM file.
  template <class Write>
  static SecretBytes pem(Write write) {
    BIO* const bio = BIO_new(BIO_s_mem());
    EXPECT_EQ(write(bio), 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    SecretBytes out = secret_text({text, static_cast<std::size_t>(size)});
    BIO_free(bio);
    return out;
  }
};

const PrivateKey& shared_rsa() {
  static const PrivateKey key =
      PrivateKey::generate(*find_key_algorithm("rsa-2048").value()).value();
  return key;
}
PrivateKey new_key(std::string_view name) {
  return name == "rsa-2048" ? shared_rsa()
                            : PrivateKey::generate(*find_key_algorithm(name).value()).value();
}

class EveryKey : public testing::TestWithParam<std::string> {};

TEST_P(EveryKey, EncodesAsOpensslDoes) {
  for (int i = 0; i < 10; ++i) {
    const PrivateKey key = new_key(GetParam());
    EXPECT_EQ(key.algorithm().name, GetParam());
    EXPECT_EQ(key.bits(), key.algorithm().bits);
    const Openssl openssl(key);
    EXPECT_EQ(to_bytes(key.pkcs8_der().reveal()), openssl.pkcs8());
    EXPECT_EQ(to_bytes(key.traditional_der().reveal()), openssl.traditional());
    EXPECT_EQ(to_bytes(key.subject_public_key_info_tlv()), openssl.spki());
    EXPECT_EQ(as_text(key.pkcs8_pem().reveal()),
              as_text(Openssl::pem([&](BIO* bio) {
                        return PEM_write_bio_PKCS8PrivateKey(bio, openssl.key, nullptr, nullptr, 0,
                                                             nullptr, nullptr);
                      }).reveal()));
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new(openssl.key, nullptr);
    EXPECT_EQ(EVP_PKEY_pairwise_check(context), 1);
    EVP_PKEY_CTX_free(context);
  }
}

TEST_P(EveryKey, ComesBackFromEveryForm) {
  const PrivateKey key = new_key(GetParam());
  const Openssl openssl(key);
  const auto expect_same = [&](const Result<PrivateKey>& read, const char* form) {
    ASSERT_TRUE(read) << form << ": " << read.error().detail;
    EXPECT_EQ(&read->algorithm(), &key.algorithm()) << form;
    EXPECT_EQ(to_bytes(read->pkcs8_der().reveal()), to_bytes(key.pkcs8_der().reveal())) << form;
    EXPECT_EQ(to_bytes(read->subject_public_key_info_tlv()),
              to_bytes(key.subject_public_key_info_tlv())) << form;
  };
  const SecretBytes none;
  const SecretBytes passphrase = secret_text("pass phrase");
  expect_same(PrivateKey::from_pkcs8(key.pkcs8_der()), "PKCS#8");
  expect_same(PrivateKey::from_pem(key.pkcs8_pem(), none), "PEM");
  expect_same(PrivateKey::from_pem(key.pkcs8_pem(), passphrase), "PEM, needless passphrase");
  for (const EVP_CIPHER* cipher : {EVP_aes_256_cbc(), EVP_des_ede3_cbc()}) {
    const SecretBytes pem = Openssl::pem([&](BIO* bio) {
      return PEM_write_bio_PKCS8PrivateKey(bio, openssl.key, cipher, "pass phrase", 11, nullptr,
                                           nullptr);
    });
    expect_same(PrivateKey::from_pem(pem, passphrase), "PBES2");
    for (const char* wrong : {"", "pass phras", "pass phrase "}) {
      const auto read = PrivateKey::from_pem(pem, secret_text(wrong));
      ASSERT_FALSE(read);
      EXPECT_EQ(read.error().code, Errc::invalid);
      EXPECT_EQ(read.error().field, "passphrase");
      EXPECT_EQ(ERR_peek_error(), 0u);
    }
  }
  if (key.algorithm().family == KeyFamily::ed25519) return;  // has no traditional form
  for (const EVP_CIPHER* cipher : {static_cast<const EVP_CIPHER*>(nullptr), EVP_aes_128_cbc()}) {
    const SecretBytes pem = Openssl::pem([&](BIO* bio) {
      const auto* const text = reinterpret_cast<const unsigned char*>("pass phrase");
      return PEM_write_bio_PrivateKey_traditional(bio, openssl.key, cipher, text, 11, nullptr,
                                                  nullptr);
    });
    EXPECT_THAT(std::string(as_text(pem.reveal())),
                HasSubstr(key.algorithm().family == KeyFamily::rsa ? "RSA PRIVATE" : "EC PRIVATE"));
    expect_same(PrivateKey::from_pem(pem, passphrase), "traditional");
    if (cipher == nullptr) continue;
    EXPECT_EQ(PrivateKey::from_pem(pem, none).error().field, "passphrase");
    EXPECT_EQ(PrivateKey::from_pem(pem, secret_text("wrong")).error().field, "passphrase");
  }
}

TEST_P(EveryKey, IsNotCutOrFollowed) {
  const SecretBytes der = new_key(GetParam()).pkcs8_der();
  const std::size_t step = der.size() / 100 + 1;
  for (std::size_t size = 0; size < der.size(); size += step)
    EXPECT_FALSE(PrivateKey::from_pkcs8(SecretBytes::copy_of(der.reveal().first(size)))) << size;
  SecretBytes longer(der.size() + 1);
  std::ranges::copy(der.reveal(), longer.writable().begin());
  EXPECT_EQ(PrivateKey::from_pkcs8(longer).error().code, Errc::bad_encoding);
  EXPECT_EQ(ERR_peek_error(), 0u);
}

// The file holds both halves: a certificate for the wrong one would be useless.
// Not Ed25519, whose PKCS#8 holds the seed alone.
class KeyWithBothHalves : public testing::TestWithParam<std::string> {};
TEST_P(KeyWithBothHalves, MustBeAPair) {
  const SecretBytes der = new_key(GetParam()).pkcs8_der();
  const bool rsa = GetParam() == "rsa-2048";
  SecretBytes altered = der.clone();
  if (rsa) {
    altered.writable()[100] ^= 2;  // within the modulus
  } else {
    const PrivateKey other = new_key(GetParam());
    const ByteView spki = other.subject_public_key_info_tlv();
    const std::size_t point = 1 + 2 * ((other.bits() + 7) / 8);
    std::ranges::copy(spki.last(point), altered.writable().last(point).begin());
  }
  const auto read = PrivateKey::from_pkcs8(altered);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::invalid);
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Rfc5958, EveryKey,
                         testing::Values("ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519",
                                         "rsa-2048"),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Rfc5915AndRfc8017, KeyWithBothHalves,
                         testing::Values("ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048"),
                         test_name);

// RFC 5915 leaves the public key out at will; RFC 5958 version 1 adds one to Ed25519 keys.
TEST(OtherForms, EcKeyWithoutItsPublicHalf) {
  const PrivateKey key = new_key("ecdsa-p256");
  const Openssl openssl(key);
  EC_KEY* const ec = EVP_PKEY_get1_EC_KEY(openssl.key);
  EC_KEY_set_enc_flags(ec, EC_PKEY_NO_PUBKEY);
  const SecretBytes pem = Openssl::pem([&](BIO* bio) {
    return PEM_write_bio_ECPrivateKey(bio, ec, nullptr, nullptr, 0, nullptr, nullptr);
  });
  EC_KEY_free(ec);
  const auto read = PrivateKey::from_pem(pem, {});
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(to_bytes(read->pkcs8_der().reveal()), to_bytes(key.pkcs8_der().reveal()));
}

TEST(OtherForms, TextAndParametersAroundTheBlock) {
  const PrivateKey key = new_key("ecdsa-p256");
  const std::string pem(as_text(key.pkcs8_pem().reveal()));
  const std::string around = "Bag Attributes\n  friendlyName: x\n"
                             "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                             "-----END EC PARAMETERS-----\n" + pem + "trailing text\n";
  EXPECT_TRUE(PrivateKey::from_pem(secret_text(around), {}));
}

struct ScalarCase { const char* name; const char* scalar_hex; bool good; };
constexpr std::string_view kP256Order =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
class Scalar : public testing::TestWithParam<ScalarCase> {};
TEST_P(Scalar, IsBetweenOneAndTheOrder) {
  const auto& c = GetParam();
  // ECPrivateKey without public key, so that nothing but the scalar is judged.
  const std::string der_hex =
      std::string("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420") +
      c.scalar_hex;
  const auto key = PrivateKey::from_pkcs8(SecretBytes::copy_of(from_hex(der_hex).value()));
  EXPECT_EQ(key.has_value(), c.good);
}
INSTANTIATE_TEST_SUITE_P(Fips186_5, Scalar, testing::Values(
    ScalarCase{"Zero", "0000000000000000000000000000000000000000000000000000000000000000",
               false},
    ScalarCase{"One", "0000000000000000000000000000000000000000000000000000000000000001", true},
    ScalarCase{"OrderLessOne",
               "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", true},
    ScalarCase{"Order", kP256Order.data(), false},
    ScalarCase{"AllOnes", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
               false}),
    [](const auto& c) { return std::string(c.param.name); });

// Known pair of RFC 6979 appendix A.2.5.
TEST(KnownPair, PublicHalfFollowsFromTheScalar) {
  const auto key = PrivateKey::from_pkcs8(SecretBytes::copy_of(from_hex(
      "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420"
      "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").value()));
  ASSERT_TRUE(key);
  EXPECT_EQ(to_hex(key->subject_public_key_info_tlv().last(64)),
            "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
            "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
}

EVP_PKEY* generated(const char* type, const char* group, unsigned bits) {
  return group != nullptr ? EVP_PKEY_Q_keygen(nullptr, nullptr, type, group)
         : bits != 0      ? EVP_PKEY_Q_keygen(nullptr, nullptr, type, std::size_t{bits})
                          : EVP_PKEY_Q_keygen(nullptr, nullptr, type);
}

struct ForeignCase { const char* name; const char* type; const char* group; unsigned bits; };
class ForeignKey : public testing::TestWithParam<ForeignCase> {};
TEST_P(ForeignKey, IsRefused) {
  const auto& c = GetParam();
  const Openssl openssl(generated(c.type, c.group, c.bits));
  const auto read = PrivateKey::from_pkcs8(SecretBytes::copy_of(openssl.pkcs8()));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::invalid);
  EXPECT_EQ(ERR_peek_error(), 0u);
}
INSTANTIATE_TEST_SUITE_P(Table, ForeignKey, testing::Values(
    ForeignCase{"Rsa1024", "RSA", nullptr, 1024}, ForeignCase{"Rsa2046", "RSA", nullptr, 2046},
    ForeignCase{"P224", "EC", "P-224", 0}, ForeignCase{"Secp256k1", "EC", "secp256k1", 0},
    ForeignCase{"X25519", "X25519", nullptr, 0}, ForeignCase{"Ed448", "ED448", nullptr, 0}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(ForeignRsa, Exponent3IsRefusedAndOtherSizesAreRsa) {
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  BIGNUM* const three = BN_new();
  BN_set_word(three, 3);
  ASSERT_EQ(EVP_PKEY_keygen_init(context), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
  ASSERT_EQ(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, three), 1);
  EVP_PKEY* weak = nullptr;
  ASSERT_EQ(EVP_PKEY_generate(context, &weak), 1);
  BN_free(three);
  EVP_PKEY_CTX_free(context);
  const auto refused = PrivateKey::from_pkcs8(SecretBytes::copy_of(Openssl(weak).pkcs8()));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("exponent 3 "));

  const Openssl odd_size(generated("RSA", nullptr, 2304));
  const auto read = PrivateKey::from_pkcs8(SecretBytes::copy_of(odd_size.pkcs8()));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->algorithm().name, "rsa");
  EXPECT_EQ(read->bits(), 2304u);
}

TEST(ForeignEc, ExplicitParametersAreRefused) {
  const Openssl openssl(new_key("ecdsa-p256"));
  EC_KEY* const ec = EVP_PKEY_get1_EC_KEY(openssl.key);
  EC_KEY_set_asn1_flag(ec, OPENSSL_EC_EXPLICIT_CURVE);
  const SecretBytes pem = Openssl::pem([&](BIO* bio) {
    return PEM_write_bio_ECPrivateKey(bio, ec, nullptr, nullptr, 0, nullptr, nullptr);
  });
  EC_KEY_free(ec);
  EXPECT_EQ(PrivateKey::from_pem(pem, {}).error().code, Errc::invalid);
}

TEST(Generate, Sm2ForOthersToUse) {
  if (EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_sm2); group != nullptr) EC_GROUP_free(group);
  else GTEST_SKIP() << "this libcrypto has no SM2";
  const auto pair = generate_sm2_key();
  ASSERT_TRUE(pair) << pair.error().detail;
  const unsigned char* at = pair->sec1_der.reveal().data();
  const Openssl openssl(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pair->sec1_der.size())));
  ASSERT_NE(openssl.key, nullptr);
  EXPECT_EQ(openssl.spki(), pair->subject_public_key_info_tlv);
  EXPECT_NE(generate_sm2_key()->subject_public_key_info_tlv, pair->subject_public_key_info_tlv);
}

TEST(Generate, RsaNeedsASize) {
  EXPECT_EQ(PrivateKey::generate(*find_key_algorithm("rsa").value()).error().code, Errc::invalid);
}

TEST(Generate, OfAnRsaKeyIsStopped) {
  const auto& algorithm = **find_key_algorithm("rsa-4096");
  std::stop_source stop;
  std::jthread soon([&stop] { stop.request_stop(); });
  Result<PrivateKey> key = PrivateKey::generate(algorithm, stop.get_token());
  soon.join();
  if (key) key = PrivateKey::generate(algorithm, stop.get_token());  // it was faster
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::unavailable);
  EXPECT_THAT(key.error().detail, HasSubstr("stopped"));
  EXPECT_EQ(ERR_peek_error(), 0U);
  EXPECT_TRUE(PrivateKey::generate(**find_key_algorithm("rsa-2048"), std::stop_source().get_token()));
}

TEST(Generate, WorksInThreadsAndNeverRepeats) {
  std::vector<std::vector<Bytes>> spkis(4);
  std::vector<std::thread> threads;
  for (auto& mine : spkis)
    threads.emplace_back([&mine] {
      for (int i = 0; i < 50; ++i)
        mine.push_back(to_bytes(new_key("ecdsa-p256").subject_public_key_info_tlv()));
    });
  for (auto& thread : threads) thread.join();
  std::set<Bytes> distinct;
  for (const auto& mine : spkis) distinct.insert(mine.begin(), mine.end());
  EXPECT_EQ(distinct.size(), 200u);
}

TEST(EncryptedPem, OursOpensWithItsPassphraseOnly) {
  for (const char* algorithm : {"ecdsa-p256", "ed25519", "rsa-2048"}) {
    const auto key = PrivateKey::generate(**find_key_algorithm(algorithm)).value();
    const auto pem = key.encrypted_pem(secret_text("correct horse")).value();
    EXPECT_TRUE(as_text(pem.reveal()).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    const auto again = PrivateKey::from_pem(pem, secret_text("correct horse")).value();
    EXPECT_EQ(to_bytes(again.subject_public_key_info_tlv()), to_bytes(key.subject_public_key_info_tlv()));
    EXPECT_EQ(key.encrypted_pem(secret_text("elevenchars")).error().field, "passphrase");
    EXPECT_EQ(key.encrypted_pem(SecretBytes(1025)).error().code, Errc::too_large);
  }
  const auto key = PrivateKey::generate(**find_key_algorithm("ecdsa-p256")).value();
  const auto pem = key.encrypted_pem(secret_text("correct horse")).value();
  EXPECT_EQ(PrivateKey::from_pem(pem, secret_text("battery staple")).error().field, "passphrase");
  EXPECT_NE(as_text(key.encrypted_pem(secret_text("correct horse")).value().reveal()), as_text(pem.reveal()))
      << "a salt and an IV of its own each time";
}

TEST(EncryptedPem, OursIsAes256UnderSixHundredThousandRoundsOfSha256) {
  const auto pem = new_key("ecdsa-p256").encrypted_pem(secret_text("correct horse")).value();
  BIO* const bio = BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size()));
  X509_SIG* const sealed = PEM_read_bio_PKCS8(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  ASSERT_NE(sealed, nullptr);
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(sealed, &algorithm, nullptr);
  ASSERT_EQ(OBJ_obj2nid(algorithm->algorithm), NID_pbes2);
  auto* const pbe = static_cast<PBE2PARAM*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter));
  ASSERT_NE(pbe, nullptr);
  EXPECT_EQ(OBJ_obj2nid(pbe->encryption->algorithm), NID_aes_256_cbc);
  ASSERT_EQ(OBJ_obj2nid(pbe->keyfunc->algorithm), NID_id_pbkdf2);
  auto* const kdf = static_cast<PBKDF2PARAM*>(
      ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), pbe->keyfunc->parameter));
  ASSERT_NE(kdf, nullptr);
  EXPECT_EQ(ASN1_INTEGER_get(kdf->iter), 600'000);
  EXPECT_GE(ASN1_STRING_length(kdf->salt->value.octet_string), 16);
  ASSERT_NE(kdf->prf, nullptr) << "which would mean SHA-1";
  EXPECT_EQ(OBJ_obj2nid(kdf->prf->algorithm), NID_hmacWithSHA256);
  PBKDF2PARAM_free(kdf);
  PBE2PARAM_free(pbe);
  X509_SIG_free(sealed);
}

// A cost that would hold a thread for hours is refused before it is paid.
TEST(EncryptedPem, CostIsLimited) {
  const Openssl openssl(new_key("ecdsa-p256"));
  const auto encrypted = [&](int iterations) {
    PKCS8_PRIV_KEY_INFO* const info = EVP_PKEY2PKCS8(openssl.key);
    std::array<unsigned char, 16> salt{};
    X509_SIG* const sealed = PKCS8_encrypt(-1, EVP_aes_256_cbc(), "p", 1, salt.data(), 16, 1, info);
    PKCS8_PRIV_KEY_INFO_free(info);
    // The iteration count is written over: encrypting with it would take those hours.
    X509_ALGOR* algorithm = nullptr;
    X509_SIG_getm(sealed, &algorithm, nullptr);
    X509_ALGOR* const scheme =
        PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), 1, salt.data(), 16, salt.data(), NID_hmacWithSHA256);
    auto* const pbe = static_cast<PBE2PARAM*>(
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), scheme->parameter));
    X509_ALGOR_free(pbe->keyfunc);
    pbe->keyfunc = PKCS5_pbkdf2_set(iterations, salt.data(), 16, NID_hmacWithSHA256, 32);
    ASN1_STRING* packed = ASN1_item_pack(pbe, ASN1_ITEM_rptr(PBE2PARAM), nullptr);
    X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_pbes2), V_ASN1_SEQUENCE, packed);
    PBE2PARAM_free(pbe);
    X509_ALGOR_free(scheme);
    SecretBytes pem = Openssl::pem([&](BIO* bio) { return PEM_write_bio_PKCS8(bio, sealed); });
    X509_SIG_free(sealed);
    return pem;
  };
  EXPECT_EQ(PrivateKey::from_pem(encrypted(10'000'001), secret_text("p")).error().code,
            Errc::too_large);
  // Tried, and found to be the wrong key, because it was encrypted with one iteration.
  EXPECT_EQ(PrivateKey::from_pem(encrypted(1000), secret_text("p")).error().code, Errc::invalid);
}

struct BadPemCase { const char* name; std::string text; Errc code; };
class BadPem : public testing::TestWithParam<BadPemCase> {};
TEST_P(BadPem, IsAClearError) {
  const auto read = PrivateKey::from_pem(secret_text(GetParam().text), {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, GetParam().code);
  EXPECT_EQ(ERR_peek_error(), 0u);
}
INSTANTIATE_TEST_SUITE_P(Rfc7468, BadPem, testing::Values(
    BadPemCase{"Empty", "", Errc::bad_encoding},
    BadPemCase{"NoBlock", "not a key", Errc::bad_encoding},
    BadPemCase{"OnlyACertificate",
               "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
               Errc::bad_encoding},
    BadPemCase{"PublicKey", "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n",
               Errc::bad_encoding},
    BadPemCase{"EmptySequence",
               "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
               Errc::bad_encoding},
    BadPemCase{"EmptyEncrypted",
               "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
               Errc::bad_encoding},
    BadPemCase{"EmptyRsa", "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n",
               Errc::bad_encoding},
    BadPemCase{"Dsa", "-----BEGIN DSA PRIVATE KEY-----\nMAA=\n-----END DSA PRIVATE KEY-----\n",
               Errc::invalid},
    BadPemCase{"NoEnd", "-----BEGIN PRIVATE KEY-----\nMAA=\n", Errc::bad_encoding},
    BadPemCase{"TooLarge", std::string(2 * PrivateKey::kMaxEncodingOctets + 1, 'a'),
               Errc::too_large}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(Limits, OfDerAndPassphrase) {
  EXPECT_EQ(PrivateKey::from_pkcs8(SecretBytes(PrivateKey::kMaxEncodingOctets)).error().code,
            Errc::bad_encoding);
  EXPECT_EQ(PrivateKey::from_pkcs8(SecretBytes(PrivateKey::kMaxEncodingOctets + 1)).error().code,
            Errc::too_large);
  const SecretBytes pem = new_key("ecdsa-p256").pkcs8_pem();
  EXPECT_TRUE(PrivateKey::from_pem(pem, SecretBytes(PrivateKey::kMaxPassphraseOctets)));
  const SecretBytes too_long(PrivateKey::kMaxPassphraseOctets + 1);
  EXPECT_EQ(PrivateKey::from_pem(pem, too_long).error().code, Errc::too_large);
}

}  // namespace
}  // namespace certwright::crypto
