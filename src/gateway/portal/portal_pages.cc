#include "gateway/portal/portal_pages.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/portal/comparison.h"
#include "profile/duration.h"
#include "registration/request_content.h"
#include "x509/pem.h"

namespace certwright::gateway::portal {
namespace {

using access::Action;
using registration::RequestDesk;
using store::RequestState;
using View = RequestDesk::View;

constexpr std::uint32_t kRowsOfPage = 25;

// The text fields of the form are those of POST /csr/process, and are read by the same reader.
Result<CsrForm> form_of(const pages::Upload& upload) {
  std::vector<web::Form::Field> fields = {{"csr_data", upload.csr},
                                          {"common_name", upload.common_name},
                                          {"validity_days", upload.validity_days},
                                          {"ca_id", upload.ca},
                                          {"tenant_id", upload.tenant},
                                          {"purpose_category", upload.purpose}};
  for (const auto& extension : upload.extensions) fields.push_back({"requested_extensions", extension});
  return read_csr_fields(fields, SecretBytes::copy_of(upload.approval_password.reveal()), Needs::csr);
}

std::string changes_text(const registration::RequestChanges& changes) {
  std::vector<std::string> parts;
  if (changes.validity) parts.push_back("validity " + profile::write_duration(*changes.validity));
  for (const auto& name : changes.names_removed) parts.push_back("without " + name);
  return fmt::format("{}", fmt::join(parts, ", "));
}

// The reason tells of officers' accounts and roles: it is for whoever may decide or audit, not for requesters.
bool may_see_reasons(const access::Principal& who, const store::RequestRecord& request) {
  const auto object = RequestDesk::object_of(request);
  return access::authorise(who, Action::request_decide, object) || access::authorise(who, Action::audit_read, object);
}

std::string approval_text(store::ApprovalKind kind, std::string_view why_not, bool with_reason) {
  std::string text = "Approved";
  if (kind == store::ApprovalKind::password) text += " by the CA's approval password";
  if (kind == store::ApprovalKind::standing_rule) text += " by a rule of the CA's policy";
  if (why_not.empty()) return text;
  return with_reason ? fmt::format("{}; counts no more: {}", text, why_not) : fmt::format("{}; counts no more", text);
}

std::string last_step(RequestState state) {
  switch (state) {
    case RequestState::denied: return "Denied";
    case RequestState::withdrawn: return "Withdrawn";
    case RequestState::expired: return "Expired";
    case RequestState::issued: return "Issued";
    case RequestState::failed: return "Could not be issued";
    default: return {};
  }
}

// Names that an officer may take away: all but the common name, which would come back as one.
std::vector<std::string> removable(const registration::Examination& seen) {
  std::vector<std::string> names = seen.names;
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::any_of(seen.certificate_request.subject, [&](const profile::SubjectAttribute& attribute) {
      return attribute.attribute == "common_name" && name.ends_with(":" + attribute.value);
    });
  });
  return names;
}

}  // namespace

Result<store::RequestRecord> PortalPages::load(web::Context& context, Action action, std::string_view id) const {
  CERTWRIGHT_TRY(auto found, d_.requests.find(id));
  if (!found) return context.unknown(action, id);
  CERTWRIGHT_CHECK(context.authorise(action, RequestDesk::object_of(*found), id));
  return *std::move(found);
}

Result<std::string> PortalPages::name_of_principal(std::string_view id) const {
  if (id.empty()) return std::string();
  CERTWRIGHT_TRY(auto found, d_.store.find_principal(id));
  return found && !found->name.empty() ? std::move(found->name) : std::string(id);
}

Result<pages::RequestRow> PortalPages::row_of(const store::RequestRecord& request) const {
  CERTWRIGHT_TRY(auto requester, name_of_principal(request.principal));
  return pages::RequestRow{.id = request.id,
                           .state = std::string(registration::name_of(request.state)),
                           .subject = request.subject,
                           .ca = request.ca,
                           .profile = request.profile,
                           .requester = std::move(requester),
                           .received_at = request.received_at,
                           .requester_id = request.principal};
}

Result<pages::RequestRows> PortalPages::rows_of(const store::RequestList& list, std::string_view but_not_of) const {
  pages::RequestRows rows{.rows = {}, .next = list.next};
  for (const auto& request : list.requests) {
    if (request.principal == but_not_of) continue;
    CERTWRIGHT_TRY(auto row, row_of(request));
    rows.rows.push_back(std::move(row));
  }
  return rows;
}

Result<void> PortalPages::add_steps(const store::RequestRecord& request, const access::Principal& who, std::string_view purpose,
                                    pages::RequestView& view) const {
  std::optional<registration::Examination> examined;
  if (store::is_open(request.state)) {
    if (auto seen = d_.requests.examine(request, View::as_changed)) examined = *std::move(seen);
  }
  // The policy of now decides how many. Where it wants nobody any more, one who decides is enough.
  if (examined) view.approvals_needed = std::max(examined->requirement.officers, 1U);
  CERTWRIGHT_TRY(const auto approvals, d_.requests.approvals(request, examined ? &*examined : nullptr));
  view.steps.push_back({request.received_at, view.row.requester, "Received", std::string(purpose), request.principal});
  for (const auto& [approval, why_not] : approvals) {
    if (why_not.empty() && approval.kind == store::ApprovalKind::officer) ++view.approvals_given;
    CERTWRIGHT_TRY(auto officer, name_of_principal(approval.principal));
    view.steps.push_back({approval.approved_at, std::move(officer),
                          approval_text(approval.kind, why_not, may_see_reasons(who, request)), approval.comment,
                          approval.principal});
  }
  auto last = last_step(request.state);
  if (last.empty()) return {};
  // The approvals say who decided what was approved.
  const bool by_somebody = request.state == RequestState::denied || request.state == RequestState::withdrawn;
  const std::string decider = by_somebody ? request.decided_by : std::string();
  CERTWRIGHT_TRY(auto decided_by, name_of_principal(decider));
  view.steps.push_back({request.changed_at, std::move(decided_by), std::move(last), request.reason, decider});
  return {};
}

Result<void> PortalPages::add_certificate(const store::RequestRecord& request, pages::RequestView& view) const {
  CERTWRIGHT_TRY(const auto outcome, d_.csr.look(request));
  view.left_out = fmt::format("{}", fmt::join(outcome.ignored_extensions, ", "));
  if (!outcome.certificate) return {};
  view.serial = outcome.certificate->serial.decimal();
  if (!outcome.certificate->der.empty())
    view.certificate_pem = x509::to_pem(x509::kPemCertificate, outcome.certificate->der) +
                           (outcome.ca != nullptr ? outcome.ca->chain_pem() : std::string());
  return {};
}

Result<pages::RequestView> PortalPages::view_of(const store::RequestRecord& request, const access::Principal& who) const {
  CERTWRIGHT_TRY(const auto content, registration::read_request_content(request.content));
  CERTWRIGHT_TRY(const auto changes, registration::read_request_changes(request.changes));
  pages::RequestView view;
  CERTWRIGHT_TRY(view.row, row_of(request));
  view.tenant = request.tenant;
  view.remote = request.remote;
  view.reason = request.reason;
  CERTWRIGHT_TRY(view.without_csr, registration::text_without_csr(d_.store, request, content));
  view.selection = content.selection;
  view.rule = content.rule;
  view.changes = changes_text(changes);
  view.approvals_needed = request.approvals_needed;
  view.may_withdraw = request.state == RequestState::pending && request.principal == who.id;
  view.may_decide = request.state == RequestState::pending && request.principal != who.id &&
                    access::authorise(who, Action::request_decide, RequestDesk::object_of(request)).has_value();
  if (request.state == RequestState::pending) view.expires_at = request.expires_at;
  CERTWRIGHT_CHECK(add_steps(request, who, content.purpose, view));
  CERTWRIGHT_CHECK(add_certificate(request, view));
  return view;
}

// ---- The requester

Result<std::vector<pages::CaChoice>> PortalPages::issuing_cas(web::Context& context) {
  std::vector<pages::CaChoice> choices;
  for (const auto& ca : d_.csr.issuing_cas(context.principal())) choices.push_back({ca->id(), ca->record().name});
  return choices;
}

Result<std::vector<std::string>> PortalPages::tenants(web::Context& context) {
  return d_.csr.tenants(context.principal());
}

Result<std::string> PortalPages::upload(web::Context& context, pages::Upload upload) {
  CERTWRIGHT_TRY(const auto outcome, d_.csr.process(form_of(upload), context.principal(), context.actor()));
  return outcome.request.id;
}

Result<pages::RequestRows> PortalPages::own_requests(web::Context& context, std::string_view after) {
  store::RequestFilter filter;
  for (const auto& grant : context.readable_scope().grants)
    filter.scope.push_back({.tenant = grant.tenant, .ca = grant.ca, .principal = grant.owner});
  filter.principal = context.principal().id;
  CERTWRIGHT_TRY(const auto list, d_.requests.list(filter, {.limit = kRowsOfPage, .after = std::string(after)}));
  return rows_of(list, "");
}

Result<pages::RequestView> PortalPages::find(web::Context& context, std::string_view id) {
  CERTWRIGHT_TRY(const auto request, load(context, Action::request_read, id));
  return view_of(request, context.principal());
}

Result<void> PortalPages::withdraw(web::Context& context, std::string_view id, std::string_view reason) {
  CERTWRIGHT_TRY(const auto request, load(context, Action::request_read, id));
  CERTWRIGHT_CHECK(d_.requests.withdraw(request.id, context.principal(), context.actor(), std::string(reason)));
  return {};
}

// ---- The officer

Result<pages::RequestRows> PortalPages::queue(web::Context& context, std::string_view after) {
  const auto& who = context.principal();
  store::RequestFilter filter;
  for (const auto& binding : who.bindings)
    if (access::authorise(who, Action::request_decide, {binding.tenant, binding.ca, ""}))
      filter.scope.push_back({.tenant = binding.tenant, .ca = binding.ca, .principal = ""});
  filter.states = {RequestState::pending};
  CERTWRIGHT_TRY(const auto list, d_.requests.list(filter, {.limit = kRowsOfPage, .after = std::string(after), .newest_first = false}));
  return rows_of(list, who.id);
}

Result<pages::Review> PortalPages::review(web::Context& context, std::string_view id) {
  CERTWRIGHT_TRY(const auto request, load(context, Action::request_decide, id));
  pages::Review review;
  CERTWRIGHT_TRY(review.request, view_of(request, context.principal()));
  review.binding = to_hex(request.binding);
  if (request.state != RequestState::pending) {
    review.why_not = fmt::format("The request is {}: there is nothing to decide.", review.request.row.state);
    return review;
  }
  const auto seen = d_.requests.examine(request, View::as_changed);
  const auto may = seen ? d_.requests.check_may_approve(*seen, context.principal(), request)
                        : registration::check_officer({}, context.principal(), request);
  if (!may && may.error().code != Errc::not_permitted) return tl::unexpected(may.error());
  review.may_decide = may.has_value();
  if (!may) review.why_not = may.error().detail;
  if (!seen) {
    // A CA that cannot issue now is a reason to deny too, so it is shown with the forms.
    if (seen.error().code == Errc::internal) return tl::unexpected(seen.error());
    review.lint.push_back({.is_error = true, .text = seen.error().detail});
    return review;
  }
  CERTWRIGHT_CHECK(add_comparison(request, *seen, review));
  return review;
}

Result<void> PortalPages::add_comparison(const store::RequestRecord& request, const registration::Examination& seen,
                                         pages::Review& review) const {
  const Time now = d_.clock.now();
  CERTWRIGHT_TRY(review.comparison, compare(request, seen, now));
  review.validity_days = days_left(seen, now);
  review.names = removable(seen);
  return {};
}

Result<RequestDesk::Decision> PortalPages::desk_decision(web::Context& context, const pages::Decision& decision) const {
  CERTWRIGHT_TRY(const auto request, load(context, Action::request_decide, decision.id));
  RequestDesk::Decision made{.id = request.id, .officer = context.principal(), .actor = context.actor(), .comment = decision.comment};
  const auto binding = from_hex(decision.binding);
  if (!binding || binding->size() != made.binding.size())
    return fail_field(Errc::invalid, "binding", "Load the page of the request again, and decide about what it shows.");
  std::ranges::copy(*binding, made.binding.begin());
  made.changes.names_removed = decision.names_removed;
  if (decision.validity_days) {
    // What it would have anyway is no change.
    const auto seen = d_.requests.examine(request, View::as_changed);
    if (!seen || days_left(*seen, d_.clock.now()) != *decision.validity_days)
      made.changes.validity = Seconds(*decision.validity_days * kDay_s);
  }
  return made;
}

Result<pages::Review> PortalPages::preview(web::Context& context, const pages::Decision& decision) {
  CERTWRIGHT_TRY(const auto made, desk_decision(context, decision));
  CERTWRIGHT_TRY(const auto request, d_.requests.preview(made));
  CERTWRIGHT_TRY(const auto seen, d_.requests.examine(request, View::as_changed));
  pages::Review review{.request = {}, .binding = to_hex(request.binding), .comparison = {}, .lint = {}, .names = {}, .may_decide = true, .why_not = {}};
  CERTWRIGHT_TRY(review.request, view_of(request, context.principal()));
  CERTWRIGHT_CHECK(add_comparison(request, seen, review));
  return review;
}

Result<void> PortalPages::approve(web::Context& context, const pages::Decision& decision) {
  CERTWRIGHT_TRY(const auto made, desk_decision(context, decision));
  CERTWRIGHT_TRY(const auto decided, d_.requests.approve(made));
  // Whether it can be issued at once is the request's business, not the approval's: its state says it.
  if (decided.state == RequestState::approved) (void)d_.issuance.resume(decided.id, context.actor());
  return {};
}

Result<void> PortalPages::deny(web::Context& context, std::string_view id, std::string_view reason) {
  CERTWRIGHT_TRY(const auto request, load(context, Action::request_decide, id));
  CERTWRIGHT_CHECK(d_.requests.deny(request.id, context.principal(), context.actor(), std::string(reason)));
  return {};
}

}  // namespace certwright::gateway::portal
