#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/authenticator.h"
#include "audit/journal.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "errors/result.h"
#include "gateway/web/context.h"
#include "gateway/web/route.h"
#include "http/server.h"
#include "metrics/registry.h"
#include "session/sessions.h"

namespace certwright::gateway::web {

// What may be logged of a request. Never the target: it can hold a token.
struct AccessRecord {
  std::string_view method = {};
  std::string_view route = {};      // the pattern; "-" if nothing matched
  std::string_view operation = {};  // the operation id; "-" if nothing matched
  int status = 0;
  std::chrono::nanoseconds took{};
  std::string_view request_id = {}, remote = {}, principal = {}, listener = {};
  std::size_t request_octets = 0, response_octets = 0;  // of the bodies
};

struct InternalError {
  std::string_view request_id, operation, detail;
};

// What a route with ErrorForm::page answers instead of a problem.
struct ErrorPage {
  const http::RequestHead& request;
  int status = 500;
  std::string_view detail, request_id;
  bool signed_in = false;
  bool must_choose_password = false;  // signed in, for that only
};

struct RateLimit {
  double requests_per_s = 0;  // 0: no limit
  double burst = 0;
};

struct WebOptions {
  std::vector<std::string> trusted_proxies;  // addresses or prefixes: "10.0.0.0/8"
  RateLimit per_principal{10'000, 20'000};
  RateLimit per_peer{200, 1'000};  // public routes; IPv6 counts by /64
  // Both may be called from many threads at once and must not block.
  std::function<void(const AccessRecord&)> on_access;
  std::function<void(const InternalError&)> on_internal_error;
  // Makes the pages; called from many threads at once.
  std::function<http::Response(const ErrorPage&)> error_page;
};

// The application behind http::Server: routing, authentication, rate limits, error bodies, access
// log and metrics, so that a door is only its routes. Credentials: `Authorization: Bearer`, else the
// cookie of a session, else a TLS client certificate. What a session changes needs its CSRF token (field
// X-CSRF-Token, or `csrf` of a form), and a browser that says that the request began on a page of ours.
// Requests without TLS see only routes with on_plain_http.
//
// Metrics: certwright_http_requests_total{route,method,status},
// certwright_http_request_duration_seconds{route,method}, certwright_http_requests_in_flight.
class WebHandler final : public http::Handler {
 public:
  struct Dependencies {  // all must outlive the handler
    access::Authenticator& authenticator;
    const Clock& clock;
    crypto::Random& random;
    metrics::Registry& metrics;
    audit::Journal* journal = nullptr;  // null: refusals are not recorded
    session::Sessions* sessions = nullptr;  // null: no cookie is looked at
  };

  // Errors: invalid for a bad route table or a trusted proxy that is no address or prefix.
  static Result<std::unique_ptr<WebHandler>> create(Dependencies dependencies,
                                                    std::vector<Route> routes,
                                                    WebOptions options = {});
  ~WebHandler() override;

  http::Dispatch dispatch(const http::RequestHead& head) override;
  http::Response handle(http::Request&& request) override;
  std::optional<http::Response> answer_now(const http::Request& request) override;

  // All routes, in the order given: for the authorisation matrix and the OpenAPI test.
  const std::vector<Route>& routes() const noexcept;

 private:
  struct State;
  explicit WebHandler(std::unique_ptr<State> state);
  Result<http::Response> answer(Context& context);
  Result<void> authenticate(Context& context);
  Result<access::Principal> by_session(Context& context, std::string&& id);
  Result<void> check_unsafe_of_session(const Context& context) const;
  Result<void> check_rate(const Context& context, unsigned& retry_after_s);
  http::Response finish(Context& context, Result<http::Response> result, unsigned retry_after_s);
  http::Response error_answer(const Context& context, const Error& error, unsigned retry_after_s) const;
  http::Response no_route(const Context& context) const;
  std::string new_request_id() const;
  // Counts and logs an answer.
  void count_and_log(const Route* route, std::size_t index, const http::Response& response,
                     AccessRecord record);

  std::unique_ptr<State> state_;
};

}  // namespace certwright::gateway::web
