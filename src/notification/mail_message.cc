#include "notification/mail_message.h"

#include <fmt/format.h>

#include "bytes/bytes.h"

namespace certwright::notification {
namespace {

// RFC 5322 section 3.3, in UTC.
std::string date_of(Time time) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<Seconds>(time - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
                     kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string in_lines(const std::string& base64) {
  constexpr std::size_t kLine = 76;
  std::string lines;
  for (std::size_t at = 0; at < base64.size(); at += kLine) lines += base64.substr(at, kLine) + "\r\n";
  return lines;
}

std::string part(std::string_view boundary, std::string_view type, std::string_view content) {
  return fmt::format(
      "--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", boundary, type,
      in_lines(to_base64(as_bytes(content))));
}

}  // namespace

std::string compose(const MailMessage& message) {
  // No line of base64 has an underscore.
  const std::string boundary = "=_certwright_" + message.id.substr(0, 32);
  std::string mail = fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\n", date_of(message.date),
      header_of(message.from), header_of(message.to), encoded_header(message.subject), message.id,
      message.from.address.domain());
  // RFC 3834: no vacation notices, please.
  mail += "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n";
  mail += fmt::format("Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n", boundary);
  for (std::size_t i = 0; i < message.contained.size(); ++i)
    mail += (i == 0 ? "Certwright-Notification-Ids: " : ",\r\n ") + message.contained[i];
  if (!message.contained.empty()) mail += "\r\n";
  mail += "\r\n" + part(boundary, "text/plain", message.text) + part(boundary, "text/html", message.html) +
          "--" + boundary + "--\r\n";
  return mail;
}

}  // namespace certwright::notification
