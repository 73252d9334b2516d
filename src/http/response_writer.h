#pragma once
// Internal to http: the octets of answers, RFC 9112 sections 4 and 5.
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace certwright::http {

// "HTTP/1.1 200 OK\r\n"
void append_status_line(std::string& out, int status);

// The handler's fields and Content-Length (RFC 9110 section 8.6: none for 204 and 304); Date,
// Content-Length, Connection and Transfer-Encoding of the handler's are left out: they are the
// server's to say. False if a field holds a character RFC 9110 section 5.5 forbids.
bool append_fields(std::string& out, const Response& response);

// 204 and 304 never have a body (RFC 9110 section 6.4.1).
bool status_has_body(int status) noexcept;

bool is_token(std::string_view text) noexcept;        // RFC 9110 section 5.6.2
bool is_field_value(std::string_view text) noexcept;  // section 5.5, obs-text allowed

// The "Date: ...\r\n" line of RFC 9110 section 6.6.1, formatted once per second. One thread.
class DateLine {
 public:
  std::string_view get();

 private:
  std::int64_t second_ = -1;
  std::string line_;
};

}  // namespace certwright::http
