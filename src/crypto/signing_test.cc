#include "crypto/signing.h"

#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/verifying.h"

namespace certwright::crypto {
namespace {

// One key of each kind for all tests: RSA keys are slow to make.
const PrivateKey& signing_key(const std::string& name) {
  static std::map<std::string, PrivateKey> keys;
  auto found = keys.find(name);
  if (found == keys.end())
    found = keys.emplace(name, PrivateKey::generate(*find_key_algorithm(name).value()).value())
                .first;
  return found->second;
}

const SignatureAlgorithm& signature_row(std::string_view name) {
  return *find_signature_algorithm(name).value();
}

Bytes signature_of(const std::string& key, std::string_view algorithm, ByteView message) {
  return SigningContext::create(signing_key(key), signature_row(algorithm))
      .value()
      .sign(message)
      .value();
}

// OpenSSL's side, through its object layer.
struct OpensslSignature {
  EVP_PKEY* key;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  explicit OpensslSignature(const PrivateKey& ours) {
    const SecretBytes der = ours.pkcs8_der();
    const unsigned char* at = der.reveal().data();
    key = d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
  }
  OpensslSignature(const OpensslSignature&) = delete;
  ~OpensslSignature() {
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
  }
  static const char* digest_name(const SignatureAlgorithm& row) {
    constexpr const char* kNames[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    return row.family == KeyFamily::rsa || row.family == KeyFamily::ecdsa
               ? kNames[static_cast<int>(row.digest)]
               : nullptr;
  }
  static void set_pss(EVP_PKEY_CTX* context, const SignatureAlgorithm& row, int salt) {
    if (row.scheme != SignatureScheme::rsa_pss) return;
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
    EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt), 1);
  }
  bool verifies(const SignatureAlgorithm& row, ByteView message, ByteView signature) {
    EVP_PKEY_CTX* inner = nullptr;
    EXPECT_EQ(EVP_DigestVerifyInit_ex(context, &inner, digest_name(row), nullptr, nullptr, key,
                                      nullptr), 1);
    set_pss(inner, row, RSA_PSS_SALTLEN_DIGEST);
    const bool good = EVP_DigestVerify(context, signature.data(), signature.size(), message.data(),
                                       message.size()) == 1;
    ERR_clear_error();
    return good;
  }
  Bytes sign(const SignatureAlgorithm& row, ByteView message, int salt = RSA_PSS_SALTLEN_DIGEST) {
    EVP_PKEY_CTX* inner = nullptr;
    EXPECT_EQ(EVP_DigestSignInit_ex(context, &inner, digest_name(row), nullptr, nullptr, key,
                                    nullptr), 1);
    set_pss(inner, row, salt);
    Bytes signature(8192 * 8);
    std::size_t size = signature.size();
    EXPECT_EQ(EVP_DigestSign(context, signature.data(), &size, message.data(), message.size()), 1);
    signature.resize(size);
    return signature;
  }
};

using Pair = std::pair<std::string, std::string>;

std::vector<Pair> all_pairs() {
  std::vector<Pair> pairs;
  for (const auto& key : key_algorithms())
    for (const auto& signature : signature_algorithms())
      if (can_sign(key, signature) && key.available() && key.bits != 0 && key.bits != 4096 &&
          key.bits != 3072)  // as RSA-2048, only slower to make
        pairs.emplace_back(key.name, signature.name);
  return pairs;
}

class SignVerify : public testing::TestWithParam<Pair> {
 protected:
  const PrivateKey& key_ = signing_key(GetParam().first);
  const SignatureAlgorithm& row_ = signature_row(GetParam().second);
  ByteView spki_ = key_.subject_public_key_info_tlv();
};

TEST_P(SignVerify, OursIsGoodForUsAndForOpenssl) {
  auto context = SigningContext::create(key_, row_).value();
  EXPECT_EQ(&context.algorithm(), &row_);
  auto verifier = VerifyingContext::create(spki_, row_).value();
  OpensslSignature openssl(key_);
  for (const std::size_t size : {0u, 1u, 700u, 5000u}) {
    const Bytes message(size, 0x61);
    const Bytes signature = context.sign(message).value();
    EXPECT_TRUE(verify(spki_, row_.identifier_tlv, message, signature));
    EXPECT_TRUE(verifier.verify(message, signature));
    EXPECT_TRUE(openssl.verifies(row_, message, signature));
  }
}

TEST_P(SignVerify, AKnownDigestStandsForTheMessageWhereItIsWhatIsSigned) {
  const Bytes message(700, 0x61), other(700, 0x62);
  const Bytes signature = SigningContext::create(key_, row_).value().sign(message).value();
  Bytes altered = signature;
  altered.back() ^= 1;
  const auto verified = [&](const DigestedMessage& digested, ByteView by) {
    return verify(spki_, row_.identifier_tlv, digested, by).has_value();
  };
  EXPECT_TRUE(verified({message, sha256(message)}, signature));
  EXPECT_FALSE(verified({message, sha256(message)}, altered));
  const bool by_digest = (row_.family == KeyFamily::ecdsa || row_.family == KeyFamily::rsa) &&
                         row_.digest == DigestAlgorithm::sha256;
  EXPECT_EQ(verified({message, sha256(other)}, signature), !by_digest);
  EXPECT_EQ(verified({other, sha256(message)}, signature), by_digest);
}

TEST_P(SignVerify, OpensslsIsGoodForUs) {
  OpensslSignature openssl(key_);
  const Bytes message(700, 0x62);
  const Bytes signature = openssl.sign(row_, message);
  EXPECT_TRUE(verify(spki_, row_.identifier_tlv, message, signature));
  EXPECT_TRUE(VerifyingContext::create(spki_, row_).value().verify(message, signature));
}

TEST_P(SignVerify, EveryAlteredOctetIsNoticed) {
  const Bytes message(100, 0x63);
  const Bytes signature = signature_of(GetParam().first, GetParam().second, message);
  auto verifier = VerifyingContext::create(spki_, row_).value();
  const std::size_t step = std::max<std::size_t>(1, signature.size() / 80);
  for (std::size_t i = 0; i < signature.size(); i += step) {
    Bytes altered = signature;
    altered[i] = static_cast<std::uint8_t>(altered[i] ^ 1u);
    ASSERT_FALSE(verify(spki_, row_.identifier_tlv, message, altered)) << i;
    ASSERT_FALSE(verifier.verify(message, altered)) << i;
    ASSERT_FALSE(verifier.verify(message, ByteView(signature).first(i))) << i;
  }
  Bytes longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(verifier.verify(message, longer));
  Bytes other = message;
  other.back() = static_cast<std::uint8_t>(other.back() ^ 1u);
  EXPECT_FALSE(verifier.verify(other, signature));
  EXPECT_FALSE(verify(spki_, row_.identifier_tlv, other, signature));
  EXPECT_EQ(ERR_peek_error(), 0u) << "a failure left something in OpenSSL's queue";
  EXPECT_TRUE(verifier.verify(message, signature)) << "a failure must not stick";
}

TEST_P(SignVerify, AnotherKeyOrAlgorithmDoesNotVerify) {
  const Bytes message(100, 0x64);
  const Bytes signature = signature_of(GetParam().first, GetParam().second, message);
  const auto other = PrivateKey::generate(
      row_.family == KeyFamily::rsa ? *find_key_algorithm("rsa-2048").value() : key_.algorithm());
  const auto wrong =
      verify(other.value().subject_public_key_info_tlv(), row_.identifier_tlv, message, signature);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::invalid);
  for (const auto& another : signature_algorithms()) {
    if (&another != &row_) {
      EXPECT_FALSE(verify(spki_, another.identifier_tlv, message, signature)) << another.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllPairs, SignVerify, testing::ValuesIn(all_pairs()), [](const auto& p) {
  std::string name = p.param.first + "_" + p.param.second;
  std::ranges::replace(name, '-', '_');
  return name;
});

struct KnownSignature { const char* name; const char *algorithm, *spki, *message, *signature; };
// RFC 6979 appendix A.2.5 to A.2.7, message "sample"; RFC 8032 section 7.1, tests 1 to 3.
const KnownSignature kKnownSignatures[] = {
    {"P256Sha256", "ecdsa-sha256",
     "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
     "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
     "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
     "73616d706c65",
     "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
     "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {"P384Sha384", "ecdsa-sha384",
     "3076301006072a8648ce3d020106052b8104002203620004"
     "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a2545154"
     "80bc13"
     "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533"
     "264720",
     "73616d706c65",
     "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf9"
     "6e36dd1e80fabe46023100"
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38"
     "628ac8"},
    {"P521Sha512", "ecdsa-sha512",
     "30819b301006072a8648ce3d020106052b810400230381860004"
     "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd371123d46e45db6b5d5370a7f2"
     "0fb633155d38ffa16d2bd761dcac474b9a2f5023a4"
     "00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0db25741b5b34a828008b22"
     "acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5",
     "73616d706c65",
     "308187024200c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d"
     "450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa0241"
     "617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff"
     "0777b1a20f8ccb1dccc43997f1ee0e44da4a67a"},
    {"Ed25519Test1", "ed25519",
     "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "46bd25bf5f0595bbe24655141438e7a100b"},
    {"Ed25519Test2", "ed25519",
     "302a300506032b65700321003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"Ed25519Test3", "ed25519",
     "302a300506032b6570032100fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"}};

class Known : public testing::TestWithParam<KnownSignature> {};
TEST_P(Known, SignatureVerifies) {
  const auto& c = GetParam();
  const Bytes spki = from_hex(c.spki).value();
  const Bytes signature = from_hex(c.signature).value();
  const Bytes message = from_hex(c.message).value();
  const auto& row = signature_row(c.algorithm);
  EXPECT_TRUE(verify(spki, row.identifier_tlv, message, signature));
  EXPECT_FALSE(verify(spki, row.identifier_tlv, as_bytes("other"), signature));
}
INSTANTIATE_TEST_SUITE_P(Rfc6979AndRfc8032, Known, testing::ValuesIn(kKnownSignatures),
                         [](const auto& c) { return std::string(c.param.name); });

// RFC 8032 section 7.1: Ed25519 is deterministic, so signing has known answers too.
TEST(Ed25519Signing, IsTheStandards) {
  const auto key = PrivateKey::from_pkcs8(SecretBytes::copy_of(
      from_hex("302e020100300506032b657004220420"
               "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").value())).value();
  auto context = SigningContext::create(key, signature_row("ed25519")).value();
  EXPECT_EQ(to_hex(context.sign(from_hex("72").value()).value()), kKnownSignatures[4].signature);
}

// Wrong forms of a good signature: r and s of kKnownSignatures[0].
constexpr std::string_view kR = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
constexpr std::string_view kS = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
struct FormCase { const char* name; std::string signature; };
const FormCase kBadForms[] = {
    {"Empty", ""},
    {"LongFormLength", "308146022100" + std::string(kR) + "022100" + std::string(kS)},
    {"Trailing", "3046022100" + std::string(kR) + "022100" + std::string(kS) + "00"},
    {"TrailingInside", "3048022100" + std::string(kR) + "022100" + std::string(kS) + "0500"},
    {"Indefinite", "3080022100" + std::string(kR) + "022100" + std::string(kS) + "0000"},
    {"PaddedR", "304702220000" + std::string(kR) + "022100" + std::string(kS)},
    {"PaddedS", "3047022100" + std::string(kR) + "02220000" + std::string(kS)},
    {"NegativeR", "30450220" + std::string(kR) + "022100" + std::string(kS)},
    {"ZeroR", "3026020100022100" + std::string(kS)},
    {"ZeroS", "3026022100" + std::string(kR) + "020100"},
    {"EmptyR", "30250200022100" + std::string(kS)},
    {"OneInteger", "3023022100" + std::string(kR)},
    {"Set", "3146022100" + std::string(kR) + "022100" + std::string(kS)},
    {"SEnumerated", "3046022100" + std::string(kR) + "0a2100" + std::string(kS)},
    {"RTooLong", "304802230100" + std::string(kR) + "00022100" + std::string(kS)},
    {"Raw", std::string(kR) + std::string(kS)}};

class EcdsaForm : public testing::TestWithParam<FormCase> {};
TEST_P(EcdsaForm, MustBeStrictDer) {
  const Bytes spki = from_hex(kKnownSignatures[0].spki).value();
  const auto& row = signature_row("ecdsa-sha256");
  const Bytes signature = from_hex(GetParam().signature).value();
  const auto result = verify(spki, row.identifier_tlv, as_bytes("sample"), signature);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::invalid);
  EXPECT_FALSE(VerifyingContext::create(spki, row).value().verify(as_bytes("sample"), signature));
}
INSTANTIATE_TEST_SUITE_P(Rfc3279Section2_2_3, EcdsaForm, testing::ValuesIn(kBadForms),
                         [](const auto& c) { return std::string(c.param.name); });

// RFC 8032 section 5.1.7: S must be below the order; S + L would verify where that is not checked.
TEST(Ed25519Verifying, IsNotMalleable) {
  const auto& known = kKnownSignatures[4];
  Bytes signature = from_hex(known.signature).value();
  const Bytes order =
      from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").value();
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + unsigned{order[i]};
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(verify(from_hex(known.spki).value(), signature_row("ed25519").identifier_tlv,
                      from_hex(known.message).value(), signature));
}

// RFC 4055 section 3.1: the identifier says how long the salt is.
TEST(RsaPssVerifying, SaltMustBeAsLongAsTheIdentifierSays) {
  const auto& key = signing_key("rsa-2048");
  const auto& row = signature_row("rsa-pss-sha256");
  OpensslSignature openssl(key);
  for (const int salt : {0, 31, 32, 33, 222}) {
    const Bytes signature = openssl.sign(row, as_bytes("m"), salt);
    EXPECT_EQ(verify(key.subject_public_key_info_tlv(), row.identifier_tlv, as_bytes("m"),
                     signature).has_value(),
              salt == 32) << salt;
  }
}

TEST(RsaVerifying, LengthIsTheModulus) {
  const auto& key = signing_key("rsa-2048");
  for (const char* name : {"rsa-pkcs1-sha256", "rsa-pss-sha256"}) {
    const auto& row = signature_row(name);
    Bytes signature = signature_of("rsa-2048", name, as_bytes("m"));
    signature.insert(signature.begin(), 0);
    EXPECT_FALSE(verify(key.subject_public_key_info_tlv(), row.identifier_tlv, as_bytes("m"),
                        signature));
  }
}

TEST(RsaVerifying, IdentifierMayLackItsNull) {
  const auto& key = signing_key("rsa-2048");
  const Bytes signature = signature_of("rsa-2048", "rsa-pkcs1-sha256", as_bytes("m"));
  EXPECT_TRUE(verify(key.subject_public_key_info_tlv(),
                     from_hex("300b06092a864886f70d01010b").value(), as_bytes("m"), signature));
}

TEST(Verifying, KeyOffTheCurveIsRefused) {
  Bytes spki = to_bytes(signing_key("ecdsa-p256").subject_public_key_info_tlv());
  const Bytes signature = signature_of("ecdsa-p256", "ecdsa-sha256", as_bytes("m"));
  spki.back() = static_cast<std::uint8_t>(spki.back() ^ 1u);
  const auto& row = signature_row("ecdsa-sha256");
  EXPECT_FALSE(verify(spki, row.identifier_tlv, as_bytes("m"), signature));
  EXPECT_EQ(VerifyingContext::create(spki, row).error().code, Errc::invalid);
  EXPECT_EQ(ERR_peek_error(), 0u);
  // The thread's key object must not remember the bad point, nor the one before.
  EXPECT_TRUE(verify(signing_key("ecdsa-p256").subject_public_key_info_tlv(), row.identifier_tlv,
                     as_bytes("m"), signature));
}

TEST(SigningContextCreate, RefusesAnAlgorithmOfAnotherFamily) {
  for (const auto& [key, algorithm] : std::initializer_list<std::pair<const char*, const char*>>{
           {"ecdsa-p256", "ed25519"}, {"ed25519", "ecdsa-sha256"},
           {"ecdsa-p256", "rsa-pkcs1-sha256"}, {"rsa-2048", "ecdsa-sha256"}}) {
    const auto context = SigningContext::create(signing_key(key), signature_row(algorithm));
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().code, Errc::invalid);
    EXPECT_THAT(context.error().detail, testing::HasSubstr(algorithm));
    EXPECT_EQ(VerifyingContext::create(signing_key(key).subject_public_key_info_tlv(),
                                       signature_row(algorithm)).error().code,
              Errc::invalid);
  }
}

TEST(SigningContextMove, KeepsWorkingAndOutlivesItsKey) {
  for (const char* name : {"ecdsa-p256", "rsa-2048", "ed25519"}) {
    std::optional<PrivateKey> key = signing_key(name);
    const Bytes spki = to_bytes(key->subject_public_key_info_tlv());
    const auto& row = default_signature_algorithm(key->algorithm());
    auto first = SigningContext::create(*key, row).value();
    key.reset();
    SigningContext second = std::move(first);
    const Bytes signature = second.sign(as_bytes("m")).value();
    EXPECT_TRUE(verify(spki, row.identifier_tlv, as_bytes("m"), signature));
  }
}

TEST(EcdsaSigning, NeverUsesANonceTwice) {
  auto context = SigningContext::create(signing_key("ecdsa-p256"),
                                        signature_row("ecdsa-sha256")).value();
  std::set<Bytes> seen;
  for (int i = 0; i < 500; ++i) {
    const Bytes signature = context.sign(as_bytes("m")).value();
    const ByteView r = ByteView(signature).subspan(4, signature[3]);
    ASSERT_TRUE(seen.insert(to_bytes(r)).second);
  }
}

TEST(Threads, ShareAKeyAndVerifyEachOther) {
  for (const char* name : {"ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"}) {
    const PrivateKey& key = signing_key(name);
    const auto& row = default_signature_algorithm(key.algorithm());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        auto context = SigningContext::create(key, row).value();
        for (int i = 0; i < 10; ++i) {
          const Bytes message(static_cast<std::size_t>(t * 100 + i), 1);
          EXPECT_TRUE(verify(key.subject_public_key_info_tlv(), row.identifier_tlv, message,
                             context.sign(message).value()));
        }
      });
    for (auto& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace certwright::crypto
