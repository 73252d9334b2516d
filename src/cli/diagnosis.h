#pragma once
// What `doctor` makes of the server's answers. Nothing here asks the server.
#include "cli/findings.h"
#include "clock/clock.h"
#include "json/value.h"

namespace certwright::cli {

// A CA as in GET /api/v1/cas: revoked, expired, or soon to expire.
void judge_ca(Findings& findings, const json::Value& ca, Time now);
// GET /api/v1/kek: what is under way, and what is in the way.
void judge_kek(Findings& findings, const json::Value& kek);
// The UDP certificate generator in GET /api/v1/status, if it serves: what loses answers.
void judge_certgen(Findings& findings, const json::Value& status);

// The outbox in GET /api/v1/status: what waits too long, what was given up.
void judge_notifications(Findings& findings, const json::Value& status);

// Who administers the installation, in GET /api/v1/status: does anybody hear of what expires?
void judge_administrators(Findings& findings, const json::Value& status);

}  // namespace certwright::cli
