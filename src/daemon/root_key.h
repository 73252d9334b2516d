#pragma once
// How a root's key leaves: encrypted under a passphrase, or in clear where that was asked for.
#include "bytes/secret_bytes.h"
#include "daemon/initialise.h"
#include "errors/result.h"

namespace certwright::daemon {

// A passphrase is the file without the ends of lines behind it. Errors: the file's.
Result<SecretBytes> read_passphrase(const std::filesystem::path& file);

// Before anything is done. Errors: invalid unless exactly one of root_key_passphrase_file and
// root_key_plain is given with root_key_out, and for a passphrase that is too short; conflict if the
// file is there already: it may be the only copy of another key.
Result<void> check_root_key_options(const InitOptions& options);

// The text for root_key_out: PEM, PKCS#8. `private_key` is PKCS#8, DER.
Result<SecretBytes> root_key_pem(const InitOptions& options, const SecretBytes& private_key);

}  // namespace certwright::daemon
