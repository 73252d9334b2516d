#include "crypto/verifying.h"

#include <algorithm>
#include <array>

#include <sodium.h>

#include <fmt/format.h>

#include "crypto/ec_curve.h"
#include "crypto/openssl_handle.h"
#include "crypto/public_key.h"
#include "crypto/spki.h"

namespace certwright::crypto {
namespace {

// What a peer can make us compute with an RSA key is bounded, also before the key is judged.
constexpr std::size_t kMaxModulusOctets = 8192 / 8;
constexpr std::size_t kMaxExponentOctets = 8;

using KnownSha256 = const std::array<std::uint8_t, 32>*;  // null: not known

struct Hash {
  std::array<std::uint8_t, 64> octets;
  std::size_t size;
  Hash(DigestAlgorithm algorithm, ByteView message, KnownSha256 known = nullptr) noexcept
      : size(digest_size_octets(algorithm)) {
    if (known != nullptr && algorithm == DigestAlgorithm::sha256) {
      std::ranges::copy(*known, octets.begin());
    } else {
      digest_into(algorithm, message, octets.data());
    }
  }
};

bool verify_ec(EC_KEY* key, std::size_t field_octets, const Hash& hash,
               ByteView signature) noexcept {
  if (!is_strict_ecdsa_signature(signature, field_octets)) return false;
  return ECDSA_verify(0, hash.octets.data(), static_cast<int>(hash.size), signature.data(),
                      static_cast<int>(signature.size()), key) == 1;
}

int nid_of(DigestAlgorithm digest) noexcept {
  constexpr int kNids[] = {NID_sha1, NID_sha256, NID_sha384, NID_sha512};
  return kNids[static_cast<std::size_t>(digest)];
}

RsaKey load_rsa(ByteView modulus, ByteView exponent) noexcept {
  if (modulus.size() > kMaxModulusOctets || exponent.size() > kMaxExponentOctets) return nullptr;
  Bignum n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  Bignum e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  RsaKey key(RSA_new());
  if (!n || !e || !key || RSA_set0_key(key.get(), n.get(), e.get(), nullptr) != 1) return nullptr;
  (void)n.release();  // the key's now
  (void)e.release();
  return key;
}

bool verify_rsa(RSA* key, const SignatureAlgorithm& algorithm, const Hash& hash,
                ByteView signature) noexcept {
  const std::size_t size = static_cast<std::size_t>(RSA_size(key));
  if (signature.size() != size) return false;
  if (algorithm.scheme == SignatureScheme::rsa_pkcs1)
    return RSA_verify(nid_of(algorithm.digest), hash.octets.data(),
                      static_cast<unsigned>(hash.size), signature.data(),
                      static_cast<unsigned>(size), key) == 1;
  std::array<std::uint8_t, kMaxModulusOctets> encoded;
  const EVP_MD* const md = fetched_digest(algorithm.digest);
  return RSA_public_decrypt(static_cast<int>(size), signature.data(), encoded.data(), key,
                            RSA_NO_PADDING) == static_cast<int>(size) &&
         RSA_verify_PKCS1_PSS_mgf1(key, hash.octets.data(), md, md, encoded.data(),
                                   static_cast<int>(hash.size)) == 1;
}

bool verify_ed25519(ByteView key, ByteView message, ByteView signature) noexcept {
  ensure_sodium();
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

bool verify_message(EVP_PKEY* key, ByteView message, ByteView signature) noexcept {
  const EvpMdContext context(EVP_MD_CTX_new());
  return context && key != nullptr &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) ==
             1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

EvpPkey load_object(ByteView spki_tlv) noexcept {
  const unsigned char* at = spki_tlv.data();
  return EvpPkey(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki_tlv.size())));
}

// Loads the point into `key`, which also checks that it is on the curve.
bool load_point(const EcCurve& curve, ByteView point, EC_KEY* key) noexcept {
  return EC_KEY_oct2key(key, point.data(), point.size(), curve.thread_bignum_context()) == 1;
}

Result<void> check_fit(const SpkiView& key, const SignatureAlgorithm& algorithm) {
  if (can_sign(*key.algorithm, algorithm)) return {};
  return fail(Errc::invalid, fmt::format("an {} key cannot have made an {} signature",
                                         key.algorithm->name, algorithm.name));
}

tl::unexpected<Error> does_not_verify() {
  forget_openssl_errors();
  return fail(Errc::invalid, "the signature does not verify");
}

Result<void> verify_once(ByteView spki_tlv, ByteView signature_algorithm_tlv, ByteView message,
                         KnownSha256 known, ByteView signature) {
  CERTWRIGHT_TRY(const SpkiView key, parse_spki(spki_tlv));
  CERTWRIGHT_TRY(const SignatureAlgorithm* const algorithm,
                 find_signature_algorithm_by_identifier(signature_algorithm_tlv));
  CERTWRIGHT_CHECK(check_fit(key, *algorithm));
  bool good = false;
  if (key.curve != nullptr) {
    EC_KEY* const ec = key.curve->thread_key();
    good = load_point(*key.curve, key.key, ec) &&
           verify_ec(ec, key.curve->field_octets, Hash(algorithm->digest, message, known), signature);
  } else if (algorithm->family == KeyFamily::rsa) {
    const RsaKey rsa = load_rsa(key.modulus, key.exponent);
    good = rsa && verify_rsa(rsa.get(), *algorithm, Hash(algorithm->digest, message, known), signature);
  } else if (algorithm->family == KeyFamily::ed25519) {
    good = verify_ed25519(key.key, message, signature);
  } else {
    good = verify_message(load_object(spki_tlv).get(), message, signature);
  }
  if (!good) return does_not_verify();
  return {};
}

}  // namespace

Result<void> verify(ByteView spki_tlv, ByteView signature_algorithm_tlv, ByteView message,
                    ByteView signature) {
  return verify_once(spki_tlv, signature_algorithm_tlv, message, nullptr, signature);
}

Result<void> verify(ByteView spki_tlv, ByteView signature_algorithm_tlv,
                    const DigestedMessage& message, ByteView signature) {
  return verify_once(spki_tlv, signature_algorithm_tlv, message.octets, &message.sha256, signature);
}

// Which of the keys is set depends on the family.
struct VerifyingContext::State {
  const SignatureAlgorithm* algorithm;
  const EcCurve* curve = nullptr;
  EcKey ec;
  RsaKey rsa;
  EvpPkey object;
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> ed25519{};

  bool load(const SpkiView& key, ByteView spki_tlv);
  bool verify(ByteView message, ByteView signature) noexcept;
};

bool VerifyingContext::State::load(const SpkiView& key, ByteView spki_tlv) {
  switch (algorithm->family) {
    case KeyFamily::ecdsa:
      curve = key.curve;
      ec.reset(EC_KEY_new());
      return ec && EC_KEY_set_group(ec.get(), curve->group()) == 1 &&
             load_point(*curve, key.key, ec.get());
    case KeyFamily::rsa:
      rsa = load_rsa(key.modulus, key.exponent);
      return rsa != nullptr;
    case KeyFamily::ed25519:
      std::copy(key.key.begin(), key.key.end(), ed25519.begin());
      return true;
    case KeyFamily::message:
      object = load_object(spki_tlv);
      return object != nullptr;
  }
  return false;
}

bool VerifyingContext::State::verify(ByteView message, ByteView signature) noexcept {
  switch (algorithm->family) {
    case KeyFamily::ecdsa:
      return verify_ec(ec.get(), curve->field_octets, Hash(algorithm->digest, message), signature);
    case KeyFamily::rsa:
      return verify_rsa(rsa.get(), *algorithm, Hash(algorithm->digest, message), signature);
    case KeyFamily::ed25519: return verify_ed25519(ed25519, message, signature);
    case KeyFamily::message: return verify_message(object.get(), message, signature);
  }
  return false;
}

VerifyingContext::VerifyingContext(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
VerifyingContext::VerifyingContext(VerifyingContext&&) noexcept = default;
VerifyingContext& VerifyingContext::operator=(VerifyingContext&&) noexcept = default;
VerifyingContext::~VerifyingContext() = default;

Result<VerifyingContext> VerifyingContext::create(ByteView spki_tlv,
                                                  const SignatureAlgorithm& algorithm) {
  CERTWRIGHT_TRY(const SpkiView key, parse_spki(spki_tlv));
  CERTWRIGHT_CHECK(check_fit(key, algorithm));
  auto state = std::make_unique<State>();
  state->algorithm = &algorithm;
  if (!state->load(key, spki_tlv))
    return openssl_failure(Errc::invalid, fmt::format("loading the {} key", key.algorithm->name));
  return VerifyingContext(std::move(state));
}

Result<void> VerifyingContext::verify(ByteView message, ByteView signature) {
  if (!state_->verify(message, signature)) return does_not_verify();
  return {};
}

}  // namespace certwright::crypto
