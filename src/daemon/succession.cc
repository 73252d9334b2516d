#include "daemon/succession.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

extern char** environ;

namespace certwright::daemon {
namespace {

using namespace std::chrono_literals;

constexpr int kFirstInherited = 3;  // SD_LISTEN_FDS_START
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
  kept_.push_back({copy, std::move(name)});
  return {};
}

void Succession::abandon() {
  for (const auto& kept : kept_) ::close(kept.fd);
  kept_.clear();
}

// sd_listen_fds(3): descriptors from 3 on, without close-on-exec; whatever else had those numbers ends
// with this process anyway. Blocked signals stay blocked and pending ones pending, as they should.
Result<void> Succession::take_over() {
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

int listening_socket_at(const std::string& endpoint) {
  for (int fd = kFirstInherited; fd < kAside; ++fd) {
    int accepts = 0;
    socklen_t octets = sizeof accepts;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &octets) != 0 || accepts == 0) continue;
    sockaddr_storage bound{};
    socklen_t bound_octets = sizeof bound;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &bound_octets) != 0) continue;
    char text[INET6_ADDRSTRLEN] = "";
    std::string here;
    if (bound.ss_family == AF_INET) {
      const auto& v4 = reinterpret_cast<sockaddr_in&>(bound);
      here = fmt::format("{}:{}", inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text), ntohs(v4.sin_port));
    } else if (bound.ss_family == AF_INET6) {
      const auto& v6 = reinterpret_cast<sockaddr_in6&>(bound);
      here = fmt::format("[{}]:{}", inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text), ntohs(v6.sin6_port));
    }
    if (here == endpoint) return fd;
  }
  return -1;
}

}  // namespace certwright::daemon
