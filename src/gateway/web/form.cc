#include "gateway/web/form.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "bytes/secret_bytes.h"
#include "http/message.h"

namespace certwright::gateway::web {
namespace {

constexpr std::string_view kUrlencoded = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipart = "multipart/form-data";
constexpr std::string_view kCrlf = "\r\n";

tl::unexpected<Error> malformed(const char* what) { return fail(Errc::bad_encoding, what); }

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  while (!text.empty() && kBlanks.find(text.front()) != kBlanks.npos) text.remove_prefix(1);
  while (!text.empty() && kBlanks.find(text.back()) != kBlanks.npos) text.remove_suffix(1);
  return text;
}

bool has_type(std::string_view content_type, std::string_view type) {
  return http::equal_ignoring_case(without_blanks(content_type.substr(0, content_type.find(';'))), type);
}

// The parameters of a header value, after its first `;`: name="value" or name=value. In quotes, browsers
// write %22 for a quote and never a backslash before one.
std::optional<std::string_view> parameter(std::string_view header, std::string_view wanted) {
  std::size_t at = header.find(';');
  while (at != header.npos) {
    std::string_view rest = without_blanks(header.substr(at + 1));
    const auto equals = rest.find('=');
    if (equals == rest.npos) return std::nullopt;
    const auto name = without_blanks(rest.substr(0, equals));
    std::string_view value = without_blanks(rest.substr(equals + 1));
    std::size_t end = 0;
    if (value.starts_with('"')) {
      value.remove_prefix(1);
      const auto quote = value.find('"');
      if (quote == value.npos) return std::nullopt;
      end = value.find(';', quote);
      if (http::equal_ignoring_case(name, wanted)) return value.substr(0, quote);
    } else {
      end = value.find(';');
      if (http::equal_ignoring_case(name, wanted)) return without_blanks(value.substr(0, end));
    }
    if (end == value.npos) return std::nullopt;
    header = value;
    at = end;
  }
  return std::nullopt;
}

// A value may be a password: on the heap however short it is, so that moving it leaves no copy behind.
std::string with_room_for(std::size_t octets) {
  constexpr std::size_t kNotInPlace = 64;
  std::string text;
  text.reserve(std::max(octets, kNotInPlace));
  return text;
}

std::string kept(std::string_view text) {
  auto copy = with_room_for(text.size());
  copy.append(text);
  return copy;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decoded(std::string_view text) {
  auto value = with_room_for(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      value += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      wipe(value);
      return malformed("The form has bad percent-encoding.");
    }
    value += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return value;
}

}  // namespace

Form::~Form() {
  for (auto& field : fields_) wipe(field.value);
}

bool Form::is_form(std::string_view content_type) noexcept {
  return has_type(content_type, kUrlencoded) || has_type(content_type, kMultipart);
}

Result<Form> Form::parse(std::string_view content_type, std::string_view body, std::size_t max_fields) {
  Form form(max_fields);
  if (has_type(content_type, kUrlencoded)) {
    CERTWRIGHT_CHECK(form.parse_urlencoded(body));
  } else if (has_type(content_type, kMultipart)) {
    CERTWRIGHT_CHECK(form.parse_multipart(content_type, body));
  } else {
    return fail_field(Errc::invalid, "Content-Type",
                      "A form is sent as application/x-www-form-urlencoded or multipart/form-data.");
  }
  return form;
}

Result<void> Form::add(std::string name, std::string value, bool is_file) {
  if (fields_.size() >= max_fields_) return fail(Errc::too_large, "The form has too many fields.");
  if (name.empty()) return malformed("A field of the form has no name.");
  if (name.size() > kMaxNameOctets) return fail(Errc::too_large, "A field of the form has too long a name.");
  fields_.push_back({std::move(name), std::move(value), is_file});
  return {};
}

Result<void> Form::parse_urlencoded(std::string_view body) {
  while (!body.empty()) {
    const std::string_view pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    CERTWRIGHT_TRY(auto name, decoded(pair.substr(0, equals)));
    CERTWRIGHT_TRY(auto value, decoded(pair.substr(std::min(pair.size(), equals + 1))));
    CERTWRIGHT_CHECK(add(std::move(name), std::move(value), false));
  }
  return {};
}

// Each part begins after "--boundary" CRLF and ends before CRLF "--boundary"; the last is followed by "--".
Result<void> Form::parse_multipart(std::string_view content_type, std::string_view body) {
  constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 section 5.1.1
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary)
    return malformed("The form's Content-Type has no boundary.");
  const std::string first = "--" + std::string(*boundary), next = std::string(kCrlf) + first;
  if (!body.starts_with(first)) return malformed("The form does not begin with its boundary.");
  body.remove_prefix(first.size());
  while (!body.starts_with("--")) {
    if (!body.starts_with(kCrlf)) return malformed("A boundary of the form is not alone on its line.");
    body.remove_prefix(kCrlf.size());
    const auto end = body.find(next);
    if (end == body.npos) return malformed("The form ends within a part.");
    const std::string_view part = body.substr(0, end);
    body.remove_prefix(end + next.size());

    const auto head_end = part.find("\r\n\r\n");
    if (head_end == part.npos) return malformed("A part of the form has no header.");
    std::string_view head = part.substr(0, head_end);
    std::optional<std::string_view> name;
    bool is_file = false;
    while (!head.empty()) {
      const std::string_view line = head.substr(0, head.find(kCrlf));
      head.remove_prefix(std::min(head.size(), line.size() + kCrlf.size()));
      const auto colon = line.find(':');
      if (colon == line.npos || !http::equal_ignoring_case(line.substr(0, colon), "Content-Disposition")) continue;
      const auto value = without_blanks(line.substr(colon + 1));
      if (!has_type(value, "form-data")) return malformed("A part of the form is no form-data.");
      name = parameter(value, "name");
      is_file = parameter(value, "filename").has_value();
    }
    if (!name) return malformed("A part of the form has no name.");
    CERTWRIGHT_CHECK(add(std::string(*name), kept(part.substr(head_end + 4)), is_file));
  }
  return {};
}

Result<std::optional<std::string>> Form::value(std::string_view name) const {
  const auto is_it = [&](const Field& field) { return field.name == name; };
  const auto found = std::ranges::find_if(fields_, is_it);
  if (found == fields_.end()) return std::optional<std::string>();
  if (std::any_of(std::next(found), fields_.end(), is_it))
    return fail_field(Errc::bad_encoding, std::string(name), "The field is in the form more than once.");
  return std::optional(kept(found->value));
}

std::vector<std::string> Form::values(std::string_view name) const {
  std::vector<std::string> all;
  for (const auto& field : fields_)
    if (field.name == name) all.push_back(field.value);
  return all;
}

}  // namespace certwright::gateway::web
