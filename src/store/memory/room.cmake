certwright_room(store/memory EXPOSES store errors SOURCES memory_store.cc commands.cc)
