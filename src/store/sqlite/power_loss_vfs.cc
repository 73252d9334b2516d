#include "store/sqlite/power_loss_vfs.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>
#include <random>
#include <stdexcept>

namespace certwright::store::sqlite {
namespace {

constexpr std::uint64_t kSector = 512;

sqlite3_vfs* system_vfs = nullptr;

// What SQLite allocates for each open file: this, and behind it the system's own.
struct OpenFile {
  sqlite3_file base;
  std::string* path;  // null for temporary files, which no one misses
  sqlite3_file* real() noexcept {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(this) + sizeof(OpenFile));
  }
};
OpenFile* of(sqlite3_file* file) noexcept { return reinterpret_cast<OpenFile*>(file); }
sqlite3_file* real(sqlite3_file* file) noexcept { return of(file)->real(); }
PowerLossVfs& disk() { return PowerLossVfs::instance(); }

int close_file(sqlite3_file* file) noexcept {
  delete of(file)->path;
  of(file)->path = nullptr;
  return real(file)->pMethods->xClose(real(file));
}
int read_file(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) noexcept {
  return real(file)->pMethods->xRead(real(file), data, size, offset);
}
int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) noexcept {
  const ByteView bytes(static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size));
  if (of(file)->path != nullptr &&
      !disk().write(*of(file)->path, static_cast<std::uint64_t>(offset), bytes))
    return SQLITE_IOERR_WRITE;
  return real(file)->pMethods->xWrite(real(file), data, size, offset);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) noexcept {
  if (of(file)->path != nullptr &&
      !disk().truncate(*of(file)->path, static_cast<std::uint64_t>(size)))
    return SQLITE_IOERR_TRUNCATE;
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync_file(sqlite3_file* file, int) noexcept {
  if (of(file)->path != nullptr && !disk().sync(*of(file)->path)) return SQLITE_IOERR_FSYNC;
  return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) noexcept {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) noexcept {
  return real(file)->pMethods->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) noexcept {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_reserved(sqlite3_file* file, int* result) noexcept {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
int control_file(sqlite3_file* file, int what, void* argument) noexcept {
  // Would change the size behind our back.
  if (what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) noexcept {
  return real(file)->pMethods->xSectorSize(real(file));
}
int characteristics(sqlite3_file* file) noexcept {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** at) noexcept {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) noexcept {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void shared_barrier(sqlite3_file* file) noexcept { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_shared(sqlite3_file* file, int remove) noexcept {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

// Version 2: no memory-mapped pages, which would be written past us.
constexpr sqlite3_io_methods kMethods = {2,
                                         close_file,
                                         read_file,
                                         write_file,
                                         truncate_file,
                                         sync_file,
                                         file_size,
                                         lock_file,
                                         unlock_file,
                                         check_reserved,
                                         control_file,
                                         sector_size,
                                         characteristics,
                                         map_shared,
                                         lock_shared,
                                         shared_barrier,
                                         unmap_shared,
                                         nullptr,
                                         nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags,
              int* out_flags) noexcept {
  auto* const opened = new (file) OpenFile{};
  std::error_code ignored;
  const bool is_new = name != nullptr && !std::filesystem::exists(name, ignored);
  const int code = system_vfs->xOpen(system_vfs, name, opened->real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  opened->base.pMethods = &kMethods;
  if (name != nullptr && (flags & SQLITE_OPEN_DELETEONCLOSE) == 0) {
    opened->path = new std::string(name);
    disk().opened(*opened->path, is_new);
  }
  return SQLITE_OK;
}
int delete_file(sqlite3_vfs*, const char* name, int sync_folder) noexcept {
  if (!disk().remove(name, sync_folder != 0)) return SQLITE_IOERR_DELETE;
  return system_vfs->xDelete(system_vfs, name, 0);
}
int access_file(sqlite3_vfs*, const char* name, int flags, int* result) noexcept {
  return system_vfs->xAccess(system_vfs, name, flags, result);
}
int full_path(sqlite3_vfs*, const char* name, int size, char* out) noexcept {
  return system_vfs->xFullPathname(system_vfs, name, size, out);
}
int randomness(sqlite3_vfs*, int size, char* out) noexcept {
  return system_vfs->xRandomness(system_vfs, size, out);
}
int sleep_us(sqlite3_vfs*, int us) noexcept { return system_vfs->xSleep(system_vfs, us); }
int current_time(sqlite3_vfs*, double* now) noexcept {
  return system_vfs->xCurrentTime(system_vfs, now);
}
int last_error(sqlite3_vfs*, int size, char* out) noexcept {
  return system_vfs->xGetLastError(system_vfs, size, out);
}
int current_time64(sqlite3_vfs*, sqlite3_int64* now) noexcept {
  return system_vfs->xCurrentTimeInt64(system_vfs, now);
}

void apply_write(Bytes& image, std::uint64_t offset, ByteView data) {
  if (image.size() < offset + data.size()) image.resize(offset + data.size());
  std::ranges::copy(data, image.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

PowerLossVfs& PowerLossVfs::instance() {
  static PowerLossVfs vfs;
  return vfs;
}

PowerLossVfs::PowerLossVfs() {
  sqlite3_initialize();
  system_vfs = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs ours{};
  ours.iVersion = 2;
  ours.szOsFile = static_cast<int>(sizeof(OpenFile)) + system_vfs->szOsFile;
  ours.mxPathname = system_vfs->mxPathname;
  ours.zName = kName;
  ours.xOpen = open_file;
  ours.xDelete = delete_file;
  ours.xAccess = access_file;
  ours.xFullPathname = full_path;
  ours.xRandomness = randomness;
  ours.xSleep = sleep_us;
  ours.xCurrentTime = current_time;
  ours.xGetLastError = last_error;
  ours.xCurrentTimeInt64 = current_time64;
  if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK) throw std::runtime_error("sqlite3_vfs_register");
}

void PowerLossVfs::restart(std::uint64_t operations) {
  const std::lock_guard lock(mutex_);
  files_.clear();
  operations_ = 0;
  lost_at_ = operations;
  lost_ = false;
}

bool PowerLossVfs::power_is_lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

std::uint64_t PowerLossVfs::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

// Whether it takes place. The one during which the power goes still counts as begun.
bool PowerLossVfs::next_operation() {
  if (lost_) return false;
  ++operations_;
  lost_ = lost_at_ != 0 && operations_ >= lost_at_;
  return true;
}

void PowerLossVfs::opened(const std::string& path, bool is_new) {
  const std::lock_guard lock(mutex_);
  const auto known = files_.find(path);
  if (known != files_.end() && known->second.present) return;
  File file;
  if (known != files_.end()) file.deleted = known->second.deleted;
  file.in_folder = !is_new;
  if (!is_new) {
    std::ifstream in(path, std::ios::binary);
    file.synced.assign(std::istreambuf_iterator<char>(in), {});
  }
  files_.insert_or_assign(path, std::move(file));
}

bool PowerLossVfs::write(const std::string& path, std::uint64_t offset, ByteView data) {
  const std::lock_guard lock(mutex_);
  if (!next_operation()) return false;
  files_[path].changes.push_back({offset, to_bytes(data)});
  return !lost_;
}

bool PowerLossVfs::truncate(const std::string& path, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (!next_operation()) return false;
  files_[path].changes.push_back({0, {}, size});
  return !lost_;
}

bool PowerLossVfs::sync(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!next_operation() || lost_) return false;  // a sync that does not return promises nothing
  auto& file = files_[path];
  for (const auto& change : file.changes) {
    if (change.size) {
      file.synced.resize(*change.size);
    } else {
      apply_write(file.synced, change.offset, change.data);
    }
  }
  file.changes.clear();
  file.in_folder = true;
  file.deleted.reset();
  return true;
}

bool PowerLossVfs::remove(const std::string& path, bool sync_folder) {
  const std::lock_guard lock(mutex_);
  if (!next_operation() || lost_) return false;
  auto& file = files_[path];
  std::optional<Bytes> may_come_back;
  if (!sync_folder) may_come_back = file.in_folder ? std::optional(file.synced) : file.deleted;
  file = File{};
  file.deleted = std::move(may_come_back);
  file.present = false;
  return true;
}

void PowerLossVfs::write_survivors(const std::string& folder, Unsynced unsynced,
                                   std::uint32_t seed) const {
  const std::lock_guard lock(mutex_);
  std::mt19937 random(seed);
  const auto kept = [&] {
    if (unsynced == Unsynced::lost) return false;
    return random() % 16 < (unsynced == Unsynced::mixed ? 8U : 15U);
  };
  for (const auto& [path, file] : files_) {
    std::optional<Bytes> image;
    if (file.present && (file.in_folder || kept())) {
      image = file.synced;
      for (const auto& change : file.changes) {
        if (change.size) {
          if (kept()) image->resize(*change.size);
          continue;
        }
        const ByteView data = change.data;
        for (std::uint64_t at = 0; at < data.size();) {
          const auto to_sector_end = kSector - (change.offset + at) % kSector;
          const auto size = std::min<std::uint64_t>(to_sector_end, data.size() - at);
          if (kept()) apply_write(*image, change.offset + at, data.subspan(at, size));
          at += size;
        }
      }
    } else if (file.deleted && kept()) {
      image = file.deleted;
    }
    if (!image) continue;
    std::ofstream out(std::filesystem::path(folder) / std::filesystem::path(path).filename(),
                      std::ios::binary);
    out.write(reinterpret_cast<const char*>(image->data()),
              static_cast<std::streamsize>(image->size()));
    if (!out.flush()) throw std::runtime_error("cannot write survivors");
  }
}

}  // namespace certwright::store::sqlite
