#pragma once
#include <memory>

#include "store/sqlite/checkpointer.h"
#include "store/sqlite/indexer.h"
#include "store/sqlite/notification_reads.h"
#include "store/sqlite/ownership_lock.h"
#include "store/sqlite/reader_pool.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/tail.h"
#include "store/sqlite/writer.h"

namespace certwright::store {

// In the order of construction. The writer's connection is the last to close: it copies what is
// left in the write-ahead log.
struct SqliteStore::Parts {
  sqlite::OwnershipLock lock;
  std::string path;
  std::unique_ptr<sqlite::Tail> tail;
  std::unique_ptr<sqlite::Writer> writer;
  std::unique_ptr<sqlite::ReaderPool> readers;
  std::unique_ptr<sqlite::NotificationReads> notifications;
  std::unique_ptr<sqlite::Checkpointer> checkpointer;
  std::unique_ptr<sqlite::Indexer> indexer;  // none if SqliteOptions::index_from is 0
};

}  // namespace certwright::store
