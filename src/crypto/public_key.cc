#include "crypto/public_key.h"

#include <bit>

#include <sodium.h>

#include <fmt/format.h>

#include "crypto/rsa_weakness.h"
#include "crypto/spki.h"

namespace certwright::crypto {
namespace {

PublicKeyDescription describe(const SpkiView& key) noexcept {
  const std::string_view type =
      key.algorithm->family == KeyFamily::rsa ? "rsa" : key.algorithm->name;
  return {type, key.bits, key.algorithm};
}

// FIPS 186-5 section 5.1 and appendix A.1.1; CA/Browser Forum Baseline Requirements 6.1.6.
Result<void> check_rsa_numbers(const SpkiView& key) {
  constexpr unsigned kMinBits = 2048;
  constexpr unsigned kMaxBits = 8192;
  constexpr unsigned kMaxExponentBits = 64;
  if (key.bits < kMinBits || key.bits > kMaxBits)
    return fail(Errc::invalid, fmt::format("an RSA modulus of {} bits is not within {} to {}",
                                           key.bits, kMinBits, kMaxBits));
  if ((key.modulus.back() & 1) == 0) return fail(Errc::invalid, "the RSA modulus is even");
  const unsigned exponent_bits = bit_length(key.exponent);
  if (exponent_bits > kMaxExponentBits)
    return fail(Errc::invalid, fmt::format("an RSA exponent of {} bits is over the limit of {}",
                                           exponent_bits, kMaxExponentBits));
  std::uint64_t exponent = 0;
  for (const std::uint8_t octet : key.exponent) exponent = exponent << 8 | octet;
  if (exponent % 2 == 0)
    return fail(Errc::invalid, fmt::format("the RSA exponent {} is even", exponent));
  if (exponent < 65537)
    return fail(Errc::invalid, fmt::format("the RSA exponent {} is below 65537", exponent));
  return {};
}

Result<void> check_rsa(const SpkiView& key) {
  CERTWRIGHT_CHECK(check_rsa_numbers(key));
  const auto limbs = to_limbs(key.modulus);
  if (const std::uint32_t factor = small_factor(limbs))
    return fail(Errc::invalid, fmt::format("the RSA modulus is divisible by {}", factor));
  if (has_roca_fingerprint(limbs))
    return fail(Errc::invalid,
                "the RSA modulus has the fingerprint of a ROCA key (CVE-2017-15361)");
  if (has_close_factors(key.modulus))
    return fail(Errc::invalid,
                "the RSA modulus is the product of two close primes (CVE-2022-26320)");
  return {};
}

Result<void> check_ec(const SpkiView& key) {
  if (EC_KEY_oct2key(key.curve->thread_key(), key.key.data(), key.key.size(),
                     key.curve->thread_bignum_context()) == 1)
    return {};
  forget_openssl_errors();
  return fail(Errc::invalid, fmt::format("the point {}... is not on the curve {}",
                                         to_hex(key.key.first(9)),
                                         key.curve->algorithm->openssl_group));
}

Result<void> check_ed25519(const SpkiView& key) {
  ensure_sodium();
  if (crypto_core_ed25519_is_valid_point(key.key.data()) == 1) return {};
  return fail(Errc::invalid,
              fmt::format("the Ed25519 point {} is not canonical, not on the curve or of small "
                          "order",
                          to_hex(key.key)));
}

}  // namespace

Result<PublicKeyDescription> describe_public_key(ByteView spki_tlv) {
  CERTWRIGHT_TRY(const SpkiView key, parse_spki(spki_tlv));
  return describe(key);
}

Result<PublicKeyDescription> check_public_key(ByteView spki_tlv) {
  CERTWRIGHT_TRY(const SpkiView key, parse_spki(spki_tlv));
  switch (key.algorithm->family) {
    case KeyFamily::rsa: CERTWRIGHT_CHECK(check_rsa(key)); break;
    case KeyFamily::ecdsa: CERTWRIGHT_CHECK(check_ec(key)); break;
    case KeyFamily::ed25519: CERTWRIGHT_CHECK(check_ed25519(key)); break;
    case KeyFamily::message: break;  // any octets of the right length are a key
  }
  return describe(key);
}

}  // namespace certwright::crypto
