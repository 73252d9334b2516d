#pragma once
#include "daemon/configuration.h"

namespace certwright::daemon {

// `certwright serve`: runs until SIGTERM or SIGINT, then drains. SIGHUP reads profiles and CAs again
// and renews the server's certificate if it is due. Call once, from the main thread, before others.
// Errors: what kept it from starting, with what to do.
Result<void> serve(const Configuration& configuration);

}  // namespace certwright::daemon
