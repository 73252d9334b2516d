#pragma once
// MemoryStore's data and its one mutex. Private to this room.
#include <mutex>

#include "store/memory/memory_store.h"
#include "store/memory/notification_reads.h"
#include "store/memory/state.h"

namespace certwright::store {

struct MemoryStore::State {
  mutable std::mutex mutex;
  memory::Data data;
  memory::NotificationReads notifications{mutex, data};
};

}  // namespace certwright::store
