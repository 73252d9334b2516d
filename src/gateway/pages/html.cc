#include "gateway/pages/html.h"

#include <algorithm>

#include "http/message.h"

namespace certwright::gateway::pages {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// The octets of the code point that `text` begins with, 0 if it is not UTF-8 (RFC 3629).
std::size_t sequence_octets(std::string_view text, char32_t& point) noexcept {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = octet(0);
  point = first;
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  point = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (octet(i) & 0x3fU);
  }
  const bool is_surrogate = point >= 0xd800 && point < 0xe000;
  return point < kLeast[size] || point > 0x10ffff || is_surrogate ? 0 : size;
}

bool is_hidden(char32_t point) noexcept {
  if (point == '\n' || point == '\r' || point == '\t') return false;
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return true;
  return point == 0x061c || point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069);
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

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    char32_t point = 0;
    const std::size_t size = sequence_octets(text, point);
    if (size == 0 || is_hidden(point)) {
      out += kReplacement;
    } else if (const auto reference = reference_of(text[0]); !reference.empty()) {
      out += reference;
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

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
    if (attribute.has_value_) out_ += "=\"" + escaped(attribute.value_) + "\"";
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
  out_ += escaped(text);
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
