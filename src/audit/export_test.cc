#include "audit/export.h"

#include <gtest/gtest.h>

#include <sstream>

#include "audit/log_fixture.h"
#include "audit/verify.h"

namespace certwright::audit {
namespace {

std::string exported(const TestLog& log, const ExportRange& range = {}) {
  std::string text;
  const auto summary = export_log(log.store, log.key, range, [&](std::string_view chunk) {
    text += chunk;
    return Result<void>();
  });
  if (!summary) ADD_FAILURE() << summary.error().detail;
  return text;
}

ExportReport verified(const std::string& text, const CheckpointKey& key) {
  std::istringstream in(text);
  return verify_export(in, key);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  return text;
}

// Checkpoints at 3, 5 and 12.
struct SmallLog : TestLog {
  SmallLog() {
    for (const std::uint64_t count : {3u, 2u, 7u}) {
      add(count);
      if (!checkpointer.run_once().value()) std::abort();
    }
  }
};

TEST(AuditExport, ProvesItself) {
  const SmallLog log;
  const auto report = verified(exported(log), log.key);
  EXPECT_TRUE(report.ok()) << report.problem->line << ": " << report.problem->text;
  EXPECT_EQ(report.from, 0u);
  EXPECT_EQ(report.records, 12u);
  EXPECT_EQ(report.checkpoints, 3u);
  EXPECT_EQ(report.last.tree_size, 12u);
  EXPECT_EQ(report.last.root, log.store.latest_checkpoint().value()->root);
  EXPECT_EQ(report.last.origin, kTestLog);
}

// The same key signs another history from the start on: every file of it verifies by itself.
TEST(AuditExport, AForkShowsAgainstAnEarlierFileAndAnEarlierCheckpoint) {
  const SmallLog log;
  TestLog other;
  other.records = 1'000;
  for (const std::uint64_t count : {3u, 2u, 7u}) {
    other.add(count);
    ASSERT_TRUE(other.checkpointer.run_once().value());
  }
  const std::string first = exported(log, {0, 5}), second = exported(other, {5, {}});
  const auto a = verified(first, log.key), b = verified(second, log.key);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(b.from, a.from + a.records);
  EXPECT_NE(b.root_before, a.last.root) << "the files are not of one history";
  EXPECT_EQ(verified(exported(log, {5, {}}), log.key).root_before, a.last.root);

  const auto with = [&](const std::string& text) {
    std::istringstream in(text);
    return verify_export(in, log.key, {}, a.last);
  };
  EXPECT_TRUE(with(exported(log)).continues_known);
  EXPECT_TRUE(with(first).continues_known);
  EXPECT_TRUE(with(exported(log, {5, {}})).continues_known) << "it begins right behind";
  ASSERT_TRUE(with(exported(log, {0, 3})).ok());
  EXPECT_FALSE(with(exported(log, {0, 3})).continues_known) << "cut before the checkpoint";
  EXPECT_FALSE(with(exported(other)).ok());
  EXPECT_FALSE(with(second).ok());
}

TEST(AuditExport, IsVerifiedWithAPemKeyToo) {
  const SmallLog log;
  EXPECT_TRUE(verified(exported(log), CheckpointKey::parse(log.key.pem()).value()).ok());
}

struct RangeCase {
  const char* name;
  std::uint64_t from;
  std::optional<std::uint64_t> to;
  std::uint64_t records, checkpoints;
};
class AuditExportRange : public testing::TestWithParam<RangeCase> {};
TEST_P(AuditExportRange, EndsAtACheckpoint) {
  const SmallLog log;
  const auto& c = GetParam();
  const auto report = verified(exported(log, {c.from, c.to}), log.key);
  EXPECT_TRUE(report.ok()) << report.problem->line << ": " << report.problem->text;
  EXPECT_EQ(report.from, c.from);
  EXPECT_EQ(report.records, c.records);
  EXPECT_EQ(report.checkpoints, c.checkpoints);
}
INSTANTIATE_TEST_SUITE_P(Ranges, AuditExportRange,
                         testing::Values(RangeCase{"FirstCheckpoint", 0, 3, 3, 1},
                                         RangeCase{"ToIsMovedUp", 0, 4, 5, 2},
                                         RangeCase{"ToIsMovedBack", 0, 99, 12, 3},
                                         RangeCase{"FromWithin", 1, 5, 4, 2},
                                         RangeCase{"FromACheckpoint", 3, 5, 2, 1},
                                         RangeCase{"LastRecord", 11, {}, 1, 1},
                                         RangeCase{"Middle", 4, 5, 1, 1}),
                         [](const auto& c) { return std::string(c.param.name); });

TEST(AuditExport, RefusesRangesThatAreNotSigned) {
  SmallLog log;
  log.add(1);
  const auto nowhere = [](std::string_view) { return Result<void>(); };
  EXPECT_EQ(export_log(log.store, log.key, {12, {}}, nowhere).error().code, Errc::conflict);
  EXPECT_EQ(export_log(log.store, log.key, {4, 4}, nowhere).error().code, Errc::invalid);
  const TestLog empty;
  EXPECT_EQ(export_log(empty.store, empty.key, {}, nowhere).error().code, Errc::conflict);
}

TEST(AuditExport, StopsWhereTheSinkDoes) {
  const SmallLog log;
  const auto full = [](std::string_view) -> Result<void> {
    return fail(Errc::unavailable, "full");
  };
  EXPECT_EQ(export_log(log.store, log.key, {}, full).error().code, Errc::unavailable);
}

TEST(AuditExport, DoesNotWriteARecordThatWouldBreakItsLines) {
  TestLog log;
  ASSERT_TRUE(log.store.apply({store::AppendAuditLeaf{to_bytes(as_bytes("{}\n{}"))}}));
  ASSERT_TRUE(log.checkpointer.run_once());
  const auto nowhere = [](std::string_view) { return Result<void>(); };
  EXPECT_EQ(export_log(log.store, log.key, {}, nowhere).error().code, Errc::internal);
}

// The heart of it: nothing in the file can change unnoticed.
TEST(AuditVerify, NoChangedOctetPasses) {
  SmallLog log;
  for (const std::string& good : {exported(log), exported(log, {5, {}})}) {
    ASSERT_TRUE(verified(good, log.key).ok());
    for (std::size_t i = 0; i < good.size(); ++i)
      for (const int bits : {0x01, 0x20, 0x80, '\n' ^ good[i]}) {
        if (bits == 0) continue;
        std::string changed = good;
        changed[i] = static_cast<char>(changed[i] ^ bits);
        ASSERT_FALSE(verified(changed, log.key).ok()) << i << " of " << good;
      }
  }
}

TEST(AuditVerify, NoRemovedOrAddedOctetPasses) {
  const SmallLog log;
  const std::string good = exported(log);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed.erase(i, 1);
    ASSERT_FALSE(verified(changed, log.key).ok()) << i;
    ASSERT_FALSE(verified(good.substr(0, i), log.key).ok()) << i;
    changed = good;
    changed.insert(i, 1, '\n');
    ASSERT_FALSE(verified(changed, log.key).ok()) << i;
  }
  EXPECT_FALSE(verified(good + "\n", log.key).ok());
  EXPECT_FALSE(verified(good + good, log.key).ok());
}

TEST(AuditVerify, NoRemovedRepeatedOrMovedLinePasses) {
  const SmallLog log;
  const auto good = lines_of(exported(log));
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto changed = good;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(verified(joined(changed), log.key).ok()) << good[i];
    changed = good;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), good[i]);
    EXPECT_FALSE(verified(joined(changed), log.key).ok()) << good[i];
    if (i + 1 == good.size() || good[i] == good[i + 1]) continue;
    changed = good;
    std::swap(changed[i], changed[i + 1]);
    EXPECT_FALSE(verified(joined(changed), log.key).ok()) << good[i];
  }
}

// Whoever rewrites the whole file still lacks the key.
TEST(AuditVerify, AnotherLogsExportDoesNotPass) {
  SmallLog log;
  TestLog forged;
  forged.signer = test_signer(1);
  forged.key = CheckpointKey::of(*forged.signer);
  Checkpointer checkpointer(forged.store, *forged.signer, forged.clock, {"x", Seconds(1), 1000});
  forged.add(12);
  ASSERT_TRUE(checkpointer.run_once().value());
  const std::string text = exported(forged);
  EXPECT_TRUE(verified(text, forged.key).ok());
  EXPECT_FALSE(verified(text, log.key).ok());
  // Also when it names the right key.
  std::string renamed = text;
  renamed.replace(renamed.find(forged.key.text()), forged.key.text().size(), log.key.text());
  const auto report = verified(renamed, log.key);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.problem->text.find("key"), std::string::npos) << report.problem->text;
}

TEST(AuditVerify, NamesTheLineAndThePlace) {
  const SmallLog log;
  auto lines = lines_of(exported(log));
  // Four header lines, three records, then the first checkpoint of six lines.
  ASSERT_EQ(lines[7], "checkpoint");
  lines[14].insert(1, " ");
  const auto report = verified(joined(lines), log.key);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.problem->text.find("behind position 3"), std::string::npos)
      << report.problem->text;
  EXPECT_EQ(report.checkpoints, 1u) << "those before it still count";
  EXPECT_EQ(verified("hello\n", log.key).problem->line, 1u);
}

// Documented: a whole, older export of the same log verifies; its size says how far it goes.
TEST(AuditVerify, AnOlderExportVerifiesAndSaysHowFarItGoes) {
  SmallLog log;
  const std::string older = exported(log);
  log.add(5);
  ASSERT_TRUE(log.checkpointer.run_once().value());
  EXPECT_EQ(verified(older, log.key).last.tree_size, 12u);
}

TEST(AuditVerify, ReportsProgress) {
  TestLog log;
  log.add(70'000);
  ASSERT_TRUE(log.checkpointer.run_once().value());
  std::istringstream in(exported(log));
  std::vector<std::uint64_t> seen;
  const auto report = verify_export(in, log.key, [&](std::uint64_t n) { seen.push_back(n); });
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(seen, std::vector<std::uint64_t>{65'536});
}

TEST(AuditVerify, ALineWithoutEndIsRefusedBeforeItFillsMemory) {
  const SmallLog log;
  const std::string good = exported(log);
  const std::string endless = good.substr(0, good.find('{')) + std::string(10'000'000, '{');
  const auto report = verified(endless, log.key);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.problem->text, "This line is too long.");
}

TEST(RecordProof, HoldsForEveryRecord) {
  const SmallLog log;
  for (std::uint64_t i = 0; i < 12; ++i) {
    const std::string text = prove_record(log.store, log.key, i).value();
    const auto proof = verify_record_proof(text, log.key);
    ASSERT_TRUE(proof) << proof.error().detail << '\n' << text;
    EXPECT_EQ(proof->position, i);
    EXPECT_EQ(proof->record, as_text(log.store.audit_leaves(i, 1).value().front().record));
    EXPECT_EQ(proof->checkpoint.tree_size, 12u);
  }
}

TEST(RecordProof, NoChangedOctetPasses) {
  const SmallLog log;
  const std::string good = prove_record(log.store, log.key, 6).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int bits : {0x01, 0x20, 0x80}) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ bits);
      ASSERT_FALSE(verify_record_proof(changed, log.key)) << i << '\n' << good;
    }
    ASSERT_FALSE(verify_record_proof(good.substr(0, i), log.key)) << i;
  }
  EXPECT_FALSE(verify_record_proof(good + "\n", log.key));
  EXPECT_FALSE(verify_record_proof(good, CheckpointKey::of(*test_signer(1))));
}

TEST(RecordProof, NeedsACheckpointOverTheRecord) {
  SmallLog log;
  log.add(1);
  EXPECT_EQ(prove_record(log.store, log.key, 12).error().code, Errc::conflict);
  EXPECT_EQ(prove_record(log.store, log.key, 13).error().code, Errc::not_found);
}

TEST(RecordProof, IsSmallAndComesFromTiles) {
  TestLog log;
  log.add(70'000);
  ASSERT_TRUE(log.checkpointer.run_once().value());
  for (const std::uint64_t i : {0u, 255u, 256u, 65'535u, 65'536u, 69'999u}) {
    const std::string text = prove_record(log.store, log.key, i).value();
    EXPECT_TRUE(verify_record_proof(text, log.key)) << i;
    EXPECT_LT(text.size(), 2'000u);
  }
}

}  // namespace
}  // namespace certwright::audit
