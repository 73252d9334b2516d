#pragma once
// Shared by the files of this room.
#include <string>
#include <utility>
#include <vector>

#include "gateway/notices/door.h"
#include "gateway/web/context.h"
#include "json/writer.h"

namespace certwright::gateway::notices {

std::vector<web::Route> inbox_routes(const Dependencies& d);
std::vector<web::Route> webhook_routes(const Dependencies& d);
std::vector<web::Route> template_routes(const Dependencies& d);

using Handler = Result<http::Response> (*)(web::Context&, const Dependencies&);
web::Route route(const Dependencies& d, const char* method, const char* pattern, web::Guard guard,
                 const char* operation_id, Handler handler);

http::Response json_response(int status, json::Writer&& body);
http::Response no_content();

// ?tenant=, or the caller's own.
Result<std::string> tenant_asked_for(const web::Context& context);

}  // namespace certwright::gateway::notices
