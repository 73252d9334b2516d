#include "cli/request_text.h"

#include <fmt/format.h>

#include "cli/output.h"

namespace certwright::cli {
namespace {

std::string listed(const json::Value& view, std::string_view member) {
  std::string text;
  for (const auto& name : rows_of(view, member))
    if (const auto* name_text = name.if_string()) text += (text.empty() ? "" : " ") + *name_text;
  return text;
}

std::string constraints_text(const json::Value& view) {
  const auto* constraints = view.find("basic_constraints");
  if (constraints == nullptr) return {};
  const std::string length = text_of(*constraints, "path_length");
  return length.empty() ? "a CA" : "a CA, path length " + length;
}

// What was asked for beside what would be issued; a mark where they differ.
std::string comparison_text(const json::Value& asked, const json::Value& issued) {
  Table table({"", "ASKED FOR", "WOULD BE ISSUED", ""});
  const auto row = [&](const char* name, const std::string& before, const std::string& after) {
    table.add({name, before, after, before == after ? "" : "changed"});
  };
  for (const char* member : {"subject", "not_after", "key_algorithm", "profile", "profile_version"})
    row(member, text_of(asked, member), text_of(issued, member));
  for (const char* member : {"names", "key_usage", "extended_key_usage"}) row(member, listed(asked, member), listed(issued, member));
  const std::string before = constraints_text(asked), after = constraints_text(issued);
  if (!before.empty() || !after.empty()) row("basic_constraints", before, after);
  return table.text();
}

// Their contents are anything: whoever approves compares the digest with that of what they know.
std::string extensions_text(const json::Value& issued) {
  const auto& rows = rows_of(issued, "extensions");
  if (rows.empty()) return {};
  Table table({"EXTENSION", "CRITICAL", "OCTETS", "SHA-256", "COPIED FROM THE CSR"});
  for (const auto& row : rows)
    table.add({text_of(row, "oid"), text_of(row, "critical"), text_of(row, "size_octets"), text_of(row, "sha256"),
               text_of(row, "copied")});
  return fmt::format("\n{}", table.text());
}

std::string issued_text(const json::Value& request) {
  const json::Value* asked = request.find("asked");
  const json::Value* issued = request.find("would_be_issued");
  if (asked == nullptr || issued == nullptr) return {};
  if (const auto refused = text_of(*issued, "refused"); !refused.empty())
    return fmt::format("\nWould be refused now: {}\n", printable(refused));
  return fmt::format("\n{}{}", comparison_text(*asked, *issued), extensions_text(*issued));
}

// What officers changed. Of a decided request the comparison is gone, and this stays.
std::string difference_text(const json::Value& request) {
  const json::Value* difference = request.find("difference");
  if (difference == nullptr) return {};
  std::string text;
  if (const auto* validity = difference->find("validity_s"); validity != nullptr && validity->if_int64() != nullptr) {
    constexpr std::int64_t kDay_s = 86'400;
    const std::int64_t seconds = *validity->if_int64();
    text = seconds % kDay_s == 0 ? fmt::format("validity {}d", seconds / kDay_s) : fmt::format("validity {}s", seconds);
  }
  for (const auto& name : rows_of(*difference, "names_removed"))
    if (const auto* name_text = name.if_string()) text += (text.empty() ? "without " : ", without ") + *name_text;
  return text.empty() ? text : fmt::format("\nChanged by officers: {}\n", printable(text));
}

std::string approvals_text(const json::Value& request) {
  Table table({"APPROVED BY", "KIND", "WHEN", "COUNTS", "COMMENT"});
  for (const auto& row : rows_of(request, "approvals"))
    table.add({text_of(row, "principal"), text_of(row, "kind"), time_of(row, "approved_at"),
               row.find("why_not") == nullptr ? text_of(row, "counts") : fmt::format("no: {}", text_of(row, "why_not")),
               text_of(row, "comment")});
  return fmt::format("\n{}", table.text());
}

}  // namespace

std::string request_text(const json::Value& request) {
  json::Value plain;
  for (const char* member : {"id", "state", "tenant", "ca", "profile", "principal", "principal_name", "email", "door", "remote",
                             "subject", "asked_for", "purpose", "rule", "selection", "approvals_needed", "received_at", "expires_at",
                             "decided_by", "reason", "binding"})
    plain.set(member, text_of(request, member));
  std::string text = members_text(plain) + issued_text(request) + difference_text(request) + approvals_text(request);
  if (const auto* certificate = request.find("certificate"))
    text += fmt::format("\nCertificate {0}: certwright cert show {0}\n", text_of(*certificate, "serial_number"));
  return text;
}

}  // namespace certwright::cli
