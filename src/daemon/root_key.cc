#include "daemon/root_key.h"

#include "crypto/private_key.h"

namespace certwright::daemon {
namespace {

Result<SecretBytes> passphrase_of(const InitOptions& options) {
  CERTWRIGHT_TRY(auto passphrase, read_passphrase(*options.root_key_passphrase_file));
  if (passphrase.size() < crypto::PrivateKey::kMinPassphraseOctets)
    return fail_field(Errc::invalid, "root-key-passphrase-file",
                      "--root-key-passphrase-file: the passphrase has fewer than 12 characters");
  return passphrase;
}

}  // namespace

Result<SecretBytes> read_passphrase(const std::filesystem::path& file) {
  CERTWRIGHT_TRY(auto text, read_file(file, 4096));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  auto passphrase = SecretBytes::copy_of(text);
  wipe(text);
  return passphrase;
}

Result<void> check_root_key_options(const InitOptions& options) {
  const bool encrypted = options.root_key_passphrase_file.has_value();
  if (!options.root_key_out) {
    if (!encrypted && !options.root_key_plain) return {};
    return fail_field(Errc::invalid, "root-key-out", "--root-key-out: required to take the root's key offline");
  }
  if (encrypted == options.root_key_plain)
    return fail_field(Errc::invalid, "root-key-passphrase-file",
                      "--root-key-out: give --root-key-passphrase-file FILE to encrypt the key, or "
                      "--root-key-plain to write it as it is");
  std::error_code error;
  if (std::filesystem::symlink_status(*options.root_key_out, error).type() != std::filesystem::file_type::not_found)
    return fail_field(Errc::conflict, "root-key-out",
                      options.root_key_out->string() + " is there already; give another file");
  if (encrypted) CERTWRIGHT_CHECK(passphrase_of(options));
  return {};
}

Result<SecretBytes> root_key_pem(const InitOptions& options, const SecretBytes& private_key) {
  CERTWRIGHT_TRY(const auto key, crypto::PrivateKey::from_pkcs8(private_key));
  if (options.root_key_plain) return key.pkcs8_pem();
  CERTWRIGHT_TRY(const auto passphrase, passphrase_of(options));
  return key.encrypted_pem(passphrase);
}

}  // namespace certwright::daemon
