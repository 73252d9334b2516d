#pragma once
// The key that seals every other key at rest, and where it comes from.
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "errors/result.h"

namespace certwright::keys {

// A key-encryption key (KEK): 32 secret octets and a name that does not betray them. The id is
// derived from the secret, so the same secret has the same id wherever it is loaded.
class KeyEncryptionKey {
 public:
  static constexpr std::size_t kSecretOctets = 32;
  static constexpr std::size_t kIdOctets = 8;

  // Errors: invalid unless the secret is 32 octets and not all of them alike.
  static Result<KeyEncryptionKey> create(SecretBytes secret);
  static KeyEncryptionKey generate(crypto::Random& random);
  KeyEncryptionKey(KeyEncryptionKey&&) = default;
  KeyEncryptionKey& operator=(KeyEncryptionKey&&) = default;

  const std::array<std::uint8_t, kIdOctets>& id() const noexcept { return id_; }
  // 16 lower-case hexadecimal digits, for people and file names.
  std::string id_hex() const { return to_hex(id_); }
  const SecretBytes& secret() const noexcept { return secret_; }

 private:
  explicit KeyEncryptionKey(SecretBytes secret);
  SecretBytes secret_;
  std::array<std::uint8_t, kIdOctets> id_{};
};

// One place a KEK can come from. A source is asked once, at start and at rotation; it may be slow
// (a passphrase takes half a second) and may talk to a device. A token whose keys cannot leave it
// fits too: load() has it unwrap 32 octets that were wrapped when the source was set up.
// Not for two threads at once.
class KeyEncryptionKeySource {
 public:
  virtual ~KeyEncryptionKeySource() = default;
  // For logs and `doctor`, e.g. "systemd credential certwright.kek". Never secret.
  virtual std::string description() const = 0;
  // What an operator should know about this source, or nothing.
  virtual std::optional<std::string> warning() const { return std::nullopt; }
  // Errors: not_found if the secret is not there; not_permitted if others could have read or
  // replaced it (mode, owner, symbolic link); bad_encoding; unavailable.
  virtual Result<KeyEncryptionKey> load() = 0;
};

// Where to look. Paths that are empty are not looked at.
struct SourceOptions {
  std::filesystem::path credentials_directory;  // systemd's $CREDENTIALS_DIRECTORY
  std::filesystem::path passphrase_file;        // $CERTWRIGHT_KEK_PASSPHRASE_FILE
  std::filesystem::path state_directory;        // required: the salt or the key file is kept here
  // Cost of a passphrase where no salt file exists yet; afterwards the salt file's counts.
  crypto::Argon2idParameters passphrase_cost;

  // The first two from the process's environment. Call before threads are started.
  static SourceOptions from_environment(std::filesystem::path state_directory);
};

// The first of: credential `certwright.kek`, passphrase, file `kek` in the state directory. A
// source that is configured but fails is an error, never a reason to try the next: falling back
// would seal new keys under another KEK. `random` must outlive the source.
// The credential and the file hold 32 octets, or 64 hexadecimal digits and at most one newline.
// The file is created, mode 0600, if it is absent (made durable before it is used); so is the
// passphrase's salt file `kek.salt`. Files must be regular, owned by root or the process's user,
// and without any permission for group and others. systemd's own credentials may be group-readable.
Result<std::unique_ptr<KeyEncryptionKeySource>> choose_source(const SourceOptions& options,
                                                              crypto::Random& random);

// KEKs that were active once: files `kek.<id>` in the state directory, `certwright.kek.<id>` among
// the credentials, and the file `kek` where another source has taken its place; checked as above,
// at most 64. Errors: as load(), and invalid if a file's content is not the KEK its name says.
Result<std::vector<KeyEncryptionKey>> load_retired(const SourceOptions& options);

// Writes `kek` to `kek.<id>`, durably, so that load_retired finds it after the source has changed
// (a new passphrase, say). No error if it is there. Errors: invalid if another KEK is there;
// otherwise as load().
Result<void> keep_retired(const SourceOptions& options, const KeyEncryptionKey& kek);
// Whether `kek.<id>` is there.
bool is_kept(const SourceOptions& options, std::string_view id_hex);
// Deletes `kek.<id>`, and `kek` if that KEK is in it and another source has taken its place: only when
// nothing is sealed under it any more. Errors: not_found, unavailable; as load() for `kek`.
Result<void> forget_retired(const SourceOptions& options, std::string_view id_hex);

// Whether choose_source() would choose the file.
bool comes_from_file(const SourceOptions& options);

// Rotates the file source: keeps `kek` as `kek.<its id>` and puts a new one in its place, so that
// at every instant, also after a power loss, both needed keys are on disk. Returns the new KEK.
// Errors: as load(); conflict if the KEK does not come from the file.
Result<KeyEncryptionKey> rotate_file(const SourceOptions& options, crypto::Random& random);

}  // namespace certwright::keys
