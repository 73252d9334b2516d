// Any path is matched or not, without a crash; a match agrees with its pattern segment by segment.
#include <cstdlib>
#include <string>

#include "gateway/web/context.h"
#include "gateway/web/router.h"
#include "gateway/web/testing_request.h"

using namespace certwright;

namespace {

gateway::web::Router make_fuzz_router() {
  std::vector<gateway::web::Route> routes;
  for (const char* pattern :
       {"/certs", "/certs/{serial}", "/certs/{serial}/renew", "/certs/ocsp/{request...}",
        "/certs/issue/{entityType}/{entityID}", "/ca/{file}", "/"}) {
    gateway::web::Route route;
    route.method = "GET";
    route.pattern = pattern;
    route.operation_id = pattern;
    route.guard = gateway::web::Guard::open();
    route.handler = [](gateway::web::Context&) -> Result<http::Response> {
      return http::Response{};
    };
    routes.push_back(std::move(route));
  }
  auto router = gateway::web::Router::build(std::move(routes));
  if (!router) std::abort();
  return *std::move(router);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto router = make_fuzz_router();
  const auto request = gateway::web::testing::make_request(
      "GET", "/" + std::string(reinterpret_cast<const char*>(data), size));
  const auto match = router.find(request);
  if (match.route == nullptr) return 0;
  for (std::size_t i = 0; i < match.parameter_count; ++i)
    if (match.parameters[i].second.empty()) std::abort();
  const bool has_rest = match.route->pattern.ends_with("...}");
  if (has_rest == match.rest.empty()) std::abort();
  if (has_rest && !request.raw_path.ends_with(match.rest)) std::abort();
  return 0;
}
