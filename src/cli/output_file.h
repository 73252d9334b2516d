#pragma once
#include <string>
#include <string_view>

#include "errors/result.h"

namespace certwright::cli {

enum class Readers { everybody, owner };  // mode 0644 or 0600

// A new file that a command writes; "-" is standard output. To be opened before the server is asked: what
// cannot be kept is not made, and a key that the server deletes once it is delivered is not fetched. An
// owner's file takes 64 KiB of the disk at once, so that a full one is noticed then. It goes away again
// unless it was written.
class OutputFile {
 public:
  // Errors: conflict if the file exists; unavailable.
  static Result<OutputFile> open(std::string path, Readers readers);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // All of it, once; durable on return. Errors: unavailable, and the file is gone.
  Result<void> write(std::string_view content);

 private:
  OutputFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::string path_;
  int descriptor_;  // -1: standard output, or done
};

// For what can be fetched again: OutputFile::open() for everybody, and write().
Result<void> write_output(const std::string& path, std::string_view content);

}  // namespace certwright::cli
