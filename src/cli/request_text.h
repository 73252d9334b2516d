#pragma once
// One request, as an officer at a terminal has to see it before deciding.
#include <string>

#include "json/value.h"

namespace certwright::cli {

// `request` is what GET /api/v1/requests/{id} answers: its facts, what was asked for beside what would be issued with
// rights and extensions, the approvals. Lines, harmless as printable() makes them; nothing of an absent member.
std::string request_text(const json::Value& request);

}  // namespace certwright::cli
