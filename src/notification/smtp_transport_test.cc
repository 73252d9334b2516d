// Against small servers of bytes on loopback.
#include "notification/smtp_transport.h"

#include <chrono>

#include "notification/testing_byte_server.h"

namespace certwright::notification {
namespace {

using namespace std::chrono_literals;
using fixture::ByteServer;
using fixture::read_until;
using fixture::say;

// One session: what the client said, line by line.
struct SmtpSession {
  std::vector<std::string> extensions;
  std::string refuse_at;  // this command gets the refusal; ".": the message
  std::string refusal = "550 5.7.1 not\x07 for you";
  bool answers_quit = true;
  std::vector<std::string> lines;
  std::string data;
  void operator()(int c) {
    say(c, "220 test ESMTP\r\n");
    while (true) {
      auto line = read_until(c, "\r\n");
      if (line.empty()) return;
      line.resize(line.size() - 2);
      lines.push_back(line);
      if (!refuse_at.empty() && line.starts_with(refuse_at)) {
        say(c, refusal + "\r\n");
      } else if (line.starts_with("EHLO")) {
        std::string answer = "250-test\r\n";
        for (const auto& extension : extensions) answer += "250-" + extension + "\r\n";
        say(c, answer + "250 8BITMIME\r\n");
      } else if (line == "DATA") {
        say(c, "354 go on\r\n");
        data = read_until(c, "\r\n.\r\n");
        say(c, (refuse_at == "." ? refusal : "250 taken") + "\r\n");
      } else if (line == "QUIT") {
        if (!answers_quit) (void)read_until(c, "\r\n");  // until the client has had enough
        say(c, "221 bye\r\n");
        return;
      } else {
        say(c, "250 ok\r\n");
      }
    }
  }
};

class SmtpTransportTest : public testing::Test {
 protected:
  static SmtpOptions options(const ByteServer& server, SmtpSecurity security) {
    SmtpOptions o;
    o.host = "127.0.0.1";
    o.port = server.port();
    o.security = security;
    o.timeout = 3s;
    return o;
  }
  static MailMessage message() {
    return {.from = *parse_mailbox("CA <ca@ca.example>"), .to = *parse_mailbox("alice@example.org"), .subject = "S", .text = ".\n..\n",
            .html = "h", .id = "0123", .contained = {"0123"}, .date = {}};
  }
  Stop stop_{false};
};

TEST_F(SmtpTransportTest, SubmitsOneMessageToOneRecipient) {
  SmtpSession session;
  ByteServer server([&](int c) { session(c); });
  const auto transport = SmtpTransport::create(options(server, SmtpSecurity::none));
  ASSERT_TRUE(transport);
  const auto sent = (*transport)->send(message(), stop_);
  ASSERT_TRUE(sent) << sent.error().detail;
  EXPECT_EQ(session.data, compose(message()) + ".\r\n");
  EXPECT_EQ(session.lines.at(0), "EHLO ca.example");
  EXPECT_TRUE(session.lines.at(1).starts_with("MAIL FROM:<ca@ca.example>"));
  EXPECT_EQ(session.lines.at(2), "RCPT TO:<alice@example.org>");
  EXPECT_EQ(session.lines.at(3), "DATA");
}

TEST_F(SmtpTransportTest, WithoutStartTlsThereIsNoMailAndNoPassword) {
  SmtpSession session;
  session.extensions = {"AUTH PLAIN LOGIN"};
  ByteServer server([&](int c) { session(c); });
  auto with_password = options(server, SmtpSecurity::starttls);
  with_password.user = "ca";
  with_password.password = SecretBytes::copy_of(as_bytes("the-password"));
  const auto transport = SmtpTransport::create(std::move(with_password));
  const auto sent = (*transport)->send(message(), stop_);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().detail.find("the-password"), std::string::npos);
  for (const auto& line : session.lines)
    EXPECT_TRUE(line.starts_with("EHLO") || line.starts_with("STARTTLS") || line == "QUIT") << line;
}

TEST_F(SmtpTransportTest, ARefusalIsAnErrorOfOneLine) {
  SmtpSession session;
  session.refuse_at = "RCPT";
  ByteServer server([&](int c) { session(c); });
  const auto transport = SmtpTransport::create(options(server, SmtpSecurity::none));
  const auto sent = (*transport)->send(message(), stop_);
  ASSERT_FALSE(sent);
  EXPECT_NE(sent.error().detail.find("550"), std::string::npos) << sent.error().detail;
  EXPECT_EQ(sent.error().detail.find('\x07'), std::string::npos);
  EXPECT_TRUE(session.data.empty());
}

// What a refusal for good is about decides what is lost: the recipient, the message, or nothing.
TEST_F(SmtpTransportTest, ARefusalIsOfTheRecipientOfTheMessageOrOfTheServersMood) {
  struct Case {
    std::string at, refusal;
    Errc expected;
  };
  const std::vector<Case> cases{{"RCPT", "550 nobody", Errc::gone},    {"RCPT", "450 later", Errc::unavailable},
                                {".", "554 spam", Errc::policy},       {".", "452 full", Errc::unavailable},
                                {"DATA", "554 no", Errc::policy},      {"MAIL", "530 sign in", Errc::unavailable}};
  for (const auto& [at, refusal, expected] : cases) {
    SmtpSession session;
    session.refuse_at = at;
    session.refusal = refusal;
    ByteServer server([&](int c) { session(c); });
    const auto transport = SmtpTransport::create(options(server, SmtpSecurity::none));
    const auto sent = (*transport)->send(message(), stop_);
    ASSERT_FALSE(sent) << at << refusal;
    EXPECT_EQ(sent.error().code, expected) << at << refusal << ": " << sent.error().detail;
  }
}

TEST_F(SmtpTransportTest, AGoodbyeWithoutAnswerHasALimit) {
  SmtpSession session;
  session.answers_quit = false;
  ByteServer server([&](int c) { session(c); });
  auto quick = options(server, SmtpSecurity::none);
  quick.timeout = 1s;
  const auto transport = SmtpTransport::create(std::move(quick));
  const auto begin = std::chrono::steady_clock::now();
  const auto sent = (*transport)->send(message(), stop_);
  EXPECT_TRUE(sent) << sent.error().detail;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(SmtpTransportTest, RefusesOptionsThatWouldLeakOrInject) {
  SmtpOptions clear;
  clear.host = "mail.example";
  clear.security = SmtpSecurity::none;
  clear.user = "ca";
  EXPECT_FALSE(SmtpTransport::create(std::move(clear)));
  for (const auto* host : {"", "a b", "a@b", "a/b", "a:25", "a\r\nb", "127.1"}) {
    SmtpOptions bad;
    bad.host = host;
    EXPECT_FALSE(SmtpTransport::create(std::move(bad))) << host;
  }
  SmtpOptions helo;
  helo.host = "mail.example";
  helo.helo = "x\r\nMAIL FROM:<a@b>";
  EXPECT_FALSE(SmtpTransport::create(std::move(helo)));
}

}  // namespace
}  // namespace certwright::notification
