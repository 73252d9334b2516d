#include "crypto/algorithm.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/openssl_handle.h"

namespace certwright::crypto {
namespace {

// AlgorithmIdentifiers, whole encodings. RSA: arc 1.2.840.113549.1.1; ECDSA: 1.2.840.10045.4.3;
// Ed25519: 1.3.101.112; ML-DSA and SLH-DSA: 2.16.840.1.101.3.4.3.
template <std::uint8_t Last>
inline constexpr std::uint8_t kRsaPkcs1Identifier[] = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, Last, 0x05, 0x00};

template <std::uint8_t Hash, std::uint8_t SaltOctets>
inline constexpr std::uint8_t kRsaPssIdentifier[] = {
    0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a,  // id-RSASSA-PSS
    0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,  // [0] hash
    0x03, 0x04, 0x02, Hash, 0x05, 0x00,                                            //
    0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,  // [1] id-mgf1
    0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,  //
    0x02, Hash, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, SaltOctets};                   // [2] saltLength

template <std::uint8_t Last>
inline constexpr std::uint8_t kEcdsaIdentifier[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                    0x48, 0xce, 0x3d, 0x04, 0x03, Last};

inline constexpr std::uint8_t kEd25519Identifier[] = {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70};

template <std::uint8_t Last>
inline constexpr std::uint8_t kNistSignatureIdentifier[] = {
    0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, Last};

using enum KeyFamily;

constexpr KeyAlgorithm kKeyAlgorithms[] = {
    {"ecdsa-p256", ecdsa, 256, "EC", "P-256", "ecdsa-sha256"},
    {"ecdsa-p384", ecdsa, 384, "EC", "P-384", "ecdsa-sha384"},
    {"ecdsa-p521", ecdsa, 521, "EC", "P-521", "ecdsa-sha512"},
    {"ed25519", ed25519, 256, "ED25519", nullptr, "ed25519"},
    {"rsa-2048", rsa, 2048, "RSA", nullptr, "rsa-pkcs1-sha256"},
    {"rsa-3072", rsa, 3072, "RSA", nullptr, "rsa-pkcs1-sha256"},
    {"rsa-4096", rsa, 4096, "RSA", nullptr, "rsa-pkcs1-sha256"},
    {"rsa", rsa, 0, "RSA", nullptr, "rsa-pkcs1-sha256"},
    {"ml-dsa-44", message, 10496, "ML-DSA-44", nullptr, "ml-dsa-44"},
    {"ml-dsa-65", message, 15616, "ML-DSA-65", nullptr, "ml-dsa-65"},
    {"ml-dsa-87", message, 20736, "ML-DSA-87", nullptr, "ml-dsa-87"},
    {"slh-dsa-sha2-128s", message, 256, "SLH-DSA-SHA2-128s", nullptr, "slh-dsa-sha2-128s"},
    {"slh-dsa-sha2-128f", message, 256, "SLH-DSA-SHA2-128f", nullptr, "slh-dsa-sha2-128f"},
    {"slh-dsa-sha2-192s", message, 384, "SLH-DSA-SHA2-192s", nullptr, "slh-dsa-sha2-192s"},
    {"slh-dsa-sha2-192f", message, 384, "SLH-DSA-SHA2-192f", nullptr, "slh-dsa-sha2-192f"},
    {"slh-dsa-sha2-256s", message, 512, "SLH-DSA-SHA2-256s", nullptr, "slh-dsa-sha2-256s"},
    {"slh-dsa-sha2-256f", message, 512, "SLH-DSA-SHA2-256f", nullptr, "slh-dsa-sha2-256f"},
    {"slh-dsa-shake-128s", message, 256, "SLH-DSA-SHAKE-128s", nullptr, "slh-dsa-shake-128s"},
    {"slh-dsa-shake-128f", message, 256, "SLH-DSA-SHAKE-128f", nullptr, "slh-dsa-shake-128f"},
    {"slh-dsa-shake-192s", message, 384, "SLH-DSA-SHAKE-192s", nullptr, "slh-dsa-shake-192s"},
    {"slh-dsa-shake-192f", message, 384, "SLH-DSA-SHAKE-192f", nullptr, "slh-dsa-shake-192f"},
    {"slh-dsa-shake-256s", message, 512, "SLH-DSA-SHAKE-256s", nullptr, "slh-dsa-shake-256s"},
    {"slh-dsa-shake-256f", message, 512, "SLH-DSA-SHAKE-256f", nullptr, "slh-dsa-shake-256f"},
};

// A signature that is its key algorithm's own; the name is the key's.
template <std::uint8_t Last>
constexpr SignatureAlgorithm message_signature(std::string_view name) {
  return {name,
          message,
          SignatureScheme::message,
          DigestAlgorithm::sha512,
          kNistSignatureIdentifier<Last>,
          name};
}

constexpr DigestAlgorithm kSha256 = DigestAlgorithm::sha256;
constexpr DigestAlgorithm kSha384 = DigestAlgorithm::sha384;
constexpr DigestAlgorithm kSha512 = DigestAlgorithm::sha512;
constexpr SignatureScheme kPkcs1 = SignatureScheme::rsa_pkcs1;
constexpr SignatureScheme kPss = SignatureScheme::rsa_pss;

constexpr SignatureAlgorithm kSignatureAlgorithms[] = {
    {"ecdsa-sha256", ecdsa, SignatureScheme::ecdsa, kSha256, kEcdsaIdentifier<2>, {}},
    {"ecdsa-sha384", ecdsa, SignatureScheme::ecdsa, kSha384, kEcdsaIdentifier<3>, {}},
    {"ecdsa-sha512", ecdsa, SignatureScheme::ecdsa, kSha512, kEcdsaIdentifier<4>, {}},
    {"ed25519", ed25519, SignatureScheme::ed25519, kSha512, kEd25519Identifier, {}},
    {"rsa-pkcs1-sha256", rsa, kPkcs1, kSha256, kRsaPkcs1Identifier<11>, {}},
    {"rsa-pkcs1-sha384", rsa, kPkcs1, kSha384, kRsaPkcs1Identifier<12>, {}},
    {"rsa-pkcs1-sha512", rsa, kPkcs1, kSha512, kRsaPkcs1Identifier<13>, {}},
    {"rsa-pss-sha256", rsa, kPss, kSha256, kRsaPssIdentifier<1, 32>, {}},
    {"rsa-pss-sha384", rsa, kPss, kSha384, kRsaPssIdentifier<2, 48>, {}},
    {"rsa-pss-sha512", rsa, kPss, kSha512, kRsaPssIdentifier<3, 64>, {}},
    message_signature<17>("ml-dsa-44"),
    message_signature<18>("ml-dsa-65"),
    message_signature<19>("ml-dsa-87"),
    message_signature<20>("slh-dsa-sha2-128s"),
    message_signature<21>("slh-dsa-sha2-128f"),
    message_signature<22>("slh-dsa-sha2-192s"),
    message_signature<23>("slh-dsa-sha2-192f"),
    message_signature<24>("slh-dsa-sha2-256s"),
    message_signature<25>("slh-dsa-sha2-256f"),
    message_signature<26>("slh-dsa-shake-128s"),
    message_signature<27>("slh-dsa-shake-128f"),
    message_signature<28>("slh-dsa-shake-192s"),
    message_signature<29>("slh-dsa-shake-192f"),
    message_signature<30>("slh-dsa-shake-256s"),
    message_signature<31>("slh-dsa-shake-256f"),
};

template <class Row>
const Row* row_by_name(std::span<const Row> rows, std::string_view name) noexcept {
  const auto found = std::ranges::find(rows, name, &Row::name);
  return found == rows.end() ? nullptr : &*found;
}

// "a, b, c": what this system's OpenSSL has, for people who misspelt one. A new key needs a length:
// not the row "rsa".
template <class Row>
std::string available_names(std::span<const Row> rows) {
  std::string names;
  for (const Row& row : rows)
    if (row.available() && row.name != "rsa") names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

// RFC 4055 section 5: the NULL left out.
bool is_pkcs1_without_null(const SignatureAlgorithm& row, ByteView identifier) noexcept {
  constexpr std::size_t kWithoutNull = 13;
  return row.scheme == SignatureScheme::rsa_pkcs1 && identifier.size() == kWithoutNull &&
         identifier[0] == 0x30 && identifier[1] == kWithoutNull - 2 &&
         std::ranges::equal(identifier.subspan(2),
                            row.identifier_tlv.subspan(2, kWithoutNull - 2));
}

}  // namespace

// Every OpenSSL 3 has the classical ones; the others are asked for by name.
bool KeyAlgorithm::available() const noexcept {
  if (family != message) return true;
  const EvpPkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, openssl_name, nullptr));
  forget_openssl_errors();
  return context != nullptr;
}

bool SignatureAlgorithm::available() const noexcept {
  if (family != message) return true;
  const KeyAlgorithm* const key = row_by_name(key_algorithms(), key_name);
  return key != nullptr && key->available();
}

std::span<const KeyAlgorithm> key_algorithms() noexcept { return kKeyAlgorithms; }
std::span<const SignatureAlgorithm> signature_algorithms() noexcept {
  return kSignatureAlgorithms;
}

Result<const KeyAlgorithm*> find_key_algorithm(std::string_view name) {
  const KeyAlgorithm* const row = row_by_name(key_algorithms(), name);
  if (row == nullptr) return fail(Errc::not_found, fmt::format("no key algorithm '{}'; there are {}", name, available_names(key_algorithms())));
  if (!row->available())
    return fail(Errc::unavailable, fmt::format("this system's OpenSSL has no {} keys", name));
  return row;
}

Result<const SignatureAlgorithm*> find_signature_algorithm(std::string_view name) {
  const SignatureAlgorithm* const row = row_by_name(signature_algorithms(), name);
  if (row == nullptr)
    return fail(Errc::not_found, fmt::format("no signature algorithm '{}'; there are {}", name,
                                             available_names(signature_algorithms())));
  if (!row->available())
    return fail(Errc::unavailable, fmt::format("this system's OpenSSL has no {} signatures", name));
  return row;
}

Result<const SignatureAlgorithm*> find_signature_algorithm_by_identifier(ByteView identifier_tlv) {
  for (const SignatureAlgorithm& row : kSignatureAlgorithms)
    if (std::ranges::equal(row.identifier_tlv, identifier_tlv) ||
        is_pkcs1_without_null(row, identifier_tlv))
      return &row;
  constexpr std::size_t kShown = 80;
  return fail(Errc::invalid,
              fmt::format("unsupported signature algorithm {}{}",
                          to_hex(identifier_tlv.first(std::min(identifier_tlv.size(), kShown))),
                          identifier_tlv.size() > kShown ? "..." : ""));
}

const SignatureAlgorithm& default_signature_algorithm(const KeyAlgorithm& key) noexcept {
  return *row_by_name(signature_algorithms(), key.default_signature);
}

bool can_sign(const KeyAlgorithm& key, const SignatureAlgorithm& signature) noexcept {
  return key.family == signature.family &&
         (key.family != message || key.name == signature.key_name);
}

}  // namespace certwright::crypto
