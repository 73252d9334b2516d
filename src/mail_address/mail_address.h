#pragma once
#include <string>
#include <string_view>

#include "errors/result.h"

namespace certwright::mail {

// An addr-spec that can stand in an SMTP command and in a header as it is: RFC 5321 section 4.1.2
// without quoted strings, address literals and comments, ASCII only. So it has no white space, no
// line break, no angle bracket. The one rule: what a principal may have as its address is what mail is sent to.
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

}  // namespace certwright::mail
