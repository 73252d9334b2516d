#pragma once
#include <string_view>

#include "bytes/bytes.h"
#include "errors/result.h"

namespace certwright::gateway::pki {

// The OCSPRequest in a GET path (RFC 6960 appendix A.1): URL-encoded base64 of DER. `raw_path` is
// undecoded. Base64 has '/' and '+' in it, which clients send bare or as %2F and %2B, so nothing may
// treat it as segments or as a form first. Padding may be present, encoded or missing; slashes before
// it, of a URL that ended in one, are skipped (DER of a SEQUENCE begins with 'M' in base64).
// Errors: bad_encoding.
Result<Bytes> decode_ocsp_path(std::string_view raw_path);

}  // namespace certwright::gateway::pki
