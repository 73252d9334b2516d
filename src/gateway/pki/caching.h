#pragma once
#include <string>
#include <string_view>

#include "clock/clock.h"
#include "http/message.h"

namespace certwright::gateway::pki {

// IMF-fixdate, RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". Truncates to seconds.
std::string http_date(Time time);

// Does an If-None-Match value (RFC 9110 section 13.1.2) name this entity tag, or any? `etag` without
// quotes. Weak and strong tags compare alike.
bool names_etag(std::string_view if_none_match, std::string_view etag) noexcept;

// What a cache may do with an answer.
struct Freshness {
  std::string_view etag;  // without quotes
  Time last_modified{};
  Time expires{};         // max-age counts from now to here; in the past: revalidate each time
};

// Adds ETag, Last-Modified, Expires and Cache-Control to `response` and, where the condition says
// that the client has it, makes it a 304 without body. If-Modified-Since counts only without
// If-None-Match, and only if it is our own Last-Modified.
void apply_freshness(const Freshness& freshness, Time now, std::string_view if_none_match,
                     std::string_view if_modified_since, http::Response& response);

}  // namespace certwright::gateway::pki
