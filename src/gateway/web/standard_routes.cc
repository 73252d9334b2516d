#include "gateway/web/standard_routes.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
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

const json::Value* find_in(const json::Value* value, std::initializer_list<std::string_view> path) {
  for (const auto name : path) value = value == nullptr ? nullptr : value->find(name);
  return value;
}

std::string_view text_in(const json::Value& value, std::string_view name) {
  const json::Value* found = value.find(name);
  const std::string* text = found ? found->if_string() : nullptr;
  return text ? std::string_view(*text) : std::string_view();
}

// In place or by reference, of the operation or of its path.
bool describes_csrf_token(const json::Value& document, const json::Value& item, const json::Value& operation) {
  constexpr std::string_view kReference = "#/components/parameters/";
  for (const json::Value* owner : {&item, &operation}) {
    const json::Value* list = owner->find("parameters");
    if (list == nullptr || list->if_array() == nullptr) continue;
    for (const json::Value& each : *list->if_array()) {
      const std::string_view reference = text_in(each, "$ref");
      const json::Value* parameter = &each;
      if (reference.starts_with(kReference))
        parameter = find_in(&document, {"components", "parameters", reference.substr(kReference.size())});
      if (parameter != nullptr && text_in(*parameter, "name") == "X-CSRF-Token" && text_in(*parameter, "in") == "header")
        return true;
    }
  }
  return false;
}

// What the description says of credentials against what the route wants.
void compare_credentials(const Route& route, const json::Value& document, const json::Value& item,
                         const json::Value& operation, std::vector<std::string>& differences) {
  const json::Value* own = operation.find("security");
  const json::Value* security = own ? own : document.find("security");
  const json::Array* ways = security ? security->if_array() : nullptr;
  const bool is_open = ways == nullptr || ways->empty();
  const bool with_session =
      ways != nullptr && std::ranges::any_of(*ways, [](const json::Value& way) { return way.find("session") != nullptr; });
  if (route.guard.reach == Reach::public_) {
    if (!is_open) differences.push_back(key_of(route) + " looks at no credential, but one is described");
  } else if (!with_session) {
    differences.push_back(key_of(route) + " takes a session's cookie, which is not described");
  }
  const bool wanted = changes_something(route) && route.guard.reach != Reach::public_;
  if (wanted == describes_csrf_token(document, item, operation)) return;
  differences.push_back(key_of(route) + (wanted ? " wants X-CSRF-Token with a session's cookie, which is not described"
                                                : " looks at no X-CSRF-Token, but it is described"));
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
    if (operation != nullptr) compare_credentials(route, *parsed, *item, *operation, differences);
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
