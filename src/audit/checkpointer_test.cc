#include "audit/checkpointer.h"

#include <gtest/gtest.h>

#include "audit/log_fixture.h"
#include "audit/tree.h"

namespace certwright::audit {
namespace {

// The root from the leaves alone.
Hash root_of(const store::Store& store, std::uint64_t size) {
  CompactRange range;
  const auto records = store.audit_leaves(0, static_cast<std::uint32_t>(size)).value();
  for (const auto& leaf : records)
    range.append(leaf_hash(leaf.record));
  return range.root();
}

TEST(Checkpointer, HasNothingToSignInAnEmptyLog) {
  TestLog log;
  EXPECT_FALSE(log.checkpointer.run_once().value());
  EXPECT_FALSE(log.store.latest_checkpoint().value());
  EXPECT_EQ(log.checkpointer.signed_size(), 0u);
}

TEST(Checkpointer, SignsWhatIsNewAndOnlyThat) {
  TestLog log;
  for (const std::uint64_t count : {1u, 1u, 254u, 1u, 1023u, 3000u}) {
    log.add(count);
    ASSERT_TRUE(log.checkpointer.run_once().value());
    EXPECT_FALSE(log.checkpointer.run_once().value());
    const auto last = log.store.latest_checkpoint().value().value();
    EXPECT_EQ(last.tree_size, log.records);
    EXPECT_EQ(last.root, root_of(log.store, log.records));
    const auto note = verify_checkpoint(last.signed_note, log.key).value();
    EXPECT_EQ(note.root, last.root);
    EXPECT_EQ(note.tree_size, last.tree_size);
    EXPECT_EQ(log.checkpointer.signed_size(), log.records);
  }
  EXPECT_EQ(log.store.list_checkpoints(0, 100).value().size(), 6u);
}

TEST(Checkpointer, GoesOnAfterARestartAtAnySize) {
  TestLog log;
  for (const std::uint64_t count : {1u, 254u, 1u, 1u, 255u, 300u, 65'000u, 600u}) {
    log.add(count);
    // Each time a new process, that knows only the store.
    Checkpointer fresh(log.store, *log.signer, log.clock, {"test", Seconds(30), 262'144});
    ASSERT_TRUE(fresh.run_once().value()) << count;
    EXPECT_EQ(log.store.latest_checkpoint().value()->root, root_of(log.store, log.records));
  }
  // 66,412 records: 259 tiles of leaves, one of their roots.
  EXPECT_TRUE(log.store.find_audit_tile(0, 258).value());
  EXPECT_FALSE(log.store.find_audit_tile(0, 259).value());
  EXPECT_TRUE(log.store.find_audit_tile(1, 0).value());
  EXPECT_FALSE(log.store.find_audit_tile(1, 1).value());
}

TEST(Checkpointer, SignsALongLogInSteps) {
  TestLog log;
  log.add(2500);
  Checkpointer small(log.store, *log.signer, log.clock, {"test", Seconds(30), 1000});
  EXPECT_TRUE(small.run_once().value());
  EXPECT_EQ(small.signed_size(), 1000u);
  EXPECT_TRUE(small.run_once().value());
  EXPECT_TRUE(small.run_once().value());
  EXPECT_FALSE(small.run_once().value());
  EXPECT_EQ(log.store.latest_checkpoint().value()->root, root_of(log.store, 2500));
}

TEST(Checkpointer, SignsCheckpointsOnTheWaySoThatExportsHavePlacesToEnd) {
  TestLog log;
  log.add(2500);
  Checkpointer often(log.store, *log.signer, log.clock, {"test", Seconds(30), 262'144, 1000});
  EXPECT_TRUE(often.run_once().value());
  std::vector<std::uint64_t> sizes;
  const auto checkpoints = log.store.list_checkpoints(0, 100).value();
  for (const auto& checkpoint : checkpoints)
    sizes.push_back(checkpoint.tree_size);
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{1000, 2000, 2500}));
  EXPECT_EQ(log.store.latest_checkpoint().value()->root, root_of(log.store, 2500));
  EXPECT_FALSE(often.run_once().value());
}

TEST(Checkpointer, OneOfTwoProcessesSigns) {
  TestLog log;
  log.add(10);
  Checkpointer other(log.store, *log.signer, log.clock, {"other", Seconds(30), 262'144});
  EXPECT_TRUE(log.checkpointer.run_once().value());
  log.add(10);
  EXPECT_FALSE(other.run_once().value()) << "the lease is held";
  EXPECT_TRUE(log.checkpointer.run_once().value()) << "its holder goes on";
  log.add(10);
  log.clock.advance(Seconds(31));  // the holder died
  EXPECT_TRUE(other.run_once().value());
  log.add(10);
  EXPECT_FALSE(log.checkpointer.run_once().value());
  log.clock.advance(Seconds(31));
  EXPECT_TRUE(log.checkpointer.run_once().value()) << "continues what the other signed";
  EXPECT_EQ(log.store.latest_checkpoint().value()->root, root_of(log.store, 40));
}

TEST(Checkpointer, RefusesToContinueWhatAnotherKeySigned) {
  TestLog log;
  log.add(10);
  ASSERT_TRUE(log.checkpointer.run_once());
  log.add(1);
  const auto another = test_signer(1);
  Checkpointer stranger(log.store, *another, log.clock, {"test", Seconds(30), 262'144});
  EXPECT_EQ(stranger.run_once().error().code, Errc::internal);
  EXPECT_EQ(log.store.latest_checkpoint().value()->tree_size, 10u);
}

TEST(Checkpointer, RefusesAForgedCheckpoint) {
  TestLog log;
  log.add(10);
  ASSERT_TRUE(log.checkpointer.run_once());
  log.add(2);
  // Somebody with the database but not the key: the note is the old one, the row says more.
  auto forged = *log.store.latest_checkpoint().value();
  forged.tree_size = 11;
  forged.root = root_of(log.store, 11);
  ASSERT_TRUE(log.store.apply({store::PutAuditCheckpoint{forged}}));
  EXPECT_EQ(log.checkpointer.run_once().error().code, Errc::internal);
}

// As if a record of the first log had been changed in its database after it was signed.
TEST(Checkpointer, RefusesToSignOverAChangedRecord) {
  TestLog log, changed;
  log.add(10);
  ASSERT_TRUE(log.checkpointer.run_once().value());
  changed.add(3);
  changed.records = 77;
  changed.add(1);
  changed.records = 4;
  changed.add(16);
  const auto last = *log.store.latest_checkpoint().value();
  ASSERT_TRUE(changed.store.apply({store::PutAuditCheckpoint{last}}));
  const auto refused = changed.checkpointer.run_once();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::internal);
}

TEST(Checkpointer, RefusesToSignOverAChangedTile) {
  TestLog log;
  log.add(300);
  ASSERT_TRUE(log.checkpointer.run_once().value());
  const Bytes good = *log.store.find_audit_tile(0, 0).value();
  Bytes bad = good;
  bad[5000] ^= 1;
  ASSERT_TRUE(log.store.apply({store::PutAuditTile{0, 0, bad}}));
  log.add(1);
  Checkpointer restarted(log.store, *log.signer, log.clock, {"test", Seconds(30), 262'144});
  EXPECT_EQ(restarted.run_once().error().code, Errc::internal);
  ASSERT_TRUE(log.store.apply({store::PutAuditTile{0, 0, good}}));
  EXPECT_TRUE(restarted.run_once().value());
}

TEST(StoredNodes, AreTheRecursiveDefinition) {
  TestLog log;
  log.add(1500);
  std::vector<Hash> leaves;
  const auto records = log.store.audit_leaves(0, 1500).value();
  for (const auto& leaf : records)
    leaves.push_back(leaf_hash(leaf.record));
  const auto check = [&](const char* when) {
    const NodeSource nodes = stored_nodes(log.store);
    for (unsigned level = 0; level <= 10; ++level) {
      const std::uint64_t width = std::uint64_t{1} << level;
      for (std::uint64_t i = 0; (i + 1) * width <= leaves.size(); i += 1 + i / 7) {
        const Hash expected = perfect_root(std::span(leaves).subspan(i * width, width));
        ASSERT_EQ(nodes(level, i).value(), expected) << when << ' ' << level << ' ' << i;
      }
      EXPECT_FALSE(nodes(level, 1500 >> level)) << "beyond the end";
    }
  };
  check("without tiles");
  ASSERT_TRUE(log.checkpointer.run_once().value());
  check("with tiles");
}

TEST(StoredNodes, ATileOfTheWrongSizeIsNotBelieved) {
  TestLog log;
  log.add(256);
  ASSERT_TRUE(log.store.apply({store::PutAuditTile{0, 0, Bytes(32)}}));
  EXPECT_EQ(stored_nodes(log.store)(8, 0).error().code, Errc::internal);
}

}  // namespace
}  // namespace certwright::audit
