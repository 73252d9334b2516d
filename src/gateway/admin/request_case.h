#pragma once
// The case file of a request: what it was, what was checked, what happened to it, and who was told.
#include "gateway/admin/request_routes.h"
#include "json/writer.h"
#include "store/records.h"

namespace certwright::gateway::admin {

// Records of the audit log, with what proves them, only where `may_audit`; else time and event of each. Of records
// that come without end when somebody repeats or asks for the request (REQUEST_REPEATED, ACCESS_DENIED) the
// first hundred of each: `left_out` counts the others, and nothing else is missing. Of everything else the first 9,000
// and the last 1,000, read from the first 200,000 records about the request and the last thousand: where that is not
// all, what decided it may be missing, and it says `truncated`. `complete`: neither.
Result<void> write_case(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request,
                        bool may_audit);

}  // namespace certwright::gateway::admin
