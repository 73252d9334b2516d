// What is written about the command line and the configuration file says what they are.
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <CLI/CLI.hpp>

#include "cli/completion.h"
#include "daemon/configuration.h"
#include "daemon/options.h"
#include "json/value.h"

namespace certwright::daemon {
namespace {

std::string read(const std::string& path) {
  std::ifstream in("../../" + path);
  EXPECT_TRUE(in) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::set<std::string> items_of(const std::string& text, const std::string& macro) {
  std::set<std::string> items;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(macro))
      items.insert(line.substr(macro.size(), line.find(' ', macro.size()) - macro.size()));
  return items;
}

// The part of an mdoc page under one heading, up to the next of its kind or above.
std::string section(const std::string& page, const std::string& heading) {
  const auto begin = page.find(heading + "\n");
  if (begin == std::string::npos) return "";
  const auto after = begin + heading.size();
  return page.substr(after, std::min(page.find("\n.Ss", after), page.find("\n.Sh", after)) - after);
}

// Options by their groups: those of a server's address are described once for all commands.
std::set<std::string> options_of(const CLI::App& app, bool shared) {
  std::set<std::string> names;
  for (const auto* option : app.get_options()) {
    const bool is_shared = option->get_group() == "Connection" || option->get_group() == "Output";
    if (!option->get_lnames().empty() && option->get_lnames().front() != "help" &&
        is_shared == shared)
      names.insert("-" + option->get_lnames().front());
  }
  return names;
}

TEST(ManualPage, HasEveryCommandWithItsOptionsAndNoOther) {
  const CommandLine command_line;
  const std::string page = read("docs/man/certwright.1");
  const auto shared = items_of(section(page, ".Sh OPTIONS OF CLIENT COMMANDS"), ".It Fl ");
  std::set<std::string> commands;
  cli::for_each_command(*command_line.app, [&](const std::string& path, const CLI::App& app) {
    commands.insert(path);
    const std::string text = section(page, ".Ss certwright " + path);
    EXPECT_FALSE(text.empty()) << "no section \".Ss certwright " << path
                               << "\" in docs/man/certwright.1";
    EXPECT_EQ(items_of(text, ".It Fl "), options_of(app, false)) << path;
    for (const auto& option : options_of(app, true))
      EXPECT_TRUE(shared.contains(option)) << path << " " << option;
    for (const auto* option : app.get_options()) {
      if (!option->get_positional() || !option->get_lnames().empty()) continue;
      const std::string type = option->get_type_name();
      EXPECT_NE(text.find(".Ar " + type.substr(0, type.find(':'))), std::string::npos)
          << path << " " << option->get_name();
    }
  });
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(".Ss certwright ")) {
      EXPECT_TRUE(commands.contains(line.substr(15))) << "no such command: " << line;
    }
}

TEST(ManualPage, OfTheConfigurationFileHasEveryKeyAndVariable) {
  const std::string page = read("docs/man/certwright.yaml.5");
  std::set<std::string> keys, variables;
  for (const auto& setting : settings()) {
    keys.insert(std::string(setting.key));
    if (!setting.environment.empty()) variables.insert(std::string(setting.environment));
  }
  EXPECT_EQ(items_of(page, ".It Cm "), keys);
  EXPECT_EQ(items_of(page, ".Ev "), variables);
}

// "tls.dns_names" for each leaf of a schema's nested properties.
void collect_keys(const json::Value& schema, const std::string& prefix, std::set<std::string>& keys,
                  std::set<std::string>& lists) {
  ASSERT_NE(schema.find("properties"), nullptr) << prefix;
  ASSERT_NE(schema.find("additionalProperties"), nullptr) << prefix << ": unknown keys are errors";
  EXPECT_EQ(*schema.find("additionalProperties"), json::Value(false));
  for (const auto& [name, value] : *schema.find("properties")->if_object()) {
    EXPECT_TRUE(value.find("description") != nullptr) << prefix << name;
    if (value.find("properties") != nullptr) {
      collect_keys(value, prefix + name + ".", keys, lists);
      continue;
    }
    keys.insert(prefix + name);
    if (value.find("items") != nullptr) lists.insert(prefix + name);
  }
}

TEST(ConfigurationSchema, HasEveryKeyAndNoOther) {
  const auto schema = json::parse(read("deploy/certwright.schema.json"));
  ASSERT_TRUE(schema) << schema.error().detail;
  std::set<std::string> keys, lists, expected_keys, expected_lists;
  collect_keys(*schema, "", keys, lists);
  for (const auto& setting : settings()) {
    expected_keys.insert(std::string(setting.key));
    if (setting.is_list) expected_lists.insert(std::string(setting.key));
  }
  EXPECT_EQ(keys, expected_keys);
  EXPECT_EQ(lists, expected_lists);
}

// Sets each default that the schema names, of what is one value.
void set_defaults(const json::Value& schema, const std::string& prefix, Configuration& configuration, int& count) {
  for (const auto& [name, value] : *schema.find("properties")->if_object()) {
    if (value.find("properties") != nullptr) {
      set_defaults(value, prefix + name + ".", configuration, count);
      continue;
    }
    const json::Value* set = value.find("default");
    ASSERT_NE(set, nullptr) << prefix << name;
    if (value.find("items") != nullptr) continue;
    const auto setting = std::ranges::find(settings(), prefix + name, &Setting::key);
    ASSERT_NE(setting, settings().end()) << prefix << name;
    const std::string text = set->if_string() != nullptr ? *set->if_string() : json::write(*set);
    EXPECT_TRUE(setting->set(configuration, text)) << prefix << name << " " << text;
    ++count;
  }
}

TEST(ConfigurationSchema, DefaultsAreTheProgramsOwn) {
  const auto schema = json::parse(read("deploy/certwright.schema.json"));
  ASSERT_TRUE(schema);
  // Other than the defaults, so that each has to be set.
  Configuration configuration{.state = "other", .https = {}, .http = {}, .certgen = ListenAddress{"127.0.0.1", 1},
                              .certgen_settings = {.allowed_peers = {}, .ca = "other", .profile = "other", .chain = "with-root",
                                                   .workers = 9, .requests_per_second_and_peer = 9, .deadline_ms = 9,
                                                   .cache_entries = 9, .cache_lifetime_s = 9, .rsa_pool = 9},
                              .tls_dns_names = {}, .tls_ip_addresses = {}, .trusted_proxies = {},
                              .smtp = {.host = "other", .port = 9, .security = "none", .user = "other", .password_file = "other",
                                       .from = "other", .ca_file = "other"},
                              .notifications = {.portal_url = "other", .certificate_days = {}, .ca_days = {},
                                                .webhook_networks = {}, .webhook_ca_file = "other"},
                              .log_level = "debug",
                              .log_format = "text", .io_threads = 9, .worker_threads = 9};
  int count = 0;
  set_defaults(*schema, "", configuration, count);
  EXPECT_GT(count, 10);
  EXPECT_TRUE(configuration == Configuration{});
}

TEST(ExampleConfiguration, LoadsAndNamesEveryKey) {
  const std::string path = "../../deploy/certwright.yaml";
  const auto loaded = load_configuration(path, [](const char*) { return nullptr; });
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_TRUE(*loaded == Configuration{}) << "every key is there at its default";
  const std::string text = read("deploy/certwright.yaml");
  for (const auto& setting : settings()) {
    const std::string name(setting.key.substr(setting.key.rfind('.') + 1));
    EXPECT_NE(text.find(name + ":"), std::string::npos) << setting.key;
  }
}

struct RefusedLine {
  const char* name;
  const char* line;
};
constexpr RefusedLine kRefusedLines[] = {
    {"CsrWithNames", "cert issue web-1 --csr a.pem --dns b.example"},
    {"CsrWithKeyType", "cert issue web-1 --csr a.pem --key-type rsa-3072"},
    {"PolicyAndPublicUrl", "ca create x --subject CN=X --policy p.json --public-url http://a"},
    {"CertificateWithoutKey", "cert list --client-cert a.pem"},
    {"RootThatIsNotMade", "init --state s --csr-out a.pem --root-algorithm rsa-4096"},
    {"ImportAndRequest", "init --state s --csr-out a.pem --import-root b.pem"},
    {"RenewAndMake", "init --state s --renew-admin-token --root-subject CN=X"},
    {"RenewAndUrl", "init --state s --renew-admin-token --public-url http://a"},
    {"PassphraseOfNothing", "init --state s --csr-out a.pem --import-passphrase-file b"},
    {"ProveHereAndThere", "certgen prove a.pem --state-dir d --server https://127.0.0.1:1"},
    {"AskForTwoForms", "certgen ask a.example --json --chain"},
    {"ReloadOfTwo", "reload --state s --pid-file p"},
    {"UnknownState", "cert list --status lost"},
    {"CaScopeWithoutRole", "user create x --ca-scope issuing"},
    {"AddressAndNone", "user set-email p1 a@b --clear"},
    {"RenewAndAddress", "init --state s --renew-admin-token --administrator-email a@b"},
    {"UnknownExtension", "request submit a.csr --extension web"},
};
class CommandLineRefuses : public testing::TestWithParam<RefusedLine> {};
TEST_P(CommandLineRefuses, WhatItWouldHaveToIgnore) {
  CommandLine command_line;
  EXPECT_THROW(command_line.app->parse(std::string(GetParam().line)), CLI::ParseError);
}
INSTANTIATE_TEST_SUITE_P(Lines, CommandLineRefuses, testing::ValuesIn(kRefusedLines),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(CommandLine, NamesMayComeBeforeTheEntity) {
  CommandLine command_line;
  EXPECT_NO_THROW(
      command_line.app->parse("cert issue --dns a.example --dns b.example --ip 192.0.2.1 web-1"));
}

}  // namespace
}  // namespace certwright::daemon
