#include "store/sqlite/sqlite_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "store/limits.h"
#include "store/sqlite/lineage_state.h"
#include "store/sqlite/parts.h"
#include "store/sqlite/schema.h"

namespace certwright::store {
namespace {

constexpr std::size_t kTailPiece = 1024;  // of the tail that is read back when the store opens
constexpr std::uint32_t kPageOctets = 8192;
constexpr std::uint32_t kCheckpointCacheMib = 2;  // it copies pages, and reads none for itself

// A new file gets its page size before anything is in it; a foreign one is left as it is.
Result<void> prepare_database(sqlite::Database& database) {
  CERTWRIGHT_TRY(const auto version, sqlite::schema_version(database));
  if (version == 0) {
    CERTWRIGHT_CHECK(database.execute(fmt::format("PRAGMA page_size = {}", kPageOctets)));
    CERTWRIGHT_CHECK(database.execute("PRAGMA auto_vacuum = NONE"));
  }
  CERTWRIGHT_TRY(const auto mode, database.text_of("PRAGMA journal_mode = WAL"));
  if (mode != "wal")
    return fail_field(Errc::unavailable, "store",
                      "the file system does not carry a write-ahead log: use a local one");
  return sqlite::migrate(database);
}

Result<sqlite::Counters> read_counters(sqlite::Database& database,
                                       const sqlite::IndexProgress& progress) {
  sqlite::Counters counters;
  {
    CERTWRIGHT_TRY(auto leaf, database.query(sqlite::Statement::last_leaf_position));
    CERTWRIGHT_TRY(const bool found, leaf.next());
    if (found) counters.next_leaf = leaf.natural(0) + 1;
  }
  CERTWRIGHT_TRY(auto queued, database.query(sqlite::Statement::last_queued));
  CERTWRIGHT_TRY(const bool found, queued.next());
  const auto last = found ? queued.natural(0) : 0;
  counters.next_queued = std::max({last, progress.done_to, progress.batch_to}) + 1;
  return counters;
}

std::unique_ptr<sqlite::Tail> make_tail(std::vector<sqlite::TailEntry> entries) {
  auto tail = std::make_unique<sqlite::Tail>();
  for (std::size_t at = 0; at < entries.size(); at += kTailPiece) {
    const auto end = std::min(at + kTailPiece, entries.size());
    tail->append({std::make_move_iterator(entries.begin() + static_cast<std::ptrdiff_t>(at)),
                  std::make_move_iterator(entries.begin() + static_cast<std::ptrdiff_t>(end))});
  }
  return tail;
}

std::int64_t file_octets(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

SqliteStore::SqliteStore(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path,
                                                       const SqliteOptions& options) {
  CERTWRIGHT_TRY(auto lock, sqlite::OwnershipLock::acquire(path + ".lock", options.lock_wait_ms));
  CERTWRIGHT_CHECK(sqlite::prepare_file(path));
  const auto connect = [&](sqlite::Access access, std::uint32_t cache_mib) {
    return sqlite::Database::open(path, {access, options.vfs, cache_mib, options.synchronous});
  };
  CERTWRIGHT_TRY(auto database, connect(sqlite::Access::read_write, options.writer_cache_mib));
  CERTWRIGHT_CHECK(prepare_database(*database));
  CERTWRIGHT_TRY(auto progress, sqlite::read_progress(*database));
  CERTWRIGHT_TRY(auto not_indexed, sqlite::read_tail(*database, progress));
  CERTWRIGHT_TRY(const auto counters, read_counters(*database, progress));
  std::vector<std::unique_ptr<sqlite::Database>> readers;
  for (std::uint32_t i = 0; i < std::max(1U, options.readers); ++i) {
    CERTWRIGHT_TRY(auto reader, connect(sqlite::Access::read_only, options.reader_cache_mib));
    readers.push_back(std::move(reader));
  }
  CERTWRIGHT_TRY(auto copier, connect(sqlite::Access::read_write, kCheckpointCacheMib));

  std::unique_ptr<Parts> parts(new Parts{std::move(lock), path, make_tail(std::move(not_indexed)),
                                         nullptr, nullptr, nullptr, nullptr, nullptr});
  parts->writer = std::make_unique<sqlite::Writer>(std::move(database), counters, *parts->tail,
                                                   options.synchronous);
  parts->readers = std::make_unique<sqlite::ReaderPool>(std::move(readers));
  parts->notifications = std::make_unique<sqlite::NotificationReads>(*parts->readers);
  parts->checkpointer = std::make_unique<sqlite::Checkpointer>(*parts->writer, std::move(copier),
                                                               options.checkpoint_pages);
  static const SystemClock system_clock;
  if (options.index_from > 0)
    parts->indexer = std::make_unique<sqlite::Indexer>(
        *parts->writer, *parts->tail, options.clock != nullptr ? *options.clock : system_clock,
        std::move(progress), options.index_from);
  parts->writer->on_commit([&p = *parts](std::uint32_t wal_pages) {
    p.checkpointer->committed(wal_pages);
    if (p.indexer) p.indexer->nudge();
  });
  if (parts->indexer) parts->indexer->start();
  return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(parts)));
}

Result<void> SqliteStore::apply(const Transaction& transaction) {
  CERTWRIGHT_CHECK(check_transaction(transaction));
  return parts_->writer->apply(transaction);
}

Result<std::vector<std::pair<std::string, std::int64_t>>> SqliteStore::health() const {
  CERTWRIGHT_TRY(const auto lineages, count_lineages({}));
  const auto reader = parts_->readers->borrow();
  CERTWRIGHT_TRY(const auto version, sqlite::schema_version(*reader));
  CERTWRIGHT_TRY(const auto sweep, sqlite::read_sweep(*reader));
  return std::vector<std::pair<std::string, std::int64_t>>{
      {"schema_version", version},
      {"lineages", static_cast<std::int64_t>(lineages.value)},
      {"audit_leaves", static_cast<std::int64_t>(parts_->writer->audit_size())},
      {"index_lag", static_cast<std::int64_t>(parts_->tail->size())},
      {"expired_listed_to_unix_s", to_unix_s(sweep.not_after)},
      {"database_octets", file_octets(parts_->path)},
      {"wal_octets", file_octets(parts_->path + "-wal")},
      {"commits", static_cast<std::int64_t>(parts_->writer->commits())},
      {"transactions", static_cast<std::int64_t>(parts_->writer->transactions())}};
}

}  // namespace certwright::store
