#pragma once
// The command line.
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/configuration.h"
#include "daemon/generator.h"
#include "daemon/initialise.h"
#include "daemon/reload.h"
#include "errors/result.h"

namespace CLI { class App; }

namespace certwright::daemon {

struct ServeOptions {
  std::optional<std::filesystem::path> config;
  std::string state, https, http, certgen, log_level, log_format;  // empty: not given
  std::vector<std::string> certgen_peers;
  bool check = false;
};

// The whole command line: `init`, `serve`, `reload` and the generator by itself here, everything else
// from the room cli.
struct CommandLine {
  CommandLine();
  ~CommandLine();

  // None: a command was parsed. Else the exit code after --help, --version or wrong usage.
  std::optional<int> parse(int argc, char** argv);

  std::unique_ptr<CLI::App> app;
  InitOptions init;
  ServeOptions serve;
  ReloadOptions reload;
  GeneratorOptions generator;
  CLI::App* init_command = nullptr;
  CLI::App* serve_command = nullptr;
  CLI::App* reload_command = nullptr;
  CLI::App* certgen_command = nullptr;  // with a subcommand, it is the client's
  std::function<int()> run_client;  // runs the other command that was parsed and gives its exit code
};

// File, then environment, then command line.
Result<Configuration> effective_configuration(const ServeOptions& options);

// As cli::exit_code(): every command has the same.
int exit_code(Errc code) noexcept;

}  // namespace certwright::daemon
