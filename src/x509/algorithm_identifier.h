#pragma once
#include "bytes/bytes.h"
#include "der/oid.h"

namespace certwright::x509 {

// AlgorithmIdentifier, RFC 5280 section 4.1.1.2.
struct AlgorithmIdentifier {
  der::Oid algorithm;
  Bytes parameters_tlv;  // empty if absent; NULL is 05 00

  // Reads the SEQUENCE. The parameters are checked to be strict DER and kept; whether they fit the
  // algorithm is for crypto to say. Errors: bad_encoding.
  static Result<AlgorithmIdentifier> parse(ByteView tlv);
  Bytes encode() const;

  friend bool operator==(const AlgorithmIdentifier&, const AlgorithmIdentifier&) = default;
};

}  // namespace certwright::x509
