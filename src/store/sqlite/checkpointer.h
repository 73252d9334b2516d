#pragma once
// Copies the write-ahead log into the database file beside the commits.
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "store/sqlite/writer.h"

namespace certwright::store::sqlite {

// When the log has `pages` frames, copies them in a thread of its own; commits go on meanwhile.
// What they added is then copied by the writer between two commits, because only a log that is
// copied to its end can be begun anew, and under load it would otherwise grow for ever.
class Checkpointer {
 public:
  Checkpointer(Writer& writer, std::unique_ptr<Database> database, std::uint32_t pages);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // After each commit: the frames in the log.
  void committed(std::uint32_t wal_pages);

 private:
  void loop();
  void checkpoint();

  Writer& writer_;
  std::unique_ptr<Database> database_;
  const std::uint32_t pages_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool due_ = false;
  std::thread thread_;
};

}  // namespace certwright::store::sqlite
