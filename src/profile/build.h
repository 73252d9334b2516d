#pragma once
// approved request + profile + issuer -> TBSCertificate (RFC 5280 section 4.1).
#include <optional>
#include <string>
#include <vector>

#include "errors/result.h"
#include "profile/profile.h"
#include "x509/name.h"
#include "x509/serial_number.h"
#include "x509/tbs_certificate.h"

namespace certwright::profile {

struct SubjectAttribute {
  std::string attribute;  // "common_name", "organization", ... as in x509::Name
  std::string value;
};

// What is asked for, whether it came by CSR or by JSON.
struct CertificateRequest {
  std::vector<SubjectAttribute> subject;
  std::vector<x509::GeneralName> names;        // subjectAltName
  Bytes subject_public_key_info;               // TLV; checked by crypto before it comes here
  std::string key_algorithm;                   // crypto's name for it
  std::vector<x509::Extension> extensions;     // asked for in the CSR, other than subjectAltName
  std::optional<Seconds> validity;             // default: the profile's
  std::optional<x509::NameConstraints> name_constraints{};  // CA profiles only; written as critical
};

// What the issuing CA gives to a certificate.
struct Issuer {
  ByteView subject_tlv;                 // becomes issuer, byte for byte
  ByteView subject_key_identifier;      // becomes authorityKeyIdentifier
  ByteView signature_algorithm_tlv;
  Time not_before{};                    // no certificate is back-dated beyond it
  Time not_after{};                     // no certificate outlives it
  std::optional<std::uint32_t> path_length;  // of the issuer's basicConstraints
  std::string ocsp_url;                 // empty: none
  std::string ca_issuers_url;           // empty: none
  std::string crl_url;                  // of the certificate's shard; empty: none
};

// The CSR's extensions are copied only where the profile lists them; asking for anything else that
// would change rights (basicConstraints CA:TRUE, a key usage or EKU beyond the profile's) is refused,
// what the profile grants anyway is accepted and taken from the profile; unknown extensions that are
// not listed: refused if critical, else dropped. A validity over the maximum, or one that would outlive
// the issuer, is refused; the default is shortened to the issuer's end. The subject may be empty
// only with SANs, which then are critical. subjectKeyIdentifier is SHA-1 of the public key bits
// (RFC 5280 4.2.1.2 method 1). Copied extensions keep the CSR's criticality.
// Errors: policy or invalid, with the field ("names[3]", "validity", "subject.common_name", ...),
// naming the rule and the value.
Result<x509::TbsCertificate> build_tbs_certificate(const Profile& profile,
                                                   const CertificateRequest& request,
                                                   const Issuer& issuer,
                                                   const x509::SerialNumber& serial, Time now);

}  // namespace certwright::profile
