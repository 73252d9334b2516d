#include "gateway/web/standard_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace certwright::gateway::web {
namespace {

// Whoever reads the description must be able to do with a session what it says.
TEST(OpenApiDifferences, SayWhereASessionNeedsItsCsrfToken) {
  const auto differences = [](const char* method, Guard guard, bool answers_head, const std::string& operation,
                              const std::string& of_path = "") {
    Route route;
    route.method = method;
    route.pattern = "/a";
    route.guard = guard;
    route.operation_id = "x";
    route.answers_head = answers_head;
    std::string lower;
    for (const char* c = method; *c != 0; ++c) lower += static_cast<char>(*c - 'A' + 'a');
    return openapi_differences({route}, R"({"security":[{"bearer":[]},{"session":[]}],"paths":{"/a":{)" + of_path + "\"" +
                                            lower + R"(":{"operationId":"x")" + operation + R"(}}},"components":{"parameters":{
      "Token":{"name":"X-CSRF-Token","in":"header"},"Other":{"name":"X-Other","in":"header"}}}})");
  };
  using ::testing::ElementsAre;
  using ::testing::IsEmpty;
  const Guard known = Guard::principal();
  const std::string by_reference = R"(,"parameters":[{"$ref":"#/components/parameters/Token"}])";
  const std::string missing = " wants X-CSRF-Token with a session's cookie, which is not described";
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    EXPECT_THAT(differences(method, known, true, ""), ElementsAre(method + (" /a" + missing)));
    EXPECT_THAT(differences(method, known, true, by_reference), IsEmpty());
  }
  EXPECT_THAT(differences("GET", known, false, ""), ElementsAre("GET /a" + missing)) << "a GET that makes something";
  EXPECT_THAT(differences("GET", known, false, by_reference), IsEmpty());
  EXPECT_THAT(differences("POST", Guard::any(), true, ""), ElementsAre("POST /a" + missing));
  EXPECT_THAT(differences("POST", known, true, R"(,"parameters":[{"name":"X-CSRF-Token","in":"header"}])"), IsEmpty());
  EXPECT_THAT(differences("POST", known, true, "", R"("parameters":[{"$ref":"#/components/parameters/Token"}],)"), IsEmpty());
  EXPECT_THAT(differences("POST", known, true, R"(,"parameters":[{"name":"X-CSRF-Token","in":"query"}])"), ElementsAre("POST /a" + missing));
  EXPECT_THAT(differences("POST", known, true, R"(,"parameters":[{"$ref":"#/components/parameters/Other"}])"), ElementsAre("POST /a" + missing));
  EXPECT_THAT(differences("GET", known, true, ""), IsEmpty());
  EXPECT_THAT(differences("GET", known, true, by_reference), ElementsAre("GET /a looks at no X-CSRF-Token, but it is described"));
  EXPECT_THAT(differences("GET", known, true, R"(,"security":[{"bearer":[]}])"), ElementsAre("GET /a takes a session's cookie, which is not described"));
  EXPECT_THAT(differences("POST", Guard::open(), true, R"(,"security":[])"), IsEmpty());
  EXPECT_THAT(differences("GET", Guard::open(), true, ""), ElementsAre("GET /a looks at no credential, but one is described"));
}

}  // namespace
}  // namespace certwright::gateway::web
