#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"

namespace certwright::x509 {

// PEM, RFC 7468: textual encoding of DER.
inline constexpr std::string_view kPemCertificate = "CERTIFICATE";
inline constexpr std::string_view kPemCertificateRequest = "CERTIFICATE REQUEST";
inline constexpr std::string_view kPemCrl = "X509 CRL";
inline constexpr std::string_view kPemPrivateKey = "PRIVATE KEY";
inline constexpr std::string_view kPemEncryptedPrivateKey = "ENCRYPTED PRIVATE KEY";
inline constexpr std::string_view kPemPublicKey = "PUBLIC KEY";

struct PemBlock {
  std::string label;  // "CERTIFICATE"; "NEW CERTIFICATE REQUEST" is given as "CERTIFICATE REQUEST"
  Bytes der;          // decoded; not checked to be DER
};

struct PemSecretBlock {
  std::string label;
  SecretBytes der;
};

// 64 columns and a final newline.
std::string to_pem(std::string_view label, ByteView der);
// The same for a private key. The caller wipes the text.
SecretBytes to_pem_secret(std::string_view label, ByteView der);

// All blocks of a text, in order; text around them is skipped (RFC 7468 section 2), lines may end
// in LF or CRLF and be up to 256 characters long; spaces at line ends are tolerated. The base64 is
// canonical, not empty, without RFC 1421 headers; labels of BEGIN and END are equal. A private-key
// block is refused (conflict), so that no key slips into Bytes.
// Errors: bad_encoding, also for no block at all; too_large above `limit_octets` of text.
inline constexpr std::size_t kPemLimitOctets = 1024 * 1024;
Result<std::vector<PemBlock>> parse_pem(std::string_view text,
                                        std::size_t limit_octets = kPemLimitOctets);
// The one block of a text that has just one, with this label. Errors: as parse_pem().
Result<Bytes> parse_pem_one(std::string_view text, std::string_view label,
                            std::size_t limit_octets = kPemLimitOctets);
// Blocks with any label; every decoded octet stays in SecretBytes. EC PARAMETERS blocks, which
// `openssl ecparam` puts before a key, are left out.
Result<std::vector<PemSecretBlock>> parse_pem_secret(std::string_view text,
                                                     std::size_t limit_octets = kPemLimitOctets);

}  // namespace certwright::x509
