#pragma once
// The command line.
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/configuration.h"
#include "daemon/initialise.h"
#include "errors/result.h"

namespace CLI { class App; }

namespace certwright::daemon {

struct ServeOptions {
  std::optional<std::filesystem::path> config;
  std::string state, https, http, log_level, log_format;  // empty: not given
  bool check = false;
};

// The whole command line: `init` and `serve` here, everything else from the room cli.
struct CommandLine {
  CommandLine();
  ~CommandLine();

  // None: a command was parsed. Else the exit code after --help, --version or wrong usage.
  std::optional<int> parse(int argc, char** argv);

  std::unique_ptr<CLI::App> app;
  InitOptions init;
  ServeOptions serve;
  CLI::App* init_command = nullptr;
  CLI::App* serve_command = nullptr;
  std::function<int()> run_client;  // runs the other command that was parsed and gives its exit code
};

// File, then environment, then command line.
Result<Configuration> effective_configuration(const ServeOptions& options);

// 1 refused or failed, 3 not reachable, 4 not signed in or not permitted, 5 not found, 6 conflict.
int exit_code(Errc code) noexcept;

}  // namespace certwright::daemon
