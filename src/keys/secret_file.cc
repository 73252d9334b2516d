#include "keys/secret_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace certwright::keys {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

tl::unexpected<Error> system_failure(std::string_view what, const std::filesystem::path& path) {
  return fail(Errc::unavailable,
              fmt::format("{} {}: {}", what, path.native(), std::strerror(errno)));
}

// Judged on the open file, so that it cannot be exchanged in between.
Result<void> check_trust(const struct stat& status, FileTrust trust,
                         const std::filesystem::path& path) {
  if (!S_ISREG(status.st_mode))
    return fail(Errc::not_permitted, fmt::format("{} is not a regular file", path.native()));
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return fail(Errc::not_permitted,
                fmt::format("{} belongs to user {}, not to root or to user {}", path.native(),
                            status.st_uid, ::geteuid()));
  const mode_t forbidden = trust == FileTrust::own ? 077 : 037;
  if ((status.st_mode & forbidden) != 0)
    return fail(Errc::not_permitted,
                fmt::format("{} has mode {:04o}: others may have read or changed it; see to that, "
                            "then chmod {}",
                            path.native(), status.st_mode & 07777,
                            trust == FileTrust::own ? "0600" : "0400"));
  return {};
}

Result<void> write_all(int fd, ByteView content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_failure("writing", path);
    content = content.subspan(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return system_failure("writing", path);
  return {};
}

Result<void> sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return system_failure("writing", directory);
  return {};
}

std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : ".";
}

enum class Existing { refuse, replace };

// Written under a name of its own first, then given the real one.
Result<void> write_secret_file(const std::filesystem::path& path, ByteView content,
                               Existing existing) {
  std::string draft = path.native() + ".XXXXXX";
  const FileDescriptor fd(::mkostemp(draft.data(), O_CLOEXEC));  // mode 0600
  if (!fd) return system_failure("creating", draft);
  auto written = write_all(fd.get(), content, draft);
  if (written) {
    const int named = existing == Existing::replace ? ::rename(draft.c_str(), path.c_str())
                                                    : ::link(draft.c_str(), path.c_str());
    if (named != 0)
      written = errno == EEXIST
                    ? Result<void>(fail(Errc::conflict, fmt::format("{} exists", path.native())))
                    : Result<void>(system_failure("creating", path));
  }
  if (!written || existing == Existing::refuse) ::unlink(draft.c_str());
  CERTWRIGHT_CHECK(std::move(written));
  return sync_directory(parent_of(path));
}

}  // namespace

Result<SecretBytes> read_secret_file(const std::filesystem::path& path, FileTrust trust) {
  // O_NONBLOCK: a FIFO in its place must not hang us.
  const FileDescriptor fd(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT)
      return fail(Errc::not_found, fmt::format("there is no {}", path.native()));
    if (errno == ELOOP)
      return fail(Errc::not_permitted, fmt::format("{} is a symbolic link", path.native()));
    if (errno == EACCES)
      return fail(Errc::not_permitted,
                  fmt::format("{} cannot be read by this user", path.native()));
    return system_failure("opening", path);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_failure("reading", path);
  CERTWRIGHT_CHECK(check_trust(status, trust, path));
  if (status.st_size > static_cast<off_t>(kMaxSecretFileOctets))
    return fail(Errc::too_large, fmt::format("{} has {} octets, over the limit of {}",
                                             path.native(), status.st_size, kMaxSecretFileOctets));
  SecretBytes buffer(kMaxSecretFileOctets + 1);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(fd.get(), buffer.writable().data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("reading", path);
    if (got == 0) return SecretBytes::copy_of(buffer.reveal().first(size));
    size += static_cast<std::size_t>(got);
  }
  return fail(Errc::too_large, fmt::format("{} is over the limit of {} octets", path.native(),
                                           kMaxSecretFileOctets));
}

Result<void> create_secret_file(const std::filesystem::path& path, ByteView content) {
  return write_secret_file(path, content, Existing::refuse);
}

Result<void> remove_secret_file(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0)
    return errno == ENOENT ? fail(Errc::not_found, fmt::format("there is no {}", path.native()))
                           : system_failure("deleting", path);
  return sync_directory(parent_of(path));
}

Result<void> replace_secret_file(const std::filesystem::path& path, ByteView content) {
  return write_secret_file(path, content, Existing::replace);
}

}  // namespace certwright::keys
