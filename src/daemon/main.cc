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
  daemon::CommandLine command_line;
  if (const auto code = command_line.parse(argc, argv)) return *code;
  if (command_line.init_command->parsed()) {
    (void)daemon::Log::configure("error", "text");  // what the log warns of, init says itself
    return report(daemon::initialise(command_line.init));
  }
  if (command_line.serve_command->parsed()) {
    const auto configuration = daemon::effective_configuration(command_line.serve);
    if (!configuration) return report(tl::unexpected(configuration.error()));
    if (command_line.serve.check) {
      const auto text_of = [](const auto& listener) { return listener ? listener->text() : std::string("off"); };
      fmt::print("The configuration is valid: state {}, https {}, http {}, certgen {}\n",
                 configuration->state.string(), text_of(configuration->https), text_of(configuration->http),
                 text_of(configuration->certgen));
      return 0;
    }
    if (const auto configured = daemon::Log::configure(configuration->log_level, configuration->log_format); !configured)
      return report(configured);
    return report(daemon::serve(*configuration, succession));
  }
  if (command_line.reload_command->parsed()) return report(daemon::reload(command_line.reload));
  if (command_line.certgen_command->parsed() && command_line.certgen_command->get_subcommands().empty())
    return report(daemon::run_generator(command_line.generator, succession));
  return command_line.run_client();
}
