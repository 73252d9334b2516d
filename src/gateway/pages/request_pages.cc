// The requester: upload a CSR, look what became of it.
#include <algorithm>

#include "gateway/pages/page.h"
#include "gateway/pages/request_parts.h"
#include "gateway/pages/routes.h"
#include "gateway/web/problem.h"

namespace certwright::gateway::pages {
namespace {

using web::Context;
using web::Guard;
constexpr std::size_t kMaxUploadOctets = 256 * 1024;  // a CSR with thousands of names has less

struct Extension {
  std::string_view name, label;
};
constexpr Extension kExtensions[] = {{"server_auth", "Server authentication (TLS servers)"},
                                     {"client_auth", "Client authentication (TLS clients)"},
                                     {"email_protection", "E-mail protection (S/MIME)"},
                                     {"code_signing", "Code signing"}};

// What to fill in again after a complaint; never the password.
struct Filled {
  std::string csr, common_name, validity_days, ca, tenant, purpose;
  std::vector<std::string> extensions;
};

void csr_fields(Html& html, const Filled& filled) {
  input(html, {.name = "csr_file", .label = "CSR file", .type = "file", .hint = "PEM or DER, as openssl req writes it."});
  html.begin("div", {{"class", "field"}}).element("label", {{"for", "csr_data"}}, "or its text");
  html.element("textarea", {{"id", "csr_data"}, {"name", "csr_data"}, {"spellcheck", "false"}, {"rows", "12"},
                            {"placeholder", "-----BEGIN CERTIFICATE REQUEST-----"}}, filled.csr).end();
  input(html, {.name = "common_name", .label = "Common name", .value = filled.common_name,
               .hint = "The same as in the CSR.", .required = true});
  input(html, {.name = "validity_days", .label = "Validity in days", .type = "number", .value = filled.validity_days,
               .hint = "Leave it empty for the profile's."});
}

void ca_field(Html& html, const Filled& filled, const std::vector<CaChoice>& cas) {
  html.begin("div", {{"class", "field"}}).element("label", {{"for", "ca_id"}}, "Certificate authority");
  html.begin("select", {{"id", "ca_id"}, {"name", "ca_id"}}).element("option", {{"value", ""}}, "The one that suits best");
  for (const auto& ca : cas) {
    Attributes attributes{{"value", ca.id}};
    if (ca.id == filled.ca) attributes.push_back({"selected"});
    html.element("option", attributes, ca.name.empty() ? ca.id : ca.name + " (" + ca.id + ")");
  }
  html.end().end();
}

// Whoever requests for one tenant only, their own, need not think about it.
void tenant_field(Html& html, const Context& context, const Filled& filled, const std::vector<std::string>& tenants) {
  if (tenants.empty() || (tenants.size() == 1 && tenants.front() == context.principal().tenant)) return;
  html.begin("div", {{"class", "field"}}).element("label", {{"for", "tenant_id"}}, "For the tenant");
  html.begin("select", {{"id", "tenant_id"}, {"name", "tenant_id"}});
  for (const auto& tenant : tenants) {
    Attributes attributes{{"value", tenant}};
    if (tenant == filled.tenant) attributes.push_back({"selected"});
    html.element("option", attributes, tenant);
  }
  html.end().end();
}

void extension_fields(Html& html, const Filled& filled) {
  html.begin("fieldset", {{"class", "field choice"}}).element("legend", "What it is for");
  for (const auto& extension : kExtensions) {
    Attributes attributes{{"type", "checkbox"}, {"name", "extensions"}, {"value", extension.name}};
    if (std::ranges::find(filled.extensions, extension.name) != filled.extensions.end()) attributes.push_back({"checked"});
    html.begin("label").begin("input", attributes).element("span", extension.label).end();
  }
  html.end();
}

Result<http::Response> upload_page(Context& context, PortalPort& portal, const Filled& filled, const Error* error) {
  CERTWRIGHT_TRY(const auto cas, portal.issuing_cas(context));
  CERTWRIGHT_TRY(const auto tenants, portal.tenants(context));
  const Url self = Url::of({"csr", "upload"});
  return page({.title = "Request a certificate",
               .status = error == nullptr ? 200 : web::status_of(error->code),
               .context = &context,
               .current = self.text()},
              [&](Html& html) {
                if (error != nullptr) note(html, Tone::error, error->detail);
                if (cas.empty()) {
                  note(html, Tone::warning, "There is no CA that you may request a certificate from; ask an administrator for the role requester.");
                  return;
                }
                html.begin("form", {{"method", "post"}, {UrlAttribute::action, self}, {"enctype", "multipart/form-data"}, {"class", "card"}});
                hidden_csrf(html, context);
                csr_fields(html, filled);
                tenant_field(html, context, filled, tenants);
                ca_field(html, filled, cas);
                extension_fields(html, filled);
                input(html, {.name = "purpose_category", .label = "Purpose", .value = filled.purpose,
                             .hint = "A word that helps to choose the CA, such as web or vpn. May be empty."});
                input(html, {.name = "approval_password", .label = "Approval password", .type = "password",
                             .hint = "If you were given one for this CA. Without it, an officer may have to approve."});
                html.element("button", "Send").end();
              });
}

Result<http::Response> show_upload(Context& context, PortalPort& portal) { return upload_page(context, portal, {}, nullptr); }

Result<Upload> read_upload(const web::Form& form, Filled& filled) {
  Upload upload;
  CERTWRIGHT_TRY(const auto file, field(form, "csr_file"));
  CERTWRIGHT_TRY(filled.csr, field(form, "csr_data"));
  CERTWRIGHT_TRY(filled.common_name, field(form, "common_name"));
  CERTWRIGHT_TRY(filled.validity_days, field(form, "validity_days"));
  CERTWRIGHT_TRY(filled.ca, field(form, "ca_id"));
  CERTWRIGHT_TRY(filled.tenant, field(form, "tenant_id"));
  CERTWRIGHT_TRY(filled.purpose, field(form, "purpose_category"));
  filled.extensions = form.values("extensions");
  CERTWRIGHT_TRY(auto password, field(form, "approval_password"));
  upload.approval_password = SecretBytes::copy_of(as_bytes(password));
  wipe(password);
  if (file.empty() == filled.csr.empty())
    return fail_field(Errc::invalid, "csr_data", file.empty() ? "Choose a CSR file, or paste its text." : "Send the file or the text, not both.");
  upload.csr = file.empty() ? filled.csr : file;
  upload.common_name = filled.common_name;
  upload.validity_days = filled.validity_days;
  upload.ca = filled.ca;
  upload.tenant = filled.tenant;
  upload.purpose = filled.purpose;
  upload.extensions = filled.extensions;
  return upload;
}

// A complaint about what was filled in is shown above the form, which keeps it.
bool is_for_the_form(const Error& error) {
  return error.code != Errc::internal && error.code != Errc::unavailable && error.code != Errc::unauthenticated;
}

Result<http::Response> upload(Context& context, PortalPort& portal) {
  CERTWRIGHT_TRY(const auto form, context.form());
  Filled filled;
  auto read = read_upload(form, filled);
  if (!read) return upload_page(context, portal, filled, &read.error());
  const auto id = portal.upload(context, *std::move(read));
  if (id) return see_other(Url::of({"requests", *id}).with("new", "1"));
  if (!is_for_the_form(id.error())) return tl::unexpected<Error>(id.error());
  return upload_page(context, portal, filled, &id.error());
}

Result<http::Response> list_requests(Context& context, PortalPort& portal) {
  CERTWRIGHT_TRY(const auto after, context.query("after"));
  CERTWRIGHT_TRY(const auto rows, portal.own_requests(context, after.value_or("")));
  return page({.title = "My requests", .context = &context, .current = "/requests"}, [&](Html& html) {
    request_table(html, rows, "requests", false);
    html.begin("p").link(Url::of({"csr", "upload"}), "Request a certificate").end();
  });
}

void announce(Html& html, const RequestView& request) {
  const std::string_view state = request.row.state;
  if (state == "issued") note(html, Tone::good, "The certificate is issued.");
  else if (state == "pending") note(html, Tone::plain, "The request waits for approval. This page shows when it is decided.");
  else if (state == "denied" || state == "failed") note(html, Tone::error, "There is no certificate: " + request.reason);
  else if (state == "approved") note(html, Tone::plain, "The request is approved; its certificate is being issued.");
}

Result<http::Response> show_request(Context& context, PortalPort& portal) {
  const std::string id(context.param("request"));
  CERTWRIGHT_TRY(const auto request, portal.find(context, id));
  return page({.title = "Request", .context = &context}, [&](Html& html) {
    announce(html, request);
    if (request.may_decide) html.begin("p").link(Url::of({"approvals", id}), "Decide about this request").end();
    request_facts(html, request);
    if (!request.certificate_pem.empty()) {
      html.element("h2", "Certificate, with its chain");
      html.begin("p").link(Url::of({"requests", id, "certificate.pem"}), "Download as PEM").end();
      html.element("pre", {{"tabindex", "0"}, {"aria-label", "The certificate as PEM"}}, request.certificate_pem);
    }
    request_steps(html, request);
    if (!request.may_withdraw) return;
    html.element("h2", "Withdraw the request");
    html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"requests", id, "withdraw"})}, {"class", "card narrow"}});
    hidden_csrf(html, context);
    input(html, {.name = "reason", .label = "Reason"});
    html.element("button", {{"class", "danger"}}, "Withdraw").end();
  });
}

Result<http::Response> show_certificate(Context& context, PortalPort& portal) {
  CERTWRIGHT_TRY(const auto request, portal.find(context, context.param("request")));
  if (request.certificate_pem.empty()) return tl::unexpected<Error>(access::not_found_error());
  auto response = http::respond(200, "application/x-pem-file", request.certificate_pem);
  response.headers.set("Content-Disposition", "attachment; filename=\"certificate.pem\"");
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  return response;
}

Result<http::Response> withdraw(Context& context, PortalPort& portal) {
  const std::string id(context.param("request"));
  CERTWRIGHT_TRY(const auto form, context.form());
  CERTWRIGHT_TRY(const auto reason, field(form, "reason"));
  CERTWRIGHT_CHECK(portal.withdraw(context, id, reason));
  return see_other(Url::of({"requests", id}));
}

}  // namespace

std::vector<web::Route> request_routes(PortalPort& portal) {
  const auto with = handlers_with(portal);
  std::vector<web::Route> routes = {
      route("GET", "/csr/upload", Guard::principal(), "pageUpload", with(show_upload)),
      route("POST", "/csr/upload", Guard::principal(), "uploadCsr", with(upload)),
      route("GET", "/requests", Guard::principal(), "pageRequests", with(list_requests)),
      route("GET", "/requests/{request}", Guard::principal(), "pageRequest", with(show_request)),
      route("GET", "/requests/{request}/certificate.pem", Guard::principal(), "pageRequestCertificate", with(show_certificate)),
      route("POST", "/requests/{request}/withdraw", Guard::principal(), "pageWithdraw", with(withdraw)),
  };
  routes[1].body_limit_octets = kMaxUploadOctets;
  return routes;
}

}  // namespace certwright::gateway::pages
