#pragma once
// Importing PKCS#12 (RFC 7292) files. A cold path: an administrator installs a CA.
#include <optional>
#include <vector>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "crypto/private_key.h"
#include "errors/result.h"

namespace certwright::crypto {

struct Pkcs12Content {
  std::optional<PrivateKey> key;
  // DER, in the file's order, except that the key's own certificate, if present, is first.
  std::vector<Bytes> certificates;
};

inline constexpr std::size_t kPkcs12MaxOctets = 1024 * 1024;
inline constexpr std::size_t kPkcs12MaxCertificates = 64;

// Reads a file protected by `passphrase` (UTF-8). Its MAC must be there and verify; two keys are
// refused; iteration counts are limited as in PrivateKey. Certificates are not judged.
// Errors: too_large; bad_encoding; invalid for a wrong passphrase, an unsupported cipher (RC2 of
// old Windows files among them) or a key of an unknown kind.
Result<Pkcs12Content> import_pkcs12(ByteView file, const SecretBytes& passphrase);

}  // namespace certwright::crypto
