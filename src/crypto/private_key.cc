#include "crypto/private_key.h"

#include <algorithm>
#include <cstring>

#include <sodium.h>

#include <fmt/format.h>

#include "crypto/key_material.h"
#include "crypto/public_key.h"
#include "crypto/random.h"
#include "crypto/tlv.h"

namespace certwright::crypto {
namespace {

// RFC 8410 sections 4 and 7.
constexpr std::uint8_t kEd25519SpkiHead[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                             0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::uint8_t kEd25519Pkcs8Head[] = {0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06,
                                              0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

std::uint8_t* append(std::uint8_t* at, ByteView octets) noexcept {
  return std::copy(octets.begin(), octets.end(), at);
}

// The public half of `material.secret`; false if the scalar is out of range.
bool complete_ec(PrivateKey::Material& material, const EcCurve& curve) noexcept {
  material.algorithm = curve.algorithm;
  material.bits = curve.algorithm->bits;
  material.curve = &curve;
  material.short_spki_octets = curve.spki_octets();
  std::uint8_t* const point = append(material.short_spki.data(), curve.spki_head);
  return curve.multiply_generator(material.scalar(), {point, curve.point_octets()});
}

Result<PrivateKey> generate_ec(const EcCurve& curve) {
  auto material = std::make_shared<PrivateKey::Material>();
  SystemRandom random;
  const std::span<std::uint8_t> scalar(material->secret.data(), curve.field_octets);
  // FIPS 186-5 appendix A.2.2: draw until it is in range; twice is already rare.
  do {
    random.fill(scalar);
    scalar[0] &= curve.first_octet_mask;
  } while (!complete_ec(*material, curve));
  return PrivateKey(std::move(material));
}

void complete_ed25519(PrivateKey::Material& material, const KeyAlgorithm& algorithm) noexcept {
  material.algorithm = &algorithm;
  material.bits = algorithm.bits;
  std::array<std::uint8_t, kEd25519SeedOctets> seed;
  std::copy_n(material.secret.begin(), seed.size(), seed.begin());
  material.short_spki_octets = std::size(kEd25519SpkiHead) + kEd25519SeedOctets;
  std::uint8_t* const public_key = append(material.short_spki.data(), kEd25519SpkiHead);
  ensure_sodium();
  crypto_sign_seed_keypair(public_key, material.secret.data(), seed.data());
  wipe_memory(seed.data(), seed.size());
}

Result<PrivateKey> generate_ed25519(const KeyAlgorithm& algorithm) {
  auto material = std::make_shared<PrivateKey::Material>();
  SystemRandom().fill({material->secret.data(), kEd25519SeedOctets});
  complete_ed25519(*material, algorithm);
  return PrivateKey(std::move(material));
}

// Called for each candidate and each round of its primality test; 0 ends the search.
int go_on(EVP_PKEY_CTX* context) noexcept {
  return static_cast<const std::stop_token*>(EVP_PKEY_CTX_get_app_data(context))->stop_requested() ? 0 : 1;
}

Result<PrivateKey> generate_object(const KeyAlgorithm& algorithm, std::stop_token stop) {
  const EvpPkeyContext context(
      EVP_PKEY_CTX_new_from_name(nullptr, algorithm.openssl_name, nullptr));
  if (context && stop.stop_possible()) {
    EVP_PKEY_CTX_set_app_data(context.get(), &stop);
    EVP_PKEY_CTX_set_cb(context.get(), go_on);
  }
  EVP_PKEY* made = nullptr;
  const bool done =
      context && EVP_PKEY_keygen_init(context.get()) == 1 &&
      (algorithm.family != KeyFamily::rsa ||
       EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(algorithm.bits)) == 1) &&
      EVP_PKEY_generate(context.get(), &made) == 1;
  EvpPkey pkey(made);
  if (!done && stop.stop_requested()) {
    forget_openssl_errors();
    return fail(Errc::unavailable, fmt::format("making an {} key was stopped", algorithm.name));
  }
  if (!done)
    return openssl_failure(Errc::unavailable, fmt::format("making an {} key", algorithm.name));
  return private_key_from_object(std::move(pkey));
}

Result<Bytes> encode_spki(const EVP_PKEY* pkey) {
  unsigned char* encoded = nullptr;
  const int size = i2d_PUBKEY(pkey, &encoded);
  if (size <= 0) return openssl_failure(Errc::internal, "encoding a public key");
  Bytes spki(encoded, encoded + size);
  OPENSSL_free(encoded);
  return spki;
}

Result<SecretBytes> encode_pkcs8(const EVP_PKEY* pkey) {
  const Pkcs8Info info(EVP_PKEY2PKCS8(pkey));
  unsigned char* encoded = nullptr;
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &encoded) : 0;
  if (size <= 0) return openssl_failure(Errc::internal, "encoding a private key");
  SecretBytes pkcs8 = SecretBytes::copy_of({encoded, static_cast<std::size_t>(size)});
  OPENSSL_clear_free(encoded, static_cast<std::size_t>(size));
  return pkcs8;
}

// That the private half makes signatures which the public half verifies. Cheaper than proving the
// primes, and it is what matters: a certificate for this public key will be usable.
bool halves_belong_together(EVP_PKEY* pkey, const KeyAlgorithm& algorithm) noexcept {
  constexpr std::uint8_t kMessage[] = {'p', 'a', 'i', 'r'};
  const EVP_MD* const md =
      algorithm.family == KeyFamily::rsa ? fetched_digest(DigestAlgorithm::sha256) : nullptr;
  const EvpMdContext signer(EVP_MD_CTX_new());
  const EvpMdContext verifier(EVP_MD_CTX_new());
  std::size_t size = 0;
  bool good = signer && verifier &&
              EVP_DigestSignInit(signer.get(), nullptr, md, nullptr, pkey) == 1 &&
              EVP_DigestSign(signer.get(), nullptr, &size, kMessage, sizeof kMessage) == 1;
  Bytes signature(size);
  good = good &&
         EVP_DigestSign(signer.get(), signature.data(), &size, kMessage, sizeof kMessage) == 1 &&
         EVP_DigestVerifyInit(verifier.get(), nullptr, md, nullptr, pkey) == 1 &&
         EVP_DigestVerify(verifier.get(), signature.data(), size, kMessage, sizeof kMessage) == 1;
  forget_openssl_errors();
  return good;
}

Result<PrivateKey> ec_from_object(const EVP_PKEY* pkey) {
  const EC_KEY* const key = EVP_PKEY_get0_EC_KEY(pkey);
  const EC_GROUP* const group = key != nullptr ? EC_KEY_get0_group(key) : nullptr;
  const BIGNUM* const scalar = key != nullptr ? EC_KEY_get0_private_key(key) : nullptr;
  if (group == nullptr || scalar == nullptr)
    return openssl_failure(Errc::bad_encoding, "reading the EC private key");
  const EcCurve* const curve = find_curve_by_nid(EC_GROUP_get_curve_name(group));
  if (curve == nullptr || EC_GROUP_get_asn1_flag(group) != OPENSSL_EC_NAMED_CURVE) {
    forget_openssl_errors();
    return fail(Errc::invalid, "the EC private key's curve is not P-256, P-384 or P-521 by name");
  }
  auto material = std::make_shared<PrivateKey::Material>();
  const int octets = static_cast<int>(curve->field_octets);
  if (BN_bn2binpad(scalar, material->secret.data(), octets) != octets ||
      !complete_ec(*material, *curve)) {
    forget_openssl_errors();
    return fail(Errc::invalid, "the EC private key is not between 1 and the order of its curve");
  }
  // A public key that came along must be this one's.
  std::array<std::uint8_t, EcCurve::kMaxPointOctets> claimed;
  if (const EC_POINT* const point = EC_KEY_get0_public_key(key); point != nullptr) {
    const std::size_t size = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
                                                claimed.data(), claimed.size(), nullptr);
    if (!std::ranges::equal(material->public_octets(), ByteView(claimed).first(size))) {
      forget_openssl_errors();
      return fail(Errc::invalid, "the EC private key comes with another key's public key");
    }
  }
  return PrivateKey(std::move(material));
}

Result<PrivateKey> ed25519_from_object(const EVP_PKEY* pkey) {
  auto material = std::make_shared<PrivateKey::Material>();
  std::size_t size = kEd25519SeedOctets;
  if (EVP_PKEY_get_raw_private_key(pkey, material->secret.data(), &size) != 1 ||
      size != kEd25519SeedOctets)
    return openssl_failure(Errc::bad_encoding, "reading the Ed25519 private key");
  CERTWRIGHT_TRY(const KeyAlgorithm* const algorithm, find_key_algorithm("ed25519"));
  complete_ed25519(*material, *algorithm);
  return PrivateKey(std::move(material));
}

template <std::size_t N>
bool starts_with(ByteView text, const std::uint8_t (&head)[N]) noexcept {
  return text.size() >= N && std::equal(head, head + N, text.begin());
}

// Keys as pkcs8_der() writes them, which is how our own come back from the store.
std::shared_ptr<PrivateKey::Material> read_own_pkcs8(ByteView der) {
  if (starts_with(der, kEd25519Pkcs8Head) &&
      der.size() == std::size(kEd25519Pkcs8Head) + kEd25519SeedOctets) {
    auto material = std::make_shared<PrivateKey::Material>();
    std::ranges::copy(der.last(kEd25519SeedOctets), material->secret.begin());
    const auto algorithm = find_key_algorithm("ed25519");
    complete_ed25519(*material, **algorithm);
    return material;
  }
  for (const EcCurve& curve : ec_curves()) {
    const std::size_t scalar_at = curve.pkcs8_head.size();
    const std::size_t middle_at = scalar_at + curve.field_octets;
    const std::size_t point_at = middle_at + curve.pkcs8_middle.size();
    if (der.size() != point_at + curve.point_octets() ||
        !std::ranges::equal(der.first(scalar_at), curve.pkcs8_head) ||
        !std::ranges::equal(der.subspan(middle_at, curve.pkcs8_middle.size()), curve.pkcs8_middle))
      continue;
    auto material = std::make_shared<PrivateKey::Material>();
    std::ranges::copy(der.subspan(scalar_at, curve.field_octets), material->secret.begin());
    if (complete_ec(*material, curve) &&
        std::ranges::equal(material->public_octets(), der.subspan(point_at)))
      return material;
  }
  return nullptr;  // the general reader knows what is wrong with it
}

}  // namespace

PrivateKey::PrivateKey(std::shared_ptr<const Material> material) noexcept
    : material_(std::move(material)) {}

ByteView PrivateKey::subject_public_key_info_tlv() const noexcept { return material_->spki(); }
const KeyAlgorithm& PrivateKey::algorithm() const noexcept { return *material_->algorithm; }
unsigned PrivateKey::bits() const noexcept { return material_->bits; }

Result<PrivateKey> PrivateKey::generate(const KeyAlgorithm& algorithm, const std::stop_token& stop) {
  if (const EcCurve* const curve = find_curve(algorithm)) return generate_ec(*curve);
  if (algorithm.family == KeyFamily::ed25519) return generate_ed25519(algorithm);
  if (algorithm.bits == 0)
    return fail(Errc::invalid, "'rsa' does not say how many bits; use rsa-2048 or another");
  return generate_object(algorithm, stop);
}

Result<PrivateKey> private_key_from_object(EvpPkey pkey) {
  const int id = EVP_PKEY_get_base_id(pkey.get());
  if (id == EVP_PKEY_EC) return ec_from_object(pkey.get());
  if (id == EVP_PKEY_ED25519) return ed25519_from_object(pkey.get());
  auto material = std::make_shared<PrivateKey::Material>();
  CERTWRIGHT_TRY(material->long_spki, encode_spki(pkey.get()));
  CERTWRIGHT_TRY(const PublicKeyDescription description, check_public_key(material->long_spki));
  material->algorithm = description.algorithm;
  material->bits = description.bits;
  if (!halves_belong_together(pkey.get(), *description.algorithm))
    return fail(Errc::invalid, "the private key and its public key do not belong together");
  CERTWRIGHT_TRY(material->pkcs8, encode_pkcs8(pkey.get()));
  material->pkey = std::move(pkey);
  return PrivateKey(std::move(material));
}

Result<PrivateKey> PrivateKey::from_pkcs8(const SecretBytes& der) {
  if (der.size() > kMaxEncodingOctets)
    return fail(Errc::too_large, fmt::format("a private key of {} octets is over the limit of {}",
                                             der.size(), kMaxEncodingOctets));
  const ByteView text = der.reveal();
  if (auto material = read_own_pkcs8(text)) return PrivateKey(std::move(material));
  const unsigned char* at = text.data();
  const Pkcs8Info info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(text.size())));
  if (!info || at != text.data() + text.size()) {
    forget_openssl_errors();
    return fail(Errc::bad_encoding, "the private key is not one DER PKCS#8 PrivateKeyInfo");
  }
  EvpPkey pkey(EVP_PKCS82PKEY(info.get()));
  if (!pkey) return openssl_failure(Errc::invalid, "reading the PKCS#8 private key");
  return private_key_from_object(std::move(pkey));
}

SecretBytes PrivateKey::pkcs8_der() const {
  if (material_->pkey) return material_->pkcs8.clone();
  if (const EcCurve* const curve = material_->curve) {
    SecretBytes der(curve->pkcs8_head.size() + curve->field_octets + curve->pkcs8_middle.size() +
                    curve->point_octets());
    std::uint8_t* at = append(der.writable().data(), curve->pkcs8_head);
    at = append(at, material_->scalar());
    at = append(at, curve->pkcs8_middle);
    append(at, material_->public_octets());
    return der;
  }
  SecretBytes der(std::size(kEd25519Pkcs8Head) + kEd25519SeedOctets);
  append(append(der.writable().data(), kEd25519Pkcs8Head), material_->seed());
  return der;
}

SecretBytes PrivateKey::traditional_der() const {
  if (const EcCurve* const curve = material_->curve) {
    // ECPrivateKey ends PKCS#8 without its curve, which there stands in the algorithm.
    const std::size_t curve_octets = curve->curve_oid_tlv.size();
    const std::size_t content = 3 + 2 + curve->field_octets + 2 + curve_octets +
                                curve->pkcs8_middle.size() + curve->point_octets();
    const std::size_t head = content < 0x80 ? 2 : content < 0x100 ? 3 : 4;
    SecretBytes der(head + content);
    std::uint8_t* at = der.writable().data();
    *at++ = 0x30;
    if (head == 3) *at++ = 0x81;
    if (head == 4) {
      *at++ = 0x82;
      *at++ = static_cast<std::uint8_t>(content >> 8);
    }
    *at++ = static_cast<std::uint8_t>(content);
    const std::uint8_t version_and_scalar[] = {0x02, 0x01, 0x01, 0x04,
                                               static_cast<std::uint8_t>(curve->field_octets)};
    at = append(at, version_and_scalar);
    at = append(at, material_->scalar());
    *at++ = 0xa0;
    *at++ = static_cast<std::uint8_t>(curve_octets);
    at = append(at, curve->curve_oid_tlv);
    at = append(at, curve->pkcs8_middle);
    append(at, material_->public_octets());
    return der;
  }
  if (material_->algorithm->family != KeyFamily::rsa) return pkcs8_der();
  // PrivateKeyInfo ::= SEQUENCE { version, algorithm, OCTET STRING { RSAPrivateKey } }
  ByteView rest = material_->pkcs8.reveal();
  const auto info = take_tlv(rest, 0x30);
  rest = info.value_or(ByteView{});
  (void)take_tlv(rest, 0x02);
  (void)take_tlv(rest, 0x30);
  return SecretBytes::copy_of(take_tlv(rest, 0x04).value_or(ByteView{}));
}

SecretBytes PrivateKey::pkcs8_pem() const {
  constexpr std::string_view kBegin = "-----BEGIN PRIVATE KEY-----\n";
  constexpr std::string_view kEnd = "-----END PRIVATE KEY-----\n";
  constexpr std::size_t kLineOctets = 48;  // 64 characters
  const SecretBytes der = pkcs8_der();
  const std::size_t lines = (der.size() + kLineOctets - 1) / kLineOctets;
  SecretBytes pem(kBegin.size() + (der.size() + 2) / 3 * 4 + lines + kEnd.size());
  std::uint8_t* at = append(pem.writable().data(), as_bytes(kBegin));
  for (ByteView rest = der.reveal(); !rest.empty();) {
    const ByteView line = rest.first(std::min(rest.size(), kLineOctets));
    std::array<unsigned char, 4 * kLineOctets / 3 + 1> text;  // with the NUL that it writes
    const int size = EVP_EncodeBlock(text.data(), line.data(), static_cast<int>(line.size()));
    at = append(at, ByteView(text).first(static_cast<std::size_t>(size)));
    *at++ = '\n';
    wipe_memory(text.data(), text.size());
    rest = rest.subspan(line.size());
  }
  append(at, as_bytes(kEnd));
  return pem;
}

}  // namespace certwright::crypto
