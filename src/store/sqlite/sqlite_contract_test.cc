// The contract, with search indexes that are: never filled, filled at once, filled now and then.
#include "store/sqlite/testing_store.h"

namespace certwright::store::contract {
namespace {

template <std::uint32_t index_from, std::uint32_t checkpoint_pages>
std::unique_ptr<Backend> make_sqlite() {
  // Filters ask about the time before and after it.
  static const ManualClock clock(kStart + 45 * kDay);
  SqliteOptions options;
  options.clock = &clock;
  options.index_from = index_from;
  options.checkpoint_pages = checkpoint_pages;
  options.writer_cache_mib = 8;
  options.reader_cache_mib = 2;
  options.readers = 3;
  return std::make_unique<SqliteBackend>(options);
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(BackendCase{"NeverIndexed", make_sqlite<0, 12'000>},
                                         BackendCase{"IndexedAtOnce", make_sqlite<1, 50>},
                                         BackendCase{"IndexedBySevens", make_sqlite<7, 1'000>}),
                         case_name);

}  // namespace
}  // namespace certwright::store::contract
