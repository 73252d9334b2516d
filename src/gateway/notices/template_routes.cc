#include "gateway/notices/routes.h"
#include "json/object_reader.h"

namespace certwright::gateway::notices {
namespace {

using access::Action;
using notification::EventKind;
using notification::Template;
using web::Context;
using web::Guard;

Result<EventKind> event_of(const Context& context) {
  const auto kind = notification::event_named(context.param("event"));
  if (!kind) return fail_field(Errc::not_found, "event", "there is no such event");
  return *kind;
}

void write_template(json::Writer& w, const notification::TenantTemplate& what) {
  const auto& info = notification::info_of(what.kind);
  w.begin_object().member("event", info.name).member("description", info.what).member("facts", info.facts);
  w.member("own", what.own).member("subject", what.wording.subject).member("text", what.wording.text);
  w.member("html", what.wording.html).member("updated_by", what.updated_by).key("updated_at");
  if (what.updated_at) w.value(to_rfc3339(*what.updated_at)); else w.null();
  w.end_object();
}

Result<Template> read_template(Context& context) {
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  Template wording;
  CERTWRIGHT_TRY(wording.subject, reader.string("subject", {.max_length = notification::kMaxSubjectOctets}));
  CERTWRIGHT_TRY(wording.text, reader.string("text", {.max_length = notification::kMaxTemplateOctets}));
  CERTWRIGHT_TRY(wording.html, reader.string("html", {.max_length = notification::kMaxTemplateOctets}));
  CERTWRIGHT_CHECK(reader.finish());
  return wording;
}

Result<std::string> authorised_tenant(Context& context, Action action) {
  CERTWRIGHT_TRY(auto tenant, tenant_asked_for(context));
  CERTWRIGHT_CHECK(context.authorise(action, {tenant, "", ""}, "notification templates"));
  return tenant;
}

Result<http::Response> list_templates(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto tenant, authorised_tenant(context, Action::access_read));
  CERTWRIGHT_TRY(const auto templates, d.templates.list(tenant));
  json::Writer w;
  w.begin_object().key("templates").begin_array();
  for (const auto& what : templates) write_template(w, what);
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> show_template(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto tenant, authorised_tenant(context, Action::access_read));
  CERTWRIGHT_TRY(const auto kind, event_of(context));
  CERTWRIGHT_TRY(const auto found, d.templates.find(tenant, kind));
  json::Writer w;
  write_template(w, found);
  return json_response(200, std::move(w));
}

Result<http::Response> put_template(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto tenant, authorised_tenant(context, Action::access_manage));
  CERTWRIGHT_TRY(const auto kind, event_of(context));
  CERTWRIGHT_TRY(const auto wording, read_template(context));
  CERTWRIGHT_CHECK(d.templates.put(tenant, kind, wording, context.actor()));
  return no_content();
}

Result<http::Response> delete_template(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto tenant, authorised_tenant(context, Action::access_manage));
  CERTWRIGHT_TRY(const auto kind, event_of(context));
  CERTWRIGHT_CHECK(d.templates.remove(tenant, kind, context.actor()));
  return no_content();
}

Result<http::Response> preview_template(Context& context, const Dependencies&) {
  CERTWRIGHT_CHECK(authorised_tenant(context, Action::access_manage));
  CERTWRIGHT_TRY(const auto kind, event_of(context));
  CERTWRIGHT_TRY(const auto wording, read_template(context));
  CERTWRIGHT_TRY(const auto made, notification::Templates::preview(kind, wording));
  json::Writer w;
  w.begin_object().member("subject", made.subject).member("text", made.text).member("html", made.html).end_object();
  return json_response(200, std::move(w));
}

}  // namespace

std::vector<web::Route> template_routes(const Dependencies& d) {
  const auto read = Guard::needs(Action::access_read);
  const auto manage = Guard::needs(Action::access_manage);
  const auto* const one = "/api/v1/notification-templates/{event}";
  return {
      route(d, "GET", "/api/v1/notification-templates", read, "listNotificationTemplates", list_templates),
      route(d, "GET", one, read, "showNotificationTemplate", show_template),
      route(d, "PUT", one, manage, "putNotificationTemplate", put_template),
      route(d, "DELETE", one, manage, "deleteNotificationTemplate", delete_template),
      route(d, "POST", "/api/v1/notification-templates/{event}/preview", manage, "previewNotificationTemplate",
            preview_template),
  };
}

}  // namespace certwright::gateway::notices
