#pragma once
#include <string>
#include <vector>

#include "clock/clock.h"
#include "notification/mailbox.h"

namespace certwright::notification {

// An e-mail before it is encoded. Every text is UTF-8.
struct MailMessage {
  Mailbox from;
  Mailbox to;
  std::string subject;
  std::string text;
  std::string html;
  std::string id;                      // left part of Message-ID: hexadecimal digits
  std::vector<std::string> contained;  // ids of the notifications in it, hexadecimal digits
  Time date{};
};

// RFC 5322 with MIME (RFC 2045, 2046): multipart/alternative of plain text and HTML, both in base64, so
// that nothing in them can be taken for a header, a boundary or the end of the message. Lines end in
// CRLF and have at most 76 characters, but for addresses (254).
std::string compose(const MailMessage& message);

}  // namespace certwright::notification
