#include "store/sqlite/ownership_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

namespace certwright::store::sqlite {
namespace {

tl::unexpected<Error> system_failure(const std::string& path, int error) {
  return fail_field(Errc::unavailable, "store",
                    fmt::format("{}: {}", path, std::generic_category().message(error)));
}

// The owner writes its process id into the file it has locked.
std::string owner_in(int descriptor) {
  char text[32] = {};
  const ssize_t size = ::pread(descriptor, text, sizeof text - 1, 0);
  std::string owner;
  for (ssize_t i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) owner += text[i];
  return owner;
}

}  // namespace

Result<OwnershipLock> OwnershipLock::acquire(const std::string& path, std::uint32_t wait_ms) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return system_failure(path, errno);
  OwnershipLock lock(descriptor);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
  while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return system_failure(path, errno);
    if (std::chrono::steady_clock::now() >= deadline) {
      const auto owner = owner_in(descriptor);
      return fail_field(Errc::conflict, "store",
                        fmt::format("another server has the store open (lock file {}, process {}): "
                                    "stop it first, or use another state directory",
                                    path, owner.empty() ? "unknown" : owner));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const auto owner = fmt::format("{}\n", ::getpid());
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size()))
    return system_failure(path, errno);
  return lock;
}

std::optional<long> OwnershipLock::owner(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return std::nullopt;
  // Shared: it disturbs nobody else who asks, and acquire() waits longer than this is held.
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const auto text = held ? owner_in(descriptor) : std::string();
  ::close(descriptor);
  if (text.empty()) return std::nullopt;
  return std::strtol(text.c_str(), nullptr, 10);
}

OwnershipLock::OwnershipLock(OwnershipLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

// The file stays: removing it would let a third party lock a new one while a second waits on this.
OwnershipLock::~OwnershipLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> prepare_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return system_failure(path, errno);
  struct stat status{};
  int error = 0;
  if (::fstat(descriptor, &status) != 0) error = errno;
  if (error == 0 && (status.st_mode & 077) != 0 && ::fchmod(descriptor, 0600) != 0) error = errno;
  ::close(descriptor);
  if (error != 0) return system_failure(path, error);
  if (status.st_size != 0) return {};
  // A new file is durable only when its folder is.
  const auto parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? std::string(1, '.') : parent.string();
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return system_failure(folder, errno);
  if (::fsync(directory) != 0) error = errno;
  ::close(directory);
  if (error != 0) return system_failure(folder, error);
  return {};
}

}  // namespace certwright::store::sqlite
