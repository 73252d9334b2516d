#pragma once
#include <filesystem>
#include <string>

#include <sys/types.h>

#include "errors/result.h"

namespace certwright::daemon {

// `certwright reload`: signals to a running server or generator.
struct ReloadOptions {
  std::string state, pid_file;  // one of them; else CERTWRIGHT_STATE is the state
  bool replace = false;  // --exec
  bool json = false;
};
// SIGHUP, or SIGUSR2 with --exec; then waits until a successor serves. Errors: not_found if none runs;
// not_permitted if it is somebody else's; unavailable if there is no successor within 30 s.
Result<void> reload(const ReloadOptions& options);

// The process that serves a state directory: the one that holds its store, whatever an old
// run/endpoints.json says. Errors: not_found.
Result<pid_t> serving_process(const std::filesystem::path& state);

// The process of a pid file, if it may be one of ours: a stale file names whoever has that id now. Where
// /proc does not show it (hidepid, ProtectProc=), the file is believed. Errors: not_found.
Result<pid_t> process_of_pid_file(const std::filesystem::path& file);

}  // namespace certwright::daemon
