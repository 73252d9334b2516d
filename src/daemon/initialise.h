#pragma once
// `certwright init`: from an empty directory to a CA that can issue.
#include <filesystem>
#include <optional>
#include <string>

#include "authority/authority.h"
#include "daemon/installation.h"

namespace certwright::daemon {

struct CaChoices {
  std::string subject;
  std::string key_algorithm = "ecdsa-p256";
  std::string signature_algorithm;
  std::string lifetime;  // "20y" is not a duration: days and Go's units
};

struct InitOptions {
  std::filesystem::path state;
  std::optional<std::filesystem::path> admin_token_file;  // none: shown, but only on a terminal
  std::string administrator = "administrator";
  std::string administrator_email;  // empty: none
  std::string public_url;
  std::uint32_t crl_shards = 1;
  CaChoices root{.subject = "CN=Certwright Root CA", .signature_algorithm = {}, .lifetime = "7300d"};
  CaChoices issuing{.subject = "CN=Certwright Issuing CA", .signature_algorithm = {}, .lifetime = "3650d"};

  // Instead of making them: PEM (certificate chain and key) or PKCS#12.
  std::optional<std::filesystem::path> import_root, import_issuing, import_passphrase_file;
  // Instead of a root of our own: a CSR for an offline root, and later its answer (PEM: certificate,
  // then its issuers).
  std::optional<std::filesystem::path> request_out, install;
  // Takes the root's key out of the store into this new 0600 file (PEM), leaving a root CRL: encrypted
  // under the passphrase in a file, or in clear. One of the two must be asked for.
  std::optional<std::filesystem::path> root_key_out, root_key_passphrase_file;
  bool root_key_plain = false;
  bool renew_admin_token = false;
  bool json = false;  // what was made as one JSON object, for programs
};

// Prints what it did to standard output, and on a terminal what it is doing. Interrupted, it can be run again: what is there is kept.
// Errors: conflict if the directory is initialised already; invalid with the option's name.
Result<void> initialise(const InitOptions& options);

// ca/root.pem, ca/chain.pem and ca/audit.pub of the state directory, as the CAs are now.
Result<void> write_public_files(const Installation& installation);

}  // namespace certwright::daemon
