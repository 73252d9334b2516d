#pragma once
// Requests for approval as JSON.
#include "gateway/admin/request_routes.h"
#include "json/writer.h"

namespace certwright::gateway::admin {

// What every answer about a request has: its columns, without the CSR and the documents.
void write_request_members(json::Writer& w, const store::RequestRecord& request);
// The whole: also the CSR, what was asked for beside what would be issued now, and the approvals. An object.
// `with_reasons`: also why an approval does not count, which tells of officers' accounts and roles: not for requesters.
Result<void> write_request(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request,
                           bool with_reasons);
// The certificate that came of it; nothing if there is none.
Result<void> write_certificate(json::Writer& w, const RequestDependencies& d, const store::RequestRecord& request);

}  // namespace certwright::gateway::admin
