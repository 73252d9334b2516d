#pragma once
// One connection and its prepared statements, with the C API kept inside.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records.h"
#include "store/sqlite/statements.h"

struct sqlite3;
struct sqlite3_stmt;

namespace certwright::store::sqlite {

// A statement while it is used: bind, then step. Resets the statement when it goes, so that it
// holds no snapshot longer than that. Bound texts and blobs must outlive it.
class Query {
 public:
  Query(sqlite3* connection, sqlite3_stmt* statement) noexcept
      : connection_(connection), statement_(statement) {}
  Query(Query&& other) noexcept;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  // Binds the parameters ?1, ?2, ...
  template <class... Values>
  void bind(const Values&... values) {
    int index = 0;
    (bind_one(++index, values), ...);
    expect_parameters(index);
  }

  // True: a row is there to be read. False: no more.
  Result<bool> next();
  // For statements without rows. False if a PRIMARY KEY or UNIQUE constraint refused the row.
  Result<bool> insert();

  bool is_null(int column) const noexcept;
  std::int64_t integer(int column) const noexcept;
  std::uint64_t natural(int column) const noexcept {
    return static_cast<std::uint64_t>(integer(column));
  }
  std::uint32_t number(int column) const noexcept {
    return static_cast<std::uint32_t>(integer(column));
  }
  Time time(int column) const noexcept { return from_unix_us(integer(column)); }
  // Valid until the next step.
  ByteView view(int column) const noexcept;
  std::string text(int column) const { return std::string(as_text(view(column))); }
  Bytes blob(int column) const { return to_bytes(view(column)); }
  Sha256 hash(int column) const noexcept;
  // Errors: internal if the stored octets are not a serial number.
  Result<x509::SerialNumber> serial(int column) const;

 private:
  void bind_one(int index, std::int64_t value) noexcept;
  void bind_one(int index, std::uint64_t value) noexcept {
    bind_one(index, static_cast<std::int64_t>(value));
  }
  void bind_one(int index, int value) noexcept { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, std::uint32_t value) noexcept { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, bool value) noexcept { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, Time value) noexcept { bind_one(index, to_unix_us(value)); }
  void bind_one(int index, std::string_view value) noexcept;
  void bind_one(int index, ByteView value) noexcept;
  void bind_one(int index, const std::string& value) noexcept {
    bind_one(index, std::string_view(value));
  }
  void bind_one(int index, const Bytes& value) noexcept { bind_one(index, ByteView(value)); }
  void bind_one(int index, const Sha256& value) noexcept { bind_one(index, ByteView(value)); }
  void bind_one(int index, const x509::SerialNumber& value) noexcept {
    bind_one(index, value.integer_content());
  }
  void bind_one(int index, const std::optional<Time>& value) noexcept {
    if (value) {
      bind_one(index, *value);
    } else {
      bind_null(index);
    }
  }
  void bind_null(int index) noexcept;
  // A parameter left out would keep what the last use bound.
  void expect_parameters(int count) noexcept;

  sqlite3* connection_;
  sqlite3_stmt* statement_;
  int failed_bind_ = 0;
};

enum class Access : std::uint8_t { read_write, read_only };

struct ConnectionOptions {
  Access access = Access::read_write;
  std::string vfs{};
  std::uint32_t cache_mib = 32;
  bool synchronous = true;
};

// Used by one thread at a time.
class Database {
 public:
  // Opens an existing file and sets what holds per connection.
  // Errors: unavailable; invalid if it is not a database.
  static Result<std::unique_ptr<Database>> open(const std::string& path,
                                                const ConnectionOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // One execution of a statement; at most one at a time of each.
  template <class... Values>
  Result<Query> query(Statement which, const Values&... values) {
    CERTWRIGHT_TRY(sqlite3_stmt* const statement, prepared(which));
    Query result(connection_, statement);
    result.bind(values...);
    return result;
  }
  // Runs a statement without rows, and says how many rows it changed.
  // Errors: internal if a constraint refused it: for statements that cannot conflict.
  template <class... Values>
  Result<std::int64_t> run(Statement which, const Values&... values) {
    CERTWRIGHT_TRY(auto statement, query(which, values...));
    CERTWRIGHT_TRY(const bool more, statement.next());
    if (more) return fail(Errc::internal, "a statement had rows that nobody asked for");
    return changes();
  }
  // Inserts one row. False if its PRIMARY KEY or a UNIQUE constraint is taken: nothing changed.
  template <class... Values>
  Result<bool> insert(Statement which, const Values&... values) {
    CERTWRIGHT_TRY(auto statement, query(which, values...));
    return statement.insert();
  }
  // SQL that is not in the table: PRAGMAs and migrations.
  Result<void> execute(const std::string& sql);
  // First column of the first row.
  Result<std::int64_t> integer_of(const std::string& sql);
  Result<std::string> text_of(const std::string& sql);

  // Whether a commit is durable when it returns, as it is from the start; not inside a transaction.
  Result<void> sync_commits(bool sync);

  std::int64_t total_changes() const noexcept;
  bool in_transaction() const noexcept;

  // Frames in the write-ahead log after the last commit of this connection.
  std::uint32_t wal_pages() const noexcept { return wal_pages_; }
  // Copies what it can from the log to the file without waiting for anyone. Says how many frames
  // are still to be copied. Errors: unavailable.
  Result<std::uint32_t> checkpoint();

 private:
  explicit Database(sqlite3* connection);
  Result<sqlite3_stmt*> prepared(Statement which);
  Result<void> configure(const ConnectionOptions& options);
  std::int64_t changes() const noexcept;

  sqlite3* connection_;
  std::vector<sqlite3_stmt*> statements_;
  std::uint32_t wal_pages_ = 0;
};

// A read transaction: every query until it goes sees the same commit.
class Snapshot {
 public:
  static Result<Snapshot> begin(Database& database);
  Snapshot(Snapshot&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

 private:
  explicit Snapshot(Database& database) noexcept : database_(&database) {}
  Database* database_;
};

}  // namespace certwright::store::sqlite
