#include "daemon/state_directory.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace certwright::daemon {
namespace {

tl::unexpected<Error> system_failure(const std::filesystem::path& path, std::string_view doing) {
  return fail(Errc::unavailable,
              path.string() + ": " + std::string(doing) + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { if (fd_ >= 0) ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, ByteView content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(path, "cannot be written");
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

// A folder that others use is not made ours: /tmp, given by mistake, would be closed to everybody. Its
// owner could exchange every file in it.
Result<void> StateDirectory::check_may_be_ours() const {
  struct stat status {};
  std::error_code error;
  if (::stat(root.c_str(), &status) != 0) return {};
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return fail(Errc::not_permitted, root.string() + " belongs to user " + std::to_string(status.st_uid) +
                                         "; run this as that user, or give another folder");
  if ((status.st_mode & 077) == 0) return {};
  if (std::filesystem::exists(database(), error) || std::filesystem::is_empty(root, error)) return {};
  return fail(Errc::conflict, root.string() + " is open to others and holds other files; give a new folder, or an empty one");
}

Result<void> StateDirectory::create() const {
  CERTWRIGHT_CHECK(check_may_be_ours());
  for (const auto& folder : {root, ca(), root / "run"}) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(Errc::unavailable, folder.string() + ": cannot be created: " + error.message());
    if (::chmod(folder.c_str(), 0700) != 0) return system_failure(folder, "cannot be made private");
  }
  return {};
}

Result<void> StateDirectory::check_initialised() const {
  struct stat status {};
  if (::stat(database().c_str(), &status) != 0)
    return fail(Errc::not_found, root.string() + " holds no CA yet; run: certwright init --state " + root.string());
  if (::stat(root.c_str(), &status) != 0) return system_failure(root, "cannot be read");
  if ((status.st_mode & 077) != 0)
    return fail(Errc::not_permitted, root.string() + ": others may enter it; run: chmod 700 " + root.string());
  return {};
}

Result<void> write_file(const std::filesystem::path& path, ByteView content, unsigned mode) {
  const std::filesystem::path temporary = path.string() + ".new";
  (void)::unlink(temporary.c_str());
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (file.get() < 0) return system_failure(temporary, "cannot be created");
    if (::fchmod(file.get(), mode) != 0) return system_failure(temporary, "cannot be given its mode");
    CERTWRIGHT_CHECK(write_all(file.get(), content, temporary));
    if (::fsync(file.get()) != 0) return system_failure(temporary, "cannot be made durable");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_failure(path, "cannot be replaced");
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return system_failure(folder, "cannot be made durable");
  return {};
}

Result<Bytes> read_file(const std::filesystem::path& path, std::size_t size_octets_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    const Errc code = errno == ENOENT ? Errc::not_found : Errc::unavailable;
    return fail(code, path.string() + ": cannot be read: " + std::strerror(errno));
  }
  Bytes content;
  std::uint8_t buffer[8192];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(path, "cannot be read");
    if (got == 0) return content;
    content.insert(content.end(), buffer, buffer + got);
    if (content.size() > size_octets_max)
      return fail(Errc::too_large, path.string() + ": over " + std::to_string(size_octets_max) + " octets");
  }
}

}  // namespace certwright::daemon
