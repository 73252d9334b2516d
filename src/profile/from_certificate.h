#pragma once
#include "errors/result.h"
#include "profile/build.h"
#include "x509/certificate.h"

namespace certwright::profile {

// A request for a certificate like this one: its subject, its SANs, its key, and of its extensions
// those that `profile` copies from requests. What the profile decides (usages, constraints, URLs) is
// left out: it decides again. The validity is left open.
// Errors: invalid for a subject attribute without a name here; bad_encoding for malformed SANs.
Result<CertificateRequest> request_from_certificate(const x509::Certificate& certificate,
                                                    const Profile& profile);

}  // namespace certwright::profile
