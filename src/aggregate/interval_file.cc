#include "aggregate/interval_file.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace certwright::aggregate {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kIntervalsADay = 86'400'000 / kInterval_ms;
constexpr std::string_view kOpenMagic = "certwright open1";
constexpr std::string_view kClosedMagic = "certwright agg 1";
constexpr std::size_t kPage = 4096;
constexpr std::size_t kBegunOffset = 24;  // behind magic and interval; native order: never leaves the machine
constexpr std::size_t kClosedHead = 16 + 4 * 8 + 32;

tl::unexpected<Error> system_error(const fs::path& path, std::string_view doing) {
  return fail(Errc::unavailable, path.string() + ": " + std::string(doing) + ": " + std::strerror(errno));
}

void put_u64(std::uint8_t* at, std::uint64_t value) noexcept {
  for (int i = 0; i < 8; ++i) at[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
}

std::uint64_t get_u64(const std::uint8_t* at) noexcept {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | at[i];
  return value;
}

Result<void> write_at(int fd, ByteView octets, std::uint64_t offset, const fs::path& path) {
  while (!octets.empty()) {
    const ssize_t wrote = ::pwrite(fd, octets.data(), octets.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return system_error(path, "cannot be written");
    octets = octets.subspan(static_cast<std::size_t>(wrote));
    offset += static_cast<std::uint64_t>(wrote);
  }
  return {};
}

Result<Bytes> read_whole(int fd, std::uint64_t from, std::uint64_t to, const fs::path& path) {
  Bytes octets(to - from);
  std::size_t done = 0;
  while (done < octets.size()) {
    const ssize_t got = ::pread(fd, octets.data() + done, octets.size() - done, static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return system_error(path, "cannot be read");
    done += static_cast<std::size_t>(got);
  }
  return octets;
}

std::vector<Entry> entries_of(ByteView octets) {
  std::vector<Entry> entries(octets.size() / sizeof(Entry));
  if (!entries.empty()) std::memcpy(entries.data(), octets.data(), entries.size() * sizeof(Entry));
  return entries;
}

ByteView octets_of(std::span<const Entry> entries) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(entries.data()), entries.size_bytes()};
}

Result<std::uint64_t> size_of(int fd, const fs::path& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return system_error(path, "cannot be read");
  return static_cast<std::uint64_t>(status.st_size);
}

bool is_zero(ByteView octets) noexcept {
  return std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; });
}

// A power loss can keep a file's length and lose pages of it, which then read as zeros. Pages end 16 or
// 32 octets into an entry, or behind it: what is missing of one shows in its id or at its end.
bool is_whole(const Entry& entry, std::uint64_t interval) noexcept {
  constexpr std::size_t kPart = 16;
  static_assert(sizeof(Entry) % kPart == 0 && kPage % kPart == 0);
  return interval_of_id(id_of(entry)) == interval && !is_zero(entry.octets().last(kPart));
}

// Durably: before anything is begun in it.
Result<void> write_head(int fd, ByteView head, const fs::path& path) {
  CERTWRIGHT_CHECK(write_at(fd, head, 0, path));
  if (::fdatasync(fd) != 0) return system_error(path, "cannot be made durable");
  return {};
}

Result<void> sync_folder(const fs::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) return system_error(folder, "cannot be made durable");
  return {};
}

Result<Descriptor> open_to_read(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() >= 0) return file;
  if (errno == ENOENT) return fail(Errc::not_found, path.string() + ": there is no such interval");
  return system_error(path, "cannot be opened");
}

Result<ClosedInterval> parse_closed_head(ByteView head, const fs::path& path) {
  if (!std::ranges::equal(head.first(kClosedMagic.size()), as_bytes(kClosedMagic)))
    return fail(Errc::internal, path.string() + ": not a closed interval");
  ClosedInterval closed;
  const std::uint8_t* at = head.data() + kClosedMagic.size();
  closed.interval = get_u64(at);
  closed.count = get_u64(at + 8);
  closed.previous = get_u64(at + 16);
  closed.lost = get_u64(at + 24);
  std::copy_n(at + 32, closed.root.size(), closed.root.begin());
  return closed;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<OpenFile> OpenFile::open(const fs::path& path, std::uint64_t interval) {
  OpenFile opened;
  opened.path_ = path;
  opened.interval_ = interval;
  opened.file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  const int fd = opened.file_.get();
  if (fd < 0) return system_error(path, "cannot be created");
  CERTWRIGHT_TRY(const std::uint64_t size, size_of(fd, path));
  std::uint8_t head[kBegunOffset];
  std::memcpy(head, kOpenMagic.data(), kOpenMagic.size());
  put_u64(head + kOpenMagic.size(), interval);
  if (size < kPage) {  // new, or cut off while it was made: then nothing was begun in it
    if (::ftruncate(fd, kPage) != 0) return system_error(path, "cannot be made longer");
    CERTWRIGHT_CHECK(write_head(fd, head, path));
    CERTWRIGHT_CHECK(sync_folder(path.parent_path()));
  } else {
    CERTWRIGHT_TRY(const Bytes found, read_whole(fd, 0, kBegunOffset, path));
    opened.lost_its_header_ = is_zero(found);
    if (opened.lost_its_header_) CERTWRIGHT_CHECK(write_head(fd, head, path));
    else if (!std::ranges::equal(found, head)) return fail(Errc::internal, path.string() + ": not the interval's file");
    opened.written_ = (size - kPage) / sizeof(Entry);
  }
  void* const page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) return system_error(path, "cannot be mapped");
  opened.page_ = page;
  opened.begun_ = reinterpret_cast<std::atomic<std::uint64_t>*>(static_cast<std::uint8_t*>(page) + kBegunOffset);
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free && kBegunOffset % 8 == 0);
  // A power loss can keep entries and lose the count.
  if (opened.begun_->load() < opened.written_) opened.begun_->store(opened.written_);
  return opened;
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : path_(std::move(other.path_)),
      interval_(other.interval_),
      file_(std::move(other.file_)),
      page_(std::exchange(other.page_, nullptr)),
      begun_(other.begun_),
      written_(other.written_),
      lost_its_header_(other.lost_its_header_) {}

OpenFile::~OpenFile() {
  if (page_ != nullptr) ::munmap(page_, kPage);
}

Result<void> OpenFile::append(std::span<const Entry> entries) {
  CERTWRIGHT_CHECK(write_at(file_.get(), octets_of(entries), kPage + written_ * sizeof(Entry), path_));
  written_ += entries.size();
  return {};
}

Result<void> OpenFile::sync() {
  if (::fdatasync(file_.get()) != 0) return system_error(path_, "cannot be made durable");
  return {};
}

Result<std::vector<Entry>> OpenFile::read() const {
  CERTWRIGHT_TRY(const Bytes octets,
                 read_whole(file_.get(), kPage, kPage + written_ * sizeof(Entry), path_));
  auto entries = entries_of(octets);
  std::erase_if(entries, [this](const Entry& entry) { return !is_whole(entry, interval_); });
  return entries;
}

audit::Hash root_of(std::span<const Entry> sorted) {
  auto tree = audit::CompactRange();
  for (const Entry& entry : sorted) tree.append(audit::leaf_hash(entry.octets()));
  return tree.root();
}

Result<void> write_closed(const fs::path& path, const ClosedInterval& closed, std::span<const Entry> entries) {
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  if (failed) return fail(Errc::unavailable, path.parent_path().string() + ": " + failed.message());
  Bytes head(kClosedHead);
  std::memcpy(head.data(), kClosedMagic.data(), kClosedMagic.size());
  std::uint8_t* const at = head.data() + kClosedMagic.size();
  put_u64(at, closed.interval);
  put_u64(at + 8, closed.count);
  put_u64(at + 16, closed.previous);
  put_u64(at + 24, closed.lost);
  std::ranges::copy(closed.root, at + 32);
  const fs::path temporary = path.string() + ".new";
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return system_error(temporary, "cannot be created");
    CERTWRIGHT_CHECK(write_at(file.get(), head, 0, temporary));
    CERTWRIGHT_CHECK(write_at(file.get(), octets_of(entries), head.size(), temporary));
    if (::fsync(file.get()) != 0) return system_error(temporary, "cannot be made durable");
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_error(path, "cannot be put in place");
  CERTWRIGHT_CHECK(sync_folder(path.parent_path()));
  return sync_folder(path.parent_path().parent_path());
}

Result<ClosedInterval> read_closed_header(const fs::path& path) {
  CERTWRIGHT_TRY(const Descriptor file, open_to_read(path));
  CERTWRIGHT_TRY(const Bytes head, read_whole(file.get(), 0, kClosedHead, path));
  return parse_closed_head(head, path);
}

Result<ClosedFile> read_closed(const fs::path& path) {
  CERTWRIGHT_TRY(const Descriptor file, open_to_read(path));
  CERTWRIGHT_TRY(const std::uint64_t size, size_of(file.get(), path));
  if (size < kClosedHead) return fail(Errc::internal, path.string() + ": not a closed interval");
  CERTWRIGHT_TRY(const Bytes octets, read_whole(file.get(), 0, size, path));
  ClosedFile read;
  CERTWRIGHT_TRY(read.closed, parse_closed_head(octets, path));
  read.entries = entries_of(ByteView(octets).subspan(kClosedHead));
  const bool good = read.entries.size() == read.closed.count && std::ranges::is_sorted(read.entries) &&
                    root_of(read.entries) == read.closed.root;
  if (!good) return fail(Errc::internal, path.string() + ": was changed; its entries are not those of its root");
  return read;
}

fs::path open_path(const fs::path& folder, std::uint64_t interval) {
  return folder / "open" / std::to_string(interval);
}

fs::path closed_path(const fs::path& folder, std::uint64_t interval) {
  return folder / "closed" / std::to_string(interval / kIntervalsADay) / std::to_string(interval);
}

std::vector<std::uint64_t> numbers_in(const fs::path& folder) {
  std::vector<std::uint64_t> numbers;
  std::error_code failed;
  for (const auto& file : fs::directory_iterator(folder, failed)) {
    const std::string name = file.path().filename().string();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace certwright::aggregate
