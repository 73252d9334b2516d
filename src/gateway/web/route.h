#pragma once
// A route: what a door offers at one method and path, who may ask, and how it is answered.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "access/principal.h"
#include "errors/result.h"
#include "gateway/web/form.h"
#include "gateway/web/problem.h"
#include "http/message.h"
#include "http/server.h"

namespace certwright::gateway::web {

class Context;

enum class Reach : std::uint8_t {
  public_,        // no credential is looked at; Context has no principal
  optional,       // a credential is looked at if there is one; a bad one is refused
  authenticated,  // any principal; for routes about no object but the caller itself
  authorised,     // the handler must ask Context::authorise() with `action`, or the scope of a list
};

struct Guard {
  Reach reach = Reach::authorised;
  access::Action action = access::Action::access_manage;  // only with Reach::authorised

  static constexpr Guard open() { return {Reach::public_, {}}; }
  static constexpr Guard any() { return {Reach::optional, {}}; }
  static constexpr Guard principal() { return {Reach::authenticated, {}}; }
  static constexpr Guard needs(access::Action action) { return {Reach::authorised, action}; }
};

// Runs on a worker thread (or the I/O thread, see Route::run), many at once. An error is turned
// into the route's form; an exception is logged and answered 500.
using RouteHandler = std::function<Result<http::Response>(Context&)>;

// The same answer as the handler's where it is at hand, made on the I/O thread: no blocking, no
// disk, no lock that is held long; nullopt leaves the request to the handler. `rest` as
// Context::rest(). A prepared answer goes out as it is, without X-Request-Id.
using ReadyAnswer =
    std::function<std::optional<http::Response>(const http::Request&, std::string_view rest)>;

struct Route {
  std::string method;  // "GET", "POST", "PUT", "PATCH", "DELETE"
  // "/certs/{serial}/renew": literal segments and parameters, which match one segment that is not
  // empty. A trailing slash in the request makes no difference. "/ocsp/{request...}" matches
  // everything below /ocsp/, empty segments too; Context::rest() is then the raw, undecoded
  // remainder. A literal segment wins over a parameter.
  std::string pattern;
  Guard guard;
  std::string operation_id;  // unique; operationId in OpenAPI, `operation` in the access log
  std::string door;          // audit::Actor::door: "certs", "pki", "admin"
  RouteHandler handler;
  ErrorForm errors = ErrorForm::problem;
  http::Run run = http::Run::worker;  // inline_ only with Guard::open(): authentication may block
  std::size_t body_limit_octets = 64 * 1024;
  bool on_plain_http = false;  // also served without TLS
  // Of a GET: false where answering changes something. With a cookie or a client certificate it is then asked
  // for what a POST is asked for.
  bool answers_head = true;
  bool rate_limited = true;    // false for hot constant answers
  ReadyAnswer ready = {};      // only with Guard::open() and without rate limit
  std::size_t form_fields_limit = Form::kMaxFields;  // of Context::form()
  bool for_restricted_session = false;  // reached by one who must first choose a password
};

// "PATCH /certs/{serial}/renew": the name of a row in the authorisation matrix.
inline std::string key_of(const Route& route) { return route.method + " " + route.pattern; }

// With a session's cookie such a route also wants the session's CSRF token.
inline bool changes_something(const Route& route) { return route.method != "GET" || !route.answers_head; }

}  // namespace certwright::gateway::web
