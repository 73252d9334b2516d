#include "gateway/web/standard_routes.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "gateway/web/context.h"
#include "json/value.h"
#include "json/writer.h"

namespace certwright::gateway::web {
namespace {

constexpr std::chrono::seconds kHealthAge{1};

// The two possible answers, made once; which one is looked up at most once a second.
class Health {
 public:
  Health(const BuildInfo& build, std::function<bool()> is_healthy)
      : pass_(answer(200, "pass", build)),
        fail_(answer(503, "fail", build)),
        is_healthy_(std::move(is_healthy)) {}

  const http::Response& now() {
    if (!is_healthy_) return pass_;
    const std::lock_guard lock(mutex_);
    const auto time = std::chrono::steady_clock::now();
    if (!asked_ || time - asked_at_ >= kHealthAge) {
      healthy_ = is_healthy_();
      asked_at_ = time;
      asked_ = true;
    }
    return healthy_ ? pass_ : fail_;
  }

 private:
  static http::Response answer(int status, std::string_view word, const BuildInfo& build) {
    json::Writer writer;
    writer.begin_object()
        .member("status", word)
        .member("version", build.version)
        .member("commit", build.commit)
        .member("description", "certs service")
        .member("build_time", build.build_time)
        .member("instance_id", build.instance_id)
        .end_object();
    auto response =
        http::respond(status, "application/health+json", std::move(writer).take() + "\n");
    response.headers.set("Cache-Control", "no-store");
    return response;
  }

  http::Response pass_, fail_;
  std::function<bool()> is_healthy_;
  std::mutex mutex_;
  bool asked_ = false, healthy_ = true;
  std::chrono::steady_clock::time_point asked_at_{};
};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// OpenAPI has no syntax for a parameter that spans segments: it is written as an ordinary one.
std::string openapi_path(const Route& route) {
  std::string path = route.pattern;
  if (path.ends_with("...}")) path.replace(path.size() - 4, 4, "}");
  return path;
}

}  // namespace

std::vector<Route> standard_routes(const BuildInfo& build, metrics::Registry& registry,
                                   std::function<bool()> is_healthy) {
  auto health = std::make_shared<Health>(build, std::move(is_healthy));
  auto document = http::respond(200, "application/json", std::string(openapi_document()));
  document.headers.set("Cache-Control", "public, max-age=3600");

  std::vector<Route> routes;
  routes.push_back(
      {.method = "GET",
       .pattern = "/health",
       .guard = Guard::open(),
       .operation_id = "health",
       .door = "web",
       .handler = [health](Context&) -> Result<http::Response> { return health->now(); },
       .on_plain_http = true,
       .rate_limited = false});
  routes.push_back({.method = "GET",
                    .pattern = "/metrics",
                    .guard = Guard::any(),
                    .operation_id = "metrics",
                    .door = "web",
                    .handler = [&registry](Context& context) -> Result<http::Response> {
                      if (!context.is_local())
                        CERTWRIGHT_CHECK(context.authorise(access::Action::metrics_read, {}));
                      return http::respond(200, std::string(metrics::Registry::kContentType),
                                           registry.text());
                    }});
  routes.push_back(
      {.method = "GET",
       .pattern = "/openapi.json",
       .guard = Guard::open(),
       .operation_id = "openapi",
       .door = "web",
       .handler = [document](Context&) -> Result<http::Response> { return document; }});
  return routes;
}

std::vector<std::string> openapi_differences(const std::vector<Route>& routes,
                                             std::string_view document) {
  const auto parsed = json::parse(document, {.size_octets = 4 * 1024 * 1024});
  if (!parsed) return {"the document is no JSON: " + parsed.error().detail};
  const json::Value* paths = parsed->find("paths");
  if (paths == nullptr || paths->if_object() == nullptr) return {"the document has no paths"};

  std::vector<std::string> differences;
  std::set<std::string> described;
  for (const Route& route : routes) {
    const std::string path = openapi_path(route), method = lower_case(route.method);
    described.insert(method + " " + path);
    const json::Value* item = paths->find(path);
    const json::Value* operation = item ? item->find(method) : nullptr;
    const json::Value* id = operation ? operation->find("operationId") : nullptr;
    if (operation == nullptr)
      differences.push_back(key_of(route) + " is not described");
    else if (id == nullptr || id->if_string() == nullptr || *id->if_string() != route.operation_id)
      differences.push_back(key_of(route) + " has another operationId than " + route.operation_id);
  }
  constexpr std::string_view kOperations[] = {"get", "post", "put", "patch", "delete"};
  for (const json::Member& path : *paths->if_object())
    for (const std::string_view method : kOperations)
      if (path.value.find(method) != nullptr &&
          !described.contains(std::string(method) + " " + path.name))
        differences.push_back(std::string(method) + " " + path.name +
                              " is described, but no route");
  return differences;
}

}  // namespace certwright::gateway::web
