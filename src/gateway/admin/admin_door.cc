#include "gateway/admin/admin_door.h"

#include "bytes/secret_bytes.h"
#include "gateway/admin/routes.h"

namespace certwright::gateway::admin {

web::Route route(std::string method, std::string pattern, web::Guard guard, std::string operation_id,
                 web::RouteHandler handler, std::size_t body_limit_octets) {
  web::Route route;
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.guard = guard;
  route.operation_id = std::move(operation_id);
  route.door = "admin";
  route.handler = std::move(handler);
  route.body_limit_octets = body_limit_octets;
  return route;
}

http::Response json_response(int status, json::Writer&& body) {
  std::string text = std::move(body).take();
  reserve_wiping(text, 1);  // it may hold a token
  text += '\n';
  return http::respond(status, "application/json", std::move(text));
}

http::Response secret_response(int status, json::Writer&& body) {
  http::Response response = json_response(status, std::move(body));
  response.headers.add("Cache-Control", "no-store");
  response.secret = true;
  return response;
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

std::vector<web::Route> admin_routes(const Dependencies& d) {
  std::vector<web::Route> all;
  for (auto&& group :
       {ca_routes(d), profile_routes(d), access_routes(d), audit_routes(d), kek_routes(d), interception_routes(d),
                       account_routes(d)})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

}  // namespace certwright::gateway::admin
