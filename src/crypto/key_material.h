#pragma once
// Private to crypto: what a PrivateKey is made of.
#include <array>

#include "bytes/secret_bytes.h"
#include "crypto/ec_curve.h"
#include "crypto/openssl_handle.h"
#include "crypto/private_key.h"

namespace certwright::crypto {

inline constexpr std::size_t kEd25519SeedOctets = 32;

// ECDSA and Ed25519 keys are their octets alone, so that making one allocates nothing else and
// writing one copies octets into a template. The other families are objects of the library, whose
// encodings are made once.
struct PrivateKey::Material {
  const KeyAlgorithm* algorithm = nullptr;
  unsigned bits = 0;

  // ECDSA: the scalar, field_octets. Ed25519: seed, then public key, as libsodium wants it.
  std::array<std::uint8_t, EcCurve::kMaxFieldOctets> secret{};
  const EcCurve* curve = nullptr;                // ECDSA only
  std::array<std::uint8_t, 160> short_spki;      // ECDSA and Ed25519
  std::size_t short_spki_octets = 0;

  EvpPkey pkey;        // RSA and `message` families
  SecretBytes pkcs8;   // the same
  Bytes long_spki;     // the same

  Material() = default;
  Material(const Material&) = delete;
  Material& operator=(const Material&) = delete;
  ~Material() { wipe_memory(secret.data(), secret.size()); }

  ByteView spki() const noexcept {
    return short_spki_octets != 0 ? ByteView(short_spki.data(), short_spki_octets)
                                  : ByteView(long_spki);
  }
  ByteView scalar() const noexcept { return ByteView(secret).first(curve->field_octets); }
  ByteView seed() const noexcept { return ByteView(secret).first(kEd25519SeedOctets); }
  // The EC point or the Ed25519 public key: what ends the SubjectPublicKeyInfo.
  ByteView public_octets() const noexcept {
    return spki().last(curve != nullptr ? curve->point_octets() : kEd25519SeedOctets);
  }
};

// Takes an object of the library over, whatever its family. Errors: invalid for what has no row, is
// weak, or whose halves do not belong together.
Result<PrivateKey> private_key_from_object(EvpPkey pkey);

// Refuses a password-based encryption that would take very long to undo. `what` names it.
Result<void> check_encryption_cost(const X509_ALGOR& algorithm);

}  // namespace certwright::crypto
