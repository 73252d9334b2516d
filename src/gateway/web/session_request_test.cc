// Requests that come with a session's cookie.
#include <gtest/gtest.h>

#include "gateway/web/cookie.h"
#include "gateway/web/testing_request.h"
#include "gateway/web/web_handler.h"
#include "session/csrf.h"
#include "session/testing_accounts.h"

namespace certwright::gateway::web {
namespace {

using testing::make_request;
using session::testing::World;

class SessionRequest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.error_page = [this](const ErrorPage& page) {
      page_status_ = page.status;
      must_choose_ = page.must_choose_password;
      return http::respond(page.status, "text/html", std::string(page.detail));
    };
    auto answer = [this](Context& context) -> Result<http::Response> {
      has_session_ = context.session_or_null() != nullptr;
      csrf_ = context.csrf_token();
      return http::respond(200, "text/plain", context.principal().id);
    };
    std::vector<Route> routes;
    for (const char* method : {"GET", "POST"}) {
      for (const char* path : {"/thing", "/choose", "/page"}) {
        Route route;
        route.method = method;
        route.pattern = path;
        route.guard = Guard::principal();
        route.operation_id = std::string(method) + path;
        route.door = "test";
        route.handler = answer;
        route.for_restricted_session = path == std::string_view("/choose");
        if (path == std::string_view("/page")) route.errors = ErrorForm::page;
        routes.push_back(route);
      }
    }
    for (const char* method : {"GET", "POST"}) {
      Route fails = routes.front();
      fails.method = method;
      fails.pattern = "/choose/fails";
      fails.operation_id = std::string(method) + "/choose/fails";
      fails.handler = [](Context&) -> Result<http::Response> { return fail(Errc::not_found, "there is none"); };
      fails.errors = ErrorForm::page;
      fails.for_restricted_session = true;
      routes.push_back(fails);
    }
    Route grant = routes.front();
    grant.pattern = "/grant";
    grant.operation_id = "grant";
    grant.answers_head = false;
    routes.push_back(grant);
    handler_ = WebHandler::create({.authenticator = world_.authenticator,
                                   .clock = world_.clock,
                                   .random = world_.random,
                                   .metrics = metrics_,
                                   .journal = &world_.journal,
                                   .sessions = &world_.sessions},
                                  std::move(routes), std::move(options_))
                   .value();
    id_ = world_.add("Alice");
    credential_ = world_.credential_of(id_);
    begin(false);
  }
  void begin(bool restricted) {
    const auto session = world_.sessions
                             .begin({.principal = id_, .tenant = "default", .credential = credential_, .restricted = restricted,
                                     .method = "password"},
                                    World::actor_of(id_))
                             .value();
    cookie_ = std::string(as_text(session.id.reveal()));
    record_ = session.record;
  }
  http::Headers with_cookie(http::Headers more = {}) const {
    more.add("Cookie", std::string(kSessionCookie) + "=" + cookie_);
    return more;
  }
  // Everything a form of our page sends, but its body.
  http::Headers of_our_page(http::Headers more = {}) const {
    more.add("Sec-Fetch-Site", "same-origin");
    return with_cookie(std::move(more));
  }
  int get(http::Headers headers, std::string path = "/thing") {
    return handler_->handle(make_request("GET", std::move(path), std::move(headers))).status;
  }
  int post(http::Headers headers, std::string_view body = {}, std::string path = "/thing") {
    return handler_->handle(make_request("POST", std::move(path), std::move(headers), body)).status;
  }
  std::string token() const { return session::csrf_token(cookie_); }

  World world_;
  WebOptions options_;
  metrics::Registry metrics_;
  std::unique_ptr<WebHandler> handler_;
  std::string id_, credential_, cookie_, csrf_;
  store::SessionRecord record_;
  bool has_session_ = false, must_choose_ = false;
  int page_status_ = 0;
};

TEST_F(SessionRequest, ReadsWithTheCookieAlone) {
  EXPECT_EQ(get(with_cookie()), 200);
  EXPECT_TRUE(has_session_);
  EXPECT_EQ(csrf_, token());
  EXPECT_EQ(get({}), 401);
  EXPECT_EQ(get({{"Cookie", std::string(kSessionCookie) + "=" + std::string(43, 'A')}}), 401);
}

TEST_F(SessionRequest, ACookieCountsOverTlsOnly) {
  // Without TLS there are only routes that look at no credential, a cookie neither.
  for (const Guard guard : {Guard::any(), Guard::principal()}) {
    Route route;
    route.method = "GET";
    route.pattern = "/plain";
    route.guard = guard;
    route.operation_id = "plain";
    route.handler = [](Context&) -> Result<http::Response> { return http::respond(200, "text/plain", ""); };
    route.on_plain_http = true;
    metrics::Registry metrics;
    const auto handler = WebHandler::create({.authenticator = world_.authenticator,
                                             .clock = world_.clock,
                                             .random = world_.random,
                                             .metrics = metrics,
                                             .journal = &world_.journal,
                                             .sessions = &world_.sessions},
                                            {route}, {});
    ASSERT_FALSE(handler);
    EXPECT_EQ(handler.error().code, Errc::invalid);
  }
  auto request = make_request("GET", "/thing", with_cookie());
  request.peer = testing::plain_peer();
  EXPECT_EQ(handler_->handle(std::move(request)).status, 404);
  EXPECT_EQ(get(with_cookie()), 200) << "which is there over TLS";
}

TEST_F(SessionRequest, AGetThatChangesSomethingIsAskedForWhatAPostIs) {
  EXPECT_EQ(get(with_cookie(), "/grant"), 403);
  EXPECT_EQ(get(with_cookie({{"Sec-Fetch-Site", "cross-site"}, {"X-CSRF-Token", token()}}), "/grant"), 403);
  EXPECT_EQ(get(of_our_page(), "/grant"), 403);
  EXPECT_EQ(get(of_our_page({{"X-CSRF-Token", token()}}), "/grant"), 200);
  EXPECT_EQ(get({{"Authorization", "Bearer " + world_.token_of(id_)}}, "/grant"), 200);
}

TEST_F(SessionRequest, ASessionThatIsOverTakesItsCookieAlong) {
  const auto set_cookie = [&](http::Headers headers, std::string path) {
    return std::string(handler_->handle(make_request("GET", std::move(path), std::move(headers))).headers.get("Set-Cookie"));
  };
  EXPECT_EQ(set_cookie(with_cookie(), "/thing"), "");
  EXPECT_EQ(set_cookie({}, "/thing"), "");
  ASSERT_TRUE(world_.sessions.end(record_, "sign_out", World::actor_of(id_)));
  EXPECT_EQ(set_cookie(with_cookie(), "/thing"), clear_session_cookie());
  EXPECT_EQ(set_cookie(with_cookie(), "/page"), clear_session_cookie());
}

TEST_F(SessionRequest, TheCookieIsNoBearerToken) {
  EXPECT_EQ(get(with_cookie()), 200);
  EXPECT_EQ(get({{"Authorization", "Bearer " + cookie_}}), 401);
}

TEST_F(SessionRequest, StaleCookiesLockNobodyOut) {
  const auto bearer = "Bearer " + world_.token_of(id_);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(get({{"Cookie", std::string(kSessionCookie) + "=" + std::string(43, 'A')}}), 401);
  EXPECT_EQ(get({{"Authorization", bearer}}), 200);
}

TEST_F(SessionRequest, ATokenGoesBeforeTheCookie) {
  const auto other = world_.add("Bob");
  const auto bearer = "Bearer " + world_.token_of(other);
  EXPECT_EQ(handler_->handle(make_request("GET", "/thing", with_cookie({{"Authorization", bearer}}))).body.text(), other);
  EXPECT_FALSE(has_session_);
  EXPECT_EQ(csrf_, "");
  EXPECT_EQ(get(with_cookie({{"Authorization", "Bearer nonsense"}})), 401) << "a bad one is not mended by a cookie";
  EXPECT_EQ(post({{"Authorization", bearer}}), 200) << "and needs no CSRF token";
  EXPECT_EQ(post({{"Authorization", bearer}, {"Sec-Fetch-Site", "cross-site"}}), 200);
}

struct Unsafe {
  const char* name;
  http::Headers headers;
  const char* body;  // %T: the token
  int status;
};
class UnsafeRequest : public SessionRequest, public ::testing::WithParamInterface<Unsafe> {};
TEST_P(UnsafeRequest, NeedsTokenAndOrigin) {
  const auto put_token = [&](std::string text) {
    if (const auto at = text.find("%T"); at != text.npos) text.replace(at, 2, token());
    return text;
  };
  http::Headers headers;
  for (const auto& field : GetParam().headers) headers.add(field.name, put_token(field.value));
  EXPECT_EQ(post(with_cookie(headers), put_token(GetParam().body)), GetParam().status);
}
const http::Headers::Field kForm{"Content-Type", "application/x-www-form-urlencoded"};
const http::Headers::Field kSame{"Sec-Fetch-Site", "same-origin"};
const http::Headers::Field kToken{"X-CSRF-Token", "%T"};
const http::Headers::Field kHost{"Host", "ca.example:8443"};
INSTANTIATE_TEST_SUITE_P(
    Csrf, UnsafeRequest,
    ::testing::Values(Unsafe{"Form", {kForm, kSame}, "csrf=%T&a=b", 200}, Unsafe{"Header", {kSame, kToken}, "", 200},
                      Unsafe{"HeaderWithJson", {kSame, kToken, {"Content-Type", "application/json"}}, "{}", 200},
                      Unsafe{"OriginOfAnOldBrowser", {kHost, {"Origin", "https://ca.example:8443"}, kToken}, "", 200},
                      Unsafe{"OriginInCapitals", {kHost, {"Origin", "https://CA.example:8443"}, kToken}, "", 200},
                      Unsafe{"OtherPort", {kHost, {"Origin", "https://ca.example"}, kToken}, "", 403},
                      Unsafe{"PlainOrigin", {kHost, {"Origin", "http://ca.example:8443"}, kToken}, "", 403},
                      Unsafe{"NullOrigin", {kHost, {"Origin", "null"}, kToken}, "", 403},
                      Unsafe{"OriginWithoutHost", {{"Origin", "https://"}, kToken}, "", 403},
                      Unsafe{"NeitherSays", {kHost, kToken}, "", 403},
                      Unsafe{"CrossSite", {kHost, {"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://ca.example:8443"}, kToken}, "", 403},
                      Unsafe{"SameSiteIsNotSameOrigin", {{"Sec-Fetch-Site", "same-site"}, kToken}, "", 403},
                      Unsafe{"TypedAddress", {{"Sec-Fetch-Site", "none"}, kToken}, "", 403},
                      Unsafe{"TwoSites", {kSame, {"Sec-Fetch-Site", "cross-site"}, kToken}, "", 403},
                      Unsafe{"NoToken", {kForm, kSame}, "a=b", 403}, Unsafe{"EmptyToken", {kForm, kSame}, "csrf=", 403},
                      Unsafe{"TokenOfAnother", {kForm, kSame}, "csrf=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 403},
                      Unsafe{"TokenTwice", {kForm, kSame}, "csrf=%T&csrf=x", 400},
                      Unsafe{"FormAsText", {{"Content-Type", "text/plain"}, kSame}, "csrf=%T", 403},
                      Unsafe{"Multipart",
                             {kSame, {"Content-Type", "multipart/form-data; boundary=x"}},
                             "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n%T\r\n--x--\r\n",
                             200}),
    [](const auto& c) { return std::string(c.param.name); });

TEST_F(SessionRequest, RefusedFormsAreRecorded) {
  EXPECT_EQ(post(with_cookie({{"Sec-Fetch-Site", "cross-site"}})), 403);
  EXPECT_NE(world_.last_record().find("AUTHENTICATION_FAILED"), std::string::npos);
  EXPECT_NE(world_.last_record().find(id_), std::string::npos);
}

TEST_F(SessionRequest, SignedOutCountsAtOnce) {
  EXPECT_EQ(get(with_cookie()), 200);
  ASSERT_TRUE(world_.sessions.end(record_, "sign_out", World::actor_of(id_)));
  EXPECT_EQ(get(with_cookie()), 401);
}

TEST_F(SessionRequest, UseKeepsItAlive) {
  for (int i = 0; i < 4; ++i) {
    world_.clock.advance(Seconds(29 * 60));
    EXPECT_EQ(get(with_cookie()), 200);
  }
  world_.clock.advance(Seconds(30 * 60));
  EXPECT_EQ(get(with_cookie()), 401);
}

TEST_F(SessionRequest, ARestrictedOneIsForChoosingAPassword) {
  begin(true);
  EXPECT_EQ(get(with_cookie()), 403);
  EXPECT_EQ(get(with_cookie(), "/choose"), 200);
  EXPECT_EQ(post(of_our_page({{"X-CSRF-Token", token()}}), "", "/choose"), 200);
  EXPECT_EQ(post(of_our_page({{"X-CSRF-Token", token()}})), 403);
  EXPECT_EQ(get(with_cookie(), "/page"), 403);
  EXPECT_TRUE(must_choose_);
  // What fails there is no reason to be sent there.
  EXPECT_EQ(get(with_cookie(), "/choose/fails"), 404);
  EXPECT_FALSE(must_choose_);
  must_choose_ = true;
  EXPECT_EQ(post(of_our_page(), "", "/choose/fails"), 403);
  EXPECT_FALSE(must_choose_);
}

TEST_F(SessionRequest, PeopleGetPages) {
  EXPECT_EQ(get({}, "/page"), 401);
  EXPECT_EQ(page_status_, 401);
  const auto refused = handler_->handle(make_request("POST", "/page", with_cookie({kSame})));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.headers.get("Content-Type"), "text/html");
  EXPECT_FALSE(must_choose_);
}

}  // namespace
}  // namespace certwright::gateway::web
