#include "crypto/self_test.h"

#include <string_view>

#include <fmt/format.h>

#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/private_key.h"
#include "crypto/random.h"
#include "crypto/signing.h"
#include "crypto/verifying.h"

namespace certwright::crypto {
namespace {

Bytes octets(std::string_view hex) { return from_hex(hex).value_or(Bytes{}); }

Result<void> expect(bool holds, std::string_view primitive) {
  if (holds) return {};
  return fail(Errc::internal, fmt::format("the self-test of {} failed", primitive));
}

// FIPS 180-4 ("abc"), RFC 4231 case 2, RFC 5869 case 1.
Result<void> test_hashing() {
  const ByteView abc = as_bytes("abc");
  CERTWRIGHT_CHECK(
      expect(to_hex(sha1(abc)) == "a9993e364706816aba3e25717850c26c9cd0d89d", "SHA-1"));
  CERTWRIGHT_CHECK(expect(
      to_hex(sha256(abc)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "SHA-256"));
  CERTWRIGHT_CHECK(expect(to_hex(sha384(abc)) ==
                              "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                              "8086072ba1e7cc2358baeca134c825a7",
                          "SHA-384"));
  CERTWRIGHT_CHECK(expect(to_hex(sha512(abc)) ==
                              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
                          "SHA-512"));
  CERTWRIGHT_CHECK(
      expect(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
                 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
             "HMAC-SHA-256"));
  CERTWRIGHT_TRY(const SecretBytes key,
                 hkdf_sha256(octets("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                             octets("000102030405060708090a0b0c"), octets("f0f1f2f3f4f5f6f7f8f9"),
                             42));
  return expect(to_hex(key.reveal()) ==
                    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b8"
                    "87185865",
                "HKDF-SHA-256");
}

// Test case 16 of the GCM specification: AES-256, 96-bit nonce, additional data.
Result<void> test_aead() {
  const SecretBytes key = SecretBytes::copy_of(
      octets("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  const Bytes additional = octets("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  Bytes sealed = octets(
      "cafebabefacedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  const auto opened = open(key, additional, sealed);
  CERTWRIGHT_CHECK(expect(
      opened && to_hex(opened->reveal()) ==
                    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c959568"
                    "09532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      "AES-256-GCM"));
  sealed.back() ^= 1;
  return expect(!open(key, additional, sealed), "AES-256-GCM's tag");
}

// RFC 6979 appendix A.2.5 (P-256, SHA-256, "sample").
constexpr std::string_view kKnownP256Spki =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr std::string_view kKnownP256Signature =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
// RFC 8032 section 7.1, test 2.
constexpr std::string_view kKnownEd25519Spki =
    "302a300506032b65700321003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
constexpr std::string_view kKnownEd25519Signature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
// `openssl dgst -sha256 -sign` over "certwright".
constexpr std::string_view kKnownRsaSpki =
    "30820122300d06092a864886f70d01010105000382010f003082010a0282010100cab3589d02c0e7"
    "b5c298a029fae06618b1a2243ce74d07247a24a5924a40ed443f331ebc390b2eaccb2b4148e86a18"
    "9b76d586382a1f947ecf85a500973592623263ad7053947d9265fb2094c8be26e51145d04346f117"
    "28ac49f0dff9ebcfbc1f889cae751c4fbcff0f09083326ca0d527e8bbf25742ef9de9c49272eac5e"
    "58e1f1c5aea5547e36031742d8b477471b412f204b27a0b069d5404bc9e6a8a8a98d8c464f79a453"
    "2fa93c14847cdaed1d4fcbfe219c779d520700a271459a89eaf38882d09b0f3a0597d8f832e3e713"
    "81b0725772fb37f4d0c5f6ba151be8318fe42367fddb942b810fbe16b65196af8b4743dd93b66abd"
    "4b76c40cab4355575f0203010001";
constexpr std::string_view kKnownRsaSignature =
    "3c93fc43ff57fa0d411acafc55c4180342f1c11b13028a104595a163710e423f1dab284c58d3fbce"
    "d76b7efca4bdc144896f0871ad3696054111d9c7cef768e81f9e3195e012dfa0a511df261075a77f"
    "9e46777506882c1c6a3d46b3eeb41774eaad25dcd9109653b56ff13243865a5a606b4adef5b58032"
    "356067b5d5e72297c600f88cba2df9404d03425382fdf07e767cd726973dd7a9e18440baf2d9f767"
    "a98bd12a684901a256886b72f52f68502c96ee4ee66f0b4eb39b49f0a861b7c06beb6a454b5fbdff"
    "d9ae72be619d83c65375361caffd343dac7b9250a0c9c7af13fe21f46439fc3b30c6ab5fb5b5cf48"
    "d27730f4c323e43a6a84da3e5f59196c";

struct VerifyAnswer {
  std::string_view algorithm;
  std::string_view spki_hex;
  std::string_view message;
  std::string_view signature_hex;
};
constexpr VerifyAnswer kVerifyAnswers[] = {
    {"ecdsa-sha256", kKnownP256Spki, "sample", kKnownP256Signature},
    {"ed25519", kKnownEd25519Spki, "\x72", kKnownEd25519Signature},
    {"rsa-pkcs1-sha256", kKnownRsaSpki, "certwright", kKnownRsaSignature},
};

Result<void> test_verifying() {
  for (const VerifyAnswer& answer : kVerifyAnswers) {
    CERTWRIGHT_TRY(const SignatureAlgorithm* const algorithm,
                   find_signature_algorithm(answer.algorithm));
    const Bytes spki = octets(answer.spki_hex);
    const Bytes signature = octets(answer.signature_hex);
    CERTWRIGHT_CHECK(expect(
        verify(spki, algorithm->identifier_tlv, as_bytes(answer.message), signature).has_value(),
        answer.algorithm));
    CERTWRIGHT_CHECK(
        expect(!verify(spki, algorithm->identifier_tlv, as_bytes("another message"), signature),
               answer.algorithm));
  }
  return {};
}

Result<void> test_signing(std::string_view key_name) {
  CERTWRIGHT_TRY(const KeyAlgorithm* const key_algorithm, find_key_algorithm(key_name));
  CERTWRIGHT_TRY(const PrivateKey key, PrivateKey::generate(*key_algorithm));
  const SignatureAlgorithm& algorithm = default_signature_algorithm(*key_algorithm);
  CERTWRIGHT_TRY(SigningContext context, SigningContext::create(key, algorithm));
  const ByteView message = as_bytes("certwright");
  CERTWRIGHT_TRY(const Bytes signature, context.sign(message));
  return expect(verify(key.subject_public_key_info_tlv(), algorithm.identifier_tlv, message,
                       signature)
                    .has_value(),
                key_name);
}

// A generator that is stuck repeats itself.
Result<void> test_random() {
  std::array<std::uint8_t, 32> first{};
  std::array<std::uint8_t, 32> second{};
  SystemRandom random;
  random.fill(first);
  random.fill(second);
  return expect(first != second && first != std::array<std::uint8_t, 32>{}, "random numbers");
}

}  // namespace

Result<void> self_test() {
  CERTWRIGHT_CHECK(test_hashing());
  CERTWRIGHT_CHECK(test_aead());
  CERTWRIGHT_CHECK(test_random());
  CERTWRIGHT_CHECK(test_verifying());
  CERTWRIGHT_CHECK(test_signing("ecdsa-p256"));
  return test_signing("ed25519");
}

}  // namespace certwright::crypto
