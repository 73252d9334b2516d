#include "crypto/signing.h"

#include <array>

#include <sodium.h>

#include <fmt/format.h>

#include "crypto/key_material.h"

namespace certwright::crypto {

// Which of the members are set depends on the scheme.
struct SigningContext::State {
  const SignatureAlgorithm* algorithm;
  std::shared_ptr<const PrivateKey::Material> material;  // Ed25519 signs from it
  EcKey ec;
  EvpPkey pkey;              // RSA: a copy of the key, so that threads do not share its blinding
  EvpPkeyContext context;    // RSA
  EvpMdContext message;      // ML-DSA, SLH-DSA
  std::size_t max_octets = 0;

  Result<void> prepare();
  Result<void> prepare_ec();
  Result<void> prepare_rsa();
  Result<void> prepare_message();
  bool sign(ByteView message_text, Bytes& signature, std::size_t& octets);
};

Result<void> SigningContext::State::prepare() {
  switch (algorithm->scheme) {
    case SignatureScheme::ecdsa: return prepare_ec();
    case SignatureScheme::rsa_pkcs1:
    case SignatureScheme::rsa_pss: return prepare_rsa();
    case SignatureScheme::message: return prepare_message();
    case SignatureScheme::ed25519: break;
  }
  ensure_sodium();
  max_octets = crypto_sign_BYTES;
  return {};
}

Result<void> SigningContext::State::prepare_ec() {
  const EcCurve& curve = *material->curve;
  const ByteView scalar = material->scalar();
  const Bignum number(BN_secure_new());
  ec.reset(EC_KEY_new());
  if (!number || !ec ||
      BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), number.get()) == nullptr ||
      EC_KEY_set_group(ec.get(), curve.group()) != 1 ||
      EC_KEY_set_private_key(ec.get(), number.get()) != 1)
    return openssl_failure(Errc::internal, "loading an EC private key");
  max_octets = static_cast<std::size_t>(ECDSA_size(ec.get()));
  return {};
}

Result<void> SigningContext::State::prepare_rsa() {
  const EVP_MD* const md = fetched_digest(algorithm->digest);
  const bool pss = algorithm->scheme == SignatureScheme::rsa_pss;
  pkey.reset(EVP_PKEY_dup(material->pkey.get()));
  if (pkey) context.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(),
                                   pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), md) != 1)
    return openssl_failure(Errc::internal, "loading an RSA private key");
  if (pss && (EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), md) != 1 ||
              EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) != 1))
    return openssl_failure(Errc::internal, "choosing RSA-PSS");
  max_octets = static_cast<std::size_t>(EVP_PKEY_get_size(pkey.get()));
  return {};
}

Result<void> SigningContext::State::prepare_message() {
  message.reset(EVP_MD_CTX_new());
  if (!message || EVP_DigestSignInit_ex(message.get(), nullptr, nullptr, nullptr, nullptr,
                                        material->pkey.get(), nullptr) != 1)
    return openssl_failure(Errc::unavailable, fmt::format("signing with {}", algorithm->name));
  max_octets = static_cast<std::size_t>(EVP_PKEY_get_size(material->pkey.get()));
  return {};
}

bool SigningContext::State::sign(ByteView text, Bytes& signature, std::size_t& octets) {
  octets = signature.size();
  if (algorithm->scheme == SignatureScheme::ed25519)
    return crypto_sign_detached(signature.data(), nullptr, text.data(), text.size(),
                                material->secret.data()) == 0;
  if (algorithm->scheme == SignatureScheme::message)  // sets up again what one signature used up
    return EVP_DigestSignInit_ex(message.get(), nullptr, nullptr, nullptr, nullptr,
                                 material->pkey.get(), nullptr) == 1 &&
           EVP_DigestSign(message.get(), signature.data(), &octets, text.data(), text.size()) == 1;
  std::array<std::uint8_t, 64> hash;
  const std::size_t hash_octets = digest_size_octets(algorithm->digest);
  digest_into(algorithm->digest, text, hash.data());
  if (algorithm->scheme != SignatureScheme::ecdsa)
    return EVP_PKEY_sign(context.get(), signature.data(), &octets, hash.data(), hash_octets) == 1;
  unsigned int size = 0;
  const bool done = ECDSA_sign(0, hash.data(), static_cast<int>(hash_octets), signature.data(),
                               &size, ec.get()) == 1;
  octets = size;
  return done;
}

SigningContext::SigningContext(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
SigningContext::SigningContext(SigningContext&&) noexcept = default;
SigningContext& SigningContext::operator=(SigningContext&&) noexcept = default;
SigningContext::~SigningContext() = default;

Result<SigningContext> SigningContext::create(const PrivateKey& key,
                                              const SignatureAlgorithm& algorithm) {
  if (!can_sign(key.algorithm(), algorithm))
    return fail(Errc::invalid, fmt::format("an {} key cannot make {} signatures",
                                           key.algorithm().name, algorithm.name));
  auto state = std::make_unique<State>();
  state->algorithm = &algorithm;
  state->material = key.shared_material();
  CERTWRIGHT_CHECK(state->prepare());
  return SigningContext(std::move(state));
}

Result<Bytes> SigningContext::sign(ByteView message) {
  Bytes signature(state_->max_octets);
  std::size_t octets = 0;
  if (!state_->sign(message, signature, octets))
    return openssl_failure(Errc::internal, fmt::format("signing with {}", state_->algorithm->name));
  signature.resize(octets);
  return signature;
}

const SignatureAlgorithm& SigningContext::algorithm() const noexcept { return *state_->algorithm; }

}  // namespace certwright::crypto
