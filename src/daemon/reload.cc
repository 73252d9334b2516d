#include "daemon/reload.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "daemon/state_directory.h"
#include "store/sqlite/ownership_lock.h"

namespace certwright::daemon {
namespace {

// Its name, up to 15 octets; none if there is no such process, or it is hidden.
std::optional<std::string> name_of_process(const std::string& pid) {
  const auto content = read_file("/proc/" + pid + "/comm", 64);
  if (!content) return std::nullopt;
  std::string name(as_text(*content));
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

bool is_one_of_ours(const std::string& name) {
  return name == "certwright" || name == "g3fcgen" || name == name_of_process("self");
}

std::filesystem::path state_of(const ReloadOptions& options) {
  const char* environment = std::getenv("CERTWRIGHT_STATE");
  return !options.state.empty() || environment == nullptr ? options.state : environment;
}

// What a successor writes anew when it serves.
Result<void> wait_for_successor(const std::filesystem::path& file, std::filesystem::file_time_type before) {
  std::error_code missing;
  for (int i = 0; i < 600; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto now = std::filesystem::last_write_time(file, missing);
    if (!missing && now != before) return {};
  }
  return fail(Errc::unavailable, "no successor serves yet: see the server's log");
}

}  // namespace

Result<pid_t> serving_process(const std::filesystem::path& state) {
  const auto owner = store::sqlite::OwnershipLock::owner(StateDirectory{state}.lock().string());
  if (!owner) return fail(Errc::not_found, "no server runs on " + state.string());
  return static_cast<pid_t>(*owner);
}

Result<pid_t> process_of_pid_file(const std::filesystem::path& file) {
  const auto content = read_file(file, 64);
  if (!content) return fail(Errc::not_found, "nothing runs there: " + content.error().detail);
  const std::string_view text = as_text(*content);
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  if (pid <= 1) return fail(Errc::not_found, file.string() + ": has no process id");
  const auto stale = [&](std::string_view why) {
    return fail(Errc::not_found, fmt::format("nothing runs there: {} is of before, {}", file.string(), why));
  };
  if (::kill(pid, 0) != 0 && errno == ESRCH) return stale(fmt::format("process {} has ended", pid));
  const auto name = name_of_process(std::to_string(pid));
  if (name && !is_one_of_ours(*name)) return stale(fmt::format("process {} is {} now", pid, *name));
  return pid;
}

Result<void> reload(const ReloadOptions& options) {
  const auto state = state_of(options);
  if (state.empty() && options.pid_file.empty()) return fail(Errc::invalid, "give --state or --pid-file");
  const bool by_file = !options.pid_file.empty();
  CERTWRIGHT_TRY(const pid_t pid, by_file ? process_of_pid_file(options.pid_file) : serving_process(state));
  const auto file = by_file ? std::filesystem::path(options.pid_file) : StateDirectory{state}.endpoints();
  std::error_code missing;
  const auto written = std::filesystem::last_write_time(file, missing);
  if (::kill(pid, options.replace ? SIGUSR2 : SIGHUP) != 0)
    return fail(errno == EPERM ? Errc::not_permitted : Errc::not_found, "process " + std::to_string(pid) + " cannot be told");
  if (options.replace) CERTWRIGHT_CHECK(wait_for_successor(file, written));
  if (options.json) fmt::print("{{\"{}\": true}}\n", options.replace ? "replaced" : "reloading");
  return {};
}

}  // namespace certwright::daemon
