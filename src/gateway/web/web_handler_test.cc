#include "gateway/web/web_handler.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/directory.h"
#include "gateway/web/client_address.h"
#include "gateway/web/standard_routes.h"
#include "gateway/web/testing_request.h"
#include "revocation/testing_ca.h"
#include "store/memory/memory_store.h"

namespace certwright::gateway::web {
namespace {

using ::testing::HasSubstr;
using testing::make_request;
using ::testing::Not;

Route make_route(std::string method, std::string pattern, Guard guard, RouteHandler handler) {
  Route route;
  route.operation_id = method + pattern;
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.guard = guard;
  route.door = "test";
  route.handler = std::move(handler);
  return route;
}

Result<http::Response> answer_ok(Context&) { return http::respond(200, "text/plain", "ok"); }

class WebHandlerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto first =
        directory_.bootstrap({"admin"}, [](std::string_view) { return store::Transaction{}; });
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    token_ = std::string(as_text(first->token.text.reveal()));
    principal_ = first->principal.id;
    options_.on_access = [this](const AccessRecord& record) {
      last_route_ = record.route;
      last_status_ = record.status;
      last_principal_ = record.principal;
    };
    options_.on_internal_error = [this](const InternalError& error) {
      internal_ = std::string(error.request_id) + " " + std::string(error.detail);
    };
    options_.per_principal = {};
    options_.per_peer = {};
  }

  void start(std::vector<Route> routes) {
    auto created = WebHandler::create({authenticator_, clock_, random_, metrics_, &journal_},
                                      std::move(routes), options_);
    ASSERT_TRUE(created.has_value()) << created.error().detail;
    handler_ = *std::move(created);
  }

  http::Response get(std::string target, http::Headers headers = {}) {
    return handler_->handle(make_request("GET", std::move(target), std::move(headers)));
  }
  http::Headers bearer() const { return {{"Authorization", "Bearer " + token_}}; }

  store::MemoryStore store_;
  ManualClock clock_{revocation::test::start_time()};
  crypto::DeterministicRandom random_{1};
  audit::Journal journal_{store_, clock_};
  access::Directory directory_{store_, clock_, random_};
  ca::CaDirectory cas_;
  access::Authenticator authenticator_{store_, clock_, cas_};
  metrics::Registry metrics_;
  WebOptions options_;
  std::unique_ptr<WebHandler> handler_;
  std::string token_, principal_;
  std::string last_route_, last_principal_, internal_;
  int last_status_ = 0;
};

struct StatusCase {
  Errc code;
  int status;
};
class ErrorStatus : public ::testing::TestWithParam<StatusCase> {};

TEST_P(ErrorStatus, IsTheTables) {
  const auto& [code, status] = GetParam();
  for (const auto form : {ErrorForm::problem, ErrorForm::certs_service}) {
    const auto response = error_response(form, Error{code, "why \"quoted\"", "ttl"}, "id1");
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.headers.has("WWW-Authenticate"), status == 401);
    EXPECT_EQ(response.headers.has("Retry-After"), status == 429 || status == 503);
    EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
    EXPECT_FALSE(response.body.empty()) << "never an empty error";
    if (code == Errc::internal) {
      EXPECT_THAT(std::string(response.body.text()), Not(HasSubstr("why")));
      EXPECT_THAT(std::string(response.body.text()), HasSubstr("id1"));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    EveryErrc, ErrorStatus,
    ::testing::Values(StatusCase{Errc::bad_encoding, 400}, StatusCase{Errc::invalid, 422},
                      StatusCase{Errc::policy, 422}, StatusCase{Errc::unauthenticated, 401},
                      StatusCase{Errc::not_permitted, 403}, StatusCase{Errc::not_found, 404},
                      StatusCase{Errc::conflict, 409}, StatusCase{Errc::gone, 410},
                      StatusCase{Errc::too_large, 413}, StatusCase{Errc::too_many_requests, 429},
                      StatusCase{Errc::unavailable, 503}, StatusCase{Errc::internal, 500}),
    [](const auto& c) { return std::string(name_of(c.param.code)); });

TEST(ErrorBody, CertsServiceFormIsExact) {
  const auto response =
      error_response(ErrorForm::certs_service, Error{Errc::invalid, "it must be positive", "ttl"});
  EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(response.body.text(), "{\"error\":\"\",\"message\":\"ttl: it must be positive\"}\n");
}

TEST(ErrorBody, ProblemFormIsRfc9457) {
  const auto response =
      error_response(ErrorForm::problem, Error{Errc::invalid, "ttl: it must be positive", "ttl"});
  EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(response.body.text(),
            "{\"type\":\"about:blank\",\"title\":\"" + std::string(http::reason_phrase(422)) +
                "\",\"status\":422,\"detail\":\"ttl: it must be positive\",\"field\":\"ttl\"}\n");
}

TEST(ErrorBody, ServersOwnAnswersHaveBothForms) {
  const auto body = std::string(server_error_response(413, "too large").body.text());
  EXPECT_THAT(body, HasSubstr("\"status\":413"));
  EXPECT_THAT(body, HasSubstr("\"error\":\"\",\"message\":\"too large\""));
}

TEST_F(WebHandlerTest, BearerTokenGivesThePrincipal) {
  start({make_route("GET", "/who", Guard::principal(),
                    [this](Context& context) -> Result<http::Response> {
                      EXPECT_EQ(context.actor().principal, principal_);
                      EXPECT_EQ(context.actor().door, "test");
                      EXPECT_EQ(context.actor().remote, "192.0.2.7");
                      return http::respond(200, "text/plain", context.principal().name);
                    })});
  const auto response = get("/who", bearer());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.text(), "admin");
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  EXPECT_EQ(response.headers.get("X-Request-Id").size(), 22u);
  EXPECT_EQ(last_principal_, principal_);
}

TEST_F(WebHandlerTest, SchemeIsCaseInsensitive) {
  start({make_route("GET", "/who", Guard::principal(), answer_ok)});
  EXPECT_EQ(get("/who", {{"Authorization", "bearer " + token_}}).status, 200);
}

TEST_F(WebHandlerTest, NoCredentialIsRefusedWithAChallenge) {
  start({make_route("GET", "/who", Guard::principal(), answer_ok)});
  const auto response = get("/who");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.headers.get("WWW-Authenticate"), "Bearer realm=\"certwright\"");
}

TEST_F(WebHandlerTest, BadTokenIsInvalidTokenAndRecordedOncePerWindow) {
  start({make_route("GET", "/who", Guard::any(), answer_ok)});
  const auto before = store_.audit_size();
  const http::Headers bad{{"Authorization", "Bearer " + token_.substr(0, 58) + "A"}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/who", bad).status, 401);
  EXPECT_THAT(std::string(get("/who", bad).headers.get("WWW-Authenticate")),
              HasSubstr("invalid_token"));
  EXPECT_EQ(*store_.audit_size(), *before + 1);
}

TEST_F(WebHandlerTest, BasicAndTwoAuthorizationsAreRefused) {
  start({make_route("GET", "/who", Guard::principal(), answer_ok)});
  EXPECT_EQ(get("/who", {{"Authorization", "Basic YTpi"}}).status, 401);
  EXPECT_EQ(
      get("/who", {{"Authorization", "Bearer " + token_}, {"Authorization", "Bearer x"}}).status,
      400);
}

class WebHandlerClientCertificate : public WebHandlerTest {
 protected:
  void SetUp() override {
    WebHandlerTest::SetUp();
    leaf_ = ca_.find(ca_.issue()).der;
    const auto added = directory_.add_client_certificate(
        principal_, leaf_, "test", [](std::string_view) { return store::Transaction{}; });
    ASSERT_TRUE(added.has_value()) << added.error().detail;
    start({make_route("GET", "/who", Guard::principal(), answer_ok),
           make_route("PATCH", "/who", Guard::principal(), answer_ok), grant_route()});
  }
  static Route grant_route() {
    auto route = make_route("GET", "/grant", Guard::principal(), answer_ok);
    route.answers_head = false;
    return route;
  }
  http::Response ask(std::string method, http::Headers headers = {}, std::string path = "/who") {
    auto request = make_request(std::move(method), std::move(path), std::move(headers));
    auto peer = testing::tls_peer();
    peer->client_chain = {leaf_};
    request.peer = peer;
    return handler_->handle(std::move(request));
  }
  ca::CaDirectory cas_;
  revocation::test::TestingCa ca_{store_, cas_, clock_};
  Bytes leaf_;
};

TEST_F(WebHandlerClientCertificate, GivesThePrincipal) {
  EXPECT_EQ(ask("GET").status, 200);
  EXPECT_EQ(last_principal_, principal_);
}

TEST_F(WebHandlerClientCertificate, AnUnknownOneIsRefused) {
  leaf_ = ca_.find(ca_.issue()).der;
  EXPECT_EQ(ask("GET").status, 401);
}

TEST_F(WebHandlerClientCertificate, ATokenCounts) {
  EXPECT_EQ(ask("GET", {{"Authorization", "Bearer nonsense"}}).status, 401);
}

TEST_F(WebHandlerClientCertificate, OtherSitesMayNotActWithIt) {
  EXPECT_EQ(ask("PATCH").status, 200);
  EXPECT_EQ(ask("PATCH", {{"Sec-Fetch-Site", "same-origin"}}).status, 200);
  EXPECT_EQ(ask("PATCH", {{"Sec-Fetch-Site", "none"}}).status, 200);
  EXPECT_EQ(ask("PATCH", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(ask("PATCH", {{"Sec-Fetch-Site", "same-site"}}).status, 403);
  EXPECT_EQ(ask("GET", {{"Sec-Fetch-Site", "cross-site"}}).status, 200);
  EXPECT_EQ(ask("GET", {{"Sec-Fetch-Site", "cross-site"}}, "/grant").status, 403) << "it changes something";
  EXPECT_EQ(ask("GET", {}, "/grant").status, 200);
}

TEST_F(WebHandlerClientCertificate, OldBrowsersSayByOriginWhoMadeThemActWithIt) {
  const http::Headers::Field host{"Host", "ca.example:8443"};
  EXPECT_EQ(ask("PATCH", {host, {"Origin", "https://ca.example:8443"}}).status, 200);
  EXPECT_EQ(ask("PATCH", {host, {"Origin", "https://elsewhere.example"}}).status, 403);
  EXPECT_EQ(ask("PATCH", {host, {"Origin", "http://ca.example:8443"}}).status, 403);
  EXPECT_EQ(ask("PATCH", {host, {"Origin", "null"}}).status, 403);
  EXPECT_EQ(ask("PATCH", {host, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(ask("PATCH", {host, {"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://behind.a.proxy"}}).status, 200);
}

TEST_F(WebHandlerTest, HandlerThatForgetsToAuthoriseIsAnInternalError) {
  const auto needs = Guard::needs(access::Action::certificate_read);
  start({make_route("GET", "/forgot", needs, answer_ok),
         make_route("GET", "/asked", needs,
                    [](Context& context) -> Result<http::Response> {
                      CERTWRIGHT_CHECK(context.authorise(access::Action::certificate_read,
                                                         {"default", "x", "y"}));
                      return answer_ok(context);
                    }),
         make_route("GET", "/other", needs, [](Context& context) -> Result<http::Response> {
           CERTWRIGHT_CHECK(context.authorise(access::Action::ca_read, {"", "x", ""}));
           return answer_ok(context);
         })});
  EXPECT_EQ(get("/forgot", bearer()).status, 500);
  EXPECT_THAT(internal_, HasSubstr("did not ask"));
  EXPECT_EQ(get("/asked", bearer()).status, 200);
  EXPECT_EQ(get("/other", bearer()).status, 500) << "another action is not the route's";
}

TEST_F(WebHandlerTest, ExceptionsAndInternalErrorsNeverLeak) {
  start(
      {make_route("GET", "/throw", Guard::open(),
                  [](Context&) -> Result<http::Response> { throw std::runtime_error("secret 1"); }),
       make_route("GET", "/odd", Guard::open(),
                  [](Context&) -> Result<http::Response> { throw 7; }),
       make_route("GET", "/fail", Guard::open(), [](Context&) -> Result<http::Response> {
         return fail(Errc::internal, "secret 2");
       })});
  for (const char* path : {"/throw", "/odd", "/fail"}) {
    const auto response = get(path);
    EXPECT_EQ(response.status, 500);
    EXPECT_THAT(std::string(response.body.text()), Not(HasSubstr("secret")));
    EXPECT_THAT(internal_, HasSubstr(std::string(response.headers.get("X-Request-Id"))));
  }
  EXPECT_THAT(internal_, HasSubstr("secret 2"));
}

TEST_F(WebHandlerTest, NotFoundMethodAndOptions) {
  start({make_route("POST", "/only/post", Guard::open(), answer_ok)});
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(last_route_, "-");
  const auto wrong = get("/only/post");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.get("Allow"), "POST, OPTIONS");
  const auto options = handler_->handle(make_request("OPTIONS", "/only/post"));
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.get("Allow"), "POST, OPTIONS");
}

TEST_F(WebHandlerTest, PlainHttpHasOnlyItsRoutes) {
  auto both = make_route("GET", "/crl", Guard::open(), answer_ok);
  both.on_plain_http = true;
  start({make_route("GET", "/certs", Guard::principal(), answer_ok), both});
  auto request = make_request("GET", "/crl");
  request.peer = testing::plain_peer();
  EXPECT_EQ(handler_->handle(std::move(request)).status, 200);
  request = make_request("GET", "/certs", bearer());
  request.peer = testing::plain_peer();
  const auto refused = handler_->handle(std::move(request));
  EXPECT_EQ(refused.status, 404);
  EXPECT_THAT(std::string(refused.body.text()), HasSubstr("HTTPS"));
}

TEST_F(WebHandlerTest, CredentialsAreNotWantedWithoutTls) {
  auto route = make_route("GET", "/certs", Guard::principal(), answer_ok);
  route.on_plain_http = true;
  const auto created =
      WebHandler::create({authenticator_, clock_, random_, metrics_, nullptr}, {route}, options_);
  EXPECT_FALSE(created.has_value());
}

TEST_F(WebHandlerTest, DispatchSaysWhereAndHowMuch) {
  auto fast = make_route("GET", "/crl", Guard::open(), answer_ok);
  fast.run = http::Run::inline_;
  auto large = make_route("POST", "/csr", Guard::principal(), answer_ok);
  large.body_limit_octets = 128 * 1024;
  start({fast, large});
  EXPECT_EQ(handler_->dispatch(make_request("GET", "/crl")).run, http::Run::inline_);
  const auto dispatch = handler_->dispatch(make_request("POST", "/csr"));
  EXPECT_EQ(dispatch.run, http::Run::worker);
  EXPECT_EQ(dispatch.body_limit_octets, 128u * 1024);
}

TEST_F(WebHandlerTest, ReadyAnswersAreCountedAndLoggedLikeOthers) {
  auto route = make_route("GET", "/ocsp/{request...}", Guard::open(), answer_ok);
  route.rate_limited = false;
  route.ready = [](const http::Request&, std::string_view rest) -> std::optional<http::Response> {
    if (rest == "cold") return std::nullopt;
    if (rest == "broken") throw std::runtime_error("a mistake");
    auto response = http::respond(200, "text/plain", std::string(rest));
    if (rest != "octets") return response;
    http::Response prepared;
    prepared.prepared = *http::PreparedResponse::make(response);
    return prepared;
  };
  start({route, make_route("GET", "/other", Guard::open(), answer_ok)});
  EXPECT_EQ(handler_->dispatch(make_request("GET", "/ocsp/x")).run, http::Run::either);
  EXPECT_EQ(handler_->dispatch(make_request("GET", "/other")).run, http::Run::worker);
  EXPECT_FALSE(handler_->answer_now(make_request("GET", "/other")));
  EXPECT_FALSE(handler_->answer_now(make_request("GET", "/nothing")));
  EXPECT_FALSE(handler_->answer_now(make_request("GET", "/ocsp/cold")));
  EXPECT_FALSE(handler_->answer_now(make_request("GET", "/ocsp/broken"))) << "no exception";
  EXPECT_EQ(last_status_, 0) << "nothing was answered yet";

  const auto plain = handler_->answer_now(make_request("GET", "/ocsp/a//b?max-age=0"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->body.text(), "a//b");
  EXPECT_TRUE(plain->headers.has("X-Request-Id"));
  EXPECT_EQ(plain->headers.get("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(last_route_, "/ocsp/{request...}");
  EXPECT_EQ(last_status_, 200);
  const auto octets = handler_->answer_now(make_request("GET", "/ocsp/octets"));
  ASSERT_TRUE(octets && octets->prepared);
  EXPECT_THAT(metrics_.text(),
              HasSubstr("certwright_http_requests_total{method=\"GET\",route=\"/ocsp/"
                        "{request...}\",status=\"200\"} 2"));
}

TEST_F(WebHandlerTest, AccessLogHasThePatternNotTheTarget) {
  start({make_route("GET", "/certs/{serial}/download", Guard::open(), answer_ok)});
  (void)get("/certs/17/download?token=secret");
  EXPECT_EQ(last_route_, "/certs/{serial}/download");
  EXPECT_EQ(last_status_, 200);
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("secret")));
  EXPECT_THAT(metrics_.text(), HasSubstr("certwright_http_requests_total"));
}

TEST_F(WebHandlerTest, PeersAreLimited) {
  options_.per_peer = {1, 2};
  start({make_route("GET", "/ca", Guard::open(), answer_ok)});
  EXPECT_EQ(get("/ca").status, 200);
  EXPECT_EQ(get("/ca").status, 200);
  const auto limited = get("/ca");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.headers.get("Retry-After"), "1");
  clock_.advance(Seconds(1));
  EXPECT_EQ(get("/ca").status, 200);
}

TEST_F(WebHandlerTest, PrincipalsAreLimited) {
  options_.per_principal = {1, 1};
  start({make_route("GET", "/who", Guard::principal(), answer_ok)});
  EXPECT_EQ(get("/who", bearer()).status, 200);
  EXPECT_EQ(get("/who", bearer()).status, 429);
}

TEST_F(WebHandlerTest, MetricsAreForThisMachineOrItsReaders) {
  start(standard_routes({"1", "c", "t", "i"}, metrics_, {}));
  EXPECT_EQ(get("/metrics").status, 401);
  EXPECT_EQ(get("/metrics", bearer()).status, 200);
  auto local = make_request("GET", "/metrics");
  local.peer = testing::tls_peer("127.0.0.1");
  EXPECT_EQ(handler_->handle(std::move(local)).status, 200);
  auto proxied = make_request("GET", "/metrics", {{"X-Forwarded-For", "203.0.113.9"}});
  proxied.peer = testing::tls_peer("127.0.0.1");
  EXPECT_EQ(handler_->handle(std::move(proxied)).status, 401)
      << "a proxy on this machine is not it";
}

TEST_F(WebHandlerTest, HealthIsExact) {
  bool healthy = true;
  start(standard_routes({"0.1.0", "abc", "2026-01-01T00:00:00Z", "i1"}, metrics_,
                        [&] { return healthy; }));
  const auto response = get("/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/health+json");
  EXPECT_EQ(response.body.text(),
            "{\"status\":\"pass\",\"version\":\"0.1.0\",\"commit\":\"abc\",\"description\":\"certs "
            "service\",\"build_time\":\"2026-01-01T00:00:00Z\",\"instance_id\":\"i1\"}\n");
  start(standard_routes({}, metrics_, [] { return false; }));
  EXPECT_EQ(get("/health").status, 503);
}

TEST_F(WebHandlerTest, OpenApiIsServedAndCompared) {
  start(standard_routes({}, metrics_, {}));
  EXPECT_EQ(get("/openapi.json").body.text(), openapi_document());
  const auto routes = handler_->routes();
  for (const std::string& difference : openapi_differences(routes, openapi_document()))
    EXPECT_THAT(difference, HasSubstr("is described, but no route")) << "other doors' routes";
  EXPECT_THAT(openapi_differences(routes, R"({"paths":{}})"), ::testing::SizeIs(routes.size()));
  EXPECT_THAT(openapi_differences({}, R"({"paths":{"/a":{"get":{"operationId":"x"}}}})"),
              ::testing::ElementsAre("get /a is described, but no route"));
}

struct ForwardedCase {
  const char* name;
  const char* peer;
  std::vector<const char*> fields;
  const char* client;
};

class ClientAddress : public ::testing::TestWithParam<ForwardedCase> {};

TEST_P(ClientAddress, BelievesListedProxiesOnly) {
  const auto proxies = TrustedProxies::parse({"10.0.0.0/8", "2001:db8::1"});
  ASSERT_TRUE(proxies.has_value());
  auto request = make_request("GET", "/");
  request.peer = testing::tls_peer(GetParam().peer);
  for (const char* field : GetParam().fields) request.headers.add("X-Forwarded-For", field);
  EXPECT_EQ(proxies->client_of(request), GetParam().client);
}

INSTANTIATE_TEST_SUITE_P(
    Proxies, ClientAddress,
    ::testing::Values(
        ForwardedCase{"Direct", "192.0.2.1", {}, "192.0.2.1"},
        ForwardedCase{"StrangersClaim", "192.0.2.1", {"198.51.100.1"}, "192.0.2.1"},
        ForwardedCase{"ListedProxy", "10.1.2.3", {"198.51.100.1"}, "198.51.100.1"},
        ForwardedCase{
            "ClientsOwnClaimIsLeftOfIt", "10.1.2.3", {"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
        ForwardedCase{"TwoProxies", "10.1.2.3", {"198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
        ForwardedCase{"TwoFields", "10.1.2.3", {"198.51.100.1", "10.9.9.9"}, "198.51.100.1"},
        ForwardedCase{"OnlyProxies", "10.1.2.3", {"10.9.9.9"}, "10.9.9.9"},
        ForwardedCase{"Nonsense", "10.1.2.3", {"unknown"}, "10.1.2.3"},
        ForwardedCase{"IPv6Proxy", "2001:db8::1", {"2001:db8::77"}, "2001:db8::77"}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(TrustedProxies, RefusesWhatIsNoPrefix) {
  EXPECT_FALSE(TrustedProxies::parse({"proxy.example"}).has_value());
  EXPECT_FALSE(TrustedProxies::parse({"10.0.0.0/33"}).has_value());
}

TEST(RateKey, CountsIPv6By64) {
  EXPECT_EQ(rate_key("2001:db8::1"), rate_key("2001:db8::2"));
  EXPECT_NE(rate_key("2001:db8::1"), rate_key("2001:db8:0:1::1"));
  EXPECT_NE(rate_key("192.0.2.1"), rate_key("192.0.2.2"));
}

}  // namespace
}  // namespace certwright::gateway::web
