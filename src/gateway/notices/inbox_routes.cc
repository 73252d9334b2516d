#include <charconv>

#include "gateway/notices/routes.h"
#include "notification/delivery.h"

namespace certwright::gateway::notices {
namespace {

using web::Context;
using web::Guard;

constexpr std::uint32_t kDefaultLimit = 50;
constexpr std::uint64_t kLargestId = 0x7FFF'FFFF'FFFF'FFFF;

Result<http::Response> list_notifications(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto before, context.query_number("cursor", kLargestId));
  CERTWRIGHT_TRY(const auto asked, context.query_number("limit", notification::Inbox::kMaxLimit));
  const auto limit = static_cast<std::uint32_t>(asked.value_or(kDefaultLimit));
  CERTWRIGHT_TRY(const auto items, d.inbox.list(context.principal().id, before.value_or(0), limit));
  json::Writer w;
  w.begin_object().key("notifications").begin_array();
  for (const auto& item : items) {
    w.begin_object().member("id", std::to_string(item.record.id)).member("event", item.record.event);
    w.member("tenant", item.record.tenant).member("subject", item.record.subject);
    w.member("created_at", to_rfc3339(item.record.created_at));
    w.member("acknowledged", item.record.state == store::NotificationState::acknowledged);
    w.member("title", item.title).member("text", item.text).key("facts").begin_object();
    for (const auto& [name, value] : item.facts) w.member(name, value);
    w.end_object().end_object();
  }
  w.end_array().key("next_cursor");
  if (items.size() == limit) w.value(std::to_string(items.back().record.id)); else w.null();
  w.end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> acknowledge_notification(Context& context, const Dependencies& d) {
  const std::string_view text = context.param("notification");
  store::NotificationId id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id > kLargestId)
    return tl::unexpected(access::not_found_error());
  CERTWRIGHT_CHECK(d.inbox.acknowledge(id, context.actor()));
  return no_content();
}

}  // namespace

std::vector<web::Route> inbox_routes(const Dependencies& d) {
  return {
      route(d, "GET", "/api/v1/notifications", Guard::principal(), "listNotifications", list_notifications),
      route(d, "POST", "/api/v1/notifications/{notification}/acknowledge", Guard::principal(),
            "acknowledgeNotification", acknowledge_notification),
  };
}

}  // namespace certwright::gateway::notices
