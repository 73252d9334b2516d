#pragma once
// The issuing half of the UDP certificate generator: what its door asks for, and what it gets.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "profile/interception_usage.h"

namespace certwright::issuance {

using profile::InterceptionUsage;  // tls_server, tls_server_tongsuo, tlcp_server_signature, ..._encryption

// Views; valid during the call.
struct InterceptionRequest {
  std::string_view host;  // as the client sent it: any octets, any length, may be empty
  InterceptionUsage usage = InterceptionUsage::tls_server;
  ByteView upstream_certificate;  // DER; may be empty or anything else
};

// What an answer may cost. The caller knows how large a datagram may be; it asks again with tighter
// limits where the answer was too large.
struct InterceptionLimits {
  // Of the subjectAltName's GeneralNames, with their tags. Beyond it only the names that cover `host`
  // are kept: as many as fit, and at least the first of them. 48 KiB are never exceeded.
  std::size_t names_octets_max = 48 * 1024;
  bool prefer_small_key = false;  // P-256 whatever the policy and upstream say
};

struct InterceptionCertificate {
  Bytes certificate_der;
  std::vector<Bytes> issuer_chain_der;  // the issuing CA first; the root last if chain_ends_in_root
  bool chain_ends_in_root = false;
  // What OpenSSL calls the traditional form: SEC1 ECPrivateKey with curve and public key for ECDSA
  // and SM2, PKCS#1 RSAPrivateKey for RSA, PKCS#8 for Ed25519.
  SecretBytes private_key_der;
  std::string_view key_algorithm;  // crypto's name of it, valid for ever: "ecdsa-p256", "rsa-2048"
  Time not_after{};
  // How long the answer is good, at most the policy's maximum; 0 where it is expired.
  std::uint32_t ttl_s = 0;
  bool names_trimmed = false;      // limits.names_octets_max took names away
  bool key_type_switched = false;  // not the key type that policy and upstream ask for: small key
                                   // preferred, or the pool of that type was dry
};

// Counters since the start, and gauges; consistent each by itself only.
struct InterceptionStatistics {
  std::uint64_t issued = 0, failed = 0;
  std::uint64_t upstream_unusable = 0;  // an upstream certificate that said nothing, so that the host did
  std::uint64_t rsa_pool_depth = 0, rsa_pool_capacity = 0, rsa_pool_dry = 0, rsa_pool_made = 0;
  std::uint64_t records_unsynced = 0;   // leaf hashes that a crash now would lose
  std::uint64_t records_failed = 0;     // certificates that nobody got, because their record came too late
  std::uint64_t record_failures = 0;    // attempts to write, sync or close records that failed and are repeated
  bool records_failing = false;         // and that is so now
};

// Makes interception certificates under the authority that was approved when it was opened. Safe to
// call from any thread.
class InterceptionIssuer {
 public:
  virtual ~InterceptionIssuer() = default;

  // Never blocks on a disk and never generates an RSA key in line. With an upstream certificate the
  // answer mimics it as far as an interception certificate may; with none, or one that says nothing,
  // it is for `host`. Any request gets an answer unless the CA cannot sign.
  // Errors: policy if the CA's name constraints exclude every name; unavailable if the CA has expired,
  // is retired or its key is away, if the certificate cannot be recorded, or if the policy wants an
  // RSA key and there is none; internal.
  virtual Result<InterceptionCertificate> issue(const InterceptionRequest& request,
                                                const InterceptionLimits& limits) = 0;

  // Changes whenever CA, profile or policy change, and when their approval ends: part of the key of any
  // cache of answers.
  virtual std::uint64_t generation() const noexcept = 0;

  virtual InterceptionStatistics statistics() const noexcept = 0;
};

}  // namespace certwright::issuance
