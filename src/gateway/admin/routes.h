#pragma once
// Shared by the files of this room.
#include <string>
#include <utility>
#include <vector>

#include "gateway/admin/admin_door.h"
#include "gateway/web/context.h"
#include "json/writer.h"

namespace certwright::gateway::admin {

std::vector<web::Route> ca_routes(const Dependencies& d);
std::vector<web::Route> profile_routes(const Dependencies& d);
std::vector<web::Route> access_routes(const Dependencies& d);
std::vector<web::Route> audit_routes(const Dependencies& d);
std::vector<web::Route> interception_routes(const Dependencies& d);
std::vector<web::Route> kek_routes(const Dependencies& d);
std::vector<web::Route> account_routes(const Dependencies& d);

// A route of this door: door "admin", problem documents.
web::Route route(std::string method, std::string pattern, web::Guard guard, std::string operation_id,
                 web::RouteHandler handler, std::size_t body_limit_octets = 64 * 1024);

// The principal {principal} of a route, if the caller may see it: else as if there were none. With
// access_manage also only for one who may manage it.
Result<access::Principal> find_principal(web::Context& context, const Dependencies& d, access::Action action);

// Makes handlers of functions that take the door's dependencies too.
inline auto handlers_with(const Dependencies& d) {
  return [d](auto function) {
    return [d, function](web::Context& context) { return function(context, d); };
  };
}

// JSON with a newline at the end, so that a terminal stays tidy.
http::Response json_response(int status, json::Writer&& body);
// The same for an answer that holds a secret.
http::Response secret_response(int status, json::Writer&& body);
http::Response no_content();

}  // namespace certwright::gateway::admin
