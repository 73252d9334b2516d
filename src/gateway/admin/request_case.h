#pragma once
// The case file of a request: what it was, what was checked, what happened to it, and who was told.
#include "gateway/admin/request_routes.h"
#include "json/writer.h"
#include "store/records.h"

namespace certwright::gateway::admin {

// Records of the audit log, with what proves them, only where `may_audit`; else time and event of each. Of records
// that come without end when somebody repeats or asks for the request (REQUEST_REPEATED, ACCESS_DENIED) the first
// hundred of each: `left_out` counts the others, so that what decided the request is always there.
Result<void> write_case(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request,
                        bool may_audit);

}  // namespace certwright::gateway::admin
