#pragma once
// What a process needs to start. Everything that changes while it runs lives in the store.
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "errors/result.h"

namespace certwright::daemon {

struct ListenAddress {
  std::string address;     // IPv4 or IPv6 literal
  std::uint16_t port = 0;  // 0: the system picks one
  bool is_loopback() const noexcept;
  std::string text() const;  // "127.0.0.1:8443", "[::1]:8443"
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// "127.0.0.1:8443", "[::1]:8443", ":8443" (every address). Errors: invalid.
Result<ListenAddress> parse_listen_address(std::string_view text);

struct Configuration {
  std::filesystem::path state = "/var/lib/certwright";
  std::optional<ListenAddress> https = ListenAddress{"127.0.0.1", 8443};  // none: "off"
  std::optional<ListenAddress> http = ListenAddress{"127.0.0.1", 8080};
  std::optional<ListenAddress> certgen;       // UDP certificate generator; needs a CA that intercepts
  struct Certgen {
    std::vector<std::string> allowed_peers;   // addresses or prefixes; required beyond loopback
    std::string ca;                           // empty: the one that has the profile
    std::string profile = "interception";
    std::string chain = "without-root";       // with-root, leaf-only
    std::size_t workers = 0;                  // 0: one per core
    std::size_t requests_per_second_and_peer = 5'000;  // beyond loopback; 0: no limit
    std::size_t deadline_ms = 3'500;          // older requests are dropped
    std::size_t cache_entries = 20'000, cache_lifetime_s = 3'600;
    std::size_t rsa_pool = 64;                // RSA keys made ahead
    friend bool operator==(const Certgen&, const Certgen&) = default;
  } certgen_settings;
  std::vector<std::string> tls_dns_names;     // in the server's own certificate, besides localhost
  std::vector<std::string> tls_ip_addresses;  // besides those it listens on
  std::vector<std::string> trusted_proxies;   // whose X-Forwarded-For counts
  std::size_t session_idle_s = 1'800;         // a person's session ends without a request
  std::size_t session_s = 43'200;             // and whatever the requests
  struct Smtp {
    std::string host;                         // empty: no e-mail
    std::size_t port = 587;
    std::string security = "starttls";        // tls, none
    std::string user, password_file;
    std::string from = "Certwright <certwright@localhost>";
    std::string ca_file;                      // empty: the system's anchors
    friend bool operator==(const Smtp&, const Smtp&) = default;
  } smtp;
  struct Notifications {
    std::string portal_url;                         // what links begin with; empty: no links
    std::vector<std::size_t> certificate_days;      // none: 30, 14, 7, 1
    std::vector<std::size_t> ca_days;               // none: 90, 30, 14, 7, 1
    std::vector<std::string> webhook_networks;      // not public, and reached all the same
    std::string webhook_ca_file;                    // empty: the system's anchors
    friend bool operator==(const Notifications&, const Notifications&) = default;
  } notifications;
  std::string log_level = "info";             // debug, info, warning, error
  std::string log_format = "json";            // json, text
  std::size_t io_threads = 0;                 // 0: one per core
  std::size_t worker_threads = 64;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// The documented keys, for the file, the environment (CERTWRIGHT_HTTPS, ...) and error messages.
struct Setting {
  std::string_view key;          // "listeners.https"
  std::string_view environment;  // "CERTWRIGHT_HTTPS"
  std::string_view help;
  bool is_list = false;
  Result<void> (*set)(Configuration&, std::string_view value);  // lists: called once per element
};
const std::vector<Setting>& settings();

// Defaults, then the file (if any), then the environment. Errors: invalid, with file and line, the
// nearest key where one is unknown, and what was expected where a value is wrong.
Result<Configuration> load_configuration(
    const std::optional<std::filesystem::path>& file,
    const std::function<const char*(const char*)>& environment);

}  // namespace certwright::daemon
