#pragma once
// Routes that belong to no door: /health, /metrics, /openapi.json.
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/web/route.h"
#include "metrics/registry.h"

namespace certwright::gateway::web {

struct BuildInfo {
  std::string version, commit, build_time;
  std::string instance_id;  // random, of this process
};

// The OpenAPI 3.1 description of every route, as it is served: openapi.json of this folder.
std::string_view openapi_document() noexcept;

// - GET /health, public, also on plain HTTP: 200 and "pass", or 503 and "fail" where `is_healthy`
//   says so. It is called at most once a second, and may be null.
// - GET /metrics: for this machine, or principals with metrics_read.
// - GET /openapi.json, public.
// `registry` must outlive the routes.
std::vector<Route> standard_routes(const BuildInfo& build, metrics::Registry& registry,
                                   std::function<bool()> is_healthy);

// What differs between a route table and an OpenAPI document, one line each; empty if every route
// has its path, method and operationId there, and the other way round, and its credentials are those that
// it takes: none, or a session's cookie among others, and then X-CSRF-Token exactly where it changes something.
std::vector<std::string> openapi_differences(const std::vector<Route>& routes,
                                             std::string_view document);

}  // namespace certwright::gateway::web
