#include "store/sqlite/database.h"

#include <sqlite3.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>

namespace certwright::store::sqlite {
namespace {

// With a write-ahead log EXTRA is FULL. It differs while the file is made: the journal of that,
// which is deleted before there is a log, must not come back after a power loss and undo
// everything.
constexpr const char* kDurable = "PRAGMA synchronous = EXTRA";

// Text for the operator; SQLite's messages name tables and files, never values.
tl::unexpected<Error> failure(sqlite3* connection, int code) {
  const int primary = code & 0xff;
  const char* const said =
      connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
  switch (primary) {
    case SQLITE_NOTADB:
      return fail_field(Errc::invalid, "store", "the file is not an SQLite database");
    case SQLITE_CORRUPT:
      return fail_field(Errc::unavailable, "store",
                        fmt::format("the store's file is damaged ({}): restore a backup", said));
    case SQLITE_FULL:
      return fail_field(Errc::unavailable, "store", "the disk is full");
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_AUTH:
      return fail_field(Errc::unavailable, "store",
                        fmt::format("the store cannot be used now: {} (SQLite {})", said, code));
    default:
      return fail_field(Errc::internal, "store", fmt::format("SQLite {}: {}", code, said));
  }
}

// Memory statistics take a global lock at each allocation. Must come before the library's first
// use; if someone else was first, we are only slower.
void configure_library() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

}  // namespace

Query::Query(Query&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      failed_bind_(other.failed_bind_) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);  // its bindings stay: every use binds all parameters anew
}

Result<bool> Query::next() {
  if (failed_bind_ != 0) return failure(nullptr, failed_bind_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(connection_, code);
}

Result<bool> Query::insert() {
  if (failed_bind_ != 0) return failure(nullptr, failed_bind_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_DONE) return true;
  if ((code & 0xff) == SQLITE_CONSTRAINT) {
    const int extended = sqlite3_extended_errcode(connection_);
    if (extended == SQLITE_CONSTRAINT_PRIMARYKEY || extended == SQLITE_CONSTRAINT_UNIQUE ||
        extended == SQLITE_CONSTRAINT_ROWID)
      return false;
  }
  return failure(connection_, code);
}

bool Query::is_null(int column) const noexcept {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Query::integer(int column) const noexcept {
  return sqlite3_column_int64(statement_, column);
}

ByteView Query::view(int column) const noexcept {
  const auto* const data =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(size)};
}

Sha256 Query::hash(int column) const noexcept {
  Sha256 result{};
  const ByteView octets = view(column);
  std::copy_n(octets.begin(), std::min(octets.size(), result.size()), result.begin());
  return result;
}

Result<x509::SerialNumber> Query::serial(int column) const {
  auto serial = x509::SerialNumber::parse(view(column));
  if (!serial) return fail_field(Errc::internal, "store", "a stored serial number is damaged");
  return serial;
}

void Query::bind_one(int index, std::int64_t value) noexcept {
  if (const int code = sqlite3_bind_int64(statement_, index, value); code != SQLITE_OK)
    failed_bind_ = code;
}

void Query::bind_null(int index) noexcept {
  if (const int code = sqlite3_bind_null(statement_, index); code != SQLITE_OK) failed_bind_ = code;
}

void Query::expect_parameters(int count) noexcept {
  if (sqlite3_bind_parameter_count(statement_) != count) failed_bind_ = SQLITE_MISUSE;
}

// An empty view may have no address, which SQLite would bind as NULL.
void Query::bind_one(int index, std::string_view value) noexcept {
  const char* const data = value.empty() ? "" : value.data();
  const int code =
      sqlite3_bind_text64(statement_, index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) failed_bind_ = code;
}

void Query::bind_one(int index, ByteView value) noexcept {
  const void* const data = value.empty() ? static_cast<const void*>("") : value.data();
  const int code = sqlite3_bind_blob64(statement_, index, data, value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) failed_bind_ = code;
}

Database::Database(sqlite3* connection)
    : connection_(connection), statements_(kStatementCount, nullptr) {
  sqlite3_wal_hook(
      connection_,
      [](void* self, sqlite3*, const char*, int pages) noexcept {
        static_cast<Database*>(self)->wal_pages_ = static_cast<std::uint32_t>(pages);
        return SQLITE_OK;
      },
      this);
}

Database::~Database() {
  for (auto* const statement : statements_) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path,
                                                 const ConnectionOptions& options) {
  configure_library();
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE |
      (options.access == Access::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (code != SQLITE_OK) {
    const auto error = failure(connection, code);
    sqlite3_close(connection);
    return error;
  }
  std::unique_ptr<Database> database(new Database(connection));
  CERTWRIGHT_CHECK(database->configure(options));
  return database;
}

Result<void> Database::configure(const ConnectionOptions& options) {
  sqlite3_busy_timeout(connection_, 10'000);
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  CERTWRIGHT_CHECK(execute(fmt::format("PRAGMA cache_size = -{}", options.cache_mib * 1024)));
  CERTWRIGHT_CHECK(execute("PRAGMA temp_store = MEMORY"));
  if (options.access == Access::read_only) return {};
  CERTWRIGHT_CHECK(execute(options.synchronous ? kDurable : "PRAGMA synchronous = OFF"));
  // Checkpoints are ours (checkpointer.h). What is deleted is either public or sealed.
  CERTWRIGHT_CHECK(execute("PRAGMA secure_delete = FAST"));
  return execute("PRAGMA foreign_keys = ON");
}

Result<sqlite3_stmt*> Database::prepared(Statement which) {
  auto& statement = statements_[static_cast<std::size_t>(which)];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(connection_, sql_of(which), -1, SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return failure(connection_, code);
  }
  return statement;
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(connection_, code);
  return {};
}

Result<std::string> Database::text_of(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection_, sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) return failure(connection_, code);
  const auto read = [&]() -> Result<std::string> {
    Query query(connection_, statement);
    CERTWRIGHT_TRY(const bool found, query.next());
    if (!found) return fail(Errc::internal, "a query had no row");
    return query.text(0);
  };
  auto result = read();
  sqlite3_finalize(statement);
  return result;
}

Result<std::int64_t> Database::integer_of(const std::string& sql) {
  CERTWRIGHT_TRY(const auto text, text_of(sql));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(Errc::internal, "a query had no integer");
  return value;
}

Result<void> Database::sync_commits(bool sync) {
  return execute(sync ? kDurable : "PRAGMA synchronous = NORMAL");
}

std::int64_t Database::changes() const noexcept { return sqlite3_changes64(connection_); }
std::int64_t Database::total_changes() const noexcept {
  return sqlite3_total_changes64(connection_);
}
bool Database::in_transaction() const noexcept { return sqlite3_get_autocommit(connection_) == 0; }

Result<std::uint32_t> Database::checkpoint() {
  int logged = 0;
  int copied = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &logged, &copied);
  if (code == SQLITE_BUSY) return wal_pages_;
  if (code != SQLITE_OK) return failure(connection_, code);
  return static_cast<std::uint32_t>(std::max(0, logged - copied));
}

Result<Snapshot> Snapshot::begin(Database& database) {
  CERTWRIGHT_CHECK(database.run(Statement::begin_read));
  return Snapshot(database);
}

Snapshot::~Snapshot() {
  if (database_ == nullptr) return;
  // Nothing was written, so it makes no difference whether this works.
  static_cast<void>(database_->run(Statement::commit));
}

}  // namespace certwright::store::sqlite
