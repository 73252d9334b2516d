#include "gateway/notices/routes.h"
#include "json/object_reader.h"

namespace certwright::gateway::notices {
namespace {

using access::Action;
using web::Context;
using web::Guard;

constexpr Seconds kDefaultOverlap{24 * 3600};

void write_members(json::Writer& w, const store::WebhookRecord& webhook) {
  w.member("id", webhook.id).member("tenant", webhook.tenant).member("url", webhook.url).key("events").begin_array();
  for (const auto& event : webhook.events) w.value(event);
  w.end_array().member("disabled", webhook.disabled).member("secret_generation", webhook.secret_generation);
  w.key("previous_secret_until");
  if (webhook.previous_until) w.value(to_rfc3339(*webhook.previous_until)); else w.null();
  w.member("created_by", webhook.created_by).member("created_at", to_rfc3339(webhook.created_at));
}

http::Response show(int status, const store::WebhookRecord& webhook) {
  json::Writer w;
  w.begin_object();
  write_members(w, webhook);
  w.end_object();
  return json_response(status, std::move(w));
}

http::Response show_secret(int status, const notification::WebhookWithSecret& made) {
  json::Writer w;
  w.begin_object();
  write_members(w, made.webhook);
  w.member("secret", as_text(made.secret.reveal())).end_object();
  http::Response response = json_response(status, std::move(w));
  response.headers.add("Cache-Control", "no-store");
  response.secret = true;
  return response;
}

// The webhook a route is about, if the caller may manage its tenant: else as if there were none.
Result<store::WebhookRecord> find_webhook(Context& context, const Dependencies& d) {
  const std::string_view id = context.param("webhook");
  auto webhook = d.webhooks.find(id);
  if (!webhook) {
    if (webhook.error().code == Errc::not_found) return context.unknown(Action::access_manage, id);
    return webhook;
  }
  CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {webhook->tenant, "", ""}, id));
  return webhook;
}

Result<http::Response> list_webhooks(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto tenant, tenant_asked_for(context));
  CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {tenant, "", ""}, "webhooks"));
  CERTWRIGHT_TRY(const auto webhooks, d.webhooks.list(tenant));
  json::Writer w;
  w.begin_object().key("webhooks").begin_array();
  for (const auto& webhook : webhooks) {
    w.begin_object();
    write_members(w, webhook);
    w.end_object();
  }
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> create_webhook(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  notification::WebhookToCreate wanted;
  CERTWRIGHT_TRY(const auto tenant, reader.optional_string("tenant", {.max_length = 63}));
  wanted.tenant = tenant.value_or(context.principal().tenant);
  CERTWRIGHT_CHECK(context.authorise(Action::access_manage, {wanted.tenant, "", ""}, "webhooks"));
  CERTWRIGHT_TRY(wanted.url, reader.string("url", {.max_length = notification::WebhookUrl::kMaxOctets}));
  CERTWRIGHT_TRY(auto events, reader.optional_strings("events", {.max_count = 32, .max_length = 64}));
  if (events) wanted.events = *std::move(events);
  CERTWRIGHT_CHECK(reader.finish());
  CERTWRIGHT_TRY(const auto made, d.webhooks.create(wanted, context.actor()));
  return show_secret(201, made);
}

Result<http::Response> show_webhook(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto webhook, find_webhook(context, d));
  return show(200, webhook);
}

Result<http::Response> change_webhook(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto webhook, find_webhook(context, d));
  CERTWRIGHT_TRY(const auto body, context.json_body());
  CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
  CERTWRIGHT_TRY(const bool disabled, reader.boolean("disabled"));
  CERTWRIGHT_CHECK(reader.finish());
  CERTWRIGHT_TRY(const auto changed, d.webhooks.set_disabled(webhook.id, disabled, context.actor()));
  return show(200, changed);
}

Result<http::Response> delete_webhook(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto webhook, find_webhook(context, d));
  CERTWRIGHT_CHECK(d.webhooks.remove(webhook.id, context.actor()));
  return no_content();
}

Result<http::Response> rotate_webhook(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto webhook, find_webhook(context, d));
  Seconds overlap = kDefaultOverlap;
  if (!context.request.body.empty()) {
    CERTWRIGHT_TRY(const auto body, context.json_body());
    CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
    CERTWRIGHT_TRY(const auto asked,
                   reader.optional_integer("overlap_s", 0, notification::Webhooks::kMaxOverlap.count()));
    CERTWRIGHT_CHECK(reader.finish());
    if (asked) overlap = Seconds(*asked);
  }
  CERTWRIGHT_TRY(const auto made, d.webhooks.rotate(webhook.id, overlap, context.actor()));
  return show_secret(200, made);
}

Result<http::Response> test_webhook(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto webhook, find_webhook(context, d));
  CERTWRIGHT_CHECK(d.webhooks.test(webhook.id, context.principal().name, context.actor()));
  json::Writer w;
  w.begin_object().member("message", "the test is on its way").end_object();
  return json_response(202, std::move(w));
}

}  // namespace

std::vector<web::Route> webhook_routes(const Dependencies& d) {
  const auto manage = Guard::needs(Action::access_manage);
  return {
      route(d, "GET", "/api/v1/webhooks", manage, "listWebhooks", list_webhooks),
      route(d, "POST", "/api/v1/webhooks", manage, "createWebhook", create_webhook),
      route(d, "GET", "/api/v1/webhooks/{webhook}", manage, "showWebhook", show_webhook),
      route(d, "PATCH", "/api/v1/webhooks/{webhook}", manage, "changeWebhook", change_webhook),
      route(d, "DELETE", "/api/v1/webhooks/{webhook}", manage, "deleteWebhook", delete_webhook),
      route(d, "POST", "/api/v1/webhooks/{webhook}/rotate", manage, "rotateWebhookSecret", rotate_webhook),
      route(d, "POST", "/api/v1/webhooks/{webhook}/test", manage, "testWebhook", test_webhook),
  };
}

}  // namespace certwright::gateway::notices
