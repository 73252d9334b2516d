#include "profile/uri_parts.h"

#include <algorithm>
#include <string>

namespace certwright::profile {
namespace {

bool is_any(std::string_view text, std::string_view one, std::string_view other) { return text == one || text == other; }

// With the escapes of '.', '/' and '\' undone, and '\' as what many take it for.
std::string without_escaped_separators(std::string_view path) {
  std::string plain;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%' && path.size() - i >= 3) {
      const std::string_view escaped = path.substr(i + 1, 2);
      const char meant = is_any(escaped, "2e", "2E") ? '.' : is_any(escaped, "2f", "2F") || is_any(escaped, "5c", "5C") ? '/' : '\0';
      if (meant != '\0') {
        plain += meant;
        i += 2;
        continue;
      }
    }
    plain += path[i] == '\\' ? '/' : path[i];
  }
  return plain;
}

}  // namespace

UriParts uri_parts(std::string_view uri) noexcept {
  const auto at = [&](std::size_t found) { return std::min(found, uri.size()); };
  const std::size_t colon = uri.find(':');
  std::size_t path = colon == std::string_view::npos ? 0 : colon + 1;
  if (path != 0 && uri.substr(path).starts_with("//")) path = at(uri.find_first_of("/?#", path + 2));
  const std::size_t fragment = at(uri.find('#', path));
  const std::size_t query = at(uri.find('?', path));
  return {.path = path, .query = query < fragment ? query : uri.size(), .fragment = fragment};
}

bool has_dot_segment(std::string_view uri) {
  const UriParts parts = uri_parts(uri);
  const std::size_t end = std::min(parts.query, parts.fragment);
  const std::string path = without_escaped_separators(uri.substr(parts.path, end - parts.path));
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t slash = std::min(path.find('/', begin), path.size());
    const auto segment = std::string_view(path).substr(begin, slash - begin);
    if (segment == "." || segment == "..") return true;
    begin = slash + 1;
  }
  return false;
}

}  // namespace certwright::profile
