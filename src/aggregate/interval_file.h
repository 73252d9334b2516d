#pragma once
// The files of the aggregate log. Private to this room; README.md has the format.
#include <atomic>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "aggregate/entry.h"
#include "errors/result.h"

namespace certwright::aggregate {

// A file descriptor and its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

// An open interval: a page of header, then entries as they came. How many certificates were begun is
// counted in the mapped header, which outlives the process; not flushed, so a power loss may take it.
class OpenFile {
 public:
  // Makes the file, durably, or goes on with it: what is left of a cut entry is overwritten. A header of
  // zeros is what a power loss leaves of one that was not on the disk yet: it is written again.
  // Errors: unavailable; internal if it is no such file.
  static Result<OpenFile> open(const std::filesystem::path& path, std::uint64_t interval);
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();

  std::atomic<std::uint64_t>& begun() noexcept { return *begun_; }
  std::uint64_t written() const noexcept { return written_; }
  bool lost_its_header() const noexcept { return lost_its_header_; }
  Result<void> append(std::span<const Entry> entries);  // into the page cache
  Result<void> sync();
  // Without those that a power loss left as zeros, in whole or in part: they are lost.
  Result<std::vector<Entry>> read() const;

 private:
  OpenFile() = default;
  std::filesystem::path path_;
  std::uint64_t interval_ = 0;
  Descriptor file_;
  void* page_ = nullptr;
  std::atomic<std::uint64_t>* begun_ = nullptr;
  std::uint64_t written_ = 0;
  bool lost_its_header_ = false;
};

// A closed interval: a header, then the entries in order.
Result<void> write_closed(const std::filesystem::path& path, const ClosedInterval& closed,
                          std::span<const Entry> entries);
// Errors: not_found; internal if the entries are not in order or not of the root.
struct ClosedFile {
  ClosedInterval closed;
  std::vector<Entry> entries;
};
Result<ClosedFile> read_closed(const std::filesystem::path& path);
Result<ClosedInterval> read_closed_header(const std::filesystem::path& path);

audit::Hash root_of(std::span<const Entry> sorted);

// <folder>/open/<interval>, <folder>/closed/<day>/<interval>
std::filesystem::path open_path(const std::filesystem::path& folder, std::uint64_t interval);
std::filesystem::path closed_path(const std::filesystem::path& folder, std::uint64_t interval);
// The numbers that the names in a folder are, ascending; others are skipped.
std::vector<std::uint64_t> numbers_in(const std::filesystem::path& folder);

}  // namespace certwright::aggregate
