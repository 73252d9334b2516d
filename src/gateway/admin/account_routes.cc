// Passwords and sessions of people.
#include "access/principal.h"
#include "bytes/secret_bytes.h"
#include "gateway/admin/routes.h"
#include "json/object_reader.h"

namespace certwright::gateway::admin {
namespace {

using access::Action;
using web::Context;
using web::Guard;
constexpr std::size_t kMaxPasswordOctets = 1024;

// Sign-in names are of the whole installation: who administers a part of it must not take others' names.
session::SignInNames names_for(const access::Principal& principal) {
  return access::authorise(principal, Action::access_manage, {"*", "", ""}) ? session::SignInNames::any
                                                                            : session::SignInNames::own_email;
}

Result<http::Response> reset_password(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  std::string sign_in_name;
  bool takes_name = false;
  if (!context.request.body.empty()) {
    CERTWRIGHT_TRY(const auto body, context.json_body());
    CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
    CERTWRIGHT_TRY(auto name, reader.optional_string("sign_in_name", {.max_length = 254}));
    CERTWRIGHT_TRY(const auto takes, reader.optional_boolean("take_name"));
    CERTWRIGHT_CHECK(reader.finish());
    sign_in_name = std::move(name).value_or("");
    takes_name = takes.value_or(false);
  }
  // Not for one who was promoted since it was looked at.
  session::ResetOptions options{.names = names_for(context.principal()),
                                .takes_name = takes_name,
                                .with = {access::require_roles(principal)}};
  CERTWRIGHT_TRY(const auto made,
                 d.accounts.reset_password(principal.id, sign_in_name, context.actor(), std::move(options)));
  d.authenticator.invalidate();
  json::Writer w;
  w.begin_object().member("principal", principal.id).member("sign_in_name", made.sign_in_name);
  if (!made.taken_from.empty()) w.member("taken_from", made.taken_from);
  w.member("password", as_text(made.password.reveal())).member("expires_at", to_rfc3339(made.expires_at)).end_object();
  return secret_response(201, std::move(w));
}

Result<http::Response> set_own_password(Context& context, const Dependencies& d) {
  std::string name;
  const auto password = [&]() -> Result<SecretBytes> {
    CERTWRIGHT_TRY(const auto body, context.json_body());
    CERTWRIGHT_TRY(auto reader, json::ObjectReader::of(body));
    CERTWRIGHT_TRY(auto wanted_name, reader.optional_string("sign_in_name", {.max_length = 254}));
    CERTWRIGHT_TRY(auto text, reader.string("new_password", {.max_length = kMaxPasswordOctets}));
    auto secret = SecretBytes::copy_of(as_bytes(text));
    wipe(text);
    CERTWRIGHT_CHECK(reader.finish());
    name = std::move(wanted_name).value_or("");
    return secret;
  }();
  wipe(context.request.body);
  if (!password) return tl::unexpected<Error>(password.error());
  const access::Principal& self = context.principal();
  CERTWRIGHT_CHECK(d.accounts.set_first_password(self, name, as_text(password->reveal()), context.actor(), names_for(self)));
  CERTWRIGHT_TRY(const auto credential, d.accounts.find_password(context.principal().id));
  json::Writer w;
  w.begin_object().member("sign_in_name", credential ? credential->lookup : "").end_object();
  return json_response(201, std::move(w));
}

Result<http::Response> list_sessions_of(std::string_view principal, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto sessions, d.sessions.list(principal));
  json::Writer w;
  w.begin_object().key("sessions").begin_array();
  for (const auto& session : sessions) {
    w.begin_object().member("id", session::Sessions::handle_of(session)).member("remote", session.remote);
    w.member("created_at", to_rfc3339(session.created_at)).member("last_seen_at", to_rfc3339(session.last_seen_at));
    w.member("ends_at", to_rfc3339(session.ends_at)).member("restricted", session.restricted).end_object();
  }
  w.end_array().end_object();
  return json_response(200, std::move(w));
}

Result<http::Response> list_sessions(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_read));
  return list_sessions_of(principal.id, d);
}

Result<http::Response> list_own_sessions(Context& context, const Dependencies& d) {
  return list_sessions_of(context.principal().id, d);
}

Result<http::Response> end_sessions(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  CERTWRIGHT_CHECK(d.sessions.end_all(principal.id, {}, "administrator", context.actor()));
  return no_content();
}

Result<http::Response> end_own_sessions(Context& context, const Dependencies& d) {
  CERTWRIGHT_CHECK(d.sessions.end_all(context.principal().id, {}, "sign_out", context.actor()));
  return no_content();
}

Result<http::Response> end_session(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto principal, find_principal(context, d, Action::access_manage));
  CERTWRIGHT_TRY(const auto session, d.sessions.find(principal.id, context.param("session")));
  CERTWRIGHT_CHECK(d.sessions.end(session, "administrator", context.actor()));
  return no_content();
}

}  // namespace

std::vector<web::Route> account_routes(const Dependencies& d) {
  const auto with = handlers_with(d);
  const auto read = Guard::needs(Action::access_read);
  const auto manage = Guard::needs(Action::access_manage);
  return {
      route("POST", "/api/v1/self/password", Guard::principal(), "setOwnPassword", with(set_own_password)),
      route("GET", "/api/v1/self/sessions", Guard::principal(), "listOwnSessions", with(list_own_sessions)),
      route("DELETE", "/api/v1/self/sessions", Guard::principal(), "endOwnSessions", with(end_own_sessions)),
      route("POST", "/api/v1/principals/{principal}/password", manage, "resetPassword", with(reset_password)),
      route("GET", "/api/v1/principals/{principal}/sessions", read, "listSessions", with(list_sessions)),
      route("DELETE", "/api/v1/principals/{principal}/sessions", manage, "endSessions", with(end_sessions)),
      route("DELETE", "/api/v1/principals/{principal}/sessions/{session}", manage, "endSession", with(end_session)),
  };
}

}  // namespace certwright::gateway::admin
