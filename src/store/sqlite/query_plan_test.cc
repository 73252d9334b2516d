// Every statement is served by an index: what SQLite says of its plan.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <set>
#include <string>

#include "store/sqlite/statements.h"
#include "store/sqlite/testing_store.h"

namespace certwright::store::sqlite {
namespace {

// Small tables that are read whole on purpose.
const std::set<std::string> kScans = {
    "list_tenants",   // all tenants
    "list_cas",       // all CAs
    "list_profiles",  // all profiles
    "list_tenant_counters",
    "find_administrator",  // role bindings, when an administrator is taken away
};

std::string plan_of(sqlite3* connection, Statement statement) {
  const auto sql = std::string("EXPLAIN QUERY PLAN ") + sql_of(statement);
  sqlite3_stmt* explained = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(connection, sql.c_str(), -1, &explained, nullptr), SQLITE_OK)
      << name_of(statement) << ": " << sqlite3_errmsg(connection);
  std::string plan;
  while (sqlite3_step(explained) == SQLITE_ROW)
    plan += std::string(reinterpret_cast<const char*>(sqlite3_column_text(explained, 3))) + "\n";
  sqlite3_finalize(explained);
  return plan;
}

TEST(QueryPlan, NoStatementScansOrSorts) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  open_store(path).reset();
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  for (std::size_t i = 0; i < kStatementCount; ++i) {
    const auto statement = static_cast<Statement>(i);
    const std::string name = name_of(statement);
    const auto plan = plan_of(connection, statement);
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << name << ":\n" << plan;
    // In order of the row key with a LIMIT: as far as someone asks.
    const bool newest = plan.find("SCAN") != std::string::npos &&
                        std::string(sql_of(statement)).find("LIMIT 1") != std::string::npos;
    const bool open_intents = name == "list_open_intents";  // a table of what is under way
    if (!kScans.contains(name) && !newest && !open_intents) {
      EXPECT_EQ(plan.find("SCAN"), std::string::npos) << name << ":\n" << plan;
    }
  }
  sqlite3_close(connection);
}

}  // namespace
}  // namespace certwright::store::sqlite
