#include "gateway/pages/request_parts.h"

#include <fmt/format.h>

#include "gateway/pages/page.h"

namespace certwright::gateway::pages {

std::string_view state_text(std::string_view state) noexcept {
  constexpr std::pair<std::string_view, std::string_view> kTexts[] = {
      {"received", "Received"},   {"pending", "Waits for approval"}, {"approved", "Approved, being issued"},
      {"denied", "Denied"},       {"withdrawn", "Withdrawn"},        {"expired", "Expired"},
      {"issued", "Issued"},       {"failed", "Failed"}};
  for (const auto& [name, text] : kTexts)
    if (name == state) return text;
  return state;
}

namespace {

// Whoever has an account chooses its name, so it may be another's too; the id is one account's. It stands in an
// element of its own, which no name can imitate.
void account(Html& html, std::string_view name, std::string_view id) {
  if (name != id) html.text(name);
  if (id.empty()) return;
  if (name != id) html.text(" ");
  html.element("code", id);
}

}  // namespace

void request_table(Html& html, const RequestRows& rows, std::string_view section, bool with_requester) {
  if (rows.rows.empty()) {
    note(html, Tone::plain, rows.next ? "Nothing on this page." : "There are none.");
  } else {
    html.begin("div", {{"class", "scroll"}}).begin("table").begin("thead").begin("tr");
    for (const char* heading : {"For", "State", "CA", "Profile", "Received"}) html.element("th", {{"scope", "col"}}, heading);
    if (with_requester) html.element("th", {{"scope", "col"}}, "By");
    html.end().end().begin("tbody");
    for (const auto& row : rows.rows) {
      html.begin("tr").begin("td");
      html.link(Url::of({section, row.id}), row.subject.empty() ? std::string_view("(no subject)") : row.subject).end();
      html.element("td", {{"class", "state"}}, state_text(row.state)).element("td", row.ca).element("td", row.profile);
      html.element("td", shown_time(row.received_at));
      if (with_requester) {
        html.begin("td");
        account(html, row.requester, row.requester_id);
        html.end();
      }
      html.end();
    }
    html.end().end().end();
  }
  if (rows.next) html.begin("p").link(Url::of({section}).with("after", *rows.next), "More").end();
}

void request_facts(Html& html, const RequestView& request) {
  html.begin("dl", {{"class", "card"}});
  fact(html, "State", state_text(request.row.state));
  if (!request.reason.empty()) fact(html, "Reason", request.reason);
  if (request.row.state == "pending")
    fact(html, "Approvals", fmt::format("{} of {}", request.approvals_given, request.approvals_needed));
  fact(html, "Subject", request.row.subject);
  if (!request.without_csr.empty()) fact(html, "Asked for", request.without_csr);
  fact(html, "CA", request.row.ca);
  if (!request.selection.empty()) fact(html, "How it was chosen", request.selection);
  fact(html, "Profile", request.row.profile);
  if (!request.rule.empty()) fact(html, "Why it needs approval", request.rule);
  if (!request.changes.empty()) fact(html, "Changed by officers", request.changes);
  if (!request.left_out.empty()) fact(html, "Extensions of the CSR that are left out", request.left_out);
  html.element("dt", "Requested by").begin("dd");
  account(html, request.row.requester, request.row.requester_id);
  html.end();
  fact(html, "Tenant", request.tenant);
  fact(html, "From", request.remote);
  fact(html, "Received", shown_time(request.row.received_at));
  if (request.expires_at) fact(html, "Expires undecided", shown_time(*request.expires_at));
  if (!request.serial.empty()) fact(html, "Serial number", request.serial);
  fact(html, "Request", request.row.id);
  html.end();
}

void request_steps(Html& html, const RequestView& request) {
  html.element("h2", "What happened");
  html.begin("ol");
  for (const auto& step : request.steps) {
    html.begin("li").text(shown_time(step.at) + ": ").text(step.what);
    if (!step.who.empty()) {
      html.text(", by ");
      account(html, step.who, step.who_id);
    }
    if (!step.why.empty()) html.text(": ").text(step.why);
    html.end();
  }
  html.end();
}

}  // namespace certwright::gateway::pages
