#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errors/result.h"
#include "gateway/web/route.h"
#include "http/message.h"

namespace certwright::gateway::web {

// Finds the route of a request. Built once, then immutable; safe to use from any thread. A look-up
// costs a few comparisons a segment, whatever the number of routes.
class Router {
 public:
  static constexpr std::size_t kMaxParameters = 4;

  struct Match {
    const Route* route = nullptr;  // null: 404, or 405 if allow is not empty
    std::size_t index = 0;         // of the route in routes()
    // (name, decoded value); views into the route and the request head.
    std::pair<std::string_view, std::string_view> parameters[kMaxParameters];
    std::size_t parameter_count = 0;
    std::string_view rest;  // raw; a view into the request head
    std::string allow;      // "GET, HEAD, OPTIONS" where the path exists, else empty
    ErrorForm errors = ErrorForm::problem;  // also where there is no route
  };

  // Errors: invalid for a pattern that cannot be read, two routes of one method and path or one
  // operation id, an inline or ready route that is not public, a ready one with a rate limit, a
  // route without handler.
  static Result<Router> build(std::vector<Route> routes);
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  // HEAD finds the GET route where that allows it. `head` must outlive the match.
  Match find(const http::RequestHead& head) const;
  const std::vector<Route>& routes() const noexcept { return routes_; }

 private:
  struct Node;
  Router();
  Result<void> add(std::size_t index);
  const Node* descend(const Node& node, const http::RequestHead& head, std::size_t depth,
                      std::size_t count, Match& match) const;

  std::vector<Route> routes_;
  std::unique_ptr<Node> root_;
};

}  // namespace certwright::gateway::web
