#include "gateway/web/router.h"

#include <gtest/gtest.h>

#include "gateway/web/context.h"
#include "gateway/web/testing_request.h"

namespace certwright::gateway::web {
namespace {

using testing::make_request;

Route route_named(std::string method, std::string pattern, std::string operation = {}) {
  Route route;
  route.operation_id = operation.empty() ? method + pattern : std::move(operation);
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.guard = Guard::open();
  route.handler = [](Context&) -> Result<http::Response> { return http::Response{}; };
  return route;
}

Router make_router() {
  auto router = Router::build({route_named("GET", "/certs", "list"),
                               route_named("GET", "/certs/{serial}", "show"),
                               route_named("PATCH", "/certs/{serial}/renew", "renew"),
                               route_named("POST", "/certs/ocsp", "ocsp_post"),
                               route_named("GET", "/certs/ocsp/{request...}", "ocsp_get"),
                               route_named("POST", "/certs/issue/{entityType}/{entityID}", "issue"),
                               route_named("GET", "/certs/{serial}/download", "download"),
                               route_named("GET", "/", "root")});
  EXPECT_TRUE(router.has_value());
  return *std::move(router);
}

struct MatchCase {
  const char* name;
  const char* method;
  const char* target;
  const char* operation;  // null: none
  const char* allow;
  const char* parameters;
  const char* rest;
};

constexpr MatchCase kMatchCases[] = {
    {"Exact", "GET", "/certs", "list", "", "", ""},
    {"TrailingSlash", "GET", "/certs/", "list", "", "", ""},
    {"TwoTrailingSlashes", "GET", "/certs//", nullptr, "", "", ""},
    {"QueryIsNoPath", "GET", "/certs/?limit=1", "list", "", "", ""},
    {"Root", "GET", "/", "root", "", "", ""},
    {"Parameter", "GET", "/certs/17", "show", "", "serial=17;", ""},
    {"ParameterTrailingSlash", "GET", "/certs/17/", "show", "", "serial=17;", ""},
    {"EncodedSlashStaysInParameter", "GET", "/certs/a%2Fb", "show", "", "serial=a/b;", ""},
    {"EncodedLiteral", "GET", "/%63erts", "list", "", "", ""},
    {"CaseMatters", "GET", "/Certs", nullptr, "", "", ""},
    {"TwoParameters", "POST", "/certs/issue/backend/x", "issue", "",
     "entityType=backend;entityID=x;", ""},
    {"EmptyParameterIsNone", "POST", "/certs/issue//x", nullptr, "", "", ""},
    {"Head", "HEAD", "/certs", "list", "", "", ""},
    {"WrongMethod", "POST", "/certs", nullptr, "GET, HEAD, OPTIONS", "", ""},
    {"WrongMethodOfPatch", "POST", "/certs/1/renew", nullptr, "PATCH, OPTIONS", "", ""},
    {"LiteralHidesParameter", "GET", "/certs/ocsp", nullptr, "POST, OPTIONS", "", ""},
    {"LiteralDeadEndFallsBack", "PATCH", "/certs/issue/renew", "renew", "", "serial=issue;", ""},
    {"Rest", "GET", "/certs/ocsp/MEow", "ocsp_get", "", "", "MEow"},
    {"RestKeepsSlashes", "GET", "/certs/ocsp/a//b/", "ocsp_get", "", "", "a//b/"},
    {"RestKeepsLeadingSlash", "GET", "/certs/ocsp//a", "ocsp_get", "", "", "/a"},
    {"RestStaysEncoded", "GET", "/certs/ocsp/a%2Bb%2F+c", "ocsp_get", "", "", "a%2Bb%2F+c"},
    {"RestWrongMethod", "DELETE", "/certs/ocsp/a", nullptr, "GET, HEAD, OPTIONS", "", "a"},
    {"Options", "OPTIONS", "/certs", nullptr, "GET, HEAD, OPTIONS", "", ""},
    {"Unknown", "GET", "/nothing/here", nullptr, "", "", ""},
};

class RouterMatch : public ::testing::TestWithParam<MatchCase> {};

TEST_P(RouterMatch, FindsTheRoute) {
  const MatchCase& c = GetParam();
  const Router router = make_router();
  const auto request = make_request(c.method, c.target);
  const auto match = router.find(request);
  if (c.operation == nullptr) {
    EXPECT_EQ(match.route, nullptr);
  } else {
    ASSERT_NE(match.route, nullptr);
    EXPECT_EQ(match.route->operation_id, c.operation);
    EXPECT_EQ(match.route, &router.routes()[match.index]);
  }
  EXPECT_EQ(match.allow, c.allow);
  EXPECT_EQ(match.rest, c.rest);
  std::string parameters;
  for (std::size_t i = 0; i < match.parameter_count; ++i)
    parameters += std::string(match.parameters[i].first) + "=" +
                  std::string(match.parameters[i].second) + ";";
  EXPECT_EQ(parameters, c.parameters);
}

INSTANTIATE_TEST_SUITE_P(Routes, RouterMatch, ::testing::ValuesIn(kMatchCases),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(RouterMatchHead, IsRefusedWhereAnsweringChangesSomething) {
  Route download = route_named("GET", "/download");
  download.answers_head = false;
  const auto router = Router::build({download});
  ASSERT_TRUE(router.has_value());
  const auto request = make_request("HEAD", "/download");
  const auto match = router->find(request);
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "GET, OPTIONS");
}

TEST(RouterErrors, TheCertsFormRulesBelowItsPrefix) {
  Route ours = route_named("GET", "/certs/{serial}");
  ours.errors = ErrorForm::certs_service;
  const auto router = Router::build({route_named("POST", "/certs/ocsp"), ours});
  ASSERT_TRUE(router.has_value());
  const auto below = make_request("GET", "/certs/1/2/3");
  const auto elsewhere = make_request("GET", "/other");
  EXPECT_EQ(router->find(below).errors, ErrorForm::certs_service);
  EXPECT_EQ(router->find(elsewhere).errors, ErrorForm::problem);
}

struct BadTableCase {
  const char* name;
  std::vector<Route> routes;
};

std::vector<BadTableCase> bad_tables() {
  Route inline_with_credential = route_named("GET", "/a");
  inline_with_credential.guard = Guard::principal();
  inline_with_credential.run = http::Run::inline_;
  const auto nothing_ready = [](const http::Request&, std::string_view) { return std::nullopt; };
  Route ready_with_credential = route_named("GET", "/a");
  ready_with_credential.guard = Guard::principal();
  ready_with_credential.rate_limited = false;
  ready_with_credential.ready = nothing_ready;
  Route ready_with_limit = route_named("GET", "/a");
  ready_with_limit.guard = Guard::open();
  ready_with_limit.ready = nothing_ready;
  Route without_handler = route_named("GET", "/a");
  without_handler.handler = nullptr;
  return {{"Twice", {route_named("GET", "/a", "x"), route_named("GET", "/a/", "y")}},
          {"SameOperation", {route_named("GET", "/a", "x"), route_named("GET", "/b", "x")}},
          {"ParametersOfOtherNames",
           {route_named("GET", "/a/{x}", "x"), route_named("GET", "/a/{y}", "y")}},
          {"UnknownMethod", {route_named("TRACE", "/a")}},
          {"NoSlash", {route_named("GET", "a")}},
          {"EmptySegment", {route_named("GET", "/a//b")}},
          {"RestNotLast", {route_named("GET", "/a/{more...}/b")}},
          {"InlineWithCredential", {inline_with_credential}},
          {"ReadyWithCredential", {ready_with_credential}},
          {"ReadyWithLimit", {ready_with_limit}},
          {"WithoutHandler", {without_handler}}};
}

class RouterBuild : public ::testing::TestWithParam<BadTableCase> {};

TEST_P(RouterBuild, Refuses) {
  const auto router = Router::build(GetParam().routes);
  ASSERT_FALSE(router.has_value());
  EXPECT_EQ(router.error().code, Errc::invalid);
}

INSTANTIATE_TEST_SUITE_P(Tables, RouterBuild, ::testing::ValuesIn(bad_tables()),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
}  // namespace certwright::gateway::web
