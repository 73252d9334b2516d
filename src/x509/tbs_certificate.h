#pragma once
#include "bytes/bytes.h"
#include "clock/clock.h"
#include "der/encoding.h"
#include "x509/extension.h"
#include "x509/serial_number.h"

namespace certwright::x509 {

// The fields of a TBSCertificate that this CA writes, RFC 5280 section 4.1.2: always v3, never
// unique identifiers. Times are truncated to seconds.
struct TbsCertificate {
  SerialNumber serial_number;
  Bytes signature_algorithm_tlv;
  Bytes issuer_tlv;
  Time not_before{};
  Time not_after{};
  Bytes subject_tlv;
  Bytes subject_public_key_info_tlv;
  Extensions extensions;
};

// Errors: invalid if a `_tlv` is not one SEQUENCE, or a time is outside the years 0 to 9999.
// Checks no more than that: lint does.
Result<der::TbsCertificateDer> encode(const TbsCertificate& tbs);

// Certificate ::= SEQUENCE { tbs, signatureAlgorithm, signatureValue }. `signature` is whole
// octets. Does not check that the algorithm equals the one inside; Certificate::parse() does.
der::CertificateDer assemble_certificate(const der::TbsCertificateDer& tbs,
                                         ByteView signature_algorithm_tlv, ByteView signature);

}  // namespace certwright::x509
