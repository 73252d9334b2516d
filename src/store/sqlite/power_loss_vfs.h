#pragma once
// A disk that forgets, for tests: an SQLite VFS over the system's that remembers for each file
// which bytes were synced, and can write down what a power loss at this moment would have left.
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bytes/bytes.h"

namespace certwright::store::sqlite {

// What happens to bytes that were written but not synced when the power goes.
enum class Unsynced : std::uint8_t {
  lost,        // all of them
  mixed,       // each sector of each write at random: writes reach the disk in any order
  mostly_kept  // few sectors are lost, so that torn pages and logs are common
};

// The model: a write is kept or lost by sectors of 512 bytes, in any combination, until its file is
// synced; so is a change of size. A new log or journal is in its folder when it was synced once
// (the system's VFS syncs the folder then); a deletion may come undone unless the folder was
// synced. What was synced stays. Files that exist when they are first opened are taken to be
// synced. Shared memory is lost. It never syncs the real disk, so a test runs fast.
//
// One per process, because SQLite's registry of VFSes is. Safe to call from any thread.
class PowerLossVfs {
 public:
  static constexpr const char* kName = "power-loss";

  // Registers the VFS under kName the first time.
  static PowerLossVfs& instance();

  // Forgets every file. The power goes at the `operations`-th write, truncation, sync or deletion
  // from now (0: never).
  void restart(std::uint64_t operations);
  // From then on everything that would change a file fails.
  bool power_is_lost() const;
  std::uint64_t operations() const;

  // Writes what the disk holds after the loss into `folder`, which must be empty. Which unsynced
  // sectors survive follows from `seed`.
  void write_survivors(const std::string& folder, Unsynced unsynced, std::uint32_t seed) const;

  // For the VFS's functions.
  struct Change {
    std::uint64_t offset = 0;
    Bytes data;                           // of a write
    std::optional<std::uint64_t> size{};  // of a truncation
  };
  struct File {
    bool in_folder = false;  // durably
    Bytes synced;
    std::vector<Change> changes;   // since then
    std::optional<Bytes> deleted;  // a file of this name that may come back
    bool present = true;
  };
  void opened(const std::string& path, bool is_new);
  // These count as an operation; false: the power is lost, do nothing.
  bool write(const std::string& path, std::uint64_t offset, ByteView data);
  bool truncate(const std::string& path, std::uint64_t size);
  bool sync(const std::string& path);
  bool remove(const std::string& path, bool sync_folder);

 private:
  PowerLossVfs();
  bool next_operation();

  mutable std::mutex mutex_;
  std::map<std::string, File> files_;
  std::uint64_t operations_ = 0;
  std::uint64_t lost_at_ = 0;
  bool lost_ = false;
};

}  // namespace certwright::store::sqlite
