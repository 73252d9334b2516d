#pragma once
// What a child that is about to die leaves beside its store: lines that are on disk before the step
// they tell of is visible to anybody.
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bytes/bytes.h"
#include "errors/result.h"

namespace certwright::crash {

// One directory for each child: the store, its keys, and the two lists.
struct Folder {
  std::string path;
  std::string database() const { return path + "/certwright.db"; }
  std::string key_encryption_key() const { return path + "/kek"; }
  std::string signed_list() const { return path + "/signed"; }       // SHA-256 of TBSCertificates
  std::string acknowledged_list() const { return path + "/acknowledged"; }  // serials, hex
};

// Appends lines; each is fsynced before append() returns. Safe to call from any thread.
class DurableList {
 public:
  explicit DurableList(const std::string& path);
  ~DurableList();
  DurableList(const DurableList&) = delete;
  DurableList& operator=(const DurableList&) = delete;
  void append(const std::string& line);

 private:
  std::mutex mutex_;
  int fd_;
};

// Complete lines only: the last one may have been cut off by the death of its writer.
std::vector<std::string> read_list(const std::string& path);

// Aborts with the reason: for what must not fail in a test's own machinery.
[[noreturn]] void give_up(const std::string& why);

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().detail);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace certwright::crash
