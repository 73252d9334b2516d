#include "crypto/public_key.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/private_key.h"
#include "crypto/random.h"

namespace certwright::crypto {
namespace {

using testing::HasSubstr;

Bytes tlv(unsigned tag, ByteView content) {
  Bytes out{static_cast<std::uint8_t>(tag)};
  const std::size_t size = content.size();
  if (size > 0xff) {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(size >> 8));
  } else if (size > 0x7f) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(size));
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes hex(std::string_view text) { return from_hex(text).value(); }

Bytes bit_string(ByteView key) { return tlv(0x03, join({{0}, to_bytes(key)})); }

Bytes integer(Bytes magnitude) {
  if (magnitude.empty() || (magnitude[0] & 0x80) != 0) magnitude.insert(magnitude.begin(), 0);
  return tlv(0x02, magnitude);
}

Bytes rsa_spki(const Bytes& modulus, const Bytes& exponent) {
  const Bytes key = tlv(0x30, join({integer(modulus), integer(exponent)}));
  return tlv(0x30, join({hex("300d06092a864886f70d0101010500"), bit_string(key)}));
}

// Numbers, for building moduli.
struct Number {
  BIGNUM* bn = BN_new();
  Number() = default;
  explicit Number(BN_ULONG word) { BN_set_word(bn, word); }
  Number(const Number& other) : bn(BN_dup(other.bn)) {}
  Number& operator=(const Number& other) { BN_copy(bn, other.bn); return *this; }
  ~Number() { BN_free(bn); }
  Bytes magnitude() const {
    Bytes out(static_cast<std::size_t>(BN_num_bytes(bn)));
    BN_bn2bin(bn, out.data());
    return out;
  }
};
BN_CTX* numbers() {
  static BN_CTX* const context = BN_CTX_new();
  return context;
}
Number operator*(const Number& a, const Number& b) {
  Number out;
  BN_mul(out.bn, a.bn, b.bn, numbers());
  return out;
}
Number operator+(const Number& a, const Number& b) {
  Number out;
  BN_add(out.bn, a.bn, b.bn);
  return out;
}
bool is_prime(const Number& n) { return BN_check_prime(n.bn, numbers(), nullptr) == 1; }
Number random_prime(int bits) {
  Number out;
  EXPECT_EQ(BN_generate_prime_ex(out.bn, bits, 0, nullptr, nullptr, nullptr), 1);
  return out;
}
Number next_prime(Number n) {
  if (!BN_is_odd(n.bn)) BN_add_word(n.bn, 1);
  while (!is_prime(n)) BN_add_word(n.bn, 2);
  return n;
}
// 1024 bits with the upper half of the top bits set, so that products have 2048.
const Number& big_prime() {
  static const Number prime = random_prime(1024);
  return prime;
}
const Number& other_prime() {
  static const Number prime = random_prime(1024);
  return prime;
}
const Bytes& good_modulus() {
  static const Bytes modulus = (big_prime() * other_prime()).magnitude();
  return modulus;
}
const Bytes kF4{1, 0, 1};

// An odd number of that many bits in which check_public_key finds nothing else wrong.
Bytes modulus_of(unsigned bits) {
  Number n;
  BN_rand(n.bn, static_cast<int>(bits), BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
  for (int tries = 0; tries < 2000; ++tries, BN_add_word(n.bn, 2)) {
    const auto checked = check_public_key(rsa_spki(n.magnitude(), kF4));
    if (checked || checked.error().detail.find("divisible") == std::string::npos) break;
  }
  return n.magnitude();
}

// As the Infineon library made its primes: k * M + 65537^a mod M, M the product of small primes.
Number roca_prime() {
  Number product(1);
  int count = 0;
  for (BN_ULONG p = 2; count < 39; ++p)
    if (is_prime(Number(p))) {
      BN_mul_word(product.bn, p);
      ++count;
    }
  const Number base(65537);
  Number a;
  Number power;
  BN_rand(a.bn, 60, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
  BN_mod_exp(power.bn, base.bn, a.bn, product.bn, numbers());
  Number k;
  BN_rand(k.bn, 1024 - BN_num_bits(product.bn) + 1, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY);
  Number candidate = k * product + power;
  while (!is_prime(candidate)) candidate = candidate + product;
  return candidate;
}

struct RefusedRsa { const char* name; std::function<Bytes()> spki; const char* reason; };
const RefusedRsa kRefusedRsa[] = {
    {"Bits1024", [] { return rsa_spki(big_prime().magnitude(), kF4); }, "1024 bits"},
    {"Bits2047", [] { return rsa_spki(modulus_of(2047), kF4); }, "2047 bits"},
    {"Bits8193", [] { return rsa_spki(modulus_of(8193), kF4); }, "8193 bits"},
    {"Bits65536", [] { return rsa_spki(Bytes(8192, 0xff), kF4); }, "65536 bits"},
    {"EvenModulus",
     [] {
       Bytes even = good_modulus();
       even.back() = static_cast<std::uint8_t>(even.back() ^ 1u);
       return rsa_spki(even, kF4);
     },
     "even"},
    {"Exponent1", [] { return rsa_spki(good_modulus(), {1}); }, "exponent 1 "},
    {"Exponent3", [] { return rsa_spki(good_modulus(), {3}); }, "exponent 3 "},
    {"Exponent65535", [] { return rsa_spki(good_modulus(), {0xff, 0xff}); }, "65535"},
    {"Exponent65536", [] { return rsa_spki(good_modulus(), {1, 0, 0}); }, "65536 is even"},
    {"Exponent65Bits", [] { return rsa_spki(good_modulus(), {1, 0, 0, 0, 0, 0, 0, 0, 1}); },
     "65 bits"},
    {"Factor3", [] { return rsa_spki((Number(3) * random_prime(2047)).magnitude(), kF4); },
     "divisible by 3"},
    {"Factor751", [] { return rsa_spki((Number(751) * random_prime(2040)).magnitude(), kF4); },
     "divisible by 751"},
    {"Factor16381",
     [] { return rsa_spki((Number(16381) * random_prime(2036)).magnitude(), kF4); },
     "divisible by 16381"},
    {"Roca", [] { return rsa_spki((roca_prime() * roca_prime()).magnitude(), kF4); },
     "CVE-2017-15361"},
    {"Square", [] { return rsa_spki((big_prime() * big_prime()).magnitude(), kF4); },
     "CVE-2022-26320"},
    {"NextPrime",
     [] {
       return rsa_spki((big_prime() * next_prime(big_prime() + Number(2))).magnitude(), kF4);
     },
     "CVE-2022-26320"},
    {"Distance500Bits",
     [] {
       Number distance(1);
       BN_lshift(distance.bn, distance.bn, 500);
       return rsa_spki((big_prime() * next_prime(big_prime() + distance)).magnitude(), kF4);
     },
     "CVE-2022-26320"}};

class RefusesRsa : public testing::TestWithParam<RefusedRsa> {};
TEST_P(RefusesRsa, WithItsReason) {
  const Bytes spki = GetParam().spki();
  EXPECT_TRUE(describe_public_key(spki)) << "what it is can be said all the same";
  const auto checked = check_public_key(spki);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::invalid);
  EXPECT_THAT(checked.error().detail, HasSubstr(GetParam().reason));
}
INSTANTIATE_TEST_SUITE_P(Fips186_5SectionA1, RefusesRsa, testing::ValuesIn(kRefusedRsa),
                         [](const auto& c) { return std::string(c.param.name); });

struct AcceptedRsa { const char* name; std::function<Bytes()> spki; };
const AcceptedRsa kAcceptedRsa[] = {
    {"Bits2048", [] { return rsa_spki(good_modulus(), kF4); }},
    {"Bits2049", [] { return rsa_spki(modulus_of(2049), kF4); }},
    {"Bits8192", [] { return rsa_spki(modulus_of(8192), kF4); }},
    {"Exponent65539", [] { return rsa_spki(good_modulus(), {1, 0, 3}); }},
    {"Exponent64Bits", [] { return rsa_spki(good_modulus(), {0x80, 0, 0, 0, 0, 0, 0, 1}); }},
    {"Factor16411",  // the first prime that is not tried
     [] { return rsa_spki((Number(16411) * random_prime(2036)).magnitude(), kF4); }},
    {"OneRocaPrime", [] { return rsa_spki((roca_prime() * big_prime()).magnitude(), kF4); }},
    {"Distance620Bits", [] {
       Number distance(1);
       BN_lshift(distance.bn, distance.bn, 620);
       return rsa_spki((big_prime() * next_prime(big_prime() + distance)).magnitude(), kF4);
     }}};

class AcceptsRsa : public testing::TestWithParam<AcceptedRsa> {};
TEST_P(AcceptsRsa, BesideTheBoundary) {
  const auto checked = check_public_key(GetParam().spki());
  ASSERT_TRUE(checked) << checked.error().detail;
  EXPECT_EQ(checked->type, "rsa");
}
INSTANTIATE_TEST_SUITE_P(Fips186_5SectionA1, AcceptsRsa, testing::ValuesIn(kAcceptedRsa),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(RsaDescription, NamesTheRowOrTheGeneralOne) {
  for (const auto& [bits, name] : std::initializer_list<std::pair<unsigned, const char*>>{
           {2047, "rsa"}, {2048, "rsa-2048"}, {2056, "rsa"}, {4096, "rsa-4096"}}) {
    const auto description = describe_public_key(rsa_spki(modulus_of(bits), kF4)).value();
    EXPECT_EQ(description.type, "rsa");
    EXPECT_EQ(description.bits, bits);
    EXPECT_EQ(description.algorithm->name, name);
  }
}

Bytes spki_of(std::string_view name) {
  return to_bytes(PrivateKey::generate(*find_key_algorithm(name).value()).value()
                      .subject_public_key_info_tlv());
}

class Described : public testing::TestWithParam<std::string> {};
TEST_P(Described, AsWhatItIs) {
  for (int i = 0; i < 20; ++i) {
    const auto checked = check_public_key(spki_of(GetParam()));
    ASSERT_TRUE(checked) << checked.error().detail;
    EXPECT_EQ(checked->type, GetParam());
    EXPECT_EQ(checked->algorithm->name, GetParam());
    EXPECT_EQ(checked->bits, checked->algorithm->bits);
  }
}
INSTANTIATE_TEST_SUITE_P(Rfc5480AndRfc8410, Described,
                         testing::Values("ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"),
                         [](const auto& c) {
                           std::string name = c.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

Bytes ec_spki(std::string_view curve_oid, ByteView point) {
  return tlv(0x30, join({tlv(0x30, join({hex("06072a8648ce3d0201"), hex(curve_oid)})),
                         bit_string(point)}));
}
constexpr std::string_view kP256Curve = "06082a8648ce3d030107";
Bytes p256_point() {
  const Bytes spki = spki_of("ecdsa-p256");
  return Bytes(spki.end() - 65, spki.end());
}
Bytes ed25519_spki(std::string_view point_hex) {
  return join({hex("302a300506032b6570032100"), hex(point_hex)});
}

struct RefusedKey { const char* name; std::function<Bytes()> spki; Errc code; const char* reason; };
const RefusedKey kRefusedKeys[] = {
    {"OffTheCurve",
     [] {
       Bytes point = p256_point();
       point.back() = static_cast<std::uint8_t>(point.back() ^ 1u);
       return ec_spki(kP256Curve, point);
     },
     Errc::invalid, "not on the curve P-256"},
    {"Zero", [] { return ec_spki(kP256Curve, join({{4}, Bytes(64)})); }, Errc::invalid,
     "not on the curve"},
    {"CoordinateOverThePrime",
     [] {
       // x = p + 5 where x = 5 is on the curve: the same point, written twice.
       return ec_spki(kP256Curve,
                      hex("04ffffffff00000001000000000000000000000001000000000000000000000004"
                          "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc"));
     },
     Errc::invalid, "not on the curve"},
    {"Compressed",
     [] {
       const Bytes point = p256_point();
       return ec_spki(kP256Curve, join({{2}, Bytes(point.begin() + 1, point.begin() + 33)}));
     },
     Errc::invalid, "compressed"},
    {"Hybrid",
     [] {
       Bytes point = p256_point();
       point[0] = 6 | (point.back() & 1);
       return ec_spki(kP256Curve, point);
     },
     Errc::bad_encoding, "not 04"},
    {"Infinity", [] { return ec_spki(kP256Curve, Bytes{0}); }, Errc::invalid, "infinity"},
    {"PointTooShort",
     [] {
       Bytes point = p256_point();
       point.pop_back();
       return ec_spki(kP256Curve, point);
     },
     Errc::bad_encoding, "32 octets"},
    {"PointEmpty", [] { return ec_spki(kP256Curve, {}); }, Errc::bad_encoding, "32 octets"},
    {"Secp256k1", [] { return ec_spki("06052b8104000a", p256_point()); }, Errc::invalid,
     "1.3.132.0.10"},
    {"P224", [] { return ec_spki("06052b81040021", Bytes(57, 4)); }, Errc::invalid, "1.3.132.0.33"},
    {"ImplicitCurve", [] { return ec_spki("0500", p256_point()); }, Errc::bad_encoding, "OID"},
    {"NoCurve", [] { return ec_spki("", p256_point()); }, Errc::bad_encoding, "OID"},
    {"ExplicitCurve",
     [] {
       EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
       EC_GROUP_set_asn1_flag(group, OPENSSL_EC_EXPLICIT_CURVE);
       unsigned char* encoded = nullptr;
       const int size = i2d_ECPKParameters(group, &encoded);
       const Bytes parameters(encoded, encoded + size);
       OPENSSL_free(encoded);
       EC_GROUP_free(group);
       return ec_spki(to_hex(parameters), p256_point());
     },
     Errc::invalid, "explicit"},
    {"Ed25519Zero",
     [] {
       return ed25519_spki("0000000000000000000000000000000000000000000000000000000000000000");
     },
     Errc::invalid, "small order"},
    {"Ed25519One",
     [] {
       return ed25519_spki("0100000000000000000000000000000000000000000000000000000000000000");
     },
     Errc::invalid, "small order"},
    {"Ed25519Order8",
     [] {
       return ed25519_spki("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
     },
     Errc::invalid, "small order"},
    {"Ed25519NotCanonical",
     [] {
       return ed25519_spki("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
     },
     Errc::invalid, "not canonical"},
    {"Ed25519NotOnTheCurve",
     [] {
       return ed25519_spki("0200000000000000000000000000000000000000000000000000000000000000");
     },
     Errc::invalid, "not on the curve"},
    {"Ed25519Short",
     [] {
       return hex("3029300506032b657003200000000000000000000000000000000000000000000000000000000000"
                  "000000");
     },
     Errc::bad_encoding, "has 32 octets"},
    {"Ed25519WithNull",
     [] {
       return tlv(0x30, join({hex("300706032b65700500"), bit_string(Bytes(32, 1))}));
     },
     Errc::bad_encoding, "absent"},
    {"X25519", [] { return tlv(0x30, join({hex("300506032b656e"), bit_string(Bytes(32, 9))})); },
     Errc::invalid, "1.3.101.110"},
    {"Ed448", [] { return tlv(0x30, join({hex("300506032b6571"), bit_string(Bytes(57, 9))})); },
     Errc::invalid, "1.3.101.113"},
    {"Dsa", [] { return tlv(0x30, join({hex("300906072a8648ce380401"), bit_string(Bytes(9))})); },
     Errc::invalid, "1.2.840.10040.4.1"},
    {"RsaPssOnly",
     [] {
       const Bytes key = tlv(0x30, join({integer(good_modulus()), integer(kF4)}));
       return tlv(0x30, join({hex("300b06092a864886f70d01010a"), bit_string(key)}));
     },
     Errc::invalid, "PSS"},
    {"RsaWithoutNull",
     [] {
       const Bytes key = tlv(0x30, join({integer(good_modulus()), integer(kF4)}));
       return tlv(0x30, join({hex("300b06092a864886f70d010101"), bit_string(key)}));
     },
     Errc::bad_encoding, "NULL"},
    {"RsaNegativeModulus",
     [] {
       const Bytes key = tlv(0x30, join({tlv(0x02, good_modulus()), integer(kF4)}));
       return tlv(0x30, join({hex("300d06092a864886f70d0101010500"), bit_string(key)}));
     },
     Errc::bad_encoding, "RSAPublicKey"},
    {"RsaPaddedExponent",
     [] {
       const Bytes key = tlv(0x30, join({integer(good_modulus()), hex("020400010001")}));
       return tlv(0x30, join({hex("300d06092a864886f70d0101010500"), bit_string(key)}));
     },
     Errc::bad_encoding, "RSAPublicKey"},
    {"RsaThirdNumber",
     [] {
       const Bytes key = tlv(0x30, join({integer(good_modulus()), integer(kF4), integer({1})}));
       return tlv(0x30, join({hex("300d06092a864886f70d0101010500"), bit_string(key)}));
     },
     Errc::bad_encoding, "RSAPublicKey"},
    {"RsaZeroModulus", [] { return rsa_spki({}, kF4); }, Errc::invalid, "modulus of 0 bits"},
    {"UnusedBits",
     [] {
       Bytes spki = spki_of("ecdsa-p256");
       spki[25] = 1;
       return spki;
     },
     Errc::bad_encoding, "SubjectPublicKeyInfo"},
    {"Trailing", [] { return join({spki_of("ecdsa-p256"), {0}}); }, Errc::bad_encoding,
     "SubjectPublicKeyInfo"},
    {"BerLength",
     [] {
       Bytes spki = spki_of("ecdsa-p256");
       spki.insert(spki.begin() + 1, 0x81);
       return spki;
     },
     Errc::bad_encoding, "SubjectPublicKeyInfo"},
    {"Empty", [] { return Bytes{}; }, Errc::bad_encoding, "SubjectPublicKeyInfo"}};

class RefusesKey : public testing::TestWithParam<RefusedKey> {};
TEST_P(RefusesKey, WithItsReason) {
  const auto checked = check_public_key(GetParam().spki());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, GetParam().code);
  EXPECT_THAT(checked.error().detail, HasSubstr(GetParam().reason));
  EXPECT_EQ(ERR_peek_error(), 0u);
}
INSTANTIATE_TEST_SUITE_P(Rfc5280Section4_1_2_7, RefusesKey, testing::ValuesIn(kRefusedKeys),
                         [](const auto& c) { return std::string(c.param.name); });

// RFC 9881 and RFC 9909 keys have their right lengths, also where the library cannot use them.
TEST(MessageKeys, AreJudgedByTheirLength) {
  for (const auto& row : key_algorithms()) {
    if (row.family != KeyFamily::message) continue;
    const auto& signature = default_signature_algorithm(row);
    const auto of = [&](std::size_t octets) {
      return tlv(0x30, join({to_bytes(signature.identifier_tlv), bit_string(Bytes(octets, 7))}));
    };
    const auto described = describe_public_key(of(row.bits / 8));
    ASSERT_TRUE(described) << row.name;
    EXPECT_EQ(described->type, row.name);
    EXPECT_FALSE(describe_public_key(of(row.bits / 8 - 1))) << row.name;
    EXPECT_FALSE(describe_public_key(of(row.bits / 8 + 1))) << row.name;
  }
}

// Whatever we accept, OpenSSL accepts and writes back as the same octets.
TEST(Mutations, AcceptedOnlyIfOpensslAgrees) {
  DeterministicRandom random(5);
  std::size_t accepted = 0;
  for (const Bytes& original : {spki_of("ecdsa-p256"), spki_of("ecdsa-p521"), spki_of("ed25519"),
                                rsa_spki(good_modulus(), kF4)}) {
    for (int i = 0; i < 2000; ++i) {
      Bytes mutated = original;
      std::array<std::uint8_t, 4> dice;
      random.fill(dice);
      const std::size_t at = (dice[0] * 256u + dice[1]) % std::min<std::size_t>(mutated.size(), 80);
      const unsigned flipped = mutated[at] ^ (1u << dice[3] % 8);
      mutated[at] = static_cast<std::uint8_t>(dice[2] % 4 == 0 ? dice[3] : flipped);
      const auto checked = check_public_key(mutated);
      if (!checked) continue;
      ++accepted;
      const unsigned char* end = mutated.data();
      EVP_PKEY* const key = d2i_PUBKEY(nullptr, &end, static_cast<long>(mutated.size()));
      ASSERT_NE(key, nullptr) << to_hex(mutated);
      EXPECT_EQ(end, mutated.data() + mutated.size());
      unsigned char* encoded = nullptr;
      const int size = i2d_PUBKEY(key, &encoded);
      EXPECT_EQ(to_hex({encoded, static_cast<std::size_t>(size)}), to_hex(mutated));
      OPENSSL_free(encoded);
      EVP_PKEY_free(key);
    }
    for (std::size_t size = 0; size < original.size(); ++size)
      EXPECT_FALSE(check_public_key(ByteView(original).first(size)));
  }
  EXPECT_GT(accepted, 0u);
}

}  // namespace
}  // namespace certwright::crypto
