// certwright: one binary. `init` and `serve` work on a state directory; everything else asks a running
// server over its API (room cli). Called g3fcgen, it is that: `certwright certgen` by itself.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/generator.h"
#include "daemon/initialise.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/serve.h"
#include "daemon/version.h"

namespace {

using namespace certwright;

int report(const Result<void>& result) {
  if (result) return 0;
  fmt::print(stderr, "certwright: {}\n", result.error().detail);
  return daemon::exit_code(result.error().code);
}

int run_as_g3fcgen(int argc, char** argv, daemon::Succession& succession) {
  CLI::App app{"The UDP certificate generator of Certwright, in g3fcgen's place", "g3fcgen"};
  daemon::GeneratorOptions options;
  daemon::add_generator_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  return report(daemon::run_generator(options, succession));
}

}  // namespace

int main(int argc, char** argv) {
  daemon::Succession succession(argc, argv);
  if (argc > 0 && std::filesystem::path(argv[0]).filename() == "g3fcgen") return run_as_g3fcgen(argc, argv, succession);
  CLI::App app{"Certwright, a private certificate authority", "certwright"};
  app.set_version_flag("--version", std::string(daemon::kVersion) + " (" + std::string(daemon::kCommit) + ")");
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 not reachable, 4 not signed in or not permitted, 5 not found, 6 conflict.");

  daemon::InitOptions init;
  daemon::ServeOptions serve;
  auto* init_command = daemon::add_init(app, init);
  auto* serve_command = daemon::add_serve(app, serve);
  daemon::GeneratorOptions generator;
  auto* certgen_command = app.add_subcommand("certgen", "The UDP certificate generator by itself, from g3fcgen's files; and what goes with it");
  daemon::add_generator_options(*certgen_command, generator);
  daemon::ReloadOptions reload;
  auto* reload_command = daemon::add_reload(app, reload);
  std::function<int()> run_client = daemon::add_client_commands(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  if (init_command->parsed()) {
    (void)daemon::Log::configure("warning", "text");
    return report(daemon::initialise(init));
  }
  if (serve_command->parsed()) {
    const auto configuration = daemon::effective_configuration(serve);
    if (!configuration) return report(tl::unexpected(configuration.error()));
    if (serve.check) {
      fmt::print("The configuration is valid.\n");
      return 0;
    }
    if (const auto configured = daemon::Log::configure(configuration->log_level, configuration->log_format); !configured)
      return report(configured);
    return report(daemon::serve(*configuration, succession));
  }
  if (reload_command->parsed()) return report(daemon::reload(reload));
  if (certgen_command->parsed() && certgen_command->get_subcommands().empty())
    return report(daemon::run_generator(generator, succession));
  return run_client();
}
