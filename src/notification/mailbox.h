#pragma once
#include <string>
#include <string_view>

#include "errors/result.h"
#include "mail_address/mail_address.h"

namespace certwright::notification {

using mail::MailAddress;

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
