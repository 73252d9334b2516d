#pragma once
// HTML that text cannot break out of: names are literals that are checked when they are compiled, everything
// else is text or an attribute's value, which is escaped, or a URL, which is a path of ours. There is no way
// to put in markup, scripts, styles, event handlers or addresses of other sites.
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace certwright::gateway::pages {

// A path on this server, with a query: "/requests/abc?page=2". Always begins with exactly one slash.
class Url {
 public:
  // From segments, percent-encoded: {"requests", id} is "/requests/<id>". None: "/".
  static Url of(std::initializer_list<std::string_view> segments);
  // A path that came from outside, e.g. to come back to. Whatever is not a path of ours is "/": another
  // site's address, "//host", "/\host", control characters.
  static Url local(std::string_view path_and_query);
  static Url fragment(std::string_view id);  // "#id", within the page
  Url with(std::string_view name, std::string_view value) const;  // adds to the query

  const std::string& text() const noexcept { return text_; }

 private:
  explicit Url(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

namespace detail {
constexpr bool is_name(std::string_view name) {
  if (name.empty() || name.front() == '-') return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  return true;
}
constexpr bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  for (const auto other : names)
    if (name == other) return true;
  return false;
}
void no_such_name();  // not constexpr: a bad literal does not compile
}  // namespace detail

// "p", "main", "h1": a literal, no element whose content is not text.
class Element {
 public:
  consteval Element(const char* literal) : name_(literal) {
    if (!detail::is_name(name_) || detail::is_one_of(name_, {"script", "style", "iframe", "object", "embed", "noscript",
                                                             "template", "title", "base", "svg", "math", "xmp",
                                                             "plaintext", "noembed", "noframes"}))
      detail::no_such_name();
  }
  constexpr std::string_view name() const noexcept { return name_; }
  bool is_void() const noexcept;  // has no content and no end: input, br, ...

 private:
  std::string_view name_;
};

// An attribute whose value is text: a literal, none that runs code or names an address.
class AttributeName {
 public:
  consteval AttributeName(const char* literal) : name_(literal) {
    if (!detail::is_name(name_) || name_.starts_with("on") ||
        detail::is_one_of(name_, {"style", "href", "src", "action", "formaction", "srcdoc", "srcset", "ping", "data",
                                  "poster", "background", "cite", "content", "http-equiv"}))
      detail::no_such_name();
  }
  constexpr std::string_view name() const noexcept { return name_; }

 private:
  std::string_view name_;
};

enum class UrlAttribute : std::uint8_t { href, action };

class Attribute {
 public:
  Attribute(AttributeName name) : name_(name.name()), has_value_(false) {}  // "required"
  Attribute(AttributeName name, std::string_view value) : name_(name.name()), value_(value) {}
  Attribute(UrlAttribute name, const Url& url)
      : name_(name == UrlAttribute::href ? "href" : "action"), value_(url.text()) {}

  std::string_view name() const noexcept { return name_; }

 private:
  friend class Html;
  std::string_view name_;
  std::string value_;
  bool has_value_ = true;
};
using Attributes = std::vector<Attribute>;

// Writes elements one after the other, each ended by end(). What was not ended is ended by take().
//
//   Html html;
//   html.begin("p", {{"class", "error"}}).text(what).end();
class Html {
 public:
  Html& begin(Element element, const Attributes& attributes = {});
  Html& end();  // the innermost; nothing if there is none
  Html& text(std::string_view text);
  // begin, text, end.
  Html& element(Element element, const Attributes& attributes, std::string_view text);
  Html& element(Element element, std::string_view text) { return this->element(element, {}, text); }
  Html& link(const Url& url, std::string_view text) { return element("a", {{UrlAttribute::href, url}}, text); }

  std::string take() &&;

 private:
  std::string out_;
  std::vector<std::string_view> open_;
};

// `<`, `>`, `&` and both quotes as references; what is not UTF-8, and control characters other than line feed,
// carriage return and tab, as U+FFFD; what unicode::is_hidden() has, visibly: "[U+200B]".
// Html writes `value` attributes and the text of a textarea without those marks: what a form sends back must be what
// was typed.
std::string escaped(std::string_view text);

// The whole page around a body: doctype, character set, viewport, title, style sheet. `style` is its path.
std::string document(std::string_view title, const Url& style, std::string&& body);

}  // namespace certwright::gateway::pages
