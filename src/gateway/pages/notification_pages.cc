// What somebody was told: newest first, and the way to hear no more about it.
#include <charconv>
#include <optional>

#include "gateway/pages/page.h"
#include "gateway/pages/routes.h"
#include "notification/inbox.h"

namespace certwright::gateway::pages {
namespace {

using web::Context;
using web::Guard;
constexpr std::uint32_t kRowsOfPage = 20;
constexpr std::uint64_t kLargestId = 0x7FFF'FFFF'FFFF'FFFF;

// Where something can be done about it; other things than requests have no page.
std::optional<Url> page_of(const store::NotificationRecord& record) {
  if (!record.event.starts_with("request_")) return std::nullopt;
  return Url::of({record.event == "request_pending" ? "approvals" : "requests", record.subject});
}

void show_item(Html& html, const Context& context, const notification::InboxItem& item) {
  html.begin("section", {{"class", "card"}}).element("h2", item.title);
  html.element("p", {{"class", "hint"}}, shown_time(item.record.created_at));
  if (!item.text.empty()) html.element("pre", item.text);
  if (const auto url = page_of(item.record)) html.begin("p").link(*url, "Open the request").end();
  if (item.record.state == store::NotificationState::acknowledged) {
    html.element("p", {{"class", "hint"}}, "Acknowledged.").end();
    return;
  }
  const std::string id = std::to_string(item.record.id);
  html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"notifications", id, "acknowledge"})}});
  hidden_csrf(html, context);
  html.element("button", {{"class", "plain"}, {"aria-label", "Acknowledge: " + item.title}}, "Acknowledge").end();
  html.end();
}

Result<http::Response> show_notifications(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto before, context.query_number("before", kLargestId));
  CERTWRIGHT_TRY(const auto items, d.inbox.list(context.principal().id, before.value_or(0), kRowsOfPage));
  const Url self = Url::of({"notifications"});
  return page({.title = "Notifications", .context = &context, .current = self.text(), .has_requests = d.portal != nullptr},
              [&](Html& html) {
                html.element("p", {{"class", "hint"}}, "Of what you acknowledge you are not reminded again; others who were told still are.");
                if (items.empty()) note(html, Tone::plain, "There are none.");
                for (const auto& item : items) show_item(html, context, item);
                if (items.size() < kRowsOfPage) return;
                html.begin("p").link(self.with("before", std::to_string(items.back().record.id)), "Older").end();
              });
}

Result<http::Response> acknowledge(Context& context, const Dependencies& d) {
  const std::string_view text = context.param("notification");
  store::NotificationId id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id > kLargestId)
    return tl::unexpected<Error>(access::not_found_error());
  CERTWRIGHT_CHECK(d.inbox.acknowledge(id, context.actor()));
  return see_other(Url::of({"notifications"}));
}

}  // namespace

std::vector<web::Route> notification_routes(const Dependencies& d) {
  const auto with = handlers_with(d);
  return {
      route("GET", "/notifications", Guard::principal(), "pageNotifications", with(show_notifications)),
      route("POST", "/notifications/{notification}/acknowledge", Guard::principal(), "pageAcknowledge", with(acknowledge)),
  };
}

}  // namespace certwright::gateway::pages
