#pragma once
#include <filesystem>
#include <string_view>

#include "bytes/bytes.h"
#include "errors/result.h"

namespace certwright::daemon {

// The layout of a state directory. Everything in it is 0700 or 0600 but the public certificates.
//   certwright.db   the embedded store          kek        key-encryption key (unless elsewhere)
//   ca/root.pem     the trust anchor            ca/chain.pem  issuing CA, then its issuers
//   ca/audit.pub    the audit log's public key  run/endpoints.json  actual addresses while serving
//   aggregate/      hashes of interception certificates (aggregate/README.md)
struct StateDirectory {
  std::filesystem::path root;
  std::filesystem::path database() const { return root / "certwright.db"; }
  std::filesystem::path lock() const { return root / "certwright.db.lock"; }  // the store's owner holds it
  std::filesystem::path ca() const { return root / "ca"; }
  std::filesystem::path aggregate() const { return root / "aggregate"; }
  std::filesystem::path endpoints() const { return root / "run" / "endpoints.json"; }

  // Makes the folders, and what is there already private. Errors: not_permitted if the directory
  // belongs to somebody else; conflict if others may enter it and it holds other files; unavailable.
  Result<void> create() const;
  // Errors: not_found if there is no store in it, naming `certwright init`.
  Result<void> check_initialised() const;

 private:
  Result<void> check_may_be_ours() const;
};

// Replaces a file as a whole: a reader sees the old or the new octets, also after a power loss.
// `mode` as in chmod. Errors: unavailable.
Result<void> write_file(const std::filesystem::path& path, ByteView content, unsigned mode);
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t size_octets_max);

}  // namespace certwright::daemon
