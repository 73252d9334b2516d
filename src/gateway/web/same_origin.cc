#include "gateway/web/same_origin.h"

#include <string_view>

namespace certwright::gateway::web {
namespace {

bool is_twice(const http::RequestHead& head) {
  return head.headers.count("Sec-Fetch-Site") > 1 || head.headers.count("Origin") > 1;
}

bool is_origin_the_host(const http::RequestHead& head) {
  constexpr std::string_view kScheme = "https://";
  const std::string_view origin = head.header("Origin"), host = head.header("Host");
  return !host.empty() && origin.starts_with(kScheme) &&
         http::equal_ignoring_case(origin.substr(kScheme.size()), host);
}

}  // namespace

bool is_same_origin(const http::RequestHead& head) {
  if (is_twice(head)) return false;
  if (head.headers.has("Sec-Fetch-Site")) return head.header("Sec-Fetch-Site") == "same-origin";
  return is_origin_the_host(head);
}

bool is_cross_site(const http::RequestHead& head) {
  if (is_twice(head)) return true;
  const std::string_view site = head.header("Sec-Fetch-Site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  return head.headers.has("Origin") && !is_origin_the_host(head);
}

}  // namespace certwright::gateway::web
