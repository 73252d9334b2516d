#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/encoding.h"
#include "ocsp_message/ocsp_request.h"
#include "x509/revocation_reason.h"

namespace certwright::ocsp_message {

// RFC 6960 section 4.2.1. 4 is not used.
enum class OcspResponseStatus : std::uint8_t {
  successful = 0,
  malformed_request = 1,
  internal_error = 2,
  try_later = 3,
  sig_required = 5,
  unauthorized = 6,
};
std::string_view name_of(OcspResponseStatus status) noexcept;  // "malformedRequest", ...

enum class CertStatus : std::uint8_t { good = 0, revoked = 1, unknown = 2 };
std::string_view name_of(CertStatus status) noexcept;

// SingleResponse, RFC 6960 section 4.2.1. Views into what the CertID came from.
struct SingleResponse {
  ByteView cert_id_tlv;
  CertStatus status = CertStatus::unknown;
  Time revocation_time{};                                               // with revoked only
  x509::RevocationReason reason = x509::RevocationReason::unspecified;  // left out if unspecified
  Time this_update{};
  std::optional<Time> next_update;
};

// ResponseData with the responder named by key hash: SHA-1 of the key bits of the certificate that
// signs, 20 octets. `nonce` is repeated as it came; empty: none. Times are truncated to seconds.
der::ResponseDataDer encode_response_data(ByteView responder_key_hash, Time produced_at,
                                          const std::vector<SingleResponse>& responses,
                                          ByteView nonce);

// A whole OCSPResponse, successful, with a BasicOCSPResponse. `certificates` are DER, signer first;
// may be empty (the CA itself signs).
Bytes assemble_basic_response(const der::ResponseDataDer& response_data,
                              ByteView signature_algorithm_tlv, ByteView signature,
                              const std::vector<ByteView>& certificates);

// Five octets that say only this. Not for `successful`.
Bytes error_response(OcspResponseStatus status);

// OCSPResponse as a client reads it. Owns its octets; views live as long as it. Immutable.
class OcspResponse {
 public:
  static constexpr std::size_t kMaxOctets = 256 * 1024;
  static constexpr std::size_t kMaxResponses = 256;

  // Strict DER with nothing after it. Verifies no signature and no certificate.
  // Errors: bad_encoding, too_large.
  static Result<OcspResponse> parse(Bytes der);

  ByteView der() const noexcept { return der_; }
  OcspResponseStatus status() const noexcept { return status_; }
  // What follows is empty unless status() is successful.
  ByteView response_data_tlv() const noexcept { return response_data_; }
  ByteView responder_key_hash() const noexcept { return responder_key_hash_; }  // if by key
  ByteView responder_name_tlv() const noexcept { return responder_name_; }      // if by name
  Time produced_at() const noexcept { return produced_at_; }
  const std::vector<SingleResponse>& responses() const noexcept { return responses_; }
  std::optional<ByteView> nonce() const noexcept { return nonce_; }
  ByteView signature_algorithm_tlv() const noexcept { return signature_algorithm_; }
  ByteView signature_value() const noexcept { return signature_; }
  const std::vector<ByteView>& certificates() const noexcept { return certificates_; }

  // Views point into the heap block of der_, which moves along; a copy would point into another's.
  OcspResponse(OcspResponse&&) noexcept = default;
  OcspResponse& operator=(OcspResponse&&) noexcept = default;

 private:
  OcspResponse() = default;
  Result<void> parse_basic(ByteView tlv);
  Result<void> parse_response_data(ByteView content);

  Bytes der_;
  OcspResponseStatus status_ = OcspResponseStatus::successful;
  ByteView response_data_, responder_key_hash_, responder_name_, signature_algorithm_, signature_;
  Time produced_at_{};
  std::vector<SingleResponse> responses_;
  std::optional<ByteView> nonce_;
  std::vector<ByteView> certificates_;
};

}  // namespace certwright::ocsp_message
