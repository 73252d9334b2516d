// The two transports against small servers of bytes on loopback.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "notification/https_transport.h"
#include "notification/smtp_transport.h"

namespace certwright::notification {
namespace {

using namespace std::chrono_literals;

// Accepts connections one after the other and hands each to `serve`.
class ByteServer {
 public:
  explicit ByteServer(std::function<void(int)> serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        pollfd ready{listener_, POLLIN, 0};
        if (::poll(&ready, 1, 20) != 1) continue;
        const int connection = ::accept(listener_, nullptr, nullptr);
        ++connections;
        serve_(connection);
        ::close(connection);
      }
    });
  }
  ~ByteServer() {
    thread_.request_stop();
    thread_.join();
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }
  std::atomic<int> connections{0};

 private:
  std::function<void(int)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

bool say(int connection, std::string_view text) {
  return ::send(connection, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// Reads until `end` has come; "" if the other side closes before.
std::string read_until(int connection, std::string_view end) {
  std::string text;
  char c = 0;
  while (!text.ends_with(end)) {
    if (::recv(connection, &c, 1, 0) != 1) return "";
    text += c;
  }
  return text;
}

std::string read_request(int connection) {
  std::string head = read_until(connection, "\r\n\r\n");
  const auto at = head.find("Content-Length: ");
  if (at == std::string::npos) return head;
  const auto size = std::stoul(head.substr(at + 16));
  while (size > head.size() - head.find("\r\n\r\n") - 4) {
    char c = 0;
    if (::recv(connection, &c, 1, 0) != 1) break;
    head += c;
  }
  return head;
}

class HttpsTransportTest : public testing::Test {
 protected:
  static HttpsOptions listed() {
    HttpsOptions options;
    options.policy = AddressPolicy({*Network::parse("127.0.0.0/8")});
    options.timeout = 700ms;
    return options;
  }
  static WebhookRequest request(const std::string& url) {
    return {.url = *WebhookUrl::parse(url), .headers = {{"Certwright-Event", "x"}}, .body = R"({"a":1})"};
  }
  std::string local(const ByteServer& server, const std::string& path = "/in") const {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
  }
  Stop stop_{false};
};

TEST_F(HttpsTransportTest, PostsTheBodyAsItIs) {
  std::string seen;
  ByteServer server([&](int c) {
    seen = read_request(c);
    say(c, "HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok");
  });
  HttpsTransport transport(listed());
  const auto status = transport.post(request(local(server, "/in?x=%20")), stop_);
  ASSERT_TRUE(status) << status.error().detail;
  EXPECT_EQ(*status, 202);
  EXPECT_TRUE(seen.starts_with("POST /in?x=%20 HTTP/1.1\r\n")) << seen;
  EXPECT_TRUE(seen.ends_with("\r\n\r\n{\"a\":1}")) << seen;
  EXPECT_NE(seen.find("\r\nCertwright-Event: x\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("Authorization"), std::string::npos);
}

TEST_F(HttpsTransportTest, DoesNotConnectToWhatIsNotListed) {
  ByteServer server([](int c) { say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  HttpsOptions options;
  HttpsTransport transport(std::move(options));
  const auto port = std::to_string(server.port());
  for (const std::string host : {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"}) {
    const auto refused = transport.post(request("https://" + host + ":" + port + "/"), stop_);
    ASSERT_FALSE(refused) << host;
    EXPECT_EQ(refused.error().code, Errc::policy) << host << refused.error().detail;
  }
  EXPECT_EQ(server.connections, 0);
}

TEST_F(HttpsTransportTest, ANameIsResolvedOnceAndOnePrivateAddressSpoilsIt) {
  ByteServer server([](int c) { say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  int asked = 0;
  auto options = listed();
  // As a rebinding name server would answer: the first time what is allowed, then something else.
  options.resolve = [&](const std::string&) -> Result<std::vector<IpAddress>> {
    return std::vector{*IpAddress::parse(++asked == 1 ? "127.0.0.1" : "10.0.0.1")};
  };
  HttpsTransport rebound(options);
  const auto url = "http://rebind.example:" + std::to_string(server.port()) + "/";
  const auto first = rebound.post(request(url), stop_);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(server.connections, 1);
  const auto second = rebound.post(request(url), stop_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::policy);
  EXPECT_EQ(second.error().detail.find("10.0.0.1"), std::string::npos);  // what the operator's DNS says is not theirs

  options.resolve = [](const std::string&) -> Result<std::vector<IpAddress>> {
    return std::vector{*IpAddress::parse("8.8.8.8"), *IpAddress::parse("169.254.169.254")};
  };
  HttpsTransport mixed(options);
  EXPECT_EQ(mixed.post(request("https://mixed.example/"), stop_).error().code, Errc::policy);
  options.resolve = [](const std::string&) -> Result<std::vector<IpAddress>> { return std::vector<IpAddress>{}; };
  EXPECT_EQ(HttpsTransport(options).post(request("https://none.example/"), stop_).error().code, Errc::unavailable);
}

TEST_F(HttpsTransportTest, PlainHttpIsForListedAddressesOnly) {
  HttpsOptions options;
  options.resolve = [](const std::string&) -> Result<std::vector<IpAddress>> { return std::vector{*IpAddress::parse("8.8.8.8")}; };
  EXPECT_EQ(HttpsTransport(options).post(request("http://a.example/"), stop_).error().code, Errc::policy);
}

TEST_F(HttpsTransportTest, FollowsNoRedirect) {
  ByteServer inner([](int c) { say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  ByteServer server([&](int c) {
    read_request(c);
    say(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + local(inner) + "\r\nContent-Length: 0\r\n\r\n");
  });
  HttpsTransport transport(listed());
  EXPECT_EQ(transport.post(request(local(server)), stop_).value(), 307);
  EXPECT_EQ(inner.connections, 0);
}

TEST_F(HttpsTransportTest, IgnoresAProxyOfTheEnvironment) {
  ByteServer proxy([](int c) { say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  ByteServer server([](int c) {
    read_request(c);
    say(c, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  const auto url = "http://127.0.0.1:" + std::to_string(proxy.port());
  ::setenv("http_proxy", url.c_str(), 1);
  ::setenv("ALL_PROXY", url.c_str(), 1);
  HttpsTransport transport(listed());
  const auto status = transport.post(request(local(server)), stop_);
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  EXPECT_EQ(status.value(), 204);
  EXPECT_EQ(proxy.connections, 0);
}

TEST_F(HttpsTransportTest, AnEndlessAnswerIsCutOffAndItsStatusCounts) {
  ByteServer server([](int c) {
    read_request(c);
    if (!say(c, "HTTP/1.1 200 OK\r\n\r\n")) return;
    while (say(c, std::string(8192, 'x'))) continue;
  });
  HttpsTransport transport(listed());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(transport.post(request(local(server)), stop_).value(), 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 600ms);
}

TEST_F(HttpsTransportTest, EndlessHeadersAreNoAnswer) {
  ByteServer server([](int c) {
    read_request(c);
    say(c, "HTTP/1.1 500 No\r\n");
    while (say(c, "X-More: " + std::string(1000, 'x') + "\r\n")) continue;
  });
  HttpsTransport transport(listed());
  const auto status = transport.post(request(local(server)), stop_);
  EXPECT_TRUE(!status || *status == 500);
}

TEST_F(HttpsTransportTest, ASlowEndpointIsGivenUp) {
  ByteServer server([](int c) {
    read_request(c);
    for (int i = 0; i < 30 && say(c, "H"); ++i) std::this_thread::sleep_for(50ms);
  });
  HttpsTransport transport(listed());
  const auto begin = std::chrono::steady_clock::now();
  const auto status = transport.post(request(local(server)), stop_);
  EXPECT_EQ(status.error().code, Errc::unavailable);
  EXPECT_EQ(status.error().detail.find("/in"), std::string::npos);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1400ms);
}

TEST_F(HttpsTransportTest, StoppingBreaksOff) {
  auto options = listed();
  options.timeout = 20s;
  ByteServer server([this](int c) {
    read_request(c);
    stop_ = true;
    char byte = 0;
    ::recv(c, &byte, 1, 0);
  });
  HttpsTransport transport(std::move(options));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(transport.post(request(local(server)), stop_));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
}

// One session: what the client said, line by line.
struct SmtpSession {
  std::vector<std::string> extensions;
  std::string refuse_at;  // this command gets a 550
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
        say(c, "550 5.7.1 not\x07 for you\r\n");
      } else if (line.starts_with("EHLO")) {
        std::string answer = "250-test\r\n";
        for (const auto& extension : extensions) answer += "250-" + extension + "\r\n";
        say(c, answer + "250 8BITMIME\r\n");
      } else if (line == "DATA") {
        say(c, "354 go on\r\n");
        data = read_until(c, "\r\n.\r\n");
        say(c, "250 taken\r\n");
      } else if (line == "QUIT") {
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
