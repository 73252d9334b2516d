#pragma once
// What the pages of requesters and of officers both show.
#include <string_view>

#include "gateway/pages/html.h"
#include "gateway/pages/portal_port.h"

namespace certwright::gateway::pages {

// "Waits for approval" of "pending"; an unknown one as it is.
std::string_view state_text(std::string_view state) noexcept;

// Requests as a table whose first column leads to /<section>/<id>; below it the way to the next page.
void request_table(Html& html, const RequestRows& rows, std::string_view section, bool with_requester);

// The facts of one request, and what happened to it.
void request_facts(Html& html, const RequestView& request);
void request_steps(Html& html, const RequestView& request);

}  // namespace certwright::gateway::pages
