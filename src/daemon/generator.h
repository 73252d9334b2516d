#pragma once
// `certwright certgen -c g3fcgen.yaml`, also under the name g3fcgen: the UDP certificate generator by
// itself, without a state directory, a database or HTTP.
#include <string>
#include <vector>

#include "daemon/succession.h"
#include "errors/result.h"

namespace CLI { class App; }

namespace certwright::daemon {

struct GeneratorOptions {
  // g3fcgen's.
  std::string config_file, group_name, receive_buffer, send_buffer, pid_file;
  int verbose = 0;
  bool version = false, test_config = false, daemon = false, systemd = false, monitored = false, panic_quit = false;
  // Ours.
  std::vector<std::string> peers;  // who may ask, beyond this host
  std::string state_dir;           // where records go; empty: none are kept
  bool always_p256 = false;
  std::size_t rsa_pool = 64;
};

// Adds the options to `app`, a command or a program of its own.
void add_generator_options(CLI::App& app, GeneratorOptions& options);

// Runs until SIGINT or SIGTERM, then answers what it has read. SIGHUP reads the files again and goes on
// with the former ones if they are wrong; SIGUSR2 lets the binary on disk take over.
// With --test-config or --version it only does that. Errors: what kept it from starting.
Result<void> run_generator(const GeneratorOptions& options, Succession& succession);

}  // namespace certwright::daemon
