// Sign-in, sign-out, the password, and where one is signed in.
#include <fmt/format.h>

#include "gateway/pages/page.h"
#include "gateway/pages/routes.h"
#include "gateway/web/cookie.h"
#include "gateway/web/problem.h"
#include "gateway/web/same_origin.h"
#include "session/password_rules.h"

namespace certwright::gateway::pages {
namespace {

using web::Context;
using web::Guard;

const Url kPasswordPage = Url::of({"account", "password"});

struct SignInPage {
  std::string_view name, next, message;
  Tone tone = Tone::error;
  int status = 200;
};

http::Response sign_in_page(const SignInPage& page_in) {
  return page({.title = "Sign in", .status = page_in.status}, [&](Html& html) {
    if (!page_in.message.empty()) note(html, page_in.tone, page_in.message);
    html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"sign-in"})}, {"class", "card narrow"}});
    html.begin("input", {{"type", "hidden"}, {"name", "next"}, {"value", Url::local(page_in.next).text()}});
    input(html, {.name = "name", .label = "Name or e-mail address", .value = page_in.name, .autocomplete = "username"});
    input(html, {.name = "password", .label = "Password", .type = "password", .autocomplete = "current-password", .required = true});
    html.element("button", "Sign in").end();
    html.element("p", {{"class", "hint"}},
                 "No password yet, or forgotten? An administrator can give you a one-time password. The first "
                 "administrator of a new installation leaves the name empty and types the token that certwright init "
                 "wrote as password.");
  });
}

Result<http::Response> show_sign_in(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto next, context.query("next"));
  CERTWRIGHT_TRY(const auto out, context.query("out"));
  const auto cookie = web::session_cookie(context.request.headers);
  if (cookie && d.authenticator.by_session(*cookie)) return see_other(Url::local(next.value_or("/")));
  return sign_in_page({.name = "", .next = next.value_or("/"),
                       .message = out ? "You are signed out." : "", .tone = Tone::good});
}

http::Response with_session(http::Response response, const session::NewSession& session) {
  response.headers.add("Set-Cookie", web::set_session_cookie(as_text(session.id.reveal())));
  return response;
}

// Without a session there is no CSRF token; that the browser was on our page must do: or another site could
// sign people in as somebody else, and read what they then do.
Result<http::Response> sign_in(Context& context, const Dependencies& d) {
  if (!web::is_same_origin(context.request))
    return fail(Errc::not_permitted, "Another site may not sign you in; open the sign-in page here.");
  CERTWRIGHT_TRY(const auto form, context.form());
  CERTWRIGHT_TRY(const auto name, field(form, "name"));
  CERTWRIGHT_TRY(const auto next, field(form, "next"));
  CERTWRIGHT_TRY(auto text, field(form, "password"));
  const Typed password(std::move(text));
  const auto cookie = web::session_cookie(context.request.headers);
  const auto session = d.accounts.sign_in(name, password.view(), cookie.value_or(""), context.actor());
  if (!session) {
    const Error& error = session.error();
    if (error.code != Errc::unauthenticated && error.code != Errc::too_many_requests)
      return tl::unexpected<Error>(error);
    return sign_in_page({.name = name, .next = next, .message = error.detail, .status = web::status_of(error.code)});
  }
  return with_session(see_other(session->record.restricted ? kPasswordPage : Url::local(next)), *session);
}

Result<http::Response> sign_out(Context& context, const Dependencies& d) {
  CERTWRIGHT_TRY(const auto form, context.form());
  CERTWRIGHT_TRY(const auto everywhere, field(form, "everywhere"));
  if (!everywhere.empty())
    CERTWRIGHT_CHECK(d.sessions.end_all(context.principal().id, {}, "sign_out", context.actor()));
  else if (const auto* session = context.session_or_null())
    CERTWRIGHT_CHECK(d.sessions.end(*session, "sign_out", context.actor()));
  auto response = see_other(Url::of({"sign-in"}).with("out", "1"));
  response.headers.add("Set-Cookie", web::clear_session_cookie());
  return response;
}

void sessions_table(Html& html, const Context& context, const std::vector<store::SessionRecord>& sessions) {
  html.element("h2", "Where you are signed in");
  html.begin("div", {{"class", "scroll"}}).begin("table");
  html.begin("thead").begin("tr");
  for (const char* heading : {"Signed in", "Last seen", "From", "Ends at the latest"})
    html.element("th", {{"scope", "col"}}, heading);
  html.end().end().begin("tbody");
  const auto* here = context.session_or_null();
  for (const auto& session : sessions) {
    const bool is_here = here != nullptr && here->id_sha256 == session.id_sha256;
    html.begin("tr").element("td", shown_time(session.created_at));
    html.element("td", is_here ? "now, here" : shown_time(session.last_seen_at));
    html.element("td", session.remote).element("td", shown_time(session.ends_at)).end();
  }
  html.end().end().end();
  html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"sign-out"})}});
  hidden_csrf(html, context);
  html.begin("input", {{"type", "hidden"}, {"name", "everywhere"}, {"value", "1"}});
  html.begin("p").element("button", {{"class", "danger"}}, "Sign out everywhere").end().end();
}

Result<http::Response> password_page(Context& context, const Dependencies& d, const Error* error = nullptr) {
  const auto* session = context.session_or_null();
  if (session == nullptr)
    return fail(Errc::not_permitted, "This page is for people who signed in with their name and password.");
  CERTWRIGHT_TRY(const auto present, d.accounts.find_password(session->principal));
  CERTWRIGHT_TRY(const auto sessions, d.sessions.list(session->principal));
  const Frame frame{.title = session->restricted ? "Choose your password" : "Account",
                    .status = error == nullptr ? 200 : web::status_of(error->code),
                    .context = &context,
                    .current = kPasswordPage.text(),
                    .has_requests = d.portal != nullptr};
  return page(frame, [&](Html& html) {
    if (error != nullptr) note(html, Tone::error, error->detail);
    if (context.request.query.find("changed") != nullptr)
      note(html, Tone::good, "Your password is changed; you are signed in nowhere else.");
    if (session->restricted)
      note(html, Tone::warning, "Before you go on, choose a password that only you know.");
    else
      html.element("h2", "Change your password");
    html.begin("form", {{"method", "post"}, {UrlAttribute::action, kPasswordPage}, {"class", "card narrow"}});
    hidden_csrf(html, context);
    if (present)
      html.begin("p", {{"class", "hint"}}).text("You sign in as ").element("strong", present->lookup).end();
    if (!session->restricted)
      input(html, {.name = "password", .label = "Present password", .type = "password", .autocomplete = "current-password", .required = true});
    const std::string rule = fmt::format("{} to {} characters; a few words make a good one.",
                                         session::kMinPasswordCharacters, session::kMaxPasswordCharacters);
    input(html, {.name = "new_password", .label = "New password", .type = "password", .hint = rule, .autocomplete = "new-password", .required = true});
    input(html, {.name = "again", .label = "New password, again", .type = "password", .autocomplete = "new-password", .required = true});
    html.element("button", "Save").end();
    if (!session->restricted) sessions_table(html, context, sessions);
  });
}

Result<http::Response> show_password(Context& context, const Dependencies& d) { return password_page(context, d); }

Result<http::Response> change_password(Context& context, const Dependencies& d) {
  const auto* session = context.session_or_null();
  if (session == nullptr) return password_page(context, d);
  CERTWRIGHT_TRY(const auto form, context.form());
  CERTWRIGHT_TRY(auto present_text, field(form, "password"));
  CERTWRIGHT_TRY(auto wanted_text, field(form, "new_password"));
  CERTWRIGHT_TRY(auto again_text, field(form, "again"));
  const Typed present(std::move(present_text)), wanted(std::move(wanted_text)), again(std::move(again_text));
  if (wanted.view() != again.view()) {
    const Error differs{Errc::invalid, "The two new passwords differ.", "again"};
    return password_page(context, d, &differs);
  }
  const auto renewed = d.accounts.change_password(*session, present.view(), wanted.view(), context.actor());
  if (!renewed) {
    const Error& error = renewed.error();
    const bool has_ended = error.code == Errc::unauthenticated && error.field.empty();
    if (has_ended || error.code == Errc::internal || error.code == Errc::unavailable)
      return tl::unexpected<Error>(error);
    return password_page(context, d, &error);
  }
  const bool was_first = session->restricted;
  return with_session(see_other(was_first ? Url::of({}) : kPasswordPage.with("changed", "1")), *renewed);
}

}  // namespace

std::vector<web::Route> account_routes(const Dependencies& d) {
  const auto with = handlers_with(d);
  std::vector<web::Route> routes = {
      route("GET", "/sign-in", Guard::open(), "pageSignIn", with(show_sign_in)),
      route("POST", "/sign-in", Guard::open(), "signIn", with(sign_in)),
      route("POST", "/sign-out", Guard::principal(), "signOut", with(sign_out)),
      route("GET", "/account/password", Guard::principal(), "pagePassword", with(show_password)),
      route("POST", "/account/password", Guard::principal(), "changePassword", with(change_password)),
  };
  for (auto& each : routes) each.for_restricted_session = true;
  return routes;
}

}  // namespace certwright::gateway::pages
