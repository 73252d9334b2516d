#pragma once
#include <string>

#include "json/value.h"

namespace certwright::cli {

// A wording with what it is about: GET /api/v1/notification-templates/{event}. Also without the latter.
std::string notification_template_text(const json::Value& shown);

}  // namespace certwright::cli
