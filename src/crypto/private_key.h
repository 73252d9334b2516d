#pragma once
// A private key held in memory.
#include <memory>
#include <stop_token>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "crypto/algorithm.h"
#include "errors/result.h"

namespace certwright::crypto {

// Immutable. Copies share one key, which is wiped with the last of them; any number of threads may
// use them at once. A moved-from key may only be destroyed or assigned to.
class PrivateKey {
 public:
  static constexpr std::size_t kMaxEncodingOctets = 128 * 1024;
  // Passphrases longer than this are refused; iteration counts over this too (PBKDF2, PKCS#12).
  static constexpr std::size_t kMaxPassphraseOctets = 1024;
  static constexpr std::uint64_t kMaxKdfIterations = 10'000'000;

  // A new key from the system's randomness. P-256 takes about 15 us and Ed25519 25 us; RSA takes
  // 0.1 to seconds, so pool RSA keys or make them on a thread of their own.
  // `stop` ends the search for an RSA key's primes within the time of one candidate, a millisecond
  // of work; other keys do not look at it.
  // Errors: unavailable if the linked library does not offer it, or it was stopped; invalid for the
  // row "rsa".
  static Result<PrivateKey> generate(const KeyAlgorithm& algorithm, const std::stop_token& stop = {});

  // PKCS#8 PrivateKeyInfo or OneAsymmetricKey (RFC 5958), not encrypted.
  // Errors: bad_encoding; too_large over kMaxEncodingOctets; invalid for an algorithm, curve or
  // size without a row, or where the public key held in it is not the private key's.
  static Result<PrivateKey> from_pkcs8(const SecretBytes& der);

  // One PEM block: PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA PRIVATE KEY, EC PRIVATE KEY. Text around
  // it is ignored. An empty passphrase means none.
  // Errors: as from_pkcs8; invalid for a missing or wrong passphrase.
  static Result<PrivateKey> from_pem(const SecretBytes& pem, const SecretBytes& passphrase);

  // PKCS#8, not encrypted; version 0 with the public key inside ECPrivateKey, as OpenSSL writes it.
  SecretBytes pkcs8_der() const;
  // The same in a PEM block PRIVATE KEY, 64 columns, for delivery to its owner.
  SecretBytes pkcs8_pem() const;

  // What OpenSSL calls the traditional form: SEC1 ECPrivateKey (RFC 5915) with named curve and public
  // key; PKCS#1 RSAPrivateKey (RFC 8017); PKCS#8 for the others, which have no form of their own.
  SecretBytes traditional_der() const;

  // The same encrypted, in a PEM block ENCRYPTED PRIVATE KEY: PBES2 with AES-256-CBC and 600,000
  // rounds of PBKDF2 with HMAC-SHA-256 (RFC 8018), which every tool reads. For keys that leave for a
  // vault. Errors: invalid, field "passphrase", under kMinPassphraseOctets; too_large.
  static constexpr std::size_t kMinPassphraseOctets = 12;
  Result<SecretBytes> encrypted_pem(const SecretBytes& passphrase) const;

  // SubjectPublicKeyInfo, DER: named curve, uncompressed point. Made once; lives as long as a copy
  // of this key does.
  ByteView subject_public_key_info_tlv() const noexcept;

  // The row of the table; the row "rsa" for imported RSA keys of other sizes.
  const KeyAlgorithm& algorithm() const noexcept;
  // As KeyAlgorithm::bits, but also right for the row "rsa".
  unsigned bits() const noexcept;

  struct Material;  // private to this room: crypto/key_material.h
  explicit PrivateKey(std::shared_ptr<const Material> material) noexcept;
  const std::shared_ptr<const Material>& shared_material() const noexcept { return material_; }

 private:
  std::shared_ptr<const Material> material_;
};

}  // namespace certwright::crypto
