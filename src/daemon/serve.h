#pragma once
#include "daemon/configuration.h"
#include "daemon/succession.h"

namespace certwright::daemon {

// `certwright serve`: runs until SIGTERM or SIGINT, then drains. SIGHUP reads profiles and CAs again
// and renews the server's certificate if it is due. SIGUSR2 drains and lets the successor take over,
// with the sockets; if that refuses the configuration, nothing happens, and if it cannot be started
// after all, this process serves again with the same sockets. Call once, from the main thread, before
// others. Errors: what kept it from starting, with what to do.
Result<void> serve(const Configuration& configuration, Succession& succession);

}  // namespace certwright::daemon
