// Whatever a name or a subject holds: every line of the header field but its first begins with a space,
// and what is taken for an address can stand between angle brackets.
#include <cstdlib>

#include "bytes/bytes.h"
#include "notification/mailbox.h"

namespace {
void expect_folded(std::string_view header) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    const auto c = static_cast<unsigned char>(header[i]);
    if (c >= 0x7F || (c < 0x20 && c != '\r' && c != '\n')) std::abort();
    if (c == '\r' && (i + 2 >= header.size() || header[i + 1] != '\n' || header[i + 2] != ' ')) std::abort();
    if (c == '\n' && (i == 0 || header[i - 1] != '\r')) std::abort();
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace certwright;
  using namespace certwright::notification;
  const auto text = as_text(ByteView(data, size));
  expect_folded(encoded_header(text));
  if (const auto address = MailAddress::parse(text))
    if (address->text().find_first_of("<> \t\r\n,;:\"\\()") != std::string::npos) std::abort();
  if (const auto mailbox = parse_mailbox(text)) expect_folded(header_of(*mailbox));
  expect_folded(header_of({*MailAddress::parse("a@b.example"), std::string(text)}));
  return 0;
}
