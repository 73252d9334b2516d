#pragma once
// Sealing secrets at rest: CA keys, managed end-entity keys, server secrets.
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "crypto/random.h"
#include "errors/result.h"
#include "keys/key_encryption_key.h"

namespace certwright::keys {

// The clear part of a sealed envelope; README.md has the layout.
struct EnvelopeHeader {
  static constexpr std::uint8_t kVersion = 1;  // stored
  static constexpr std::size_t kSaltOctets = 16;
  static constexpr std::size_t kOctets = 1 + KeyEncryptionKey::kIdOctets + kSaltOctets;
  static constexpr std::size_t kMinEnvelopeOctets =
      kOctets + crypto::kAeadNonceOctets + crypto::kAeadTagOctets;
  static constexpr std::size_t kMaxEnvelopeOctets = 1024 * 1024;

  std::array<std::uint8_t, KeyEncryptionKey::kIdOctets> kek_id{};
  std::array<std::uint8_t, kSaltOctets> salt{};
  ByteView ciphertext;  // nonce || ciphertext || tag; a view into what was parsed

  // Errors: bad_encoding for another version or a short envelope; too_large.
  static Result<EnvelopeHeader> parse(ByteView sealed);
};

// Holds one active KEK, under which it seals, and older ones, under which it still opens; so a KEK
// is rotated while serving: add(new), activate(new), reseal() what is under old ones, remove(old).
// Every function may be called from any thread.
class Sealer {
 public:
  static constexpr std::size_t kMaxKeks = 256;

  // `random` must outlive the sealer.
  Sealer(KeyEncryptionKey active, crypto::Random& random);
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  // Seals `plaintext` under the active KEK for one use: `context` says which, for example
  // "ca-key:<id>", and must be given again to open. It is authenticated but not stored, so a sealed
  // key moved to another row does not open. Errors: invalid for an empty context or one over 256
  // octets; too_large.
  Result<Bytes> seal(std::string_view context, ByteView plaintext) const;

  // Errors: not_found if it was sealed under a KEK that is not here, naming that KEK and the active
  // one; invalid if the context or any octet differs; bad_encoding, too_large.
  Result<SecretBytes> open(std::string_view context, ByteView sealed) const;

  // Adds a KEK for opening. Adding one that is here is no error. Errors: too_large over kMaxKeks.
  Result<void> add(KeyEncryptionKey kek);
  // From now on seal() uses this one. Errors: not_found.
  Result<void> activate(std::string_view id_hex);
  // Forgets a KEK. Errors: not_found; conflict for the active one.
  Result<void> remove(std::string_view id_hex);

  std::string active_id_hex() const;
  // To keep it where a start finds it (keep_retired).
  Result<KeyEncryptionKey> copy_of_active() const;
  // All ids, the active one first, the others sorted.
  std::vector<std::string> ids_hex() const;

  // Opens and seals again under the active KEK. Errors: as open().
  Result<Bytes> reseal(std::string_view context, ByteView sealed) const;

 private:
  struct Ring;
  mutable std::shared_mutex mutex_;
  std::unique_ptr<Ring> ring_;
  crypto::Random& random_;
};

}  // namespace certwright::keys
