#include "gateway/web/web_handler.h"

#include <array>
#include <cmath>
#include <exception>
#include <utility>

#include "bytes/secret_bytes.h"
#include "gateway/web/client_address.h"
#include "gateway/web/cookie.h"
#include "gateway/web/rate_limiter.h"
#include "gateway/web/refusals.h"
#include "gateway/web/route_metrics.h"
#include "gateway/web/same_origin.h"
#include "session/csrf.h"

namespace certwright::gateway::web {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kBearer = "Bearer ";
constexpr std::size_t kRequestIdOctets = 16;

// A body may hold a private key to import.
class WipedAtEnd {
 public:
  explicit WipedAtEnd(Bytes& body) noexcept : body_(body) {}
  ~WipedAtEnd() { wipe(body_); }
  WipedAtEnd(const WipedAtEnd&) = delete;
  WipedAtEnd& operator=(const WipedAtEnd&) = delete;

 private:
  Bytes& body_;
};

}  // namespace

struct WebHandler::State {
  explicit State(Dependencies dependencies, WebOptions web_options)
      : d(dependencies),
        options(std::move(web_options)),
        per_principal(options.per_principal.requests_per_s, options.per_principal.burst),
        per_peer(options.per_peer.requests_per_s, options.per_peer.burst),
        refusals(dependencies.journal, dependencies.clock) {}

  Dependencies d;
  WebOptions options;
  TrustedProxies proxies;
  std::unique_ptr<Router> everything, plain;
  std::vector<std::size_t> plain_index;     // of a route of `plain` in `everything`
  std::unique_ptr<RouteMetrics[]> metrics;  // by index in `everything`; one more for no route
  metrics::Gauge in_flight;
  RateLimiter per_principal, per_peer;
  Refusals refusals;

  bool is_plain(const http::RequestHead& head) const noexcept {
    return head.peer == nullptr || !head.peer->is_tls();
  }
  const Router& router_for(const http::RequestHead& head) const noexcept {
    return is_plain(head) ? *plain : *everything;
  }
};

WebHandler::WebHandler(std::unique_ptr<State> state) : state_(std::move(state)) {}
WebHandler::~WebHandler() = default;

Result<std::unique_ptr<WebHandler>> WebHandler::create(Dependencies dependencies,
                                                       std::vector<Route> routes,
                                                       WebOptions options) {
  auto state = std::make_unique<State>(dependencies, std::move(options));
  CERTWRIGHT_TRY(state->proxies, TrustedProxies::parse(state->options.trusted_proxies));
  std::vector<Route> plain;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (!routes[i].on_plain_http) continue;
    if (routes[i].guard.reach != Reach::public_)
      return fail_field(Errc::invalid, key_of(routes[i]),
                        "a route that wants a credential cannot be served without TLS");
    plain.push_back(routes[i]);
    state->plain_index.push_back(i);
  }
  CERTWRIGHT_TRY(auto plain_router, Router::build(std::move(plain)));
  CERTWRIGHT_TRY(auto router, Router::build(std::move(routes)));
  state->plain = std::make_unique<Router>(std::move(plain_router));
  state->everything = std::make_unique<Router>(std::move(router));

  const auto& all = state->everything->routes();
  state->metrics = std::make_unique<RouteMetrics[]>(all.size() + 1);
  for (std::size_t i = 0; i < all.size(); ++i)
    state->metrics[i].init(dependencies.metrics, all[i].pattern, all[i].method);
  state->metrics[all.size()].init(dependencies.metrics, "-", "-");
  state->in_flight = dependencies.metrics.gauge("certwright_http_requests_in_flight",
                                                "HTTP requests being answered now.");
  return std::unique_ptr<WebHandler>(new WebHandler(std::move(state)));
}

const std::vector<Route>& WebHandler::routes() const noexcept {
  return state_->everything->routes();
}

http::Dispatch WebHandler::dispatch(const http::RequestHead& head) {
  const auto match = state_->router_for(head).find(head);
  // Without a route the answer is made from constants, whatever the body.
  if (match.route == nullptr) return {.run = http::Run::inline_};
  return {.run = match.route->ready ? http::Run::either : match.route->run,
          .body_limit_octets = match.route->body_limit_octets};
}

std::string WebHandler::new_request_id() const {
  std::array<std::uint8_t, kRequestIdOctets> random_octets;
  state_->d.random.fill(random_octets);
  return to_base64url(random_octets);
}

void WebHandler::count_and_log(const Route* route, std::size_t index,
                               const http::Response& response, AccessRecord record) {
  const auto& prepared = response.prepared;
  record.status = prepared ? prepared->status() : response.status;
  state_->metrics[index].count(record.status, record.took);
  if (!state_->options.on_access) return;
  record.route = route ? std::string_view(route->pattern) : "-";
  record.operation = route ? std::string_view(route->operation_id) : "-";
  record.response_octets =
      prepared ? prepared->rest().size() - prepared->head_size() : response.body.size();
  state_->options.on_access(record);
}

std::optional<http::Response> WebHandler::answer_now(const http::Request& request) {
  State& state = *state_;
  const auto begin = SteadyClock::now();
  const auto match = state.router_for(request).find(request);
  if (match.route == nullptr || !match.route->ready) return std::nullopt;
  std::optional<http::Response> response;
  try {
    response = match.route->ready(request, match.rest);
  } catch (...) {
    return std::nullopt;  // handle() meets the same, and answers, counts and logs it
  }
  if (!response) return std::nullopt;
  const bool is_logged = static_cast<bool>(state.options.on_access);
  std::string request_id, remote;
  if (is_logged || !response->prepared) request_id = new_request_id();
  if (is_logged) remote = state.proxies.client_of(request);
  if (!response->prepared) {
    response->headers.set("X-Request-Id", request_id);
    response->headers.set("X-Content-Type-Options", "nosniff");
  }
  const std::size_t index = state.is_plain(request) ? state.plain_index[match.index] : match.index;
  count_and_log(match.route, index, *response,
                {.method = request.method,
                 .took = SteadyClock::now() - begin,
                 .request_id = request_id,
                 .remote = remote,
                 .listener = request.peer ? std::string_view(request.peer->listener) : "",
                 .request_octets = request.body.size()});
  return response;
}

http::Response WebHandler::handle(http::Request&& request) {
  State& state = *state_;
  const auto begin = SteadyClock::now();
  state.in_flight.add(1);

  Context context;
  context.request = std::move(request);  // before find(): a match is views into it
  const WipedAtEnd wiped(context.request.body);
  context.refusals_ = &state.refusals;
  context.request_id_ = new_request_id();
  context.actor_.remote = state.proxies.client_of(context.request);
  context.is_local_ = context.request.peer != nullptr && context.request.peer->is_loopback &&
                      !is_forwarded(context.request);
  context.match_ = state.router_for(context.request).find(context.request);
  const std::size_t request_octets = context.request.body.size();

  http::Response response;
  std::size_t index = state.everything->routes().size();
  if (const Route* route = context.match_.route) {
    index = state.is_plain(context.request) ? state.plain_index[context.match_.index]
                                            : context.match_.index;
    context.actor_.door = route->door;
    unsigned retry_after_s = 0;
    Result<http::Response> result = fail(Errc::internal, "not answered");
    if (auto free = check_rate(context, retry_after_s); !free)
      result = tl::unexpected(std::move(free).error());
    else
      result = answer(context);
    response = finish(context, std::move(result), retry_after_s);
  } else {
    response = no_route(context);
    response.headers.set("X-Request-Id", context.request_id_);
  }

  state.in_flight.add(-1);
  const http::Peer* const peer = context.request.peer.get();
  count_and_log(context.match_.route, index, response,
                {.method = context.request.method,
                 .took = SteadyClock::now() - begin,
                 .request_id = context.request_id_,
                 .remote = context.actor_.remote,
                 .principal = context.actor_.principal,
                 .listener = peer ? std::string_view(peer->listener) : "",
                 .request_octets = request_octets});
  return response;
}

// Everything between a route and its error form. The one place of a door with a catch (...).
Result<http::Response> WebHandler::answer(Context& context) {
  try {
    const Route& route = context.route();
    if (route.guard.reach != Reach::public_) {
      CERTWRIGHT_CHECK(authenticate(context));
    }
    auto result = route.handler(context);
    if (result && route.guard.reach == Reach::authorised && !context.asked_)
      return fail(Errc::internal, "the handler did not ask whether the caller may do this");
    return result;
  } catch (const std::exception& e) {
    return fail(Errc::internal, std::string("exception: ") + e.what());
  } catch (...) {
    return fail(Errc::internal, "exception of an unknown type");
  }
}

Result<void> WebHandler::authenticate(Context& context) {
  State& state = *state_;
  const http::Request& request = context.request;
  const Reach reach = context.route().guard.reach;
  const std::size_t fields = request.headers.count("Authorization");
  if (fields > 1) return fail(Errc::bad_encoding, "there is more than one Authorization field");

  Result<access::Principal> found = fail(Errc::unauthenticated, "");
  std::string_view method = "bearer";
  std::optional<std::string> cookie;
  if (fields == 0 && state.d.sessions != nullptr && !state.is_plain(request)) cookie = session_cookie(request.headers);
  if (fields == 1) {
    const std::string_view value = request.header("Authorization");
    if (value.size() <= kBearer.size() ||
        !http::equal_ignoring_case(value.substr(0, kBearer.size()), kBearer))
      return fail(Errc::unauthenticated, "Authorization must be a Bearer token");
    found = state.d.authenticator.by_token(value.substr(kBearer.size()), context.remote());
  } else if (cookie) {
    method = "session";
    found = by_session(context, *std::move(cookie));
  } else if (request.peer != nullptr && !request.peer->client_chain.empty()) {
    method = "client_certificate";
    found = state.d.authenticator.by_client_certificate(request.peer->client_chain.front(),
                                                        context.remote());
    // It goes along with every request a browser makes, also with those another site makes it send; bearer
    // tokens do not. So what would change something must not come from elsewhere.
    if (found && changes_something(context.route()) && is_cross_site(request))
      return fail(Errc::not_permitted, "another site may not act with your client certificate");
  } else if (reach == Reach::optional) {
    return {};
  } else {
    return fail(Errc::unauthenticated, "sign in, or send a bearer token or a client certificate");
  }
  if (!found) {
    state.refusals.not_authenticated(context.actor_, method, found.error().code);
    return tl::unexpected(std::move(found).error());
  }
  context.actor_.principal = found->id;
  context.actor_.tenant = found->tenant;
  context.principal_ = *std::move(found);
  context.must_choose_password_ =
      context.session_ && context.session_->restricted && !context.route().for_restricted_session;
  if (context.must_choose_password_)
    return fail(Errc::not_permitted, "choose a password of your own first");
  const double wait_s = state.per_principal.take(context.actor_.principal, state.d.clock.now());
  if (wait_s > 0)
    return fail(Errc::too_many_requests, "too many requests with this account; try again later");
  return {};
}

Result<access::Principal> WebHandler::by_session(Context& context, std::string&& id) {
  context.session_id_ = std::move(id);
  CERTWRIGHT_TRY(auto signed_in, state_->d.authenticator.by_session(context.session_id_));
  context.session_ = std::move(signed_in.session);
  context.actor_.principal = signed_in.principal.id;
  context.actor_.tenant = signed_in.principal.tenant;
  CERTWRIGHT_CHECK(check_unsafe_of_session(context));
  state_->d.sessions->seen(*context.session_);
  return std::move(signed_in.principal);
}

// A cookie goes along with whatever a browser sends: so what would change something also shows that a page
// of ours made the browser send it.
Result<void> WebHandler::check_unsafe_of_session(const Context& context) const {
  const http::Request& request = context.request;
  if (!changes_something(context.route())) return {};  // another site may make a browser send it
  if (!is_same_origin(request)) return fail(Errc::not_permitted, "another site may not act with your session");
  std::string presented(request.header("X-CSRF-Token"));
  if (presented.empty() && Form::is_form(request.header("Content-Type"))) {
    CERTWRIGHT_TRY(const auto form, context.form());
    CERTWRIGHT_TRY(auto field, form.value(Context::kCsrfField));
    presented = std::move(field).value_or("");
  }
  if (!session::is_csrf_token(context.session_id_, presented))
    return fail(Errc::not_permitted, "this form is of another session, or has no CSRF token: load its page again");
  return {};
}

Result<void> WebHandler::check_rate(const Context& context, unsigned& retry_after_s) {
  const Route& route = context.route();
  if (!route.rate_limited || route.guard.reach != Reach::public_) return {};
  const double wait_s = state_->per_peer.take(rate_key(context.remote()), state_->d.clock.now());
  if (wait_s <= 0) return {};
  retry_after_s = static_cast<unsigned>(std::ceil(wait_s));
  return fail(Errc::too_many_requests, "too many requests from this address; try again later");
}

http::Response WebHandler::finish(Context& context, Result<http::Response> result,
                                  unsigned retry_after_s) {
  const Route& route = context.route();
  http::Response response;
  if (result) {
    response = *std::move(result);
  } else {
    const Error& error = result.error();
    if (error.code == Errc::internal && state_->options.on_internal_error)
      state_->options.on_internal_error({context.request_id_, route.operation_id, error.detail});
    response = error_answer(context, error, retry_after_s);
    // The browser need not come with it again.
    if (error.code == Errc::unauthenticated && !context.session_id_.empty() && !context.session_)
      response.headers.add("Set-Cookie", clear_session_cookie());
    if (error.code == Errc::unauthenticated && context.request.headers.has("Authorization"))
      response.headers.set("WWW-Authenticate",
                           "Bearer realm=\"certwright\", error=\"invalid_token\"");
  }
  if (response.prepared) return response;  // its bytes are made already
  response.headers.set("X-Request-Id", context.request_id_);
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (route.guard.reach != Reach::public_ && !response.headers.has("Cache-Control"))
    response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response WebHandler::error_answer(const Context& context, const Error& error, unsigned retry_after_s) const {
  const ErrorForm form = context.route().errors;
  if (form != ErrorForm::page || !state_->options.error_page)
    return error_response(form, error, context.request_id_, retry_after_s);
  const int status = status_of(error.code);
  const std::string detail = shown_detail(error, context.request_id_);
  auto response = state_->options.error_page({.request = context.request,
                                              .status = status,
                                              .detail = detail,
                                              .request_id = context.request_id_,
                                              .signed_in = context.principal_.has_value(),
                                              .must_choose_password = context.must_choose_password_});
  if (retry_after_s == 0) retry_after_s = default_retry_after_s(status);
  if (retry_after_s != 0) response.headers.set("Retry-After", std::to_string(retry_after_s));
  return response;
}

http::Response WebHandler::no_route(const Context& context) const {
  const Router::Match& match = context.match_;
  const auto refused = [&](ErrorForm form, int status, std::string_view message) {
    if (form != ErrorForm::page || !state_->options.error_page) return error_response(form, status, message);
    return state_->options.error_page(
        {.request = context.request, .status = status, .detail = message, .request_id = context.request_id_});
  };
  if (!match.allow.empty()) {
    http::Response response;
    if (context.request.method == "OPTIONS")
      response.status = 204;
    else
      response = refused(match.errors, 405, "this method is not available here; see Allow");
    response.headers.set("Allow", match.allow);
    return response;
  }
  if (state_->is_plain(context.request)) {
    const auto secure = state_->everything->find(context.request);
    if (secure.route != nullptr || !secure.allow.empty())
      return error_response(secure.errors, 404, "this path is served over HTTPS only");
  }
  return refused(match.errors, 404, "there is nothing at this path");
}

}  // namespace certwright::gateway::web
