#include "daemon/succession.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include <fmt/format.h>

extern char** environ;

namespace certwright::daemon {
namespace {

using namespace std::chrono_literals;

constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START
constexpr int kReserved = 8;        // more than a server has sockets
constexpr int kAside = 256;         // above any descriptor that the successor is given

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> all;
  for (auto& text : strings) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// Waits up to ten seconds. True if it ended with 0.
bool ended_well(pid_t child) {
  for (int i = 0; i < 1'000; ++i) {
    int status = 0;
    if (const pid_t ended = waitpid(child, &status, WNOHANG); ended != 0)
      return ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    std::this_thread::sleep_for(10ms);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return false;
}

}  // namespace

Succession::Succession(int argc, char** argv) : arguments_(argv, argv + argc) {
  std::error_code ignored;
  program_ = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
  if (program_.empty()) program_ = arguments_.empty() ? "" : arguments_.front();
}

Result<void> Succession::rehearse(const std::string& check_argument) const {
  std::vector<std::string> arguments = arguments_;
  arguments.push_back(check_argument);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failed = posix_spawn(&child, program_.c_str(), &actions, &attributes, pointers(arguments).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return fail(Errc::invalid, fmt::format("{}: cannot be run: {}", program_, std::strerror(failed)));  // NOLINT
  if (!ended_well(child)) return fail(Errc::invalid, program_ + ": refuses its configuration, so it does not take over");
  return {};
}

Result<void> Succession::keep(int fd, std::string name) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, kAside);
  if (copy < 0) return fail(Errc::unavailable, "cannot keep a socket for the successor");
  kept_.push_back({.name = std::move(name), .fd = copy});
  return {};
}

void Succession::abandon() {
  for (const auto& kept : kept_) ::close(kept.fd);
  kept_.clear();
}

std::vector<http::InheritedSocket> Succession::take_back() { return std::exchange(kept_, {}); }

void Succession::reserve() {
  for (int fd = kFirstInherited; fd < kFirstInherited + kReserved; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || nothing == fd) continue;
    (void)dup3(nothing, fd, O_CLOEXEC);
    ::close(nothing);
  }
}

// sd_listen_fds(3): descriptors from 3 on, without close-on-exec. Blocked signals stay blocked and pending
// ones pending, as they should.
Result<void> Succession::pass_on() {
  std::string names;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    if (dup2(kept_[i].fd, kFirstInherited + static_cast<int>(i)) < 0) return fail(Errc::unavailable, "cannot pass a socket on");
    names += (i == 0 ? "" : ":") + kept_[i].name;
  }
  if (!kept_.empty()) {
    setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    setenv("LISTEN_FDS", std::to_string(kept_.size()).c_str(), 1);
    setenv("LISTEN_FDNAMES", names.c_str(), 1);
  }
  execv(program_.c_str(), pointers(arguments_).data());
  return fail(Errc::unavailable, fmt::format("{}: cannot be run: {}", program_, std::strerror(errno)));  // NOLINT: nothing else runs
}

Result<void> Succession::take_over() {
  std::vector<int> before;  // what has the numbers now; -1: nothing
  for (std::size_t i = 0; i < kept_.size(); ++i)
    before.push_back(fcntl(kFirstInherited + static_cast<int>(i), F_DUPFD_CLOEXEC, kAside));
  auto failed = pass_on();
  for (std::size_t i = 0; i < before.size(); ++i) {
    const int fd = kFirstInherited + static_cast<int>(i);
    ::close(fd);
    if (before[i] < 0) continue;
    (void)dup3(before[i], fd, O_CLOEXEC);
    ::close(before[i]);
  }
  for (const auto* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  return failed;
}

}  // namespace certwright::daemon
