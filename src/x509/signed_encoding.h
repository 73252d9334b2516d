#pragma once
#include <string_view>

#include "bytes/bytes.h"

namespace certwright::x509 {

// SIGNED{}, the shape that certificates, CRLs, requests and OCSP responses share (RFC 5280 section
// 4.1.1): SEQUENCE { toBeSigned, AlgorithmIdentifier, BIT STRING }. Views into the input.
struct SignedEncoding {
  ByteView to_be_signed_tlv;  // a SEQUENCE
  ByteView to_be_signed_content;
  ByteView signature_algorithm_tlv;
  ByteView signature;  // whole octets
};

// Reads the outer shape and checks that signatureAlgorithm is an AlgorithmIdentifier; verifies
// nothing. Errors: bad_encoding.
Result<SignedEncoding> parse_signed(ByteView tlv, std::string_view what);
Bytes assemble_signed(ByteView to_be_signed_tlv, ByteView signature_algorithm_tlv,
                      ByteView signature);

// Is `tlv` one SEQUENCE and nothing else? Does not look inside. Errors: invalid.
Result<void> check_one_sequence(ByteView tlv, std::string_view what);

}  // namespace certwright::x509
