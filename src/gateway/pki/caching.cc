#include "gateway/pki/caching.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <fmt/format.h>

namespace certwright::gateway::pki {

std::string http_date(Time time) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<Seconds>(time - day)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

bool names_etag(std::string_view value, std::string_view etag) noexcept {
  while (!value.empty()) {
    const std::size_t start = value.find_first_not_of(" \t,");
    if (start == std::string_view::npos) return false;
    value.remove_prefix(start);
    if (value.front() == '*') return true;
    if (value.starts_with("W/")) value.remove_prefix(2);
    if (value.empty() || value.front() != '"') return false;
    const std::size_t end = value.find('"', 1);
    if (end == std::string_view::npos) return false;
    if (value.substr(1, end - 1) == etag) return true;
    value.remove_prefix(end + 1);
  }
  return false;
}

void apply_freshness(const Freshness& freshness, Time now, std::string_view if_none_match,
                     std::string_view if_modified_since, http::Response& response) {
  // As Expires and the server's Date count: in whole seconds since the epoch.
  const auto whole = [](Time time) { return std::chrono::floor<Seconds>(time.time_since_epoch()); };
  const auto left_s = std::max<std::int64_t>(0, (whole(freshness.expires) - whole(now)).count());
  std::string last_modified = http_date(freshness.last_modified);
  const bool has_it = if_none_match.empty()
                          ? !if_modified_since.empty() && if_modified_since == last_modified
                          : names_etag(if_none_match, freshness.etag);
  response.headers.add("ETag", fmt::format("\"{}\"", freshness.etag));
  response.headers.add("Last-Modified", std::move(last_modified));
  response.headers.add("Expires", http_date(freshness.expires));
  response.headers.add("Cache-Control",
                       fmt::format("max-age={}, public, no-transform, must-revalidate", left_s));
  if (!has_it) return;
  response.status = 304;
  response.body = {};
}

}  // namespace certwright::gateway::pki
