// Against small servers of bytes on loopback.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "notification/https_transport.h"
#include "notification/testing_byte_server.h"

namespace certwright::notification {
namespace {

using namespace std::chrono_literals;
using fixture::ByteServer;
using fixture::read_until;
using fixture::say;

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

TEST_F(HttpsTransportTest, WhereOneAddressDoesNotAnswerTheNextIsTried) {
  ByteServer server([](int c) {
    read_request(c);
    say(c, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  auto options = listed();
  options.resolve = [](const std::string&) -> Result<std::vector<IpAddress>> {
    return std::vector{*IpAddress::parse("127.0.0.2"), *IpAddress::parse("127.0.0.1")};
  };
  HttpsTransport transport(std::move(options));
  const auto status = transport.post(request("http://both.example:" + std::to_string(server.port()) + "/"), stop_);
  ASSERT_TRUE(status) << status.error().detail;
  EXPECT_EQ(*status, 204);
}

TEST_F(HttpsTransportTest, ANameServerThatIsAwayEndsTheAttempt) {
  const Resolve slow = [](const std::string&) -> Result<std::vector<IpAddress>> {
    std::this_thread::sleep_for(2s);
    return std::vector{*IpAddress::parse("127.0.0.1")};
  };
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(resolve_within(slow, "a.example", 200ms, stop_).error().code, Errc::unavailable);
  stop_ = true;
  EXPECT_FALSE(resolve_within(slow, "a.example", 20s, stop_));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
  std::this_thread::sleep_for(2s);  // their threads end
}

// A lookup that throws is one without an answer, and gives its place back.
TEST_F(HttpsTransportTest, ALookupThatThrowsEndsTheAttempt) {
  const Resolve throwing = [](const std::string&) -> Result<std::vector<IpAddress>> { throw std::bad_alloc(); };
  for (int i = 0; i < 100; ++i) {
    const auto found = resolve_within(throwing, "a.example", 20s, stop_);
    ASSERT_EQ(found.error().code, Errc::unavailable);
    ASSERT_EQ(found.error().detail, "std::bad_alloc");
  }
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

}  // namespace
}  // namespace certwright::notification
