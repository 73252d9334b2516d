#include "store/sqlite/sqlite_store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <algorithm>

#include <fstream>
#include <random>

#include "store/memory/memory_store.h"
#include "store/sqlite/database.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/testing_store.h"

namespace certwright::store {
namespace {

using contract::certificate;
using contract::id_of;
using contract::kStart;

mode_t mode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
}

TEST(SqliteStore, FilesAreTheOwnersOnly) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  std::ofstream(path).flush();
  ::chmod(path.c_str(), 0644);
  const auto store = open_store(path);
  ASSERT_TRUE(store->apply({AppendAuditLeaf{{1}}}));
  for (const auto* suffix : {"", "-wal", "-shm", ".lock"})
    EXPECT_EQ(mode_of(path + suffix), 0600U) << suffix;
}

TEST(SqliteStore, HasOneOwner) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  auto first = open_store(path);
  const auto second = SqliteStore::open(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_EQ(second.error().field, "store");
  EXPECT_NE(second.error().detail.find(path + ".lock"), std::string::npos);
  EXPECT_NE(second.error().detail.find(std::to_string(::getpid())), std::string::npos);
  first.reset();
  EXPECT_TRUE(SqliteStore::open(path));
}

TEST(SqliteStore, WaitsForTheOwnerToLeave) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  auto first = open_store(path);
  std::thread leaving([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    first.reset();
  });
  SqliteOptions patient;
  patient.lock_wait_ms = 10'000;
  EXPECT_TRUE(SqliteStore::open(path, patient));
  leaving.join();
}

TEST(SqliteStore, RefusesForeignFiles) {
  const TemporaryFolder folder;
  const auto text = folder.file("text.db");
  std::ofstream(text) << std::string(8192, 'x');
  const auto not_a_database = SqliteStore::open(text);
  ASSERT_FALSE(not_a_database);
  EXPECT_EQ(not_a_database.error().code, Errc::invalid);

  const auto foreign = folder.file("foreign.db");
  {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(foreign.c_str(), &raw), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(raw, "CREATE TABLE t (a)", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
  }
  const auto of_another_program = SqliteStore::open(foreign);
  ASSERT_FALSE(of_another_program);
  EXPECT_EQ(of_another_program.error().code, Errc::invalid);
  EXPECT_FALSE(std::filesystem::exists(foreign + "-wal"));
}

TEST(SqliteStore, RefusesANewerSchema) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  open_store(path).reset();
  const auto newer = sqlite::migrations().size() + 1;
  ASSERT_TRUE(connect(path)->execute("INSERT INTO schema_migration VALUES (" +
                                     std::to_string(newer) + ", 'from_the_future')"));
  const auto refused = SqliteStore::open(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_NE(refused.error().detail.find(std::to_string(newer)), std::string::npos);
}

TEST(SqliteStore, SaysThatAFolderIsMissing) {
  const TemporaryFolder folder;
  const auto refused = SqliteStore::open(folder.file("missing/store.db"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_NE(refused.error().detail.find("missing/store.db"), std::string::npos);
}

// A crash in the middle of a batch, at every step: nothing is lost, and nothing counted twice.
class InterruptedIndexing : public testing::TestWithParam<int> {};

TEST_P(InterruptedIndexing, IsResumed) {
  constexpr std::uint64_t kRows = 5'000;
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  SqliteOptions options;
  options.index_from = 0;
  {
    const auto store = open_store(path, options);
    Transaction transaction;
    for (std::uint64_t n = 1; n <= kRows; ++n) {
      transaction.emplace_back(ReserveSerial{reservation(n), {}});
      auto record = certificate(n);
      record.entity_id = "e" + std::to_string(n % 50);
      record.tenant = n % 3 == 0 ? "a" : "b";
      transaction.emplace_back(RecordCertificate{record, 0, {}});
      if (transaction.size() < 1000) continue;
      ASSERT_TRUE(store->apply(transaction));
      transaction.clear();
    }
  }
  // Stopping interrupts the batch, each time a little later.
  options.index_from = 1;
  for (int i = 0; i < 6; ++i) {
    const auto store = open_store(path, options);
    std::this_thread::sleep_for(std::chrono::milliseconds(GetParam() + i));
    const auto every = contract::filter([](auto& f) { f.entity_id = "e7"; });
    EXPECT_EQ(store->count_lineages(every)->value, kRows / 50);
    EXPECT_EQ(store->list_lineages(every, {.limit = 1000})->size(), kRows / 50);
  }
  const auto store = open_store(path, options);
  for (int i = 0; i < 1000 && health_of(*store, "index_lag") > 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(health_of(*store, "index_lag"), 0);
  for (std::uint64_t e = 0; e < 50; ++e) {
    const auto of = contract::filter([&](auto& f) { f.entity_id = "e" + std::to_string(e); });
    EXPECT_EQ(store->count_lineages(of)->value, kRows / 50) << e;
    EXPECT_EQ(store->list_lineages(of, {.limit = 1000})->size(), kRows / 50) << e;
    auto of_a = of;
    of_a.tenants = {"a"};
    EXPECT_EQ(store->count_lineages(of_a)->value,
              store->list_lineages(of_a, {.limit = 1000})->size());
  }
  EXPECT_EQ(store->count_lineages({})->value, kRows);
}

INSTANTIATE_TEST_SUITE_P(After, InterruptedIndexing, testing::Values(0, 4, 10, 25));

// Ranges with more lineages than are sorted gladly, against the memory back end.
class LongRanges : public testing::TestWithParam<std::uint32_t> {};

TEST_P(LongRanges, AreAnsweredAsInMemory) {
  constexpr std::uint64_t kRows = 6'000;
  constexpr std::int64_t kSpan = 8192;  // seconds: notAfter often falls on the edge of a span
  std::mt19937 random(7);
  const ManualClock clock(contract::kStart);
  contract::SqliteBackend backend([&] {
    SqliteOptions options;
    options.index_from = GetParam();
    options.clock = &clock;
    return options;
  }());
  MemoryStore reference;
  Transaction transaction;
  for (std::uint64_t n = 1; n <= kRows; ++n) {
    auto record = certificate(n);
    const auto around = static_cast<std::int64_t>(random() % 300) - 150;
    const auto edge = static_cast<std::int64_t>(random() % 3) - 1;
    record.not_after =
        contract::kStart + Seconds(random() % 2 == 0 ? around * kSpan + edge : around * 7'777);
    record.tenant = random() % 50 == 0 ? "small" : "large";
    record.names = {"www." + std::to_string(random() % 3'000)};
    transaction.emplace_back(ReserveSerial{reservation(n), {}});
    transaction.emplace_back(RecordCertificate{record, 0, {}});
    if (n % 500 != 0) continue;
    ASSERT_TRUE(backend.store().apply(transaction));
    ASSERT_TRUE(reference.apply(transaction));
    transaction.clear();
  }
  backend.settle();
  const auto moment = [&] {
    const auto around = static_cast<std::int64_t>(random() % 320) - 160;
    return contract::kStart + Seconds(around * kSpan + static_cast<std::int64_t>(random() % 3) - 1);
  };
  for (int i = 0; i < 150; ++i) {
    LineageFilter filter;
    filter.now = moment();
    if (i % 2 == 0) filter.expires_after = moment();
    if (i % 3 != 0) filter.expires_before = moment();
    if (i % 5 == 0) filter.tenants = {i % 10 == 0 ? "small" : "large"};
    if (i % 7 == 0) filter.name = i % 14 == 0 ? "www.*" : "www.1*";
    filter.state = static_cast<CertificateState>(i % 4 == 2 ? 0 : i % 4);
    Page page{.limit = 1000, .newest_first = i % 8 < 4};
    if (i % 6 == 0) page.after = id_of(kRows / 2);
    const auto wanted = reference.list_lineages(filter, page).value();
    const auto got = backend.store().list_lineages(filter, page);
    ASSERT_TRUE(got) << got.error().detail;
    ASSERT_EQ(got->size(), wanted.size()) << i;
    for (std::size_t row = 0; row < wanted.size(); ++row)
      ASSERT_EQ((*got)[row].lineage, wanted[row].lineage) << i << " row " << row;
    ASSERT_EQ(backend.store().count_lineages(filter)->value,
              reference.count_lineages(filter)->value)
        << i;
  }
}

INSTANTIATE_TEST_SUITE_P(IndexFrom, LongRanges, testing::Values(0U, 1U, 700U));

TEST(SqliteStore, TheLogIsBegunAnewUnderLoad) {
  const TemporaryFolder folder;
  const auto path = folder.file("store.db");
  SqliteOptions options;
  options.checkpoint_pages = 200;
  const auto store = open_store(path, options);
  // 30 KB a commit, in a log that starts over after 200 pages of 8 KiB. When the checkpointing
  // thread gets its turn is the system's choice; that the log, whose file keeps its size, stays
  // small against what went through it is ours.
  constexpr std::int64_t kCommitsMax = 20'000;
  constexpr std::int64_t kOctets = 30'000;
  std::int64_t commits = 0;
  do {
    for (int i = 0; i < 100; ++i, ++commits)
      ASSERT_TRUE(store->apply({AppendAuditLeaf{Bytes(kOctets, 7)}}));
  } while (health_of(*store, "wal_octets") >= commits * kOctets / 2 && commits < kCommitsMax);
  EXPECT_LT(health_of(*store, "wal_octets"), commits * kOctets / 2);
  EXPECT_EQ(*store->audit_size(), static_cast<std::uint64_t>(commits));
}

// A mail server that is away for days: what is due is found among all that waits, by index.
TEST(SqliteStore, AnOutboxOfAHundredThousandIsEmptiedPieceByPiece) {
  const TemporaryFolder folder;
  const auto store = open_store(folder.file("store.db"));
  constexpr int kTransactions = 20;
  constexpr int kEach = 5'000;
  for (int t = 0; t < kTransactions; ++t) {
    Transaction transaction;
    for (int i = 0; i < kEach; ++i) {
      NotificationRecord n;
      n.channel = NotificationChannel::email;
      n.recipient = "p" + std::to_string(i % 100);
      n.deduplication_key = std::to_string(t * kEach + i);
      n.facts = "{}";
      transaction.push_back(EnqueueNotification{n});
    }
    ASSERT_TRUE(store->apply(transaction));
  }
  const auto& read = store->notifications();
  EXPECT_EQ(read.totals()->waiting, 100'000U);
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < 100; ++round) {
    const auto lanes = *read.due_lanes(NotificationChannel::email, Time{}, 64);
    ASSERT_EQ(lanes.size(), 64U);
    const auto first = *read.waiting(NotificationChannel::email, lanes[0].recipient, 50);
    ASSERT_EQ(first.size(), 50U);
    SettleNotifications settle{NotificationChannel::email, lanes[0].recipient, {}, NotificationState::delivered, {}, {}, {}};
    for (const auto& n : first) settle.ids.push_back(n.id);
    ASSERT_TRUE(store->apply({settle}));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
  EXPECT_EQ(read.totals()->waiting, 95'000U);
}

}  // namespace
}  // namespace certwright::store
