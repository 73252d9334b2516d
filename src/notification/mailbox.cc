#include "notification/mailbox.h"

#include <algorithm>

#include "bytes/bytes.h"
#include "notification/event.h"

namespace certwright::notification {
namespace {

bool is_printable_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

// Encoded words of at most 75 characters, each of whole characters, one on a line.
std::string encoded_words(std::string_view text) {
  constexpr std::size_t kPieceOctets = 42;  // 56 characters of base64, and 12 around them
  std::string words;
  while (!text.empty()) {
    std::size_t octets = std::min(kPieceOctets, text.size());
    while (octets < text.size() && (static_cast<unsigned char>(text[octets]) & 0xC0U) == 0x80) --octets;
    if (!words.empty()) words += "\r\n ";
    words += "=?utf-8?B?" + to_base64(as_bytes(text.substr(0, octets))) + "?=";
    text.remove_prefix(octets);
  }
  return words;
}

}  // namespace

Result<Mailbox> parse_mailbox(std::string_view text) {
  if (!text.ends_with('>')) {
    CERTWRIGHT_TRY(auto address, MailAddress::parse(text));
    return Mailbox{std::move(address), ""};
  }
  const auto open = text.rfind('<');
  if (open == std::string_view::npos) return fail(Errc::invalid, "expected NAME <ADDRESS>");
  CERTWRIGHT_TRY(auto address, MailAddress::parse(text.substr(open + 1, text.size() - open - 2)));
  std::string_view name = text.substr(0, open);
  while (name.ends_with(' ')) name.remove_suffix(1);
  return Mailbox{std::move(address), cleaned(name)};
}

std::string encoded_header(std::string_view text) {
  constexpr std::size_t kShort = 60;  // with the field's name still one line
  const std::string line = cleaned(text);
  const bool plain = line.size() <= kShort && is_printable_ascii(line) && line.find("=?") == std::string::npos &&
                     !line.starts_with(' ') && !line.ends_with(' ');
  return plain ? line : encoded_words(line);
}

std::string header_of(const Mailbox& mailbox) {
  if (mailbox.name.empty()) return mailbox.address.text();
  const std::string name = cleaned(mailbox.name);
  std::string written;
  if (name.size() <= 40 && is_printable_ascii(name) && name.find("=?") == std::string::npos) {
    written = "\"";
    for (const char c : name) {
      if (c == '"' || c == '\\') written += '\\';
      written += c;
    }
    written += '"';
  } else {
    written = encoded_words(name);
  }
  return written + "\r\n <" + mailbox.address.text() + ">";
}

}  // namespace certwright::notification
