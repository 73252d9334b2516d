#include "http/request_target.h"

#include <algorithm>
#include <string>
#include <utility>

#include "http/response_writer.h"

namespace certwright::http {
namespace {

constexpr std::size_t kMaxSegments = 512;

// Splits the path and decodes its segments.
MaybeRefusal read_path(RequestHead& head) {
  head.segments.clear();
  if (head.raw_path == "*") return {};
  std::string_view rest = std::string_view(head.raw_path).substr(1);
  for (;;) {
    if (head.segments.size() == kMaxSegments) return Refusal{kUriTooLong, "too many path segments"};
    const std::string_view raw = rest.substr(0, rest.find('/'));
    auto segment = percent_decode(raw);
    if (!segment) return Refusal{kBadRequest, "the path has a bad percent-encoding"};
    if (!is_field_value(*segment) || segment->find('\t') != std::string::npos) {
      return Refusal{kBadRequest, "the path has a control character"};
    }
    head.segments.push_back(std::move(*segment));
    if (raw.size() == rest.size()) return {};
    rest.remove_prefix(raw.size() + 1);
  }
}

}  // namespace

bool is_host(std::string_view text) noexcept {  // the characters of uri-host [":" port]
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~!$&'()*+,;=:[]%").find(c) != std::string_view::npos;
  });
}

MaybeRefusal read_target(RequestHead& head) {
  std::string_view target = head.target;
  if (target.find('#') != std::string_view::npos) {
    return Refusal{kBadRequest, "the request target has a fragment"};
  }
  if (target == "*") {
    if (head.method != "OPTIONS") return Refusal{kBadRequest, "`*` is for OPTIONS only"};
  } else if (target.front() != '/') {
    const std::size_t scheme_end = target.find("://");
    const std::string_view scheme = target.substr(0, std::min(scheme_end, target.size()));
    if (scheme_end == std::string_view::npos ||
        !(equal_ignoring_case(scheme, "http") || equal_ignoring_case(scheme, "https"))) {
      return Refusal{kBadRequest, "the request target is not a path"};
    }
    target.remove_prefix(scheme_end + 3);
    const std::size_t authority_size = std::min(target.find_first_of("/?"), target.size());
    if (authority_size == 0 || !is_host(target.substr(0, authority_size))) {
      return Refusal{kBadRequest, "the request target has a bad host"};
    }
    target.remove_prefix(authority_size);
  }
  const std::size_t path_size = std::min(target.find('?'), target.size());
  head.raw_path = path_size == 0 ? std::string_view("/") : target.substr(0, path_size);
  head.raw_query = path_size < target.size() ? target.substr(path_size + 1) : std::string_view();
  head.query = Query::parse(head.raw_query);
  return read_path(head);
}

}  // namespace certwright::http
