#include "gateway/web/router.h"

#include <algorithm>
#include <set>
#include <utility>

namespace certwright::gateway::web {
namespace {

constexpr std::string_view kRestEnd = "...}";
constexpr std::size_t kMaxSegments = 16;
constexpr std::string_view kMethods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

// "/a/{b}/" -> {"a", "{b}"}. The pattern begins with a slash.
std::vector<std::string_view> segments_of(std::string_view pattern) {
  std::vector<std::string_view> segments;
  pattern.remove_prefix(1);
  if (pattern.ends_with('/')) pattern.remove_suffix(1);
  while (!pattern.empty()) {
    const std::size_t slash = std::min(pattern.find('/'), pattern.size());
    segments.push_back(pattern.substr(0, slash));
    pattern.remove_prefix(std::min(slash + 1, pattern.size()));
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with(kRestEnd);
}
std::string_view parameter_name(std::string_view segment) {
  return segment.substr(1, segment.size() - 2);
}

// What follows the `count`-th segment's slash, undecoded.
std::string_view raw_rest(std::string_view raw_path, std::size_t count) {
  std::size_t at = 0;
  for (std::size_t i = 0; i <= count; ++i) {
    at = raw_path.find('/', at);
    if (at == std::string_view::npos) return {};
    ++at;
  }
  return raw_path.substr(at);
}

}  // namespace

struct Router::Node {
  // Few children a node: a linear search over short strings beats hashing.
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> parameter;
  std::vector<std::size_t> routes;        // that end here, one per method
  std::vector<std::size_t> rest_routes;   // that take everything below
  ErrorForm errors = ErrorForm::problem;  // of the routes through here; problem yields

  Node* literal(std::string_view segment) const {
    for (const auto& [text, node] : literals)
      if (text == segment) return node.get();
    return nullptr;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;
Router::~Router() = default;

Result<Router> Router::build(std::vector<Route> routes) {
  Router router;
  router.routes_ = std::move(routes);
  std::set<std::string_view> operations;
  for (std::size_t i = 0; i < router.routes_.size(); ++i) {
    const Route& route = router.routes_[i];
    if (std::ranges::find(kMethods, route.method) == std::end(kMethods))
      return fail_field(Errc::invalid, key_of(route), "a route of another method");
    if (!route.handler) return fail_field(Errc::invalid, key_of(route), "a route without handler");
    if (route.run == http::Run::inline_ && route.guard.reach != Reach::public_)
      return fail_field(Errc::invalid, key_of(route),
                        "only public routes run inline: authentication may block");
    if (route.ready && (route.guard.reach != Reach::public_ || route.rate_limited))
      return fail_field(Errc::invalid, key_of(route),
                        "a ready answer asks neither for a credential nor for the rate limit");
    if (route.operation_id.empty() || !operations.insert(route.operation_id).second)
      return fail_field(Errc::invalid, key_of(route), "operation ids are unique and not empty");
    CERTWRIGHT_CHECK(router.add(i));
  }
  return router;
}

Result<void> Router::add(std::size_t index) {
  const Route& route = routes_[index];
  if (!route.pattern.starts_with('/') || route.pattern.find("//") != std::string::npos)
    return fail_field(Errc::invalid, key_of(route), "a pattern begins with one slash");
  const auto segments = segments_of(route.pattern);
  if (segments.size() > kMaxSegments)
    return fail_field(Errc::invalid, key_of(route), "too many segments");

  Node* node = root_.get();
  std::size_t parameters = 0;
  bool rest = false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (is_rest(segments[i])) {
      rest = true;
      if (i + 1 != segments.size())
        return fail_field(Errc::invalid, key_of(route), "a rest parameter is the last segment");
    } else if (is_parameter(segments[i])) {
      if (++parameters > kMaxParameters)
        return fail_field(Errc::invalid, key_of(route), "too many parameters");
      if (!node->parameter) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
    } else {
      Node* next = node->literal(segments[i]);
      if (next == nullptr) {
        node->literals.emplace_back(segments[i], std::make_unique<Node>());
        next = node->literals.back().second.get();
      }
      node = next;
    }
    if (route.errors != ErrorForm::problem) node->errors = route.errors;
  }
  auto& here = rest ? node->rest_routes : node->routes;
  for (const std::size_t other : here)
    if (routes_[other].method == route.method)
      return fail_field(Errc::invalid, key_of(route), "is there twice");
  here.push_back(index);
  return {};
}

// Depth first, literals before parameters; patterns have few segments, so the few dead ends cost
// nothing. Returns a node whose routes match all `count` segments, or one with rest routes.
const Router::Node* Router::descend(const Node& node, const http::RequestHead& head,
                                    std::size_t depth, std::size_t count, Match& match) const {
  if (depth == count) return node.routes.empty() ? nullptr : &node;
  const std::string& segment = head.segments[depth];
  if (const Node* next = node.literal(segment)) {
    match.errors = next->errors;
    if (const Node* found = descend(*next, head, depth + 1, count, match)) return found;
  }
  if (node.parameter && !segment.empty()) {
    if (const Node* found = descend(*node.parameter, head, depth + 1, count, match)) return found;
  }
  if (!node.rest_routes.empty()) {
    match.rest = raw_rest(head.raw_path, depth);
    if (!match.rest.empty()) return &node;
  }
  return nullptr;
}

Router::Match Router::find(const http::RequestHead& head) const {
  Match match;
  std::size_t count = head.segments.size();
  if (count > 0 && head.segments.back().empty()) --count;  // a trailing slash
  // Paths without a rest pattern are short; with one, everything after its node is raw.
  const Node* node = descend(*root_, head, 0, count, match);
  if (node == nullptr) return match;

  const auto& candidates = match.rest.empty() ? node->routes : node->rest_routes;
  bool get_answers_head = false;
  for (const std::size_t index : candidates) {
    const Route& route = routes_[index];
    const bool head_too = route.method == "GET" && route.answers_head;
    get_answers_head = get_answers_head || head_too;
    if (route.method == head.method || (head.method == "HEAD" && head_too)) {
      match.route = &route;
      match.index = index;
    }
  }
  match.errors = routes_[candidates.front()].errors;
  if (match.route == nullptr) {
    for (const std::string_view method : kMethods)
      for (const std::size_t index : candidates)
        if (routes_[index].method == method) match.allow.append(method).append(", ");
    if (get_answers_head) match.allow += "HEAD, ";
    match.allow += "OPTIONS";
    return match;
  }
  const auto segments = segments_of(match.route->pattern);
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (!is_rest(segments[i]) && is_parameter(segments[i]))
      match.parameters[match.parameter_count++] = {parameter_name(segments[i]), head.segments[i]};
  return match;
}

}  // namespace certwright::gateway::web
