#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "access/principal.h"
#include "audit/event.h"
#include "errors/result.h"
#include "gateway/web/form.h"
#include "gateway/web/router.h"
#include "http/message.h"
#include "json/value.h"
#include "store/records.h"

namespace certwright::gateway::web {

class Refusals;

// One request on its way through a handler: what was asked, who asks, from where. Belongs to the
// thread that runs the handler.
class Context {
 public:
  http::Request request;  // the handler may move the body out

  const Route& route() const noexcept { return *match_.route; }
  // A parameter of the pattern, decoded, not empty; "" if the pattern has none of that name. It may
  // hold any octets but control characters.
  std::string_view param(std::string_view name) const noexcept;
  // What a parameter like {request...} matched: raw, undecoded, without the slash before it.
  std::string_view rest() const noexcept { return match_.rest; }

  // A query parameter. Errors: bad_encoding with the field if it is given twice or the query is
  // malformed.
  Result<std::optional<std::string>> query(std::string_view name) const;
  // The same as a number without sign. Errors: bad_encoding for anything but digits, or above
  // `most`.
  Result<std::optional<std::uint64_t>> query_number(std::string_view name,
                                                    std::uint64_t most) const;
  // The body as one JSON document. Errors: bad_encoding (also for an empty body), too_large.
  Result<json::Value> json_body(const json::Limits& limits = {}) const;

  // Random, 22 characters; also in the answer's X-Request-Id and in the logs.
  const std::string& request_id() const noexcept { return request_id_; }
  // The client's address: the socket's peer, or what a listed proxy says.
  const std::string& remote() const noexcept { return actor_.remote; }
  // The peer is this machine and no proxy stands between.
  bool is_local() const noexcept { return is_local_; }

  // Null only on routes with Reach::public_ or Reach::optional.
  const access::Principal* principal_or_null() const noexcept {
    return principal_ ? &*principal_ : nullptr;
  }
  // Ends the program on a route that has none: a mistake in the route table.
  const access::Principal& principal() const noexcept;
  // For audit records and services: principal, tenant, the route's door, remote().
  const audit::Actor& actor() const noexcept { return actor_; }

  // The session that the request came with; null where a token or a certificate did.
  const store::SessionRecord* session_or_null() const noexcept { return session_ ? &*session_ : nullptr; }
  // For the forms of a page: what the answer to it must bring along, in the field kCsrfField. "" without a
  // session: then none is asked for.
  std::string csrf_token() const;
  // The body as a form. Errors: invalid for another Content-Type, bad_encoding, too_large.
  Result<Form> form() const;

  // access::authorise() for this principal (unauthenticated if there is none); a refusal is an
  // ACCESS_DENIED audit record, where `what` names the object (a serial, an id; may be empty). A
  // route with Reach::authorised whose handler succeeds without having asked is answered 500.
  Result<void> authorise(access::Action action, const access::Object& object,
                         std::string_view what = {});
  // access::may_manage() for this principal, with the same record of a refusal.
  Result<void> may_manage(const access::Principal& target);
  // The error for an object that does not exist, after the same work as for one that is not theirs:
  // time must not tell a stranger which of the two it was.
  tl::unexpected<Error> unknown(access::Action action, std::string_view what);
  // The service that the handler calls authorises by itself (registration does, once it has chosen
  // the CA): counts as having asked.
  void authorised_by_service() noexcept { asked_ = true; }
  // For lists and searches; counts as having asked.
  access::Scope readable_scope();

  static constexpr std::string_view kCsrfField = "csrf";

 private:
  friend class WebHandler;
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();  // wipes the session's id
  Router::Match match_;
  Refusals* refusals_ = nullptr;
  std::string request_id_;
  std::optional<access::Principal> principal_;
  std::optional<store::SessionRecord> session_;
  std::string session_id_;  // of session_: what the cookie holds
  audit::Actor actor_;
  bool is_local_ = false;
  bool must_choose_password_ = false;  // refused for that: the route is not for a restricted session
  bool asked_ = false;  // authorise() with the route's action, or readable_scope()
};

}  // namespace certwright::gateway::web
