#pragma once
#include "errors/result.h"
#include "pkcs10/certification_request.h"
#include "profile/build.h"

namespace certwright::profile {

// What a certification request (RFC 2986) asks for, as the one request type: subject attributes by
// their names (an RDN of several attributes becomes several RDNs), the names of subjectAltName, the
// other extensions, the public key and crypto's name for its algorithm. The validity is left open.
// Does not verify the request's signature, nor the soundness of its key, nor the names: issuance and
// build_tbs_certificate() do.
// Errors: invalid for a subject attribute that subject.h has no name for ("subject.1.2.3"), for a
// malformed subjectAltName ("names"), and for a key algorithm that crypto does not know.
Result<CertificateRequest> request_from_csr(const pkcs10::CertificationRequest& csr);

}  // namespace certwright::profile
