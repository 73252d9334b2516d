#include "daemon/options.h"

#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "daemon/certgen_door.h"
#include "daemon/notices.h"
#include "daemon/version.h"

namespace certwright::daemon {
namespace {

// CLI11 knows no std::optional<path> of this age; an empty path is not a path anyway.
CLI::Option* add_path(CLI::App& app, const char* name, std::optional<std::filesystem::path>& path, const char* help) {
  return app.add_option_function<std::string>(name, [&path](const std::string& text) { path = text; }, help)
      ->type_name("FILE");
}

std::vector<CLI::Option*> add_ca_choices(CLI::App& app, const std::string& which, CaChoices& choices) {
  return {
      app.add_option("--" + which + "-subject", choices.subject, "its name, e.g. \"CN=Acme CA,O=Acme\"")
          ->capture_default_str()->type_name("NAME"),
      app.add_option("--" + which + "-algorithm", choices.key_algorithm,
                     "key, e.g. ecdsa-p384, rsa-4096, ed25519; a wrong one says which there are")
          ->capture_default_str()->type_name("ALGORITHM"),
      app.add_option("--" + which + "-signature", choices.signature_algorithm, "signature, e.g. rsa-pss-sha256 (default: by key)")
          ->type_name("ALGORITHM"),
      app.add_option("--" + which + "-lifetime", choices.lifetime, "e.g. 3650d")->capture_default_str()->type_name("TIME")};
}

void exclude(CLI::Option* option, const std::vector<CLI::Option*>& others) {
  for (auto* other : others) option->excludes(other);
}

}  // namespace

CLI::App* add_init(CLI::App& app, InitOptions& options) {
  auto* init = app.add_subcommand("init", "Create the CA in a state directory: root, issuing CA, first administrator");
  init->add_option_function<std::string>("--state", [&options](const std::string& v) { options.state = v; },
                                         "state directory")->required()->type_name("DIR")->envname("CERTWRIGHT_STATE");
  add_path(*init, "--admin-token-file", options.admin_token_file, "where the first token goes (mode 0600)");
  auto* administrator = init->add_option("--administrator", options.administrator, "name of the first administrator")->capture_default_str()->type_name("TEXT");
  auto* email = init->add_option("--administrator-email", options.administrator_email, "where the first administrator is told what expires and what waits")->type_name("ADDRESS");
  auto* url = init->add_option("--public-url", options.public_url, "base of OCSP, CRL and issuer URLs in certificates, e.g. http://pki.example:8080")
      ->type_name("URL");
  auto* shards = init->add_option("--crl-shards", options.crl_shards, "CRLs of the issuing CA")->check(CLI::Range(1, 1024))->capture_default_str()->type_name("N");
  const auto root_choices = add_ca_choices(*init, "root", options.root);
  const auto issuing_choices = add_ca_choices(*init, "issuing", options.issuing);
  auto* import_root = add_path(*init, "--import-root", options.import_root, "use this root (PEM certificate and key, or PKCS#12)");
  auto* import_issuing = add_path(*init, "--import-issuing", options.import_issuing, "use this issuing CA (PEM certificate, issuers and key, or PKCS#12)");
  auto* import_passphrase = add_path(*init, "--import-passphrase-file", options.import_passphrase_file, "passphrase of the imported file");
  auto* request = add_path(*init, "--csr-out", options.request_out, "make no root: write a CSR for an offline root here");
  auto* install = add_path(*init, "--install", options.install, "the answer to that CSR: PEM certificate, then its issuers");
  auto* offline = add_path(*init, "--root-key-out", options.root_key_out, "take the root's key offline into this file, leaving its CRL");
  auto* passphrase = add_path(*init, "--root-key-passphrase-file", options.root_key_passphrase_file, "encrypt that key under the passphrase in this file")->needs(offline);
  auto* plain = init->add_flag("--root-key-plain", options.root_key_plain, "write that key unencrypted")->needs(offline);
  exclude(plain, {passphrase});
  // What one of these decides, the others cannot: nothing given is ignored.
  exclude(import_root, root_choices);
  exclude(import_issuing, root_choices);
  exclude(import_issuing, issuing_choices);
  exclude(import_issuing, {import_root, offline});
  exclude(request, root_choices);
  exclude(request, {import_root, import_issuing, import_passphrase, install, offline});
  exclude(install, root_choices);
  exclude(install, issuing_choices);
  exclude(install, {import_root, import_issuing, import_passphrase});
  init->add_flag("--json", options.json, "say what was made as JSON, for programs");
  auto* renew = init->add_flag("--renew-admin-token", options.renew_admin_token, "only make a new 24-hour token for the first administrator");
  exclude(renew, root_choices);
  exclude(renew, issuing_choices);
  exclude(renew, {import_root, import_issuing, import_passphrase, request, install, offline, administrator, email, url, shards});
  init->footer("Interrupted, it can be run again: what is there is kept. Afterwards: certwright serve --state DIR");
  return init;
}

CLI::App* add_serve(CLI::App& app, ServeOptions& options) {
  auto* serve = app.add_subcommand("serve", "Serve a state directory until SIGTERM");
  add_path(*serve, "--config", options.config, "configuration file (YAML)");
  serve->add_option("--state", options.state, "state directory")->type_name("DIR");
  serve->add_option("--https", options.https, "HTTPS API: ADDRESS:PORT, or off")->default_str("127.0.0.1:8443")->type_name("ADDRESS");
  serve->add_option("--http", options.http, "plain HTTP for OCSP, CRLs, issuers: ADDRESS:PORT, or off")
      ->default_str("127.0.0.1:8080")->type_name("ADDRESS");
  serve->add_option("--certgen", options.certgen, "UDP certificate generator: ADDRESS:PORT, or off")
      ->default_str("off")->type_name("ADDRESS");
  serve->add_option("--certgen-peer", options.certgen_peers, "address or prefix that may ask it; required beyond loopback; may be repeated")
      ->type_name("PREFIX");
  serve->add_option("--log-level", options.log_level, "the least that is logged")
      ->default_str("info")->check(CLI::IsMember({"debug", "info", "warning", "error"}))->type_name("LEVEL");
  serve->add_option("--log-format", options.log_format, "of each line")
      ->default_str("json")->check(CLI::IsMember({"json", "text"}))->type_name("FORMAT");
  serve->add_flag("--check", options.check, "only check the configuration");
  serve->footer("What is not given comes from CERTWRIGHT_STATE, CERTWRIGHT_HTTPS, CERTWRIGHT_HTTP, CERTWRIGHT_CERTGEN,\n"
                "CERTWRIGHT_LOG_LEVEL and CERTWRIGHT_LOG_FORMAT, then from the configuration file. Certificates need a state directory made by: certwright init");
  return serve;
}

CLI::App* add_reload(CLI::App& app, ReloadOptions& options) {
  auto* command = app.add_subcommand("reload", "Make a running server read CAs and profiles again, or let a new binary take its place");
  auto* state = command->add_option("--state", options.state, "its state directory (CERTWRIGHT_STATE)")->type_name("DIR");
  command->add_option("--pid-file", options.pid_file, "or the file with its process id")->type_name("FILE")->excludes(state);
  command->add_flag("--exec", options.replace, "replace the process: the binary on disk takes over all sockets");
  command->add_flag("--json", options.json, "JSON for programs")->group("Output");
  return command;
}

CommandLine::CommandLine() : app(std::make_unique<CLI::App>("Certwright, a private certificate authority", "certwright")) {
  app->set_version_flag("--version", std::string(kVersion) + " (" + std::string(kCommit) + ")");
  app->require_subcommand(1);
  cli::use_plain_help(*app);
  init_command = add_init(*app, init);
  serve_command = add_serve(*app, serve);
  run_client = cli::add_commands(*app);
  certgen_command = app->get_subcommand("certgen");
  certgen_command->description("The UDP certificate generator, by itself from g3fcgen's files, and what goes with it");
  add_generator_options(*certgen_command, generator);
  reload_command = add_reload(*app, reload);
  app->footer(  // last: commands would inherit it
      "Begin with: certwright init --state DIR --admin-token-file FILE, then certwright serve --state DIR.\n"
      "The other commands ask a running server: say which and as whom with --state or --server, and --token-file,\n"
      "or in CERTWRIGHT_STATE, CERTWRIGHT_SERVER, CERTWRIGHT_TOKEN_FILE. certwright COMMAND --help says more.\n"
      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not reachable, 4 not signed in or not permitted,\n"
      "5 not found, 6 conflict, 7 taken, but waits for people.");
}

CommandLine::~CommandLine() = default;

std::optional<int> CommandLine::parse(int argc, char** argv) {
  try {
    app->parse(argc, argv);
    return {};
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app->exit(error);  // --help, --version
    fmt::print(stderr, "certwright: {}\n", cli::usage_problem(*app, error));
    return 2;
  }
}

Result<Configuration> effective_configuration(const ServeOptions& options) {
  CERTWRIGHT_TRY(auto configuration, load_configuration(options.config, [](const char* name) { return std::getenv(name); }));
  const std::pair<std::string_view, const std::string*> given[] = {{"state", &options.state},
                                                                   {"listeners.https", &options.https},
                                                                   {"listeners.http", &options.http},
                                                                   {"listeners.certgen", &options.certgen},
                                                                   {"log.level", &options.log_level},
                                                                   {"log.format", &options.log_format}};
  for (const auto& [key, value] : given) {
    if (value->empty()) continue;
    const auto setting = std::ranges::find(settings(), key, &Setting::key);
    if (const auto set = setting->set(configuration, *value); !set)
      return fail_field(Errc::invalid, std::string(key), std::string(key) + ": " + set.error().detail + ", got \"" + *value + "\"");
  }
  if (!options.certgen_peers.empty()) configuration.certgen_settings.allowed_peers = options.certgen_peers;
  CERTWRIGHT_CHECK(CertgenDoor::check(configuration));
  CERTWRIGHT_CHECK(Notices::check(configuration));
  return configuration;
}

int exit_code(Errc code) noexcept { return cli::exit_code(code); }

}  // namespace certwright::daemon
