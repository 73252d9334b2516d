#include "gateway/web/cookie.h"

#include <algorithm>

#include <fmt/format.h>

#include "access/token.h"

namespace certwright::gateway::web {
namespace {

constexpr std::string_view kAttributes = "; Path=/; Secure; HttpOnly; SameSite=Lax";

bool is_base64url(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<std::string> session_cookie(const http::Headers& headers) {
  std::optional<std::string_view> value;
  for (const auto& field : headers) {
    if (!http::equal_ignoring_case(field.name, "Cookie")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const auto equals = pair.find('=');
      if (equals == pair.npos || without_spaces(pair.substr(0, equals)) != kSessionCookie) continue;
      if (value) return std::nullopt;
      value = without_spaces(pair.substr(equals + 1));
    }
  }
  if (!value || value->size() != access::kSessionIdCharacters || !std::ranges::all_of(*value, is_base64url))
    return std::nullopt;
  return std::string(*value);
}

std::string set_session_cookie(std::string_view id) { return fmt::format("{}={}{}", kSessionCookie, id, kAttributes); }

std::string clear_session_cookie() { return fmt::format("{}={}; Max-Age=0", kSessionCookie, kAttributes); }

}  // namespace certwright::gateway::web
