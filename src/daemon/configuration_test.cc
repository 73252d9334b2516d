#include "daemon/configuration.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace certwright::daemon {
namespace {

class ConfigurationFile : public testing::Test {
 protected:
  Result<Configuration> load(std::string_view text) {
    const auto path = std::filesystem::temp_directory_path() / ("certwright-" + std::to_string(::getpid()) + ".yaml");
    std::ofstream(path) << text;
    auto result = load_configuration(path, [](const char*) { return nullptr; });
    std::filesystem::remove(path);
    return result;
  }
};

TEST_F(ConfigurationFile, SetsEveryKindOfValue) {
  const auto c = load("state: /srv/ca\nlisteners:\n  https: '[::1]:9443'\n  http: 'off'\n"
                      "tls:\n  dns_names: [ca.example, pki.example]\nlog: {format: text}\nthreads:\n  workers: 8\n");
  ASSERT_TRUE(c) << c.error().detail;
  EXPECT_EQ(c->state, "/srv/ca");
  EXPECT_EQ(c->https->text(), "[::1]:9443");
  EXPECT_FALSE(c->http);
  EXPECT_EQ(c->tls_dns_names, (std::vector<std::string>{"ca.example", "pki.example"}));
  EXPECT_EQ(c->log_format, "text");
  EXPECT_EQ(c->worker_threads, 8U);
}

struct Refused { const char* name; const char* text; const char* message; };
constexpr Refused kRefused[] = {
    {"UnknownKey", "state: /a\nlisteners:\n  htps: 'off'\n", ":3: listeners.htps: unknown key; the nearest valid one is \"listeners.https\""},
    {"BadAddress", "listeners:\n  https: example.com:1\n", ":2: listeners.https: expected ADDRESS:PORT"},
    {"PortTooLarge", "listeners: {https: '127.0.0.1:65536'}", "expected ADDRESS:PORT"},
    {"NotAList", "tls:\n  dns_names: a\n", ":2: tls.dns_names: expected a list"},
    {"ListForOneValue", "state: [a]", "state: expected one value"},
    {"BadChoice", "log: {level: loud}", "expected one of debug, info, warning, error, got \"loud\""},
    {"NotYaml", "a: [", ":1:"},
    {"NotAMapping", "- a", "expected a mapping"},
};
class ConfigurationRefuses : public ConfigurationFile, public testing::WithParamInterface<Refused> {};
TEST_P(ConfigurationRefuses, WithFileLineAndReason) {
  const auto c = load(GetParam().text);
  ASSERT_FALSE(c);
  EXPECT_NE(c.error().detail.find(GetParam().message), std::string::npos) << c.error().detail;
}
INSTANTIATE_TEST_SUITE_P(Files, ConfigurationRefuses, testing::ValuesIn(kRefused),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(ConfigurationEnvironment, WinsOverDefaultsAndIsChecked) {
  const auto set = load_configuration({}, [](const char* name) {
    return std::string_view(name) == "CERTWRIGHT_HTTP" ? "127.0.0.1:0" : nullptr;
  });
  EXPECT_EQ(set.value().http->port, 0);
  const auto refused = load_configuration({}, [](const char* name) {
    return std::string_view(name) == "CERTWRIGHT_HTTP" ? "nowhere" : nullptr;
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "CERTWRIGHT_HTTP");
}

}  // namespace
}  // namespace certwright::daemon
