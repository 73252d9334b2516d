#pragma once
// The command line of `init` and `serve`.
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/configuration.h"
#include "daemon/initialise.h"
#include "errors/result.h"

namespace CLI { class App; }

namespace certwright::daemon {

struct ServeOptions {
  std::optional<std::filesystem::path> config;
  std::string state, https, http, certgen, log_level, log_format;  // empty: not given
  std::vector<std::string> certgen_peers;
  bool check = false;
};

CLI::App* add_init(CLI::App& app, InitOptions& options);
CLI::App* add_serve(CLI::App& app, ServeOptions& options);
// `certwright reload`: signals to a running server or generator.
struct ReloadOptions {
  std::string state, pid_file;
  bool replace = false;  // --exec
};
CLI::App* add_reload(CLI::App& app, ReloadOptions& options);
// SIGHUP, or SIGUSR2 with --exec; then waits until a successor serves. Errors: not_found if none runs;
// unavailable if there is no successor within 30 s.
Result<void> reload(const ReloadOptions& options);

// The commands of the room cli. The function runs the one that was parsed and gives its exit code.
std::function<int()> add_client_commands(CLI::App& app);

// File, then environment, then command line.
Result<Configuration> effective_configuration(const ServeOptions& options);

// 1 refused or failed, 3 not reachable, 4 not signed in or not permitted, 5 not found, 6 conflict.
int exit_code(Errc code) noexcept;

}  // namespace certwright::daemon
