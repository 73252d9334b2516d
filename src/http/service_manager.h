#pragma once
// What systemd offers a service: sd_notify(3), sd_listen_fds(3). Without it every call is a no-op.
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace certwright::http {

struct InheritedSocket {
  std::string name;  // FileDescriptorName= of the socket unit
  int fd = -1;       // close-on-exec; the caller owns it
};
// The sockets this process was started with. Forgets them in the environment: call once, early,
// before threads.
std::vector<InheritedSocket> take_inherited_sockets();

void notify_ready(std::string_view status);
// Busy with itself, until the next notify_ready(): a manager that was told "stopping" would end whoever
// takes over in this process.
void notify_reloading(std::string_view status);
void notify_stopping(std::string_view status);
void notify_watchdog();
// How often notify_watchdog() must be called (half of WatchdogSec=); none if nobody watches.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace certwright::http
