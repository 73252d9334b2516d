#include "gateway/pages/html.h"

#include <algorithm>

#include "http/message.h"
#include "unicode/hidden.h"

namespace certwright::gateway::pages {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// Line feed, carriage return and tab do no harm in HTML.
bool is_unsafe_control(char32_t point) noexcept {
  return unicode::is_control(point) && point != '\n' && point != '\r' && point != '\t';
}

std::string_view reference_of(char c) noexcept {
  switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

enum class Hidden : std::uint8_t { shown, kept };

std::string escape(std::string_view text, Hidden hidden) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [point, size] = unicode::first_code_point(text);
    if (size == 0 || is_unsafe_control(point)) {
      out += kReplacement;
    } else if (hidden == Hidden::shown && unicode::is_hidden(point)) {
      out += unicode::marked(point);
    } else if (const auto reference = reference_of(text[0]); !reference.empty()) {
      out += reference;
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

}  // namespace

std::string escaped(std::string_view text) { return escape(text, Hidden::shown); }

Url Url::of(std::initializer_list<std::string_view> segments) {
  std::string text;
  for (const auto segment : segments)
    if (!segment.empty()) text += "/" + http::percent_encode(segment);  // "//" would begin a host
  return Url(text.empty() ? "/" : std::move(text));
}

Url Url::local(std::string_view path) {
  const auto fits = [](char c) { return c > ' ' && c < 0x7f && std::string_view("\"'<>\\^`{|}#").find(c) == std::string_view::npos; };
  constexpr std::size_t kMaxOctets = 1024;
  if (!path.starts_with('/') || path.starts_with("//") || path.size() > kMaxOctets || !std::ranges::all_of(path, fits))
    return Url("/");
  return Url(std::string(path));
}

Url Url::fragment(std::string_view id) { return Url("#" + http::percent_encode(id)); }

Url Url::with(std::string_view name, std::string_view value) const {
  const char separator = text_.find('?') == text_.npos ? '?' : '&';
  return Url(text_ + separator + http::percent_encode(name) + "=" + http::percent_encode(value));
}

bool Element::is_void() const noexcept {
  return detail::is_one_of(name_, {"input", "br", "hr", "img", "link", "meta", "col", "wbr"});
}

Html& Html::begin(Element element, const Attributes& attributes) {
  out_ += '<';
  out_ += element.name();
  for (const auto& attribute : attributes) {
    out_ += ' ';
    out_ += attribute.name_;
    if (!attribute.has_value_) continue;
    out_ += "=\"";
    out_ += escape(attribute.value_, attribute.name_ == "value" ? Hidden::kept : Hidden::shown);
    out_ += '"';
  }
  out_ += '>';
  if (!element.is_void()) open_.push_back(element.name());
  return *this;
}

Html& Html::end() {
  if (open_.empty()) return *this;
  out_ += "</";
  out_ += open_.back();
  out_ += '>';
  open_.pop_back();
  return *this;
}

Html& Html::text(std::string_view text) {
  const bool is_sent_back = !open_.empty() && open_.back() == "textarea";
  out_ += escape(text, is_sent_back ? Hidden::kept : Hidden::shown);
  return *this;
}

Html& Html::element(Element element, const Attributes& attributes, std::string_view text) {
  begin(element, attributes).text(text);
  return element.is_void() ? *this : end();
}

std::string Html::take() && {
  while (!open_.empty()) end();
  return std::move(out_);
}

std::string document(std::string_view title, const Url& style, std::string&& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
         "<meta name=\"color-scheme\" content=\"light dark\"><title>" +
         escaped(title) + "</title><link rel=\"stylesheet\" href=\"" + escaped(style.text()) +
         "\"></head><body>" + std::move(body) + "</body></html>\n";
}

}  // namespace certwright::gateway::pages
