// What was acknowledged is there after a power loss, whole, and the log has no gaps.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "store/sqlite/power_loss_vfs.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/testing_store.h"

namespace certwright::store {
namespace {

using contract::certificate;
using contract::hash_of;
using contract::id_of;
using contract::kStart;
using contract::reservation;
using sqlite::PowerLossVfs;
using sqlite::Unsynced;

constexpr int kCallers = 6;

SqliteOptions small_store(bool synchronous) {
  SqliteOptions options;
  options.vfs = PowerLossVfs::kName;
  options.synchronous = synchronous;
  options.checkpoint_pages = 30;  // so that losses hit checkpoints and logs begun anew
  options.index_from = 5;
  options.writer_cache_mib = 4;
  options.reader_cache_mib = 1;
  options.readers = 2;
  return options;
}

// Rows in four tables under one number: all of them, or none.
Transaction transaction(std::uint64_t n) {
  auto record = certificate(n);
  record.entity_id = "e" + std::to_string(n % 3);
  record.der.resize(200 + n * 37 % 3000);
  return {PutSetting{std::to_string(n), Bytes(n % 500, 1)}, ReserveSerial{reservation(n), {}},
          RecordCertificate{record, 0, {}}, AppendAuditLeaf{{static_cast<std::uint8_t>(n)}}};
}

class PowerLoss {
 public:
  PowerLoss(std::uint32_t seed, bool synchronous) : random_(seed), synchronous_(synchronous) {}

  // Opens, lets callers commit until the power goes, and leaves what the disk then holds.
  void live_and_lose_power() {
    auto& vfs = PowerLossVfs::instance();
    vfs.restart(1 + random_() % 1200);
    {
      const auto opened = SqliteStore::open(path(), small_store(synchronous_));
      if (opened) {
        std::vector<std::thread> callers;
        for (int i = 0; i < kCallers; ++i)
          callers.emplace_back([this, &store = **opened] { call(store); });
        for (auto& caller : callers) caller.join();
      } else {
        EXPECT_TRUE(vfs.power_is_lost()) << opened.error().detail;
      }
    }
    EXPECT_TRUE(vfs.power_is_lost());
    auto next = std::make_unique<TemporaryFolder>();
    const auto unsynced = static_cast<Unsynced>(random_() % 3);
    vfs.write_survivors(next->file(""), unsynced, static_cast<std::uint32_t>(random_()));
    folder_ = std::move(next);
    vfs.restart(0);
  }

  // What is wrong with the store; empty if nothing.
  std::string check() {
    const auto opened = SqliteStore::open(path(), small_store(true));
    if (!opened) return "does not open: " + opened.error().detail;
    const auto& store = **opened;
    std::uint64_t present = 0;
    std::uint64_t of_entity[3] = {};
    for (std::uint64_t n = 1; n < next_; ++n) {
      const bool rows[] = {store.find_setting(std::to_string(n)).value().has_value(),
                           store.find_reservation(id_of(n)).value().has_value(),
                           store.find_certificate(id_of(n)).value().has_value()};
      if (rows[0] != rows[1] || rows[1] != rows[2]) return "torn: " + std::to_string(n);
      if (!rows[0] && acknowledged_.contains(n)) return "lost: " + std::to_string(n);
      if (!rows[0]) continue;
      ++present;
      ++of_entity[n % 3];
      if (store.find_certificate(id_of(n)).value()->certificate.der.size() != 200 + n * 37 % 3000)
        return "damaged: " + std::to_string(n);
      LineageFilter by_name;
      by_name.name = "host" + std::to_string(n) + ".example";
      if (store.list_lineages(by_name, {}).value().size() != 1)
        return "not found by name: " + std::to_string(n);
    }
    if (store.audit_size().value() != present) return "audit size";
    const auto leaves = store.audit_leaves(0, 100'000).value();
    if (leaves.size() != present) return "audit leaves";
    for (std::size_t i = 0; i < leaves.size(); ++i)
      if (leaves[i].position != i) return "a gap in the log at " + std::to_string(i);
    if (store.count_lineages({}).value().value != present) return "tenant counter";
    for (std::size_t e = 0; e < 3; ++e) {
      LineageFilter filter;
      filter.entity_id = "e" + std::to_string(e);
      if (store.count_lineages(filter).value().value != of_entity[e]) return "entity counter";
    }
    return "";
  }

  std::size_t acknowledged() const { return acknowledged_.size(); }

 private:
  std::string path() const { return folder_->file("store.db"); }

  void call(SqliteStore& store) {
    while (true) {
      const auto n = next_.fetch_add(1);
      const auto done = store.apply(transaction(n));
      if (!done) {
        EXPECT_EQ(done.error().code, Errc::unavailable) << done.error().detail;
        return;
      }
      const std::lock_guard lock(mutex_);
      acknowledged_.insert(n);
    }
  }

  std::mt19937 random_;
  const bool synchronous_;
  std::unique_ptr<TemporaryFolder> folder_ = std::make_unique<TemporaryFolder>();
  std::atomic<std::uint64_t> next_{1};
  std::mutex mutex_;
  std::set<std::uint64_t> acknowledged_;
};

TEST(PowerLoss, LosesNothingThatWasAcknowledged) {
  std::size_t acknowledged = 0;
  for (std::uint32_t seed = 1; seed <= 70; ++seed) {
    PowerLoss disk(seed, true);
    for (int life = 1; life <= 3; ++life) {
      disk.live_and_lose_power();
      const auto wrong = disk.check();
      ASSERT_EQ(wrong, "") << "seed " << seed << ", life " << life;
    }
    acknowledged += disk.acknowledged();
  }
  EXPECT_GT(acknowledged, 2'000U);
}

// Proof that the above can fail: a store that does not sync is caught.
TEST(PowerLoss, CatchesAStoreThatDoesNotSync) {
  int caught = 0;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    PowerLoss disk(seed, false);
    disk.live_and_lose_power();
    if (!disk.check().empty()) ++caught;
  }
  EXPECT_GE(caught, 10);
}

}  // namespace
}  // namespace certwright::store
