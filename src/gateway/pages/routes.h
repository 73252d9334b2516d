#pragma once
// Shared by the files of this room.
#include <string>
#include <utility>
#include <vector>

#include "gateway/pages/pages_door.h"
#include "gateway/web/context.h"

namespace certwright::gateway::pages {

std::vector<web::Route> account_routes(const Dependencies& d);
std::vector<web::Route> notification_routes(const Dependencies& d);
// `portal` must outlive the routes.
std::vector<web::Route> request_routes(PortalPort& portal);
std::vector<web::Route> approval_routes(PortalPort& portal);

// A route of this door: door "pages", error pages.
web::Route route(std::string method, std::string pattern, web::Guard guard, std::string operation_id,
                 web::RouteHandler handler);

// Makes handlers of functions that take what they work on too.
inline auto handlers_with(const Dependencies& d) {
  return [d](auto function) {
    return [d, function](web::Context& context) { return function(context, d); };
  };
}
inline auto handlers_with(PortalPort& portal) {
  return [&portal](auto function) {
    return [&portal, function](web::Context& context) { return function(context, portal); };
  };
}

// Text of a form that is wiped when it goes: passwords.
class Typed {
 public:
  explicit Typed(std::string text) : text_(std::move(text)) {}
  Typed(Typed&&) = delete;
  ~Typed();
  std::string_view view() const noexcept { return text_; }

 private:
  std::string text_;
};

// A field of a form that may be missing: "" then.
Result<std::string> field(const web::Form& form, std::string_view name);

}  // namespace certwright::gateway::pages
