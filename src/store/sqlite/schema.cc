#include "store/sqlite/schema.h"

#include <fmt/format.h>

namespace certwright::store::sqlite {
namespace {

// In the file's header (PRAGMA application_id), so that `file` and we know it: "CRTW".
constexpr std::int64_t kApplicationId = 0x43525457;

Result<void> apply_migration(Database& database, const Migration& migration) {
  CERTWRIGHT_CHECK(database.execute("BEGIN IMMEDIATE"));
  auto done = database.execute(migration.sql);
  if (done)
    done = database.execute(
        fmt::format("INSERT INTO schema_migration (version, name) VALUES ({}, '{}')",
                    migration.version, migration.name));
  if (done) done = database.execute("COMMIT");
  if (done) return done;
  if (database.in_transaction()) static_cast<void>(database.execute("ROLLBACK"));
  return fail_field(done.error().code, "store",
                    fmt::format("schema migration {} ({}) failed: {}", migration.version,
                                migration.name, done.error().detail));
}

}  // namespace

Result<std::uint32_t> schema_version(Database& database) {
  CERTWRIGHT_TRY(const auto application, database.integer_of("PRAGMA application_id"));
  CERTWRIGHT_TRY(const auto tables, database.integer_of("SELECT count(*) FROM sqlite_master"));
  if (tables == 0 && application == 0) return 0U;
  if (application != kApplicationId)
    return fail_field(Errc::invalid, "store", "the file is not a Certwright store");
  if (tables == 0) return 0U;
  CERTWRIGHT_TRY(const auto version,
                 database.integer_of("SELECT coalesce(max(version), 0) FROM schema_migration"));
  return static_cast<std::uint32_t>(version);
}

Result<void> migrate(Database& database, std::uint32_t target) {
  CERTWRIGHT_TRY(const std::uint32_t present, schema_version(database));
  const auto known = static_cast<std::uint32_t>(migrations().size());
  if (present > known)
    return fail_field(
        Errc::invalid, "store",
        fmt::format("the store has schema {}, this program knows only {}: use the newer "
                    "program that wrote it, or restore a backup",
                    present, known));
  if (present == 0) {
    CERTWRIGHT_CHECK(database.execute(fmt::format("PRAGMA application_id = {}", kApplicationId)));
    CERTWRIGHT_CHECK(
        database.execute("CREATE TABLE IF NOT EXISTS schema_migration ("
                         "version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT"));
  }
  for (const auto& migration : migrations())
    if (migration.version > present && migration.version <= target)
      CERTWRIGHT_CHECK(apply_migration(database, migration));
  return {};
}

Result<void> migrate(Database& database) {
  return migrate(database, static_cast<std::uint32_t>(migrations().size()));
}

}  // namespace certwright::store::sqlite
