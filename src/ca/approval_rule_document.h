#pragma once
// The member "approval" of a CA policy's document. Private to this room.
#include "ca/approval_rule.h"
#include "json/object_reader.h"
#include "json/writer.h"

namespace certwright::ca {

// Absent: no rule. Errors: invalid with the field; too_large.
Result<std::vector<ApprovalRule>> read_approval_rules(json::ObjectReader& policy);
void write_approval_rules(json::Writer& w, const std::vector<ApprovalRule>& rules);

}  // namespace certwright::ca
