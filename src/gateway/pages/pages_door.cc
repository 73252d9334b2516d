#include "gateway/pages/pages_door.h"

#include "bytes/secret_bytes.h"
#include "gateway/pages/page.h"
#include "gateway/pages/routes.h"

namespace certwright::gateway::pages {
namespace {

// The path holds the hash of what is there: another one is not found, this one may be kept forever.
Result<http::Response> show_asset(web::Context& context) {
  if (context.request.raw_path != style_url().text()) return tl::unexpected<Error>(access::not_found_error());
  auto response = http::respond(200, "text/css; charset=utf-8", std::string(style_sheet()));
  response.headers.set("Cache-Control", "public, max-age=31536000, immutable");
  return response;
}

// To what one's roles are for; without the pages of requests, and for who has no such role, to the account.
auto show_start(bool has_requests) {
  return [has_requests](web::Context& context) -> Result<http::Response> {
    const auto& who = context.principal();
    if (has_requests && may_somewhere(who, access::Action::certificate_issue_csr)) return see_other(Url::of({"requests"}));
    if (has_requests && may_somewhere(who, access::Action::request_decide)) return see_other(Url::of({"approvals"}));
    return see_other(Url::of({"account", "password"}));
  };
}

}  // namespace

web::Route route(std::string method, std::string pattern, web::Guard guard, std::string operation_id,
                 web::RouteHandler handler) {
  web::Route made;
  made.method = std::move(method);
  made.pattern = std::move(pattern);
  made.guard = guard;
  made.operation_id = std::move(operation_id);
  made.door = "pages";
  made.handler = std::move(handler);
  made.errors = web::ErrorForm::page;
  return made;
}

Typed::~Typed() { wipe(text_); }

Result<std::string> field(const web::Form& form, std::string_view name) {
  CERTWRIGHT_TRY(auto value, form.value(name));
  return std::move(value).value_or("");
}

std::vector<web::Route> pages_routes(const Dependencies& d) {
  std::vector<web::Route> all = account_routes(d);
  for (auto& each : notification_routes(d)) all.push_back(std::move(each));
  if (d.portal != nullptr)
    for (auto&& group : {request_routes(*d.portal), approval_routes(*d.portal)})
      all.insert(all.end(), group.begin(), group.end());
  all.push_back(route("GET", "/", web::Guard::principal(), "pageStart", show_start(d.portal != nullptr)));
  all.push_back(route("GET", "/assets/{file}", web::Guard::open(), "pageAsset", show_asset));
  return all;
}

}  // namespace certwright::gateway::pages
