#include <gtest/gtest.h>

#include "bytes/bytes.h"
#include "notification/event.h"
#include "notification/mailbox.h"
#include "notification/mail_message.h"

namespace certwright::notification {
namespace {

TEST(Mailbox, ANameMayStandBeforeTheAddress) {
  EXPECT_EQ(parse_mailbox("Certwright CA <ca@example.org>")->name, "Certwright CA");
  EXPECT_EQ(parse_mailbox("ca@example.org")->name, "");
  EXPECT_FALSE(parse_mailbox("Certwright <ca@example.org> x"));
  EXPECT_FALSE(parse_mailbox("<ca@example.org\r\n>"));
}

TEST(EncodedHeader, NoTextEndsItsLine) {
  EXPECT_EQ(encoded_header("A plain subject"), "A plain subject");
  for (const std::string text : {"x\r\nBcc: all@example.org", "x\nBcc: y", "x\rBcc: y", "caf\xc3\xa9", "=?utf-8?Q?x?=", " x", "x ",
                                 "a\xe2\x80\xa8" "b"}) {
    const auto header = encoded_header(text);
    EXPECT_TRUE(header.starts_with("=?utf-8?B?")) << text;
    EXPECT_EQ(header.find_first_of("\r\n"), std::string::npos) << text;
  }
}

TEST(EncodedHeader, FoldsIntoWordsOfWholeCharacters) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "a\xe2\x82\xac";
  const auto header = encoded_header(text);
  std::string decoded;
  std::size_t at = 0;
  while (at < header.size()) {
    const auto end = std::min(header.find("\r\n ", at), header.size());
    const auto word = header.substr(at, end - at);
    EXPECT_LE(word.size(), 75U);
    ASSERT_TRUE(word.starts_with("=?utf-8?B?") && word.ends_with("?="));
    const auto piece = from_base64(word.substr(10, word.size() - 12));
    ASSERT_TRUE(piece);
    EXPECT_EQ(cleaned(as_text(*piece)), as_text(*piece));  // valid UTF-8 by itself
    decoded += as_text(*piece);
    at = end + 3;
  }
  EXPECT_EQ(decoded, text);
}

TEST(Cleaned, IsOneHarmlessLine) {
  EXPECT_EQ(cleaned("CN=www.example.org"), "CN=www.example.org");
  EXPECT_EQ(cleaned("a\r\nb"), "a\xef\xbf\xbd\xef\xbf\xbd" "b");
  EXPECT_EQ(cleaned(std::string_view("a\0b", 3)), "a\xef\xbf\xbd" "b");
  EXPECT_EQ(cleaned("\x7f\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6").find("\xe2\x80\xae"), std::string::npos);
  for (const auto* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"})
    EXPECT_TRUE(cleaned(bad).starts_with("\xef\xbf\xbd")) << bad;
  EXPECT_EQ(cleaned("ac\xe2\x80\x8bme\xc2\xad"), "ac[U+200B]me[U+00AD]");  // what nobody sees is shown
  EXPECT_EQ(cleaned("\xe2\x80\xae" "emca"), "[U+202E]emca");
  EXPECT_EQ(cleaned("acme\xf3\xa0\x81\x81\xef\xbb\xbf"), "acme[U+E0041][U+FEFF]");
  const auto hidden = cleaned(std::string(1020, 'x') + "\xe2\x80\x8b");
  EXPECT_TRUE(hidden.ends_with("x\xe2\x80\xa6")) << "not in pieces: " << hidden;
  const auto cut = cleaned(std::string(5000, 'x'));
  EXPECT_LE(cut.size(), kMaxFactOctets);
  EXPECT_TRUE(cut.ends_with("\xe2\x80\xa6"));
}

MailMessage message() {
  return {.from = {*MailAddress::parse("ca@ca.example"), "CA \"one\""},
          .to = {*MailAddress::parse("alice@example.org"), "Al\r\nBcc: x@y"},
          .subject = "Hello\r\nX-Evil: 1",
          .text = "line\n.\r\n--=_certwright_abc\r\n",
          .html = "<p>caf\xc3\xa9</p>",
          .id = "abc",
          .contained = {"abc", "def"},
          .date = from_unix_s(1'767'225'600) + Seconds(3'661)};
}

TEST(MailMessage, HasTheHeadersOfRfc5322AndNoOthers) {
  const auto mail = compose(message());
  const auto head = mail.substr(0, mail.find("\r\n\r\n"));
  EXPECT_NE(head.find("Date: Thu, 01 Jan 2026 01:01:01 +0000\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("From: \"CA \\\"one\\\"\"\r\n <ca@ca.example>\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("\r\n <alice@example.org>\r\n"), std::string::npos);
  EXPECT_NE(head.find("Message-ID: <abc@ca.example>\r\n"), std::string::npos);
  EXPECT_NE(head.find("Auto-Submitted: auto-generated\r\n"), std::string::npos);
  EXPECT_NE(head.find("Certwright-Notification-Ids: abc,\r\n def"), std::string::npos);
  EXPECT_EQ(head.find("\r\nBcc:"), std::string::npos);
  EXPECT_EQ(head.find("\r\nX-Evil:"), std::string::npos);
}

TEST(MailMessage, NothingInItsPartsIsTakenForStructure) {
  const auto mail = compose(message());
  EXPECT_EQ(mail.find("\r\n.\r\n"), std::string::npos);
  std::size_t boundaries = 0;
  for (std::size_t at = 0; (at = mail.find("--=_certwright_abc", at)) != std::string::npos; ++at) ++boundaries;
  EXPECT_EQ(boundaries, 3U);
  for (std::size_t at = 0; at < mail.size();) {
    const auto end = mail.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(mail[end - 1], '\r');
    EXPECT_LE(end - at, 78U);
    at = end + 1;
  }
  EXPECT_TRUE(std::ranges::all_of(mail, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

}  // namespace
}  // namespace certwright::notification
