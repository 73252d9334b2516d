#include "daemon/configuration.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "daemon/certgen_door.h"
#include "daemon/notices.h"

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

TEST_F(ConfigurationFile, LeavesSessionsLongEnoughToSignIn) {
  for (const char* text : {"access: {session_idle_s: 0}\n", "access: {session_s: 59}\n"})
    EXPECT_EQ(load(text).error().code, Errc::invalid) << text;
  const auto c = load("access: {session_idle_s: 60, session_s: 60}\n");
  ASSERT_TRUE(c) << c.error().detail;
  EXPECT_EQ(c->session_idle_s, 60U);
}

TEST_F(ConfigurationFile, TheCertificateGeneratorNeedsAListOfPeersBeyondLoopback) {
  const auto off = load("");
  ASSERT_TRUE(off);
  EXPECT_FALSE(off->certgen);
  const auto loopback = load("listeners: {certgen: '[::1]:2999'}\n");
  ASSERT_TRUE(loopback);
  EXPECT_TRUE(CertgenDoor::check(*loopback));
  const auto open = load("listeners: {certgen: ':2999'}\n");
  ASSERT_TRUE(open);
  EXPECT_EQ(CertgenDoor::check(*open).error().code, Errc::policy);
  const auto listed = load("listeners: {certgen: ':2999'}\ncertgen: {allowed_peers: [192.0.2.0/24, '2001:db8::1'], chain: leaf-only, deadline_ms: 1000}\n");
  ASSERT_TRUE(listed);
  EXPECT_TRUE(CertgenDoor::check(*listed));
  const auto options = door_options(*listed).value();
  EXPECT_EQ(options.chain, gateway::certgen::ChainForm::leaf_only);
  EXPECT_EQ(options.queue.deadline, std::chrono::seconds(1));
  EXPECT_TRUE(options.peers.has_list());
  const auto bad = load("listeners: {certgen: ':2999'}\ncertgen: {allowed_peers: [192.0.2.1/24]}\n");
  ASSERT_TRUE(bad);
  EXPECT_EQ(CertgenDoor::check(*bad).error().field, "certgen.allowed_peers");
}

TEST_F(ConfigurationFile, SaysHowNotificationsLeave) {
  const auto c = load("smtp: {host: mail.example, port: 465, security: tls, user: ca, from: 'CA <ca@ca.example>'}\n"
                      "notifications: {portal_url: 'https://ca.example/', certificate_days: [20, 5], webhook_networks: [10.0.0.0/8]}\n");
  ASSERT_TRUE(c) << c.error().detail;
  EXPECT_EQ(c->smtp.port, 465U);
  EXPECT_EQ(c->notifications.portal_url, "https://ca.example");
  EXPECT_EQ(c->notifications.certificate_days, (std::vector<std::size_t>{20, 5}));
  EXPECT_TRUE(Notices::check(*c));
  EXPECT_TRUE(Notices::check({}));
  const auto refused = [&](const char* text) {
    const auto loaded = load(text);
    EXPECT_TRUE(loaded) << text;
    const auto checked = Notices::check(*loaded);
    return checked ? std::string() : checked.error().field;
  };
  EXPECT_EQ(refused("smtp: {host: 'mail example'}\n"), "smtp.host");
  EXPECT_EQ(refused("smtp: {host: mail.example, security: none, user: ca}\n"), "smtp.user");
  EXPECT_EQ(refused("smtp: {host: mail.example, password_file: /nowhere/at/all}\n"), "smtp.password_file");
  EXPECT_EQ(refused("smtp: {from: nobody}\n"), "smtp.from");
}

struct Refused { const char* name; const char* text; const char* message; };
constexpr Refused kRefused[] = {
    {"NetworkWithHostBits", "notifications: {webhook_networks: [10.0.0.1/8]}\n", ":1: notifications.webhook_networks: bits after the prefix must be zero"},
    {"NoDay", "notifications: {certificate_days: [0]}\n", ":1: notifications.certificate_days: expected a number from 1 to 365"},
    {"NoPortal", "notifications: {portal_url: 'ftp://a'}\n", ":1: notifications.portal_url: expected https://HOST"},
    {"NoSmtpSecurity", "smtp: {security: perhaps}\n", ":1: smtp.security: expected one of starttls, tls, none"},
    {"UnknownKey", "state: /a\nlisteners:\n  htps: 'off'\n", ":3: listeners.htps: unknown key; the nearest valid one is \"listeners.https\""},
    {"BadAddress", "listeners:\n  https: example.com:1\n", ":2: listeners.https: expected ADDRESS:PORT"},
    {"PortTooLarge", "listeners: {https: '127.0.0.1:65536'}", "expected ADDRESS:PORT"},
    {"NotAList", "tls:\n  dns_names: a\n", ":2: tls.dns_names: expected a list"},
    {"ListForOneValue", "state: [a]", "state: expected one value"},
    {"BadChoice", "log: {level: loud}", "expected one of debug, info, warning, error, got \"loud\""},
    {"CertgenChain", "certgen: {chain: all}", "expected one of without-root, with-root, leaf-only"},
    {"CertgenPeersAreAList", "certgen: {allowed_peers: 10.0.0.0/8}", "certgen.allowed_peers: expected a list"},
    {"KeyTwice", "state: /a\nstate: /b\n", ":2: state: it stands here twice"},
    {"GroupTwice", "listeners: {http: 'off'}\nlisteners: {https: '127.0.0.1:1'}\n", ":2: listeners: it stands here twice"},
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
