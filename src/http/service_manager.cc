#include "http/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <cstdlib>

#include <fmt/format.h>

namespace certwright::http {
namespace {

// A status is one line of sd_notify's protocol: a line break would begin another assignment.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, text.find_first_of("\r\n")));
  return line;
}

void notify(const std::string& state) { sd_notify(0, state.c_str()); }

}  // namespace

std::vector<InheritedSocket> take_inherited_sockets() {
  std::vector<InheritedSocket> sockets;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  for (int i = 0; i < count; ++i) {
    sockets.push_back({names == nullptr ? "" : names[i], SD_LISTEN_FDS_START + i});
    if (names != nullptr) std::free(names[i]);
  }
  std::free(names);
  return sockets;
}

void notify_ready(std::string_view status) {
  notify(fmt::format("READY=1\nSTATUS={}", one_line(status)));
}
void notify_reloading(std::string_view status) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();  // CLOCK_MONOTONIC
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS={}",
                     std::chrono::duration_cast<std::chrono::microseconds>(now).count(), one_line(status)));
}
void notify_stopping(std::string_view status) {
  notify(fmt::format("STOPPING=1\nSTATUS={}", one_line(status)));
}
void notify_watchdog() { notify("WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t interval_us = 0;
  if (sd_watchdog_enabled(0, &interval_us) <= 0) return {};
  return std::chrono::microseconds(interval_us / 2);
}

}  // namespace certwright::http
