#include "gateway/web/context.h"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "bytes/secret_bytes.h"
#include "gateway/web/refusals.h"
#include "session/csrf.h"

namespace certwright::gateway::web {

std::string_view Context::param(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < match_.parameter_count; ++i)
    if (match_.parameters[i].first == name) return match_.parameters[i].second;
  return {};
}

Result<std::optional<std::string>> Context::query(std::string_view name) const {
  if (request.query.malformed())
    return fail(Errc::bad_encoding, "the query of the URL is malformed");
  if (request.query.count(name) > 1)
    return fail_field(Errc::bad_encoding, std::string(name),
                      fmt::format("query parameter {} is given more than once", name));
  const std::string* value = request.query.find(name);
  return value == nullptr ? std::optional<std::string>() : std::optional(*value);
}

Result<std::optional<std::uint64_t>> Context::query_number(std::string_view name,
                                                           std::uint64_t most) const {
  CERTWRIGHT_TRY(const auto text, query(name));
  if (!text) return std::optional<std::uint64_t>();
  std::uint64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (text->empty() || error == std::errc::invalid_argument || stop != end)
    return fail_field(Errc::bad_encoding, std::string(name),
                      fmt::format("query parameter {} must be a number", name));
  if (error != std::errc() || number > most)
    return fail_field(Errc::bad_encoding, std::string(name),
                      fmt::format("query parameter {} must be at most {}", name, most));
  return std::optional(number);
}

Result<json::Value> Context::json_body(const json::Limits& limits) const {
  if (request.body.empty())
    return fail(Errc::bad_encoding, "the request has no body; a JSON document is expected");
  return json::parse(request.body_text(), limits);
}

Context::~Context() { wipe(session_id_); }

std::string Context::csrf_token() const { return session_ ? session::csrf_token(session_id_) : std::string(); }

Result<Form> Context::form() const {
  return Form::parse(request.header("Content-Type"), request.body_text(), route().form_fields_limit);
}

const access::Principal& Context::principal() const noexcept {
  if (!principal_) std::abort();
  return *principal_;
}

Result<void> Context::authorise(access::Action action, const access::Object& object,
                                std::string_view what) {
  if (!principal_)
    return fail(Errc::unauthenticated, "sign in, or send a bearer token or a client certificate");
  if (action == route().guard.action) asked_ = true;
  auto allowed = access::authorise(*principal_, action, object);
  if (!allowed && refusals_ != nullptr)
    refusals_->denied(actor_, action, what, allowed.error().code);
  return allowed;
}

Result<void> Context::may_manage(const access::Principal& target) {
  if (!principal_)
    return fail(Errc::unauthenticated, "sign in, or send a bearer token or a client certificate");
  auto allowed = access::may_manage(*principal_, target);
  if (!allowed && refusals_ != nullptr)
    refusals_->denied(actor_, access::Action::access_manage, target.id, allowed.error().code);
  return allowed;
}

tl::unexpected<Error> Context::unknown(access::Action action, std::string_view what) {
  auto error = access::not_found_error();
  if (refusals_ != nullptr) refusals_->denied(actor_, action, what, error.code);
  return tl::unexpected<Error>(std::move(error));
}

access::Scope Context::readable_scope() {
  if (!principal_) return {};
  asked_ = true;
  return access::readable_scope(*principal_);
}

}  // namespace certwright::gateway::web
