#pragma once
#include "registration/issuance_request.h"
#include "store/records.h"

namespace certwright::registration {

// SHA-256 over everything that decides what certificate a request asks for. Two requests with one
// idempotency key are the same request if and only if these are equal.
store::Sha256 request_digest(const IssuanceRequest& request);

}  // namespace certwright::registration
