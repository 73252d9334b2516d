#include "gateway/web/same_origin.h"

#include <string_view>

namespace certwright::gateway::web {

bool is_same_origin(const http::RequestHead& head) {
  if (head.headers.count("Sec-Fetch-Site") > 1 || head.headers.count("Origin") > 1) return false;
  if (head.headers.has("Sec-Fetch-Site")) return head.header("Sec-Fetch-Site") == "same-origin";
  constexpr std::string_view kScheme = "https://";
  const std::string_view origin = head.header("Origin"), host = head.header("Host");
  return !host.empty() && origin.starts_with(kScheme) &&
         http::equal_ignoring_case(origin.substr(kScheme.size()), host);
}

bool is_cross_site(const http::RequestHead& head) {
  const std::string_view site = head.header("Sec-Fetch-Site");
  return !site.empty() && site != "same-origin" && site != "none";
}

}  // namespace certwright::gateway::web
