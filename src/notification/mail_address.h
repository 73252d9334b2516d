#pragma once
#include <string>
#include <string_view>

#include "errors/result.h"

namespace certwright::notification {

// An addr-spec that can stand in an SMTP command and in a header as it is: RFC 5321 section 4.1.2
// without quoted strings, address literals and comments, ASCII only. So it has no white space, no
// line break, no angle bracket.
class MailAddress {
 public:
  static constexpr std::size_t kMaxOctets = 254;
  static constexpr std::size_t kMaxLocalOctets = 64;
  // Errors: invalid, field "email".
  static Result<MailAddress> parse(std::string_view text);
  const std::string& text() const noexcept { return text_; }
  std::string_view domain() const noexcept { return std::string_view(text_).substr(text_.find('@') + 1); }

 private:
  explicit MailAddress(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// A mailbox for From and To: the address alone, or with a name before it (RFC 5322 section 3.4).
struct Mailbox {
  MailAddress address;
  std::string name;  // any UTF-8; encoded where it is written
};
// "ca@example.org" or "Certwright <ca@example.org>". Errors: invalid.
Result<Mailbox> parse_mailbox(std::string_view text);

// Unstructured text for a header field: as it is if it is short printable ASCII, else encoded words
// (RFC 2047) folded to lines of at most 76. `text` is cleaned (event.h) first, so that it cannot end
// its line.
std::string encoded_header(std::string_view text);

// "Name <address>", the name quoted or encoded; the address alone without a name.
std::string header_of(const Mailbox& mailbox);

}  // namespace certwright::notification
