#include "cli/output_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace certwright::cli {
namespace {

constexpr off_t kReservedOctets = 64 * 1024;

tl::unexpected<Error> system_failure(const std::string& path, int error) {
  return fail(error == EEXIST ? Errc::conflict : Errc::unavailable, path + ": " + std::strerror(error));
}

// 0, or why the disk does not take it. A file system that cannot reserve says so otherwise.
int reserve(int descriptor) {
  const int error = ::posix_fallocate(descriptor, 0, kReservedOctets);
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? error : 0;
}

int write_all(int descriptor, std::string_view content) {
  for (std::string_view rest = content; !rest.empty();) {
    const ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::ftruncate(descriptor, static_cast<off_t>(content.size())) != 0 || ::fsync(descriptor) != 0) return errno;
  return 0;
}

// The name is durable once its folder is.
int sync_folder_of(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return errno == EACCES ? 0 : errno;  // a folder that we may write to but not read
  const int error = ::fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
  ::close(descriptor);
  return error;
}

}  // namespace

Result<OutputFile> OutputFile::open(std::string path, Readers readers) {
  if (path == "-") return OutputFile(std::move(path), -1);
  const bool secret = readers == Readers::owner;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, secret ? 0600 : 0644);
  if (descriptor < 0) return system_failure(path, errno);
  OutputFile file(path, descriptor);
  if (const int error = secret ? reserve(descriptor) : 0; error != 0) return system_failure(path, error);
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

Result<void> OutputFile::write(std::string_view content) {
  if (path_ == "-") {
    fmt::print("{}", content);
    return {};
  }
  int error = write_all(descriptor_, content);
  if (error == 0) error = sync_folder_of(path_);
  if (error != 0) ::unlink(path_.c_str());
  ::close(std::exchange(descriptor_, -1));
  if (error != 0) return system_failure(path_, error);
  return {};
}

Result<void> write_output(const std::string& path, std::string_view content) {
  CERTWRIGHT_TRY(auto file, OutputFile::open(path, Readers::everybody));
  return file.write(content);
}

}  // namespace certwright::cli
