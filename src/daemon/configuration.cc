#include "daemon/configuration.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

#include <arpa/inet.h>
#include <yaml-cpp/yaml.h>

#include "cli/help.h"
#include "notification/webhook_url.h"

namespace certwright::daemon {
namespace {

constexpr std::size_t kMaxFileOctets = 256 * 1024;

Result<void> set_listener(std::optional<ListenAddress>& listener, std::string_view value) {
  if (value == "off") {
    listener.reset();
    return {};
  }
  CERTWRIGHT_TRY(listener, parse_listen_address(value));
  return {};
}

constexpr std::size_t kShortestSession_s = 60;  // with less nobody gets from a form to its answer

Result<void> set_count(std::size_t& count, std::string_view value, std::size_t most, std::size_t least = 0) {
  std::size_t parsed = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
  if (error != std::errc() || end != value.data() + value.size() || parsed < least || parsed > most)
    return fail(Errc::invalid, "expected a number from " + std::to_string(least) + " to " + std::to_string(most));
  count = parsed;
  return {};
}

Result<void> set_choice(std::string& target, std::string_view value,
                        std::initializer_list<std::string_view> choices) {
  if (std::ranges::find(choices, value) == choices.end()) {
    std::string all;
    for (const auto choice : choices) all += (all.empty() ? "" : ", ") + std::string(choice);
    return fail(Errc::invalid, "expected one of " + all);
  }
  target = std::string(value);
  return {};
}

// A year at most: notifications are kept for longer than that, so that none is repeated.
Result<void> add_days(std::vector<std::size_t>& days, std::string_view value) {
  std::size_t parsed = 0;
  CERTWRIGHT_CHECK(set_count(parsed, value, 365));
  if (parsed == 0) return fail(Errc::invalid, "expected a number from 1 to 365");
  days.push_back(parsed);
  return {};
}

Result<void> set_portal_url(std::string& target, std::string_view value) {
  if (!value.empty()) {
    const auto url = notification::WebhookUrl::parse(value);
    if (!url || url->target().find('?') != std::string::npos)
      return fail(Errc::invalid, "expected https://HOST, with a port or a path if need be");
  }
  while (value.ends_with('/')) value.remove_suffix(1);
  target = std::string(value);
  return {};
}

std::string nearest_key(std::string_view key) {
  std::vector<std::string> keys;
  for (const auto& setting : settings()) keys.emplace_back(setting.key);
  return cli::nearest(key, keys);
}

class File {
 public:
  File(std::string path, Configuration& configuration)
      : path_(std::move(path)), configuration_(configuration) {}

  Result<void> read(const YAML::Node& node, const std::string& prefix) {
    if (!node.IsMap()) return problem(node, prefix, "expected a mapping of keys to values");
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return problem(entry.first, prefix, "expected a key");
      const std::string key = prefix + entry.first.Scalar();
      if (!is_new(key)) return problem(entry.first, key, "it stands here twice");
      if (entry.second.IsMap() && is_group(key)) {
        CERTWRIGHT_CHECK(read(entry.second, key + "."));
        continue;
      }
      CERTWRIGHT_CHECK(set(entry.first, key, entry.second));
    }
    return {};
  }

 private:
  // YAML forbids a key twice (1.2.2 section 3.2.1.1), yaml-cpp does not: one of the values would count.
  bool is_new(const std::string& key) { return seen_.insert(key).second; }
  static bool is_group(const std::string& key) {
    return std::ranges::any_of(settings(), [&](const Setting& s) { return s.key.starts_with(key + "."); });
  }

  Result<void> set(const YAML::Node& at, const std::string& key, const YAML::Node& value) {
    const auto setting = std::ranges::find(settings(), key, &Setting::key);
    if (setting == settings().end())
      return problem(at, key, "unknown key; the nearest valid one is \"" + nearest_key(key) + "\"");
    if (setting->is_list && !value.IsSequence()) return problem(value, key, "expected a list");
    if (!setting->is_list && !value.IsScalar()) return problem(value, key, "expected one value");
    if (!setting->is_list) return set_one(*setting, value);
    for (const auto& element : value) {
      if (!element.IsScalar()) return problem(element, key, "expected a list of plain values");
      CERTWRIGHT_CHECK(set_one(*setting, element));
    }
    return {};
  }

  Result<void> set_one(const Setting& setting, const YAML::Node& value) {
    if (const auto result = setting.set(configuration_, value.Scalar()); !result)
      return problem(value, setting.key, result.error().detail + ", got \"" + value.Scalar() + "\"");
    return {};
  }

  tl::unexpected<Error> problem(const YAML::Node& at, std::string_view key, const std::string& what) const {
    return fail_field(Errc::invalid, std::string(key),
                      path_ + ":" + std::to_string(at.Mark().line + 1) + ": " +
                          (key.empty() ? "" : std::string(key) + ": ") + what);
  }

  std::string path_;
  Configuration& configuration_;
  std::set<std::string> seen_;
};

Result<void> read_configuration_file(const std::filesystem::path& path, Configuration& configuration) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::not_found, path.string() + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  if (text.str().size() > kMaxFileOctets) return fail(Errc::too_large, path.string() + ": over 256 KiB");
  try {
    const YAML::Node root = YAML::Load(text.str());
    if (root.IsNull()) return {};
    return File(path.string(), configuration).read(root, "");
  } catch (const YAML::Exception& error) {
    return fail(Errc::bad_encoding,
                path.string() + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
}

}  // namespace

bool ListenAddress::is_loopback() const noexcept { return address == "::1" || address.starts_with("127."); }

std::string ListenAddress::text() const {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto refuse = [&] {
    return fail(Errc::invalid, "expected ADDRESS:PORT, [IPv6]:PORT or :PORT");
  };
  if (colon == std::string_view::npos) return refuse();
  std::string host(text.substr(0, colon));
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size()) return refuse();
  if (host.empty()) return ListenAddress{"::", port};
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  unsigned char parsed[16];
  if (inet_pton(AF_INET, host.c_str(), parsed) != 1 && inet_pton(AF_INET6, host.c_str(), parsed) != 1)
    return refuse();
  return ListenAddress{std::move(host), port};
}

const std::vector<Setting>& settings() {
  using C = Configuration;
  using V = std::string_view;
  static const std::vector<Setting> all = {
      {"state", "CERTWRIGHT_STATE", "state directory", false,
       [](C& c, V v) -> Result<void> { c.state = std::string(v); return {}; }},
      {"listeners.https", "CERTWRIGHT_HTTPS", "HTTPS API: ADDRESS:PORT, or off", false,
       [](C& c, V v) { return set_listener(c.https, v); }},
      {"listeners.http", "CERTWRIGHT_HTTP", "plain HTTP for OCSP, CRLs and issuers: ADDRESS:PORT, or off", false,
       [](C& c, V v) { return set_listener(c.http, v); }},
      {"listeners.certgen", "CERTWRIGHT_CERTGEN", "UDP certificate generator: ADDRESS:PORT, or off", false,
       [](C& c, V v) { return set_listener(c.certgen, v); }},
      {"certgen.allowed_peers", "", "addresses or prefixes that may ask the certificate generator", true,
       [](C& c, V v) -> Result<void> { c.certgen_settings.allowed_peers.emplace_back(v); return {}; }},
      {"certgen.ca", "", "the CA that intercepts; default: the one with the profile", false,
       [](C& c, V v) -> Result<void> { c.certgen_settings.ca = std::string(v); return {}; }},
      {"certgen.profile", "", "profile of the certificates", false,
       [](C& c, V v) -> Result<void> { c.certgen_settings.profile = std::string(v); return {}; }},
      {"certgen.chain", "", "without-root, with-root or leaf-only", false,
       [](C& c, V v) { return set_choice(c.certgen_settings.chain, v, {"without-root", "with-root", "leaf-only"}); }},
      {"certgen.workers", "", "threads that make certificates; 0: one per core", false,
       [](C& c, V v) { return set_count(c.certgen_settings.workers, v, 1024); }},
      {"certgen.requests_per_second_and_peer", "", "beyond loopback; 0: no limit", false,
       [](C& c, V v) { return set_count(c.certgen_settings.requests_per_second_and_peer, v, 10'000'000); }},
      {"certgen.deadline_ms", "", "older requests are dropped without work", false,
       [](C& c, V v) { return set_count(c.certgen_settings.deadline_ms, v, 60'000); }},
      {"certgen.cache_entries", "", "answers kept; 0: none", false,
       [](C& c, V v) { return set_count(c.certgen_settings.cache_entries, v, 10'000'000); }},
      {"certgen.cache_lifetime_s", "", "how long an answer is kept", false,
       [](C& c, V v) { return set_count(c.certgen_settings.cache_lifetime_s, v, 7 * 86'400); }},
      {"certgen.rsa_pool", "", "RSA keys made ahead; 0: none", false,
       [](C& c, V v) { return set_count(c.certgen_settings.rsa_pool, v, 100'000); }},
      {"tls.dns_names", "", "DNS names in this server's certificate", true,
       [](C& c, V v) -> Result<void> { c.tls_dns_names.emplace_back(v); return {}; }},
      {"tls.ip_addresses", "", "IP addresses in this server's certificate", true,
       [](C& c, V v) -> Result<void> { c.tls_ip_addresses.emplace_back(v); return {}; }},
      {"access.trusted_proxies", "", "addresses or prefixes whose X-Forwarded-For counts", true,
       [](C& c, V v) -> Result<void> { c.trusted_proxies.emplace_back(v); return {}; }},
      {"access.session_idle_s", "", "seconds without a request after which a person signs in again", false,
       [](C& c, V v) { return set_count(c.session_idle_s, v, 86'400, kShortestSession_s); }},
      {"access.session_s", "", "seconds after which a person signs in again, whatever the requests", false,
       [](C& c, V v) { return set_count(c.session_s, v, 30 * 86'400, kShortestSession_s); }},
      {"smtp.host", "", "mail server; empty: no e-mail", false,
       [](C& c, V v) -> Result<void> { c.smtp.host = std::string(v); return {}; }},
      {"smtp.port", "", "its port", false,
       [](C& c, V v) { return set_count(c.smtp.port, v, 65'535); }},
      {"smtp.security", "", "starttls (required), tls (from the first octet) or none", false,
       [](C& c, V v) { return set_choice(c.smtp.security, v, {"starttls", "tls", "none"}); }},
      {"smtp.user", "", "account at the mail server; empty: no authentication", false,
       [](C& c, V v) -> Result<void> { c.smtp.user = std::string(v); return {}; }},
      {"smtp.password_file", "", "file with its password", false,
       [](C& c, V v) -> Result<void> { c.smtp.password_file = std::string(v); return {}; }},
      {"smtp.from", "", "sender: ADDRESS or NAME <ADDRESS>", false,
       [](C& c, V v) -> Result<void> { c.smtp.from = std::string(v); return {}; }},
      {"smtp.ca_file", "", "PEM file of the anchors of the mail server's certificate; empty: the system's", false,
       [](C& c, V v) -> Result<void> { c.smtp.ca_file = std::string(v); return {}; }},
      {"notifications.portal_url", "", "what links in notifications begin with; empty: no links", false,
       [](C& c, V v) { return set_portal_url(c.notifications.portal_url, v); }},
      {"notifications.certificate_days", "", "days before the end of a certificate on which its owner is told", true,
       [](C& c, V v) { return add_days(c.notifications.certificate_days, v); }},
      {"notifications.ca_days", "", "the same for CAs and administrators", true,
       [](C& c, V v) { return add_days(c.notifications.ca_days, v); }},
      {"notifications.webhook_networks", "", "addresses or prefixes that webhooks may reach though they are not public", true,
       [](C& c, V v) -> Result<void> {
         CERTWRIGHT_CHECK(notification::Network::parse(v));
         c.notifications.webhook_networks.emplace_back(v);
         return {};
       }},
      {"notifications.webhook_ca_file", "", "PEM file of the anchors of webhooks' certificates; empty: the system's", false,
       [](C& c, V v) -> Result<void> { c.notifications.webhook_ca_file = std::string(v); return {}; }},
      {"log.level", "CERTWRIGHT_LOG_LEVEL", "debug, info, warning or error", false,
       [](C& c, V v) { return set_choice(c.log_level, v, {"debug", "info", "warning", "error"}); }},
      {"log.format", "CERTWRIGHT_LOG_FORMAT", "json or text", false,
       [](C& c, V v) { return set_choice(c.log_format, v, {"json", "text"}); }},
      {"threads.io", "CERTWRIGHT_IO_THREADS", "I/O threads; 0: one per core", false,
       [](C& c, V v) { return set_count(c.io_threads, v, 256); }},
      {"threads.workers", "CERTWRIGHT_WORKER_THREADS", "threads that answer requests", false,
       [](C& c, V v) { return set_count(c.worker_threads, v, 1024); }},
  };
  return all;
}

Result<Configuration> load_configuration(const std::optional<std::filesystem::path>& file,
                                         const std::function<const char*(const char*)>& environment) {
  Configuration configuration;
  if (file) CERTWRIGHT_CHECK(read_configuration_file(*file, configuration));
  for (const auto& setting : settings()) {
    if (setting.environment.empty()) continue;
    const std::string name(setting.environment);
    const char* value = environment(name.c_str());
    if (value == nullptr) continue;
    if (const auto result = setting.set(configuration, value); !result)
      return fail_field(Errc::invalid, name, name + ": " + result.error().detail + ", got \"" + value + "\"");
  }
  return configuration;
}

}  // namespace certwright::daemon
