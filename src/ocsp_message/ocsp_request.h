#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bytes/bytes.h"
#include "der/oid.h"
#include "x509/serial_number.h"

namespace certwright::ocsp_message {

// CertID, RFC 6960 section 4.1.1. Views into the octets it was parsed from.
struct CertId {
  ByteView tlv;  // to be repeated in the response as it is
  der::Oid hash_algorithm;
  ByteView issuer_name_hash;
  ByteView issuer_key_hash;
  ByteView serial_number_content;  // INTEGER content; maybe not a serial anybody may issue

  // Reads one CertID. Errors: bad_encoding.
  static Result<CertId> parse(ByteView tlv);
};

// OCSPRequest, RFC 6960 section 4.1.1. Views into the caller's octets, which must outlive it.
class OcspRequest {
 public:
  static constexpr std::size_t kMaxOctets = 64 * 1024;
  static constexpr std::size_t kMaxCertIds = 64;

  // Strict DER with nothing after it; version v1; 1 to kMaxCertIds requests. A signature is
  // tolerated and not verified. Errors: bad_encoding, too_large.
  static Result<OcspRequest> parse(ByteView der);

  const std::vector<CertId>& cert_ids() const noexcept { return cert_ids_; }
  // The octets inside the nonce's OCTET STRING (RFC 9654 section 2.1), of any length; absent if the
  // extension is. If the extension holds no OCTET STRING, all its octets. See nonce_acceptable().
  std::optional<ByteView> nonce() const noexcept { return nonce_; }
  // No nonce, or an OCTET STRING of 1 to 128 octets (RFC 9654). If not, the answer is
  // malformedRequest.
  bool nonce_acceptable() const noexcept;
  // A critical extension of the request or of a single request that is not the nonce. A responder
  // that does not know it must not answer as if it did (RFC 6960 section 4.4).
  bool has_unknown_critical_extension() const noexcept { return unknown_critical_; }
  bool is_signed() const noexcept { return signed_; }

 private:
  OcspRequest() = default;
  Result<void> parse_tbs_request(ByteView content);
  Result<void> parse_single_request(ByteView content);
  Result<void> parse_request_extensions(ByteView extensions_tlv);

  std::vector<CertId> cert_ids_;
  std::optional<ByteView> nonce_;
  bool nonce_malformed_ = false;
  bool unknown_critical_ = false;
  bool signed_ = false;
};

// Makes one CertID. `hash_algorithm` is written with NULL parameters, as most clients do.
Bytes encode_cert_id(const der::Oid& hash_algorithm, ByteView issuer_name_hash,
                     ByteView issuer_key_hash, ByteView serial_number_content);
// An unsigned request for these CertIDs. `nonce` empty: none.
Bytes encode_request(const std::vector<Bytes>& cert_id_tlvs, ByteView nonce);

}  // namespace certwright::ocsp_message
