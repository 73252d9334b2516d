// The officer: what waits, what was asked beside what would be issued, the decision.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "gateway/pages/page.h"
#include "gateway/pages/request_parts.h"
#include "gateway/pages/routes.h"
#include "gateway/web/problem.h"

namespace certwright::gateway::pages {
namespace {

using web::Context;
using web::Guard;
constexpr std::size_t kMostNames = 1024;  // x509::kMaxGeneralNames
constexpr std::size_t kDecisionOctets = 512 * 1024;

Result<http::Response> list_approvals(Context& context, PortalPort& portal) {
  CERTWRIGHT_TRY(const auto after, context.query("after"));
  CERTWRIGHT_TRY(const auto rows, portal.queue(context, after.value_or("")));
  return page({.title = "Requests that wait for approval", .context = &context, .current = "/approvals"},
              [&](Html& html) { request_table(html, rows, "approvals", true); });
}

void comparison_table(Html& html, const Review& review) {
  if (review.comparison.empty()) return;
  html.element("h2", "Asked for, and what would be issued");
  html.begin("div", {{"class", "scroll"}}).begin("table").begin("thead").begin("tr");
  for (const char* heading : {"", "In the request", "Of the profile", "In the certificate"})
    html.element("th", {{"scope", "col"}}, heading);
  html.end().end().begin("tbody");
  for (const auto& line : review.comparison) {
    html.begin("tr").element("th", {{"scope", "row"}}, line.what);
    html.element("td", line.requested).element("td", line.profile);
    html.begin("td");
    // Not by colour alone: whoever does not see it reads it.
    if (line.changed) html.begin("mark").text("Changed: ").text(line.resulting.empty() ? std::string_view("left out") : line.resulting).end();
    else html.text(line.resulting);
    html.end().end();
  }
  html.end().end().end();
}

void lint_list(Html& html, const Review& review) {
  if (review.comparison.empty() && review.lint.empty()) return;
  html.element("h2", "Lint of the certificate");
  if (review.lint.empty()) {
    note(html, Tone::good, "No findings.");
    return;
  }
  html.begin("ul");
  for (const auto& finding : review.lint)
    html.begin("li").element("strong", finding.is_error ? "Error: " : "Note: ").text(finding.text).end();
  html.end();
}

void decision_hidden(Html& html, const Context& context, const Review& review, std::string_view verdict) {
  hidden_csrf(html, context);
  html.begin("input", {{"type", "hidden"}, {"name", "binding"}, {"value", review.binding}});
  html.begin("input", {{"type", "hidden"}, {"name", "verdict"}, {"value", verdict}});
}

void approve_form(Html& html, const Context& context, const Review& review) {
  html.element("h2", "Approve");
  html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"approvals", review.request.row.id})}, {"class", "card"}});
  decision_hidden(html, context, review, "approve");
  input(html, {.name = "validity_days", .label = "Validity in days", .type = "number",
               .hint = fmt::format("Empty: {} days, as it would be issued. Shorter is possible, longer is not.", review.validity_days)});
  if (!review.names.empty()) {
    html.begin("fieldset", {{"class", "field choice"}}).element("legend", "Take names away");
    for (const auto& name : review.names)
      html.begin("label").begin("input", {{"type", "checkbox"}, {"name", "remove"}, {"value", name}}).element("span", name).end();
    html.end();
  }
  html.element("p", {{"class", "hint"}}, "With a change, approvals that were given before do not count any more.");
  input(html, {.name = "comment", .label = "Comment"});
  html.element("button", "Approve").end();
}

void deny_form(Html& html, const Context& context, const Review& review) {
  html.element("h2", "Deny");
  html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"approvals", review.request.row.id})}, {"class", "card"}});
  decision_hidden(html, context, review, "deny");
  input(html, {.name = "reason", .label = "Reason", .hint = "The requester reads it.", .required = true});
  html.element("button", {{"class", "danger"}}, "Deny").end();
}

Result<http::Response> review_page(Context& context, PortalPort& portal, const Error* error = nullptr) {
  CERTWRIGHT_TRY(const auto review, portal.review(context, context.param("request")));
  return page({.title = "Decide about a request",
               .status = error == nullptr ? 200 : web::status_of(error->code),
               .context = &context},
              [&](Html& html) {
                if (error != nullptr) note(html, Tone::error, error->detail);
                request_facts(html, review.request);
                comparison_table(html, review);
                lint_list(html, review);
                request_steps(html, review.request);
                if (!review.may_decide) {
                  note(html, Tone::plain, review.why_not);
                  return;
                }
                const bool is_refused = std::ranges::any_of(review.lint, &LintFinding::is_error);
                if (is_refused) note(html, Tone::warning, "It would not be issued as it is, so it cannot be approved.");
                else approve_form(html, context, review);
                deny_form(html, context, review);
              });
}

// What was changed, and asked for once more: the second answer is about what this page shows.
void confirm_form(Html& html, const Context& context, const Review& review, const Decision& decision) {
  html.element("h2", "Approve with these changes");
  html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"approvals", decision.id})}, {"class", "card"}});
  decision_hidden(html, context, review, "approve");
  html.begin("input", {{"type", "hidden"}, {"name", "changes_seen"}, {"value", "1"}});
  if (decision.validity_days)
    html.begin("input", {{"type", "hidden"}, {"name", "validity_days"}, {"value", std::to_string(*decision.validity_days)}});
  for (const auto& name : decision.names_removed)
    html.begin("input", {{"type", "hidden"}, {"name", "remove"}, {"value", name}});
  html.begin("input", {{"type", "hidden"}, {"name", "comment"}, {"value", decision.comment}});
  if (!review.request.changes.empty()) html.element("p", "Changed by officers: " + review.request.changes);
  html.element("button", "Approve with these changes").end();
  html.begin("p").link(Url::of({"approvals", decision.id}), "Back, without approving").end();
}

Result<http::Response> confirm_page(Context& context, PortalPort& portal, const Decision& decision) {
  CERTWRIGHT_TRY(const auto review, portal.preview(context, decision));
  return page({.title = "Look at your changes", .context = &context}, [&](Html& html) {
    note(html, Tone::plain, "Nothing is approved yet. This is what would be issued with your changes.");
    comparison_table(html, review);
    lint_list(html, review);
    confirm_form(html, context, review, decision);
    request_facts(html, review.request);
    request_steps(html, review.request);
  });
}

Result<http::Response> show_approval(Context& context, PortalPort& portal) { return review_page(context, portal); }

Result<Decision> read_decision(const web::Form& form, std::string_view id) {
  Decision decision;
  decision.id = id;
  CERTWRIGHT_TRY(decision.binding, field(form, "binding"));
  CERTWRIGHT_TRY(decision.comment, field(form, "comment"));
  decision.names_removed = form.values("remove");
  CERTWRIGHT_TRY(const auto days, field(form, "validity_days"));
  if (days.empty()) return decision;
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(days.data(), days.data() + days.size(), number);
  if (error != std::errc() || stop != days.data() + days.size() || number == 0)
    return fail_field(Errc::invalid, "validity_days", "The validity is a number of days.");
  decision.validity_days = number;
  return decision;
}

// Approved, or shown first where there are changes that were not seen.
Result<http::Response> approve(Context& context, PortalPort& portal, const web::Form& form, const std::string& id) {
  CERTWRIGHT_TRY(const auto decision, read_decision(form, id));
  CERTWRIGHT_TRY(const auto seen, field(form, "changes_seen"));
  const bool has_changes = decision.validity_days || !decision.names_removed.empty();
  if (has_changes && seen != "1") return confirm_page(context, portal, decision);
  CERTWRIGHT_CHECK(portal.approve(context, decision));
  return see_other(Url::of({"requests", id}));
}

Result<http::Response> apply_decision(Context& context, PortalPort& portal, const web::Form& form) {
  const std::string id(context.param("request"));
  CERTWRIGHT_TRY(const auto verdict, field(form, "verdict"));
  if (verdict == "approve") return approve(context, portal, form, id);
  if (verdict != "deny") return fail_field(Errc::invalid, "verdict", "Approve or deny.");
  CERTWRIGHT_TRY(const auto reason, field(form, "reason"));
  if (reason.find_first_not_of(" \t\r\n") == reason.npos)
    return fail_field(Errc::invalid, "reason", "Say why: the requester reads it.");
  CERTWRIGHT_CHECK(portal.deny(context, id, reason));
  return see_other(Url::of({"requests", id}));
}

Result<http::Response> decide(Context& context, PortalPort& portal) {
  CERTWRIGHT_TRY(const auto form, context.form());
  auto done = apply_decision(context, portal, form);
  if (done) return done;
  const Error& error = done.error();
  const bool shows_form = error.code == Errc::invalid || error.code == Errc::policy || error.code == Errc::conflict;
  if (!shows_form) return tl::unexpected<Error>(error);
  return review_page(context, portal, &error);
}

}  // namespace

std::vector<web::Route> approval_routes(PortalPort& portal) {
  const auto with = handlers_with(portal);
  std::vector<web::Route> routes = {
      route("GET", "/approvals", Guard::principal(), "pageApprovals", with(list_approvals)),
      route("GET", "/approvals/{request}", Guard::principal(), "pageApproval", with(show_approval)),
      route("POST", "/approvals/{request}", Guard::principal(), "decide", with(decide)),
  };
  // Every name of a request may be taken away: a field each.
  routes.back().form_fields_limit = web::Form::kMaxFields + kMostNames;
  routes.back().body_limit_octets = kDecisionOctets;
  return routes;
}

}  // namespace certwright::gateway::pages
