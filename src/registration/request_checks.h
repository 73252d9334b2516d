#pragma once
// What was checked of a request, for people: a line each, "rule: value". Goes into the audit log with the step that
// the checks were made for, so that it can be read when the request is decided, and proved. Private to this room.
#include <string>

#include "registration/examination.h"

namespace certwright::registration {

std::string checks_text(const Examination& examined);
// Where it would be refused, that is the line.
std::string checks_text(const Result<Examination>& examined);

}  // namespace certwright::registration
