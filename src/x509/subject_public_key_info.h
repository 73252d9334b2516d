#pragma once
#include "bytes/bytes.h"
#include "x509/algorithm_identifier.h"

namespace certwright::x509 {

// SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7.
struct SubjectPublicKeyInfo {
  AlgorithmIdentifier algorithm;
  // The content of the BIT STRING: the octets whose SHA-1 is method (1) of section 4.2.1.2 and
  // OCSP's issuerKeyHash.
  Bytes subject_public_key;

  // Reads the SEQUENCE; the key must be whole octets and not empty. Does not look into the key.
  // Errors: bad_encoding.
  static Result<SubjectPublicKeyInfo> parse(ByteView tlv);
  Bytes encode() const;

  friend bool operator==(const SubjectPublicKeyInfo&, const SubjectPublicKeyInfo&) = default;
};

// The key bits alone, as a view into `spki_tlv`. Errors: bad_encoding.
Result<ByteView> subject_public_key_bits(ByteView spki_tlv);

}  // namespace certwright::x509
