#pragma once
// The frame that all pages share.
#include <functional>
#include <string>
#include <string_view>

#include "access/principal.h"
#include "gateway/pages/html.h"
#include "gateway/web/context.h"
#include "gateway/web/web_handler.h"
#include "http/message.h"

namespace certwright::gateway::pages {

// style.css, as it is served; and the path it is served at, which has its hash: what is there never changes.
std::string_view style_sheet() noexcept;
const Url& style_url();

struct Frame {
  std::string_view title;
  int status = 200;
  // Whose request it is answered: with it, the navigation and the way to sign out. Null: neither.
  const web::Context* context = nullptr;
  std::string_view current = {};  // path of the navigation's entry that this page is
  bool has_requests = true;       // the navigation has the pages of requests
};

// A page: the frame around what `body` writes below the heading. With the headers every page has: no
// script, no frame, no other site (Content-Security-Policy), no cache.
http::Response page(const Frame& frame, const std::function<void(Html&)>& body);

// Do the roles of `who` allow this for some tenant and CA? For what to lead to; it gives no right.
bool may_somewhere(const access::Principal& who, access::Action action);

// 303: the browser gets that page next, so that loading it again sends no form again.
http::Response see_other(const Url& url);

// A page that says what went wrong; without a session for a page that wants one: the way to sign-in, and
// back to the page afterwards.
http::Response error_page(const web::ErrorPage& error);

// Parts of pages. `id` names the field in the form and to its label.
void hidden_csrf(Html& html, const web::Context& context);
struct Input {
  std::string_view name, label;
  std::string_view type = "text";
  std::string_view value = {};
  std::string_view hint = {};
  std::string_view autocomplete = "off";
  bool required = false;
};
void input(Html& html, const Input& input);
enum class Tone { plain, good, warning, error };
void note(Html& html, Tone tone, std::string_view text);
void fact(Html& html, std::string_view term, std::string_view text);  // in a dl
std::string shown_time(Time time);                                     // "2026-11-27 13:10 UTC"

}  // namespace certwright::gateway::pages
