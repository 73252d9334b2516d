#include "http/response_writer.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace certwright::http {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kTokenCharacter = make_token_table();

bool is_the_servers(std::string_view name) noexcept {
  for (const std::string_view own : {"Date", "Content-Length", "Connection", "Transfer-Encoding"}) {
    if (equal_ignoring_case(name, own)) return true;
  }
  return false;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return kTokenCharacter[static_cast<unsigned char>(c)];
  });
}

bool is_field_value(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t';
  });
}

bool status_has_body(int status) noexcept {
  constexpr int kNoContent = 204;
  constexpr int kNotModified = 304;
  return status != kNoContent && status != kNotModified;
}

void append_status_line(std::string& out, int status) {
  constexpr int kOk = 200;
  if (status == kOk) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {:03} {}\r\n", status, reason_phrase(status));
}

bool append_fields(std::string& out, const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || !is_field_value(value)) return false;
    if (is_the_servers(name)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (status_has_body(response.status)) {
    const fmt::format_int length(response.body.size());
    out.append("Content-Length: ").append(length.data(), length.size()).append("\r\n");
  }
  return true;
}

std::string_view DateLine::get() {
  const std::time_t now = std::time(nullptr);
  if (now == second_) return line_;
  second_ = now;
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr int kTmEpochYear = 1900;
  std::tm utc{};
  gmtime_r(&now, &utc);
  line_ = fmt::format("Date: {}, {:02} {} {} {:02}:{:02}:{:02} GMT\r\n", kDays[utc.tm_wday],
                      utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + kTmEpochYear, utc.tm_hour,
                      utc.tm_min, utc.tm_sec);
  return line_;
}

}  // namespace certwright::http
