#include "gateway/notices/door.h"

#include "gateway/notices/routes.h"

namespace certwright::gateway::notices {

web::Route route(const Dependencies& d, const char* method, const char* pattern, web::Guard guard,
                 const char* operation_id, Handler handler) {
  web::Route route;
  route.method = method;
  route.pattern = pattern;
  route.guard = guard;
  route.operation_id = operation_id;
  route.door = "notices";
  route.handler = [d, handler](web::Context& context) { return handler(context, d); };
  route.body_limit_octets = 128 * 1024;  // two templates of 16 KiB, escaped
  return route;
}

http::Response json_response(int status, json::Writer&& body) {
  std::string text = std::move(body).take();
  reserve_wiping(text, 1);  // it may hold a secret
  text += '\n';
  return http::respond(status, "application/json", std::move(text));
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

Result<std::string> tenant_asked_for(const web::Context& context) {
  CERTWRIGHT_TRY(auto tenant, context.query("tenant"));
  return tenant ? *std::move(tenant) : context.principal().tenant;
}

std::vector<web::Route> routes(const Dependencies& d) {
  std::vector<web::Route> all;
  for (auto&& group : {inbox_routes(d), webhook_routes(d), template_routes(d)})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

}  // namespace certwright::gateway::notices
