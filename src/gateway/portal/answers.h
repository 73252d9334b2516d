#pragma once
// What the portal answers, as JSON.
#include "gateway/portal/csr_service.h"
#include "http/message.h"

namespace certwright::gateway::portal {

// 200 {"success":true,"message","certificate":{...},"request_id","status_url","ignored_extensions"} where it is
// issued, 202 and no certificate where it waits.
http::Response outcome_answer(const Outcome& outcome);
// 200 {"success":true,"message","request":{...},"ignored_extensions"[,"certificate"]}: the state of a request, whatever it is.
http::Response status_answer(const Outcome& outcome);
http::Response selection_answer(const registration::Selection& selection);

// "/csr/requests/<id>"
std::string status_url(const store::RequestRecord& request);
// One sentence about the state for the requester.
std::string message_of(const store::RequestRecord& request);

}  // namespace certwright::gateway::portal
