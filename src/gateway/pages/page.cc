#include "gateway/pages/page.h"

#include <algorithm>
#include <optional>

#include "crypto/digest.h"

namespace certwright::gateway::pages {
namespace {

struct Entry {
  const char* segment;
  const char* more;
  std::string_view label;
  std::optional<access::Action> action;  // who may do this somewhere is led there; none: everybody
};
using access::Action;
constexpr Entry kNavigation[] = {{"csr", "upload", "Request a certificate", Action::certificate_issue_csr},
                                 {"requests", "", "My requests", Action::certificate_issue_csr},
                                 {"approvals", "", "Approvals", Action::request_decide},
                                 {"notifications", "", "Notifications", std::nullopt},
                                 {"account", "password", "Account", std::nullopt}};

void navigation(Html& html, const Frame& frame) {
  html.begin("nav", {{"aria-label", "Main"}}).begin("ul");
  for (const auto& entry : kNavigation) {
    if (entry.action && !(frame.has_requests && may_somewhere(frame.context->principal(), *entry.action))) continue;
    const Url url = Url::of({entry.segment, entry.more});
    html.begin("li");
    if (url.text() == frame.current)
      html.element("a", {{UrlAttribute::href, url}, {"aria-current", "page"}}, entry.label);
    else
      html.link(url, entry.label);
    html.end();
  }
  html.end().end();
}

void header(Html& html, const Frame& frame) {
  html.element("a", {{"class", "skip"}, {UrlAttribute::href, Url::fragment("main")}}, "Skip to content");
  html.begin("header").element("p", {{"class", "brand"}}, "Certwright");
  const bool signed_in = frame.context != nullptr && frame.context->principal_or_null() != nullptr;
  if (signed_in) {
    const auto* session = frame.context->session_or_null();
    if (session == nullptr || !session->restricted) navigation(html, frame);
    html.begin("div", {{"class", "who"}}).element("span", frame.context->principal().name);
    if (session != nullptr) {
      html.begin("form", {{"method", "post"}, {UrlAttribute::action, Url::of({"sign-out"})}});
      hidden_csrf(html, *frame.context);
      html.element("button", {{"class", "plain"}}, "Sign out").end();
    }
    html.end();
  }
  html.end();
}

void protect(http::Response& response) {
  response.headers.set("Content-Security-Policy",
                       "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
                       "base-uri 'none'; img-src 'self'");
  response.headers.set("X-Frame-Options", "DENY");
  response.headers.set("X-Content-Type-Options", "nosniff");
  // Not no-referrer: browsers then send "Origin: null" with our own forms.
  response.headers.set("Referrer-Policy", "same-origin");
  response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.set("Cache-Control", "no-store");
}

std::string_view heading_of(int status) {
  switch (status) {
    case 401: return "Please sign in";
    case 403: return "You may not do this";
    case 404: return "There is no such page";
    case 409: return "This cannot be done now";
    case 413: return "That was too much";
    case 429: return "Too many attempts";
    case 500: return "Something went wrong here";
    case 503: return "Not available at the moment";
    default: return "That did not work";
  }
}

}  // namespace

bool may_somewhere(const access::Principal& who, access::Action action) {
  return std::ranges::any_of(who.bindings, [&](const access::RoleBinding& binding) {
    const std::string& tenant = binding.tenant == "*" ? who.tenant : binding.tenant;
    return access::authorise(who, action, {tenant, binding.ca, ""}).has_value();
  });
}

const Url& style_url() {
  static const Url url = [] {
    const auto hash = to_hex(crypto::sha256(as_bytes(style_sheet())));
    return Url::of({"assets", "style-" + hash.substr(0, 16) + ".css"});
  }();
  return url;
}

http::Response page(const Frame& frame, const std::function<void(Html&)>& body) {
  Html html;
  header(html, frame);
  html.begin("main", {{"id", "main"}}).element("h1", frame.title);
  body(html);
  auto response = http::respond(frame.status, "text/html; charset=utf-8",
                                document(std::string(frame.title) + " · Certwright", style_url(), std::move(html).take()));
  protect(response);
  return response;
}

http::Response see_other(const Url& url) {
  auto response = http::respond(303, "text/html; charset=utf-8",
                                document("Certwright", style_url(), std::move(Html().link(url, "Continue")).take()));
  protect(response);
  response.headers.set("Location", url.text());
  return response;
}

http::Response error_page(const web::ErrorPage& error) {
  if (error.must_choose_password) return see_other(Url::of({"account", "password"}));
  if (error.status == 401) {
    const bool may_return = error.request.method == "GET" || error.request.method == "HEAD";
    const Url sign_in = Url::of({"sign-in"});
    return see_other(may_return ? sign_in.with("next", Url::local(error.request.target).text()) : sign_in);
  }
  return page({.title = heading_of(error.status), .status = error.status}, [&](Html& html) {
    note(html, Tone::error, error.detail);
    if (!error.request_id.empty())
      html.begin("p", {{"class", "hint"}}).text("If you ask for help, name this request: ").element("code", error.request_id).end();
    html.begin("p").link(Url::of({}), "Back to the start").end();
  });
}

void hidden_csrf(Html& html, const web::Context& context) {
  const std::string token = context.csrf_token();
  if (!token.empty()) html.begin("input", {{"type", "hidden"}, {"name", web::Context::kCsrfField}, {"value", token}});
}

void input(Html& html, const Input& in) {
  const std::string hint_id = std::string(in.name) + "-hint";
  html.begin("div", {{"class", "field"}}).element("label", {{"for", in.name}}, in.label);
  if (!in.hint.empty()) html.element("p", {{"class", "hint"}, {"id", hint_id}}, in.hint);
  Attributes attributes{{"id", in.name},       {"name", in.name},
                        {"type", in.type},     {"value", in.value},
                        {"autocomplete", in.autocomplete}};
  if (in.type == "password" || in.type == "file") std::erase_if(attributes, [](const Attribute& a) { return a.name() == "value"; });
  if (in.required) attributes.push_back({"required"});
  if (!in.hint.empty()) attributes.push_back({"aria-describedby", hint_id});
  html.begin("input", attributes).end();
}

void note(Html& html, Tone tone, std::string_view text) {
  constexpr std::string_view kClasses[] = {"note", "note good", "note warning", "note error"};
  const bool is_error = tone == Tone::error;
  html.element("p", {{"class", kClasses[static_cast<std::size_t>(tone)]}, {"role", is_error ? "alert" : "status"}}, text);
}

void fact(Html& html, std::string_view term, std::string_view text) {
  html.element("dt", term).element("dd", text.empty() ? std::string_view("none") : text);
}

std::string shown_time(Time time) {
  const std::string text = to_rfc3339(time);
  return text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
}

}  // namespace certwright::gateway::pages
