#include "http_client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/server.h"

namespace certwright::http_client {
namespace {

struct Echo : http::Handler {
  http::Dispatch dispatch(const http::RequestHead&) override {
    return {http::Run::inline_, 1'000'000};
  }
  http::Response handle(http::Request&& request) override {
    if (request.raw_path == "/redirect") {
      http::Response response = http::respond(302, "text/plain", "elsewhere");
      response.headers.add("Location", "/other");
      return response;
    }
    if (request.raw_path == "/large") return http::respond(200, "a/b", std::string(1'000, 'x'));
    http::Response response = http::respond(
        request.method == "DELETE" ? 404 : 200, "text/plain",
        request.method + ' ' + request.target + ' ' + std::string(request.body_text()) + '|' +
            std::string(request.header("content-type")) + '|' +
            std::string(request.header("authorization")));
    response.headers.add("X-Echo", "yes");
    return response;
  }
};

class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    http::ServerOptions options;
    options.io_threads = 1;
    options.worker_threads = 1;
    options.listeners.push_back({.name = "http", .security = http::Security::plain});
    server_ = http::Server::bind(std::move(options), echo_).value();
    EXPECT_TRUE(server_->start());
    url_ = "http://" + server_->endpoints().front().text();
  }
  Client client(ClientOptions options = {}) {
    if (options.base_url.empty()) options.base_url = url_ + "/";
    return Client::create(std::move(options)).value();
  }
  Echo echo_;
  std::unique_ptr<http::Server> server_;
  std::string url_;
};

TEST_F(ClientTest, SendsEveryMethodOnOneConnection) {
  Client c = client();
  EXPECT_EQ(c.get("/a//b%2B?x=1").value().text(), "GET /a//b%2B?x=1 ||");
  EXPECT_EQ(c.post_json("/p", "{}").value().text(), "POST /p {}|application/json|");
  EXPECT_EQ(c.patch_json("/p", "").value().text(), "PATCH /p |application/json|");
  EXPECT_EQ(c.put_json("/p", "1").value().text(), "PUT /p 1|application/json|");
  const Reply gone = c.del("/d").value();
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.text(), "DELETE /d ||");
  EXPECT_EQ(c.send("HEAD", "/h").value().body.size(), 0U);
  EXPECT_EQ(c.get("/again").value().header("x-echo"), "yes");
  EXPECT_EQ(server_->statistics().connections_accepted, 1U);
}

TEST_F(ClientTest, SendsTheTokenAndHeaders) {
  ClientOptions options;
  options.bearer_token = SecretBytes::copy_of(as_bytes("t0ken"));
  Client c = client(std::move(options));
  EXPECT_EQ(c.get("/").value().text(), "GET / ||Bearer t0ken");
  EXPECT_EQ(c.send("POST", "/", as_bytes("x"), {{"Content-Type", "a/b"}}).value().text(),
            "POST / x|a/b|Bearer t0ken");
  EXPECT_EQ(c.send("GET", "/", {}, {{"X", "a\r\nY: b"}}).error().code, Errc::invalid);
}

TEST_F(ClientTest, FollowsNoRedirect) {
  const Reply reply = client().get("/redirect").value();
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.header("location"), "/other");
}

TEST_F(ClientTest, LimitsTheAnswer) {
  ClientOptions options;
  options.max_response_octets = 1'000;
  EXPECT_TRUE(client(std::move(options)).get("/large"));
  ClientOptions tight;
  tight.max_response_octets = 999;
  EXPECT_EQ(client(std::move(tight)).get("/large").error().code, Errc::too_large);
}

TEST_F(ClientTest, SaysWhatToDoWhenNobodyAnswers) {
  server_->stop(std::chrono::milliseconds(0));
  ClientOptions options;
  options.bearer_token = SecretBytes::copy_of(as_bytes("t0ken"));
  const auto refused = client(std::move(options)).get("/");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_NE(refused.error().detail.find("is the server running"), std::string::npos);
  EXPECT_NE(refused.error().detail.find(url_), std::string::npos);
  EXPECT_EQ(refused.error().detail.find("t0ken"), std::string::npos);
}

TEST(ClientOptions, AreChecked) {
  for (const char* url : {"", "ftp://a", "127.0.0.1:8443", "file:///etc/passwd"}) {
    ClientOptions options;
    options.base_url = url;
    EXPECT_EQ(Client::create(std::move(options)).error().code, Errc::invalid) << url;
  }
  ClientOptions half;
  half.base_url = "https://a";
  half.client_certificate_pem = "x";
  EXPECT_EQ(Client::create(std::move(half)).error().code, Errc::invalid);
}

// What a caller who may read the wire could use goes to nobody in clear.
TEST(ClientOptions, NoCredentialsInClearButToThisMachine) {
  const auto created = [](const char* url, bool token, bool certificate) {
    ClientOptions options;
    options.base_url = url;
    if (token) options.bearer_token = SecretBytes::copy_of(as_bytes("t0ken"));
    if (certificate) {
      options.client_certificate_pem = "x";
      options.client_key_pem = SecretBytes::copy_of(as_bytes("y"));
    }
    const auto client = Client::create(std::move(options));
    return client ? std::string("ok") : client.error().detail;
  };
  for (const char* url : {"http://ca.example", "http://192.0.2.1:8080", "http://127.0.0.1@ca.example", "http://localhost.ca.example/",
                          "http://127.0.0.1.ca.example", "http://[::2]:80", "http://127.0.0.2", "http://0.0.0.0"}) {
    EXPECT_THAT(created(url, true, false), ::testing::HasSubstr("give the server's https:// address")) << url;
    EXPECT_EQ(created(url, true, false).find("t0ken"), std::string::npos);
    EXPECT_NE(created(url, false, true), "ok") << url;
    EXPECT_EQ(created(url, false, false), "ok") << url;
  }
  for (const char* url : {"http://127.0.0.1:8080", "http://localhost", "http://LOCALHOST:1/", "http://[::1]:8080", "https://ca.example"})
    EXPECT_EQ(created(url, true, true), "ok") << url;
}

}  // namespace
}  // namespace certwright::http_client
