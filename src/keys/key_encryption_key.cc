#include "keys/key_encryption_key.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "keys/secret_file.h"

namespace certwright::keys {
namespace {

constexpr std::string_view kCredentialName = "certwright.kek";
constexpr std::string_view kFileName = "kek";
constexpr std::string_view kSaltFileName = "kek.salt";
constexpr std::size_t kMaxRetired = 64;

tl::unexpected<Error> not_a_kek(const std::filesystem::path& path) {
  return fail(Errc::bad_encoding,
              fmt::format("{} holds neither 32 octets nor 64 hexadecimal digits", path.native()));
}

int hex_value(std::uint8_t digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// 32 octets as they are, or 64 hexadecimal digits with at most one newline.
Result<KeyEncryptionKey> parse_kek(const SecretBytes& content, const std::filesystem::path& path) {
  constexpr std::size_t kOctets = KeyEncryptionKey::kSecretOctets;
  ByteView text = content.reveal();
  if (text.size() == kOctets) return KeyEncryptionKey::create(content.clone());
  if (text.size() == 2 * kOctets + 1 && text.back() == '\n') text = text.first(2 * kOctets);
  if (text.size() != 2 * kOctets) return not_a_kek(path);
  SecretBytes secret(kOctets);
  for (std::size_t i = 0; i < kOctets; ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return not_a_kek(path);
    secret.writable()[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return KeyEncryptionKey::create(std::move(secret));
}

SecretBytes to_secret_hex(const SecretBytes& secret) {
  constexpr char kDigits[] = "0123456789abcdef";
  SecretBytes text(2 * secret.size() + 1);
  std::uint8_t* at = text.writable().data();
  for (const std::uint8_t octet : secret.reveal()) {
    *at++ = static_cast<std::uint8_t>(kDigits[octet >> 4]);
    *at++ = static_cast<std::uint8_t>(kDigits[octet & 15]);
  }
  *at = '\n';
  return text;
}

Result<KeyEncryptionKey> read_kek(const std::filesystem::path& path, FileTrust trust) {
  CERTWRIGHT_TRY(const SecretBytes content, read_secret_file(path, trust));
  return parse_kek(content, path);
}

class CredentialSource final : public KeyEncryptionKeySource {
 public:
  explicit CredentialSource(std::filesystem::path path) : path_(std::move(path)) {}
  std::string description() const override {
    return fmt::format("systemd credential {}", kCredentialName);
  }
  Result<KeyEncryptionKey> load() override { return read_kek(path_, FileTrust::credential); }

 private:
  std::filesystem::path path_;
};

class FileSource final : public KeyEncryptionKeySource {
 public:
  FileSource(std::filesystem::path path, crypto::Random& random)
      : path_(std::move(path)), random_(random) {}
  std::string description() const override { return fmt::format("file {}", path_.native()); }
  std::optional<std::string> warning() const override {
    return fmt::format(
        "the key-encryption key is in {}, beside what it protects: whoever copies the state "
        "directory has every key; give a systemd credential {} or a passphrase instead",
        path_.native(), kCredentialName);
  }
  Result<KeyEncryptionKey> load() override {
    auto kek = read_kek(path_, FileTrust::own);
    if (kek || kek.error().code != Errc::not_found) return kek;
    KeyEncryptionKey made = KeyEncryptionKey::generate(random_);
    auto created = create_secret_file(path_, to_secret_hex(made.secret()).reveal());
    if (created) return made;
    // Another process of ours was first: its key is the one.
    if (created.error().code == Errc::conflict) return read_kek(path_, FileTrust::own);
    return tl::unexpected<Error>(std::move(created).error());
  }

 private:
  std::filesystem::path path_;
  crypto::Random& random_;
};

// kek.salt: "argon2id <passes> <memory KiB> <salt in hex>\n". Not secret, but losing it loses
// every key, so it is written and checked like one.
struct SaltFile {
  crypto::Argon2idParameters cost;
  Bytes salt;

  std::string text() const {
    return fmt::format("argon2id {} {} {}\n", cost.passes, cost.memory_kib, to_hex(salt));
  }
  static Result<SaltFile> parse(std::string_view text, const std::filesystem::path& path);
};

Result<SaltFile> SaltFile::parse(std::string_view text, const std::filesystem::path& path) {
  const auto bad = [&path] {
    return fail(Errc::bad_encoding,
                fmt::format("{} is not 'argon2id PASSES KIB SALT'", path.native()));
  };
  const auto take_word = [&text](char end) {
    const std::size_t at = std::min(text.find(end), text.size());
    const std::string_view word = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return word;
  };
  const auto take_number = [&take_word]() -> std::uint32_t {
    const std::string_view word = take_word(' ');
    std::uint64_t number = 0;
    for (const char digit : word) {
      if (digit < '0' || digit > '9' || word.size() > 9) return 0;  // which is out of range
      number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return static_cast<std::uint32_t>(number);
  };
  SaltFile file;
  if (take_word(' ') != "argon2id") return bad();
  file.cost.passes = take_number();
  file.cost.memory_kib = take_number();
  auto salt = from_hex(take_word('\n'));
  if (!salt || salt->size() != crypto::Argon2idParameters::kSaltOctets || !text.empty())
    return bad();
  file.salt = *std::move(salt);
  return file;
}

class PassphraseSource final : public KeyEncryptionKeySource {
 public:
  PassphraseSource(const SourceOptions& options, crypto::Random& random)
      : passphrase_path_(options.passphrase_file),
        salt_path_(options.state_directory / kSaltFileName),
        cost_(options.passphrase_cost),
        random_(random) {}
  std::string description() const override {
    return fmt::format("passphrase in {}", passphrase_path_.native());
  }
  Result<KeyEncryptionKey> load() override {
    CERTWRIGHT_TRY(const SecretBytes content,
                   read_secret_file(passphrase_path_, FileTrust::own));
    // Editors end the last line; that newline is not part of the passphrase.
    ByteView text = content.reveal();
    if (!text.empty() && text.back() == '\n') text = text.first(text.size() - 1);
    if (text.size() < kMinPassphraseOctets)
      return fail(Errc::invalid, fmt::format("the passphrase in {} is shorter than {} octets",
                                             passphrase_path_.native(), kMinPassphraseOctets));
    CERTWRIGHT_TRY(const SaltFile salt, salt_file());
    CERTWRIGHT_TRY(SecretBytes secret,
                   crypto::argon2id(SecretBytes::copy_of(text), salt.salt, salt.cost,
                                    KeyEncryptionKey::kSecretOctets));
    return KeyEncryptionKey::create(std::move(secret));
  }

 private:
  static constexpr std::size_t kMinPassphraseOctets = 12;

  Result<SaltFile> read_salt() const {
    CERTWRIGHT_TRY(const SecretBytes content, read_secret_file(salt_path_, FileTrust::own));
    return SaltFile::parse(as_text(content.reveal()), salt_path_);
  }
  Result<SaltFile> salt_file() {
    auto salt = read_salt();
    if (salt || salt.error().code != Errc::not_found) return salt;
    SaltFile made{cost_, Bytes(crypto::Argon2idParameters::kSaltOctets)};
    random_.fill(made.salt);
    auto created = create_secret_file(salt_path_, as_bytes(made.text()));
    if (created) return made;
    if (created.error().code == Errc::conflict) return read_salt();
    return tl::unexpected<Error>(std::move(created).error());
  }

  std::filesystem::path passphrase_path_;
  std::filesystem::path salt_path_;
  crypto::Argon2idParameters cost_;
  crypto::Random& random_;
};

bool is_id(std::string_view text) noexcept {
  return text.size() == 2 * KeyEncryptionKey::kIdOctets &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// systemd sets the directory for any credential; ours may not be among them. Only its absence lets
// us look further: a link or another error there is for load() to refuse.
bool has_credential(const SourceOptions& options) {
  if (options.credentials_directory.empty()) return false;
  std::error_code error;
  return std::filesystem::symlink_status(options.credentials_directory / kCredentialName, error)
             .type() != std::filesystem::file_type::not_found;
}

std::filesystem::path retired_path(const SourceOptions& options, std::string_view id_hex) {
  return options.state_directory / fmt::format("{}.{}", kFileName, id_hex);
}

Result<void> load_retired_from(const std::filesystem::path& directory, std::string_view prefix,
                               FileTrust trust, std::vector<KeyEncryptionKey>& found) {
  if (directory.empty()) return {};
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().native();
    if (name.starts_with(prefix) && is_id(std::string_view(name).substr(prefix.size())))
      paths.push_back(entry->path());
  }
  if (error)
    return fail(Errc::unavailable,
                fmt::format("reading {}: {}", directory.native(), error.message()));
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    if (found.size() == kMaxRetired)
      return fail(Errc::too_large, fmt::format("more than {} retired key-encryption keys in {}",
                                               kMaxRetired, directory.native()));
    CERTWRIGHT_TRY(KeyEncryptionKey kek, read_kek(path, trust));
    if (!path.filename().native().ends_with(kek.id_hex()))
      return fail(Errc::invalid, fmt::format("{} holds the key-encryption key {}", path.native(),
                                             kek.id_hex()));
    found.push_back(std::move(kek));
  }
  return {};
}

}  // namespace

KeyEncryptionKey::KeyEncryptionKey(SecretBytes secret) : secret_(std::move(secret)) {
  const auto digest = crypto::hmac_sha256(secret_.reveal(), as_bytes("certwright kek id"));
  std::copy_n(digest.begin(), kIdOctets, id_.begin());
}

Result<KeyEncryptionKey> KeyEncryptionKey::create(SecretBytes secret) {
  if (secret.size() != kSecretOctets)
    return fail(Errc::invalid, fmt::format("a key-encryption key has {} octets, not {}",
                                           kSecretOctets, secret.size()));
  const ByteView octets = secret.reveal();
  if (std::ranges::all_of(octets, [&](std::uint8_t octet) { return octet == octets[0]; }))
    return fail(Errc::invalid, "the octets of the key-encryption key are all alike");
  return KeyEncryptionKey(std::move(secret));
}

KeyEncryptionKey KeyEncryptionKey::generate(crypto::Random& random) {
  SecretBytes secret(kSecretOctets);
  random.fill(secret.writable());
  return KeyEncryptionKey(std::move(secret));
}

SourceOptions SourceOptions::from_environment(std::filesystem::path state_directory) {
  const auto path_of = [](const char* variable) -> std::filesystem::path {
    const char* const value = std::getenv(variable);
    return value == nullptr ? "" : value;
  };
  SourceOptions options;
  options.credentials_directory = path_of("CREDENTIALS_DIRECTORY");
  options.passphrase_file = path_of("CERTWRIGHT_KEK_PASSPHRASE_FILE");
  options.state_directory = std::move(state_directory);
  return options;
}

Result<std::unique_ptr<KeyEncryptionKeySource>> choose_source(const SourceOptions& options,
                                                              crypto::Random& random) {
  if (options.state_directory.empty())
    return fail(Errc::invalid, "a state directory is needed for the key-encryption key");
  if (has_credential(options))
    return std::make_unique<CredentialSource>(options.credentials_directory / kCredentialName);
  if (!options.passphrase_file.empty()) return std::make_unique<PassphraseSource>(options, random);
  return std::make_unique<FileSource>(options.state_directory / kFileName, random);
}

Result<std::vector<KeyEncryptionKey>> load_retired(const SourceOptions& options) {
  std::vector<KeyEncryptionKey> found;
  CERTWRIGHT_CHECK(load_retired_from(options.credentials_directory, "certwright.kek.",
                                     FileTrust::credential, found));
  CERTWRIGHT_CHECK(load_retired_from(options.state_directory, "kek.", FileTrust::own, found));
  if (!comes_from_file(options)) {
    auto replaced = read_kek(options.state_directory / kFileName, FileTrust::own);
    if (replaced)
      found.push_back(*std::move(replaced));
    else if (replaced.error().code != Errc::not_found)
      return tl::unexpected<Error>(std::move(replaced).error());
  }
  return found;
}

Result<void> keep_retired(const SourceOptions& options, const KeyEncryptionKey& kek) {
  const auto path = retired_path(options, kek.id_hex());
  auto created = create_secret_file(path, to_secret_hex(kek.secret()).reveal());
  if (created || created.error().code != Errc::conflict) return created;
  CERTWRIGHT_TRY(const KeyEncryptionKey there, read_kek(path, FileTrust::own));
  if (there.id() == kek.id()) return {};
  return fail(Errc::invalid,
              fmt::format("{} holds the key-encryption key {}", path.native(), there.id_hex()));
}

bool is_kept(const SourceOptions& options, std::string_view id_hex) {
  std::error_code error;
  return is_id(id_hex) && std::filesystem::exists(retired_path(options, id_hex), error);
}

Result<void> forget_retired(const SourceOptions& options, std::string_view id_hex) {
  if (!is_id(id_hex)) return fail(Errc::not_found, fmt::format("no key-encryption key {}", id_hex));
  const auto removed = remove_secret_file(retired_path(options, id_hex));
  if (comes_from_file(options) || (!removed && removed.error().code != Errc::not_found)) return removed;
  const auto path = options.state_directory / kFileName;
  const auto replaced = read_kek(path, FileTrust::own);
  if (!replaced && replaced.error().code != Errc::not_found)
    return tl::unexpected<Error>(replaced.error());
  return replaced && replaced->id_hex() == id_hex ? remove_secret_file(path) : removed;
}

bool comes_from_file(const SourceOptions& options) {
  return options.passphrase_file.empty() && !has_credential(options);
}

Result<KeyEncryptionKey> rotate_file(const SourceOptions& options, crypto::Random& random) {
  if (!comes_from_file(options)) {
    CERTWRIGHT_TRY(const auto source, choose_source(options, random));
    return fail(Errc::conflict, fmt::format("the key-encryption key comes from the {}; replace it "
                                            "there",
                                            source->description()));
  }
  const auto path = options.state_directory / kFileName;
  CERTWRIGHT_TRY(const KeyEncryptionKey old, read_kek(path, FileTrust::own));
  CERTWRIGHT_CHECK(keep_retired(options, old));
  KeyEncryptionKey made = KeyEncryptionKey::generate(random);
  CERTWRIGHT_CHECK(replace_secret_file(path, to_secret_hex(made.secret()).reveal()));
  return made;
}

}  // namespace certwright::keys
