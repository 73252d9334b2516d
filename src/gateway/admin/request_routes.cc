#include "gateway/admin/request_routes.h"

#include <algorithm>

#include "gateway/admin/request_body.h"
#include "gateway/admin/request_case.h"
#include "gateway/admin/routes.h"
#include "json/object_reader.h"
#include "profile/duration.h"

namespace certwright::gateway::admin {
namespace {

using access::Action;
using registration::RequestDesk;
using web::Context;
using web::Guard;

constexpr std::uint64_t kMaxPasswordBody = 2 * 1024;

// The request of the path, if the caller may do that to it.
Result<store::RequestRecord> find(Context& context, const RequestDependencies& d, Action action) {
  const std::string_view id = context.param("request");
  CERTWRIGHT_TRY(auto found, d.requests.find(id));
  if (!found) return context.unknown(action, id);
  CERTWRIGHT_CHECK(context.authorise(action, RequestDesk::object_of(*found), id));
  return *std::move(found);
}

Result<http::Response> show_as(int status, const Context& context, const RequestDependencies& d,
                               const store::RequestRecord& request) {
  const auto may = [&](Action action) {
    return access::authorise(context.principal(), action, RequestDesk::object_of(request)).has_value();
  };
  json::Writer w;
  CERTWRIGHT_CHECK(write_request(w, d, request, may(Action::request_decide) || may(Action::audit_read)));
  return json_response(status, std::move(w));
}

Result<store::RequestFilter> read_filter(Context& context) {
  store::RequestFilter filter;
  for (const auto& grant : context.readable_scope().grants)
    filter.scope.push_back({.tenant = grant.tenant, .ca = grant.ca, .principal = grant.owner});
  CERTWRIGHT_TRY(const auto state, context.query("state"));
  if (state) {
    const auto named = registration::request_state_named(*state);
    if (!named)
      return fail_field(Errc::bad_encoding, "state",
                        "state: expected pending, approved, denied, withdrawn, expired, issued or failed");
    filter.states = {*named};
  }
  CERTWRIGHT_TRY(const auto tenant, context.query("tenant"));
  CERTWRIGHT_TRY(const auto ca, context.query("ca"));
  CERTWRIGHT_TRY(const auto principal, context.query("principal"));
  filter.tenant = tenant.value_or("");
  filter.ca = ca.value_or("");
  filter.principal = principal.value_or("");
  return filter;
}

Result<http::Response> list_requests(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto filter, read_filter(context));
  CERTWRIGHT_TRY(const auto limit, context.query_number("limit", store::RequestPage::kMaxLimit));
  CERTWRIGHT_TRY(const auto cursor, context.query("cursor"));
  CERTWRIGHT_TRY(const auto list,
                 d.requests.list(filter, {.limit = static_cast<std::uint32_t>(limit.value_or(20)),
                                          .after = cursor.value_or("")}));
  json::Writer w;
  w.begin_object().key("requests").begin_array();
  for (const auto& request : list.requests) {
    w.begin_object();
    write_request_members(w, request);
    w.end_object();
  }
  w.end_array();
  if (list.next) w.member("next_cursor", *list.next);
  w.end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> show_request(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto request, find(context, d, Action::request_read));
  return show_as(200, context, d, request);
}

// What happened to one request, and for whoever may read the audit log the records, with what proves them.
Result<http::Response> show_case(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto request, find(context, d, Action::request_read));
  const bool may_audit = access::authorise(context.principal(), Action::audit_read, {}).has_value();
  json::Writer w;
  CERTWRIGHT_CHECK(write_case(w, d, request, may_audit));
  return json_response(200, std::move(w));
}

struct ApproveBody {
  std::array<std::uint8_t, 32> binding{};
  std::string comment{};
  registration::RequestChanges changes{};
};

Result<ApproveBody> read_approve(const json::Value& document) {
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  ApproveBody body;
  CERTWRIGHT_TRY(const auto hex, reader.string("binding", {.min_length = 64, .max_length = 64}));
  const auto binding = from_hex(hex);
  if (!binding)
    return fail_field(Errc::invalid, "binding", "binding: 64 hexadecimal digits, as the request shows them");
  std::ranges::copy(*binding, body.binding.begin());
  CERTWRIGHT_TRY(auto comment, reader.optional_string("comment", {.max_length = 1'000}));
  body.comment = std::move(comment).value_or("");
  CERTWRIGHT_TRY(const auto validity, reader.optional_string("validity", {.max_length = 32}));
  if (validity) {
    const auto parsed = profile::parse_duration(*validity);
    if (!parsed) return fail_field(Errc::invalid, "validity", "validity: " + parsed.error().detail);
    body.changes.validity = *parsed;
  }
  CERTWRIGHT_TRY(auto names, reader.optional_strings("remove_names", {.max_count = 1'000, .max_length = 1'024}));
  if (names) body.changes.names_removed = std::move(*names);
  CERTWRIGHT_CHECK(reader.finish());
  return body;
}

// What approving it with these changes would come to. The body is approve's.
Result<http::Response> preview_request(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto seen, find(context, d, Action::request_decide));
  CERTWRIGHT_TRY(const auto document, context.json_body());
  CERTWRIGHT_TRY(auto body, read_approve(document));
  CERTWRIGHT_TRY(const auto previewed, d.requests.preview({.id = seen.id,
                                                           .officer = context.principal(),
                                                           .actor = context.actor(),
                                                           .binding = body.binding,
                                                           .comment = std::move(body.comment),
                                                           .changes = std::move(body.changes)}));
  return show_as(200, context, d, previewed);
}

Result<http::Response> approve_request(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto seen, find(context, d, Action::request_decide));
  CERTWRIGHT_TRY(const auto document, context.json_body());
  CERTWRIGHT_TRY(auto body, read_approve(document));
  CERTWRIGHT_TRY(auto decided, d.requests.approve({.id = seen.id,
                                                   .officer = context.principal(),
                                                   .actor = context.actor(),
                                                   .binding = body.binding,
                                                   .comment = std::move(body.comment),
                                                   .changes = std::move(body.changes)}));
  if (decided.state == store::RequestState::approved) {
    // Whether it can be issued at once is the request's business, not the approval's: its state says it.
    (void)d.issuance.resume(decided.id, context.actor());
    CERTWRIGHT_TRY(auto now, d.requests.find(decided.id));
    if (now) decided = *std::move(now);
  }
  return show_as(200, context, d, decided);
}

Result<std::string> read_reason(Context& context, std::size_t least) {
  if (context.request.body.empty() && least == 0) return std::string();
  CERTWRIGHT_TRY(const auto document, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
  CERTWRIGHT_TRY(auto reason, reader.optional_string("reason", {.max_length = 1'000}));
  CERTWRIGHT_CHECK(reader.finish());
  return std::move(reason).value_or("");
}

Result<http::Response> deny_request(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto seen, find(context, d, Action::request_decide));
  CERTWRIGHT_TRY(auto reason, read_reason(context, 1));
  CERTWRIGHT_TRY(const auto denied,
                 d.requests.deny(seen.id, context.principal(), context.actor(), std::move(reason)));
  return show_as(200, context, d, denied);
}

Result<http::Response> withdraw_request(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto seen, find(context, d, Action::request_read));
  CERTWRIGHT_TRY(auto reason, read_reason(context, 0));
  CERTWRIGHT_TRY(const auto withdrawn,
                 d.requests.withdraw(seen.id, context.principal(), context.actor(), std::move(reason)));
  return show_as(200, context, d, withdrawn);
}

// ---- What decides

Result<ca::CaPtr> managed_ca(Context& context, const RequestDependencies& d) {
  const std::string_view id = context.param("ca");
  const auto ca = d.cas.find(id);
  if (ca == nullptr) return context.unknown(Action::ca_manage, id);
  CERTWRIGHT_CHECK(context.authorise(Action::ca_manage, {"", ca->id(), ""}, ca->id()));
  return ca;
}

Result<http::Response> set_password(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto ca, managed_ca(context, d));
  // From the document, which wipes itself, without a text in between.
  const auto password = [&]() -> Result<SecretBytes> {
    CERTWRIGHT_TRY(const auto document, context.json_body());
    CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(document));
    const json::Value* value = reader.optional_value("password");
    const std::string* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr) return fail_field(Errc::invalid, "password", "password: expected a string");
    auto secret = SecretBytes::copy_of(as_bytes(*text));
    CERTWRIGHT_CHECK(reader.finish());
    return secret;
  }();
  wipe(context.request.body);
  if (!password) return tl::unexpected(password.error());
  CERTWRIGHT_CHECK(d.passwords.set(ca->id(), *password, context.actor()));
  return no_content();
}

Result<http::Response> clear_password(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto ca, managed_ca(context, d));
  CERTWRIGHT_CHECK(d.passwords.clear(ca->id(), context.actor()));
  return no_content();
}

Result<std::string> tenant_of(Context& context, const RequestDependencies& d, Action action) {
  const std::string id(context.param("tenant"));
  CERTWRIGHT_CHECK(context.authorise(action, {id, "", ""}, id));
  CERTWRIGHT_TRY(const auto tenant, d.store.find_tenant(id));
  if (!tenant) return context.unknown(action, id);
  return id;
}

Result<http::Response> show_policy(const registration::SelectionPolicy& policy) {
  json::Writer w;
  w.raw(registration::write_selection_policy(policy));
  return json_response(200, std::move(w));
}

Result<http::Response> show_selection(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto tenant, tenant_of(context, d, Action::access_read));
  CERTWRIGHT_TRY(const auto policy, d.selection.find(tenant));
  return show_policy(policy);
}

Result<http::Response> change_selection(Context& context, const RequestDependencies& d) {
  CERTWRIGHT_TRY(const auto tenant, tenant_of(context, d, Action::access_manage));
  CERTWRIGHT_TRY(const auto policy, registration::parse_selection_policy(context.request.body_text()));
  CERTWRIGHT_CHECK(d.selection.put(tenant, policy, d.cas, context.actor()));
  return show_policy(policy);
}

}  // namespace

std::vector<web::Route> request_routes(const RequestDependencies& d) {
  const auto with = [d](Result<http::Response> (*function)(Context&, const RequestDependencies&)) {
    return [d, function](Context& context) { return function(context, d); };
  };
  const auto read = Guard::needs(Action::request_read);
  const auto decide = Guard::needs(Action::request_decide);
  return {
      route("GET", "/api/v1/requests", read, "listRequests", with(list_requests)),
      route("GET", "/api/v1/requests/{request}", read, "showRequest", with(show_request)),
      route("GET", "/api/v1/requests/{request}/case", read, "showRequestCase", with(show_case)),
      route("POST", "/api/v1/requests/{request}/preview", decide, "previewRequest", with(preview_request)),
      route("POST", "/api/v1/requests/{request}/approve", decide, "approveRequest", with(approve_request)),
      route("POST", "/api/v1/requests/{request}/deny", decide, "denyRequest", with(deny_request)),
      route("POST", "/api/v1/requests/{request}/withdraw", read, "withdrawRequest", with(withdraw_request)),
      route("PUT", "/api/v1/cas/{ca}/approval-password", Guard::needs(Action::ca_manage), "setApprovalPassword",
            with(set_password), kMaxPasswordBody),
      route("DELETE", "/api/v1/cas/{ca}/approval-password", Guard::needs(Action::ca_manage), "clearApprovalPassword",
            with(clear_password)),
      route("GET", "/api/v1/tenants/{tenant}/selection", Guard::needs(Action::access_read), "showSelection",
            with(show_selection)),
      route("PUT", "/api/v1/tenants/{tenant}/selection", Guard::needs(Action::access_manage), "changeSelection",
            with(change_selection)),
  };
}

}  // namespace certwright::gateway::admin
