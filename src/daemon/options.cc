#include "daemon/options.h"

#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace certwright::daemon {
namespace {

// CLI11 knows no std::optional<path> of this age; an empty path is not a path anyway.
CLI::Option* add_path(CLI::App& app, const char* name, std::optional<std::filesystem::path>& path, const char* help) {
  return app.add_option_function<std::string>(name, [&path](const std::string& text) { path = text; }, help)
      ->type_name("FILE");
}

void add_ca_choices(CLI::App& app, const std::string& which, CaChoices& choices) {
  app.add_option("--" + which + "-subject", choices.subject, "its name, e.g. \"CN=Acme CA,O=Acme\"")->capture_default_str();
  app.add_option("--" + which + "-algorithm", choices.key_algorithm,
                 "key: ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa-2048, rsa-3072, rsa-4096, ed25519")->capture_default_str();
  app.add_option("--" + which + "-signature", choices.signature_algorithm, "signature, e.g. rsa-pss-sha256 (default: by key)");
  app.add_option("--" + which + "-lifetime", choices.lifetime, "e.g. 3650d")->capture_default_str();
}

}  // namespace

CLI::App* add_init(CLI::App& app, InitOptions& options) {
  auto* init = app.add_subcommand("init", "Create the CA in a state directory: root, issuing CA, first administrator");
  init->add_option_function<std::string>("--state", [&options](const std::string& v) { options.state = v; },
                                         "state directory")->required()->type_name("DIR")->envname("CERTWRIGHT_STATE");
  add_path(*init, "--admin-token-file", options.admin_token_file, "where the first token goes (mode 0600)");
  init->add_option("--administrator", options.administrator, "name of the first administrator")->capture_default_str();
  init->add_option("--public-url", options.public_url, "base of OCSP, CRL and issuer URLs in certificates, e.g. http://pki.example:8080");
  init->add_option("--crl-shards", options.crl_shards, "CRLs of the issuing CA")->check(CLI::Range(1, 1024))->capture_default_str();
  add_ca_choices(*init, "root", options.root);
  add_ca_choices(*init, "issuing", options.issuing);
  add_path(*init, "--import-root", options.import_root, "use this root (PEM certificate and key, or PKCS#12)");
  add_path(*init, "--import-issuing", options.import_issuing, "use this issuing CA (PEM certificate, issuers and key, or PKCS#12)");
  add_path(*init, "--import-passphrase-file", options.import_passphrase_file, "passphrase of the imported file");
  add_path(*init, "--csr-out", options.request_out, "make no root: write a CSR for an offline root here");
  add_path(*init, "--install", options.install, "the answer to that CSR: PEM certificate, then its issuers");
  add_path(*init, "--root-key-out", options.root_key_out, "take the root's key offline into this file, leaving its CRL");
  add_path(*init, "--root-key-passphrase-file", options.root_key_passphrase_file, "encrypt that key under the passphrase in this file");
  init->add_flag("--root-key-plain", options.root_key_plain, "write that key unencrypted");
  init->add_flag("--renew-admin-token", options.renew_admin_token, "only make a new 24-hour token for the first administrator");
  return init;
}

CLI::App* add_serve(CLI::App& app, ServeOptions& options) {
  auto* serve = app.add_subcommand("serve", "Serve a state directory until SIGTERM");
  add_path(*serve, "--config", options.config, "configuration file (YAML)");
  serve->add_option("--state", options.state, "state directory")->type_name("DIR");
  serve->add_option("--https", options.https, "HTTPS API, default 127.0.0.1:8443, or off")->type_name("ADDR:PORT");
  serve->add_option("--http", options.http, "plain HTTP for OCSP, CRLs, issuers, default 127.0.0.1:8080, or off")->type_name("ADDR:PORT");
  serve->add_option("--log-level", options.log_level, "debug, info, warning, error");
  serve->add_option("--log-format", options.log_format, "json, text");
  serve->add_flag("--check", options.check, "only check the configuration");
  return serve;
}

std::function<int()> add_client_commands(CLI::App& app) { return cli::add_commands(app); }

Result<Configuration> effective_configuration(const ServeOptions& options) {
  CERTWRIGHT_TRY(auto configuration, load_configuration(options.config, [](const char* name) { return std::getenv(name); }));
  const std::pair<std::string_view, const std::string*> given[] = {{"state", &options.state},
                                                                   {"listeners.https", &options.https},
                                                                   {"listeners.http", &options.http},
                                                                   {"log.level", &options.log_level},
                                                                   {"log.format", &options.log_format}};
  for (const auto& [key, value] : given) {
    if (value->empty()) continue;
    const auto setting = std::ranges::find(settings(), key, &Setting::key);
    if (const auto set = setting->set(configuration, *value); !set)
      return fail_field(Errc::invalid, std::string(key), std::string(key) + ": " + set.error().detail + ", got \"" + *value + "\"");
  }
  return configuration;
}

int exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::unavailable: return 3;
    case Errc::unauthenticated:
    case Errc::not_permitted: return 4;
    case Errc::not_found: return 5;
    case Errc::conflict: return 6;
    default: return 1;
  }
}

}  // namespace certwright::daemon
