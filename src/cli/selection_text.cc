#include "cli/selection_text.h"

#include <fmt/format.h>

#include "cli/output.h"

namespace certwright::cli {

std::string selection_text(const json::Value& answer) {
  const std::string chosen = text_of(answer, "ca_id");
  Table table({"CA", "POINTS", "", "WHY"});
  for (const auto& row : rows_of(answer, "candidates")) {
    const std::string ca = text_of(row, "ca_id");
    std::string reasons;
    for (const auto& reason : rows_of(row, "reasons"))
      if (const auto* text = reason.if_string()) reasons += (reasons.empty() ? "" : "; ") + *text;
    table.add({ca, text_of(row, "points"), text_of(row, "excluded") == "yes" ? "excluded" : ca == chosen ? "chosen" : "", reasons});
  }
  return fmt::format("{}\n\n{}", chosen.empty() ? "No CA suits." : fmt::format("{} would be chosen.", printable(chosen)),
                     table.text());
}

std::string selection_policy_text(const json::Value& policy) {
  json::Value plain;
  for (const char* member : {"purpose_points", "email_points", "network_points", "key_type_points", "lifetime_points", "remaining_min_s"})
    plain.set(member, text_of(policy, member));
  Table table({"CA", "PURPOSES", "E-MAILS", "NETWORKS", "KEY TYPES", "REQUIRED"});
  for (const auto& row : rows_of(policy, "rules"))
    table.add({text_of(row, "ca"), text_of(row, "purposes"), text_of(row, "emails"), text_of(row, "networks"),
               text_of(row, "key_types"), text_of(row, "required")});
  return fmt::format("{}\n{}", members_text(plain), table.text());
}

}  // namespace certwright::cli
