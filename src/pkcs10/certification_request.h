#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "der/encoding.h"
#include "der/oid.h"
#include "x509/extension.h"
#include "x509/name.h"

namespace certwright::pkcs10 {

// Attribute of a request, RFC 2986 section 4.1.
struct Attribute {
  der::Oid type;
  Bytes values_tlv;  // the whole SET OF
};

// CertificationRequest, RFC 2986 section 4.2. Owns its octets; views live as long as the request.
// Immutable.
class CertificationRequest {
 public:
  static constexpr std::size_t kMaxOctets = 64 * 1024;
  static constexpr std::size_t kMaxAttributes = 32;

  // Strict DER with nothing after it. Does NOT verify the self-signature: crypto does, and issuance
  // insists on it. Does not check the key, nor the names; says what is asked for, nothing more.
  // One extensionRequest and one challengePassword at most; unknown attributes are kept.
  // Errors: bad_encoding, too_large.
  static Result<CertificationRequest> parse(Bytes der);

  ByteView der() const noexcept { return der_; }
  ByteView info_tlv() const noexcept { return view(info_); }  // what the signature is over
  const x509::Name& subject() const noexcept { return subject_; }
  ByteView subject_public_key_info_tlv() const noexcept { return view(spki_); }
  // Of extensionRequest (RFC 2985 section 5.4.2); empty if there is none.
  const x509::Extensions& requested_extensions() const noexcept { return extensions_; }
  // subjectAltName of requested_extensions(); empty if there is none. Errors: bad_encoding.
  Result<std::vector<x509::GeneralName>> requested_subject_alt_names() const;
  bool has_challenge_password() const noexcept { return has_challenge_password_; }
  // All attributes, the known ones too, in order.
  const std::vector<Attribute>& attributes() const noexcept { return attributes_; }
  ByteView signature_algorithm_tlv() const noexcept { return view(signature_algorithm_); }
  ByteView signature_value() const noexcept { return view(signature_); }
  std::string pem() const;

 private:
  struct Range {
    std::uint32_t offset = 0, size = 0;
  };
  CertificationRequest() = default;
  Range range_of(ByteView part) const noexcept;
  ByteView view(Range r) const noexcept { return ByteView(der_).subspan(r.offset, r.size); }
  Result<void> parse_info(ByteView info_content);
  Result<void> parse_attributes(ByteView set_content);

  Bytes der_;
  Range info_, spki_, signature_algorithm_, signature_;
  x509::Name subject_;
  x509::Extensions extensions_;
  std::vector<Attribute> attributes_;
  bool has_challenge_password_ = false;
};

// PEM (one block, CERTIFICATE REQUEST or NEW CERTIFICATE REQUEST) or DER; at most 64 KiB.
// Errors: bad_encoding, too_large.
Result<CertificationRequest> parse_pem_or_der(ByteView text_or_der);

// CertificationRequestInfo; extensionRequest only if there are extensions. Errors: invalid if
// `spki_tlv` is not one SEQUENCE.
Result<der::CertificationRequestInfoDer> encode_request_info(const x509::Name& subject,
                                                             ByteView spki_tlv,
                                                             const x509::Extensions& extensions);
der::CertificationRequestDer assemble_request(const der::CertificationRequestInfoDer& info,
                                              ByteView signature_algorithm_tlv, ByteView signature);

}  // namespace certwright::pkcs10
