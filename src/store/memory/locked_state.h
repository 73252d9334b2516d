#pragma once
// MemoryStore's data and its one mutex. Private to this room.
#include <mutex>

#include "store/memory/memory_store.h"
#include "store/memory/state.h"

namespace certwright::store {

struct MemoryStore::State {
  mutable std::mutex mutex;
  memory::Data data;
};

}  // namespace certwright::store
