#include "aggregate/log.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aggregate/interval_file.h"
#include "crypto/digest.h"

namespace certwright::aggregate {
namespace log_test {

namespace fs = std::filesystem;

constexpr std::int64_t kStart_s = 1'767'323'045;  // 2026-01-02T03:04:05Z: five seconds into an interval

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/certwright-aggregate-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TemporaryFolder() { fs::remove_all(path); }
  fs::path path;
};

Entry entry_of(std::uint64_t id, std::uint8_t tail = 0) {
  Entry entry;
  for (std::size_t i = 0; i < 8; ++i) entry.serial[i] = static_cast<std::uint8_t>(id >> (56 - 8 * i));
  entry.serial[15] = tail;
  entry.certificate_sha256 = crypto::sha256(entry.octets());
  return entry;
}

class AggregateLog : public ::testing::Test {
 protected:
  AggregateLog() { options.folder = folder.path / "log"; options.background = false; options.sync_every = {}; }
  Result<std::unique_ptr<Log>> try_open() {
    options.warn = [this](std::string_view what) { warnings.emplace_back(what); };
    return Log::open(options, clock, [this](const ClosedInterval& closed) -> Result<void> {
      if (sink_fails) return fail(Errc::unavailable, "the audit log is away");
      told.push_back(closed);
      return {};
    });
  }
  std::unique_ptr<Log> open() {
    auto opened = try_open();
    EXPECT_TRUE(opened) << opened.error().detail;
    return std::move(*opened);
  }
  std::uint64_t id_now(std::uint64_t counter = 0) const {
    return static_cast<std::uint64_t>(to_unix_us(clock.now()) / 1000) << 20 | counter;
  }
  void record(Log& log, std::uint64_t id) {
    auto ticket = log.begin(id);
    ASSERT_TRUE(ticket) << ticket.error().detail;
    ASSERT_TRUE(log.add(std::move(*ticket), entry_of(id)));
  }
  std::uint64_t interval() const { return interval_at(clock.now()); }

  TemporaryFolder folder;
  ManualClock clock{from_unix_s(kStart_s)};
  LogOptions options;
  std::vector<ClosedInterval> told;
  std::vector<std::string> warnings;
  bool sink_fails = false;
};

TEST_F(AggregateLog, ClosesAnIntervalWithTheRootOfItsSortedEntries) {
  const auto log = open();
  const auto first = interval();
  std::vector<Entry> expected;
  for (const std::uint64_t counter : {7U, 3U, 9U, 1U}) {
    record(*log, id_now(counter));
    expected.push_back(entry_of(id_now(counter)));
  }
  ASSERT_TRUE(log->run_once());
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(log->statistics().unsynced, 0U);
  clock.set(begin_of(first + 1) + Seconds(1));
  ASSERT_TRUE(log->run_once());
  EXPECT_TRUE(told.empty());  // within the grace
  clock.set(begin_of(first + 1) + Seconds(2));
  ASSERT_TRUE(log->run_once());
  ASSERT_EQ(told.size(), 1U);
  std::ranges::sort(expected);
  EXPECT_EQ(told[0].interval, first);
  EXPECT_EQ(told[0].count, 4U);
  EXPECT_EQ(told[0].root, root_of(expected));
  EXPECT_EQ(told[0].previous, 0U);
  EXPECT_EQ(told[0].lost, 0U);
  const auto file = read_closed(closed_path(options.folder, first));
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ(file->entries, expected);
  EXPECT_FALSE(fs::exists(open_path(options.folder, first)));

  clock.advance(Seconds(600));
  record(*log, id_now());
  ASSERT_TRUE(log->run_once());
  clock.advance(Seconds(70));
  ASSERT_TRUE(log->run_once());
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].previous, first);  // the empty ones between are said by this
}

TEST_F(AggregateLog, AnEmptyIntervalLeavesNothing) {
  const auto log = open();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(log->run_once());
    clock.advance(Seconds(60));
  }
  EXPECT_TRUE(told.empty());
  EXPECT_FALSE(fs::exists(options.folder / "closed"));
  EXPECT_LE(numbers_in(options.folder / "open").size(), 3U);
}

TEST_F(AggregateLog, AClosedIntervalTakesNoMore) {
  const auto log = open();
  const auto id = id_now();
  record(*log, id);
  auto late = log->begin(id + 1);
  ASSERT_TRUE(late);
  clock.advance(Seconds(70));
  ASSERT_TRUE(log->run_once());
  EXPECT_TRUE(told.empty());  // waits for what is on its way
  clock.advance(Seconds(30));
  ASSERT_TRUE(log->run_once());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 1U);
  EXPECT_EQ(told[0].lost, 1U);
  EXPECT_FALSE(log->add(std::move(*late), entry_of(id + 1)));
  const auto refused = log->begin(id + 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_TRUE(log->begin(log->floor_id()));
}

TEST_F(AggregateLog, GivenUpTicketsAreNotLost) {
  const auto log = open();
  { const auto ticket = log->begin(id_now()); ASSERT_TRUE(ticket); }
  record(*log, id_now(1));
  clock.advance(Seconds(70));
  ASSERT_TRUE(log->run_once());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].lost, 0U);
}

TEST_F(AggregateLog, GoesOnWithAnIntervalThatStillRuns) {
  const auto id = id_now();
  { const auto log = open(); record(*log, id); ASSERT_TRUE(log->run_once()); }
  const auto log = open();
  EXPECT_TRUE(told.empty());
  EXPECT_GT(log->floor_id(), id);  // no serial twice, wherever the clock is
  record(*log, log->floor_id());
  clock.advance(Seconds(70));
  ASSERT_TRUE(log->run_once());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 2U);
}

TEST_F(AggregateLog, StopsWithEverythingOnTheDiskEvenIfItNeverRan) {
  { const auto log = open(); record(*log, id_now()); }
  clock.advance(Seconds(3600));
  const auto log = open();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 1U);
  EXPECT_EQ(told[0].lost, 0U);
}

TEST_F(AggregateLog, TheNextStartClosesWhatWasLeft) {
  { const auto log = open(); record(*log, id_now()); ASSERT_TRUE(log->run_once()); }
  clock.advance(Seconds(3600));
  const auto log = open();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 1U);
  EXPECT_EQ(told[0].lost, 0U);
  clock.set(from_unix_s(kStart_s));  // set back: still no id of a closed interval
  EXPECT_FALSE(log->begin(id_now()));
}

TEST_F(AggregateLog, SettlesAtOnce) {
  options.sync_every = std::chrono::hours(1);
  const auto log = open();
  ASSERT_TRUE(log->run_once());
  record(*log, id_now());
  ASSERT_TRUE(log->run_once());
  EXPECT_EQ(log->statistics().unsynced, 1U);
  ASSERT_TRUE(log->settle());
  EXPECT_EQ(log->statistics().unsynced, 0U);
  ASSERT_TRUE(log->settle()) << "nothing to do";
}

TEST_F(AggregateLog, OneProcessAtATime) {
  const auto log = open();
  const auto second = try_open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
}

TEST_F(AggregateLog, WaitsForTheAuditLog) {
  const auto log = open();
  const auto id = id_now();
  record(*log, id);
  clock.advance(Seconds(70));
  sink_fails = true;
  EXPECT_FALSE(log->run_once());
  EXPECT_TRUE(fs::exists(open_path(options.folder, interval_of_id(id))));
  sink_fails = false;
  ASSERT_TRUE(log->run_once());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 1U);
  EXPECT_EQ(told[0].previous, 0U);
}

// What a killed process had not written is counted by the header that outlives it.
TEST_F(AggregateLog, AKilledProcessIsCounted) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto log = open();
    (void)log->run_once();
    for (std::uint64_t i = 0; i < 10; ++i) record(*log, id_now(i));
    (void)log->run_once();
    for (std::uint64_t i = 10; i < 13; ++i) record(*log, id_now(i));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  clock.advance(Seconds(3600));
  const auto log = open();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 10U);
  EXPECT_EQ(told[0].lost, 3U);
  EXPECT_EQ(log->statistics().lost_found, 3U);
}

TEST_F(AggregateLog, ACutEntryIsNotOne) {
  const auto id = id_now();
  { const auto log = open(); record(*log, id); record(*log, id + 1); ASSERT_TRUE(log->run_once()); }
  const auto path = open_path(options.folder, interval_of_id(id));
  fs::resize_file(path, fs::file_size(path) - 1);
  clock.advance(Seconds(3600));
  const auto log = open();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 1U);
  EXPECT_EQ(told[0].lost, 1U);
}

// As a power loss leaves pages that were not on the disk: they have their length, and read as zeros.
void zero(const fs::path& path, std::uint64_t from, std::uint64_t to) {
  std::FILE* const file = std::fopen(path.c_str(), "r+");
  ASSERT_NE(file, nullptr);
  std::fseek(file, static_cast<long>(from), SEEK_SET);
  for (std::uint64_t i = from; i < to; ++i) std::fputc(0, file);
  std::fclose(file);
}
constexpr std::uint64_t kPageOctets = 4096;

TEST_F(AggregateLog, AHeaderThatAPowerLossTookIsWrittenAgain) {
  const auto id = id_now();
  { const auto log = open(); record(*log, id); record(*log, id + 1); ASSERT_TRUE(log->run_once()); }
  zero(open_path(options.folder, interval()), 0, kPageOctets);
  {
    const auto log = open();
    EXPECT_EQ(warnings.size(), 1U);
    record(*log, log->floor_id());
    ASSERT_TRUE(log->run_once());
  }
  { const auto log = open(); EXPECT_EQ(warnings.size(), 1U); }
  clock.advance(Seconds(70));
  const auto log = open();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 3U);
}

TEST_F(AggregateLog, APreparedFileThatAPowerLossEmptiedIsNoInterval) {
  { const auto log = open(); ASSERT_TRUE(log->run_once()); }
  zero(open_path(options.folder, interval()), 0, kPageOctets);
  clock.advance(Seconds(70));
  const auto log = open();
  EXPECT_TRUE(told.empty());
  EXPECT_FALSE(fs::exists(open_path(options.folder, interval() - 1)));
}

TEST_F(AggregateLog, EntriesThatAPowerLossTookAreLost) {
  const auto id = id_now();
  { const auto log = open(); for (std::uint64_t i = 0; i < 200; ++i) record(*log, id + i); }
  // The second page of entries: it begins 16 octets into the 86th and ends 32 octets into the 171st.
  zero(open_path(options.folder, interval()), 2 * kPageOctets, 3 * kPageOctets);
  clock.advance(Seconds(70));
  const auto log = open();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 200U - 86U);
  EXPECT_EQ(told[0].lost, 86U);
  EXPECT_EQ(log->statistics().lost_found, 86U);
}

TEST_F(AggregateLog, AnotherFileInItsPlaceIsRefused) {
  fs::create_directories(options.folder / "open");
  std::FILE* const file = std::fopen(open_path(options.folder, interval()).c_str(), "w");
  for (std::uint64_t i = 0; i < kPageOctets; ++i) std::fputc('x', file);
  std::fclose(file);
  EXPECT_EQ(try_open().error().code, Errc::internal);
}

TEST_F(AggregateLog, TellsOfAFailureOnceAndWhenItIsOver) {
  const auto log = open();
  record(*log, id_now());
  clock.advance(Seconds(70));
  sink_fails = true;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(log->run_once());
  EXPECT_EQ(log->statistics().failures, 3U);
  EXPECT_EQ(log->statistics().failure, "the audit log is away");
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("the audit log is away"), std::string::npos);
  sink_fails = false;
  ASSERT_TRUE(log->run_once());
  EXPECT_EQ(log->statistics().failure, "");
}

TEST_F(AggregateLog, RefusesWhenTheDiskTakesNoMore) {
  options.backlog_entries_max = 3;
  const auto log = open();
  for (std::uint64_t i = 0; i < 3; ++i) record(*log, id_now(i));
  const auto refused = log->begin(id_now(3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  ASSERT_TRUE(log->run_once());
  EXPECT_TRUE(log->begin(id_now(3)));
}

TEST_F(AggregateLog, AFullIntervalIsClosedEarly) {
  options.interval_entries_max = 2;
  const auto log = open();
  const auto id = id_now();
  record(*log, id);
  record(*log, id + 1);
  EXPECT_FALSE(log->begin(id + 2));
  record(*log, log->floor_id());
  clock.advance(Seconds(3));
  ASSERT_TRUE(log->run_once());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, 2U);
}

TEST_F(AggregateLog, ErasesWhatIsOlderThanItsRetention) {
  options.retention = Seconds(86'400);
  const auto log = open();
  const auto first = interval();
  record(*log, id_now());
  ASSERT_TRUE(log->run_once());
  clock.advance(Seconds(70));
  ASSERT_TRUE(log->run_once());
  ASSERT_TRUE(fs::exists(closed_path(options.folder, first)));
  clock.advance(Seconds(86'400));
  ASSERT_TRUE(log->run_once());
  EXPECT_TRUE(fs::exists(closed_path(options.folder, first)));
  clock.advance(Seconds(86'400));
  ASSERT_TRUE(log->run_once());
  EXPECT_FALSE(fs::exists(closed_path(options.folder, first)));
}

TEST_F(AggregateLog, AChangedFileIsNoticed) {
  const auto log = open();
  const auto first = interval();
  record(*log, id_now());
  clock.advance(Seconds(70));
  ASSERT_TRUE(log->run_once());
  const auto path = closed_path(options.folder, first);
  std::FILE* const file = std::fopen(path.c_str(), "r+");
  std::fseek(file, -1, SEEK_END);
  std::fputc('x', file);
  std::fclose(file);
  EXPECT_EQ(read_closed(path).error().code, Errc::internal);
}

TEST_F(AggregateLog, RecordsFromManyThreadsInTheBackground) {
  options.background = true;
  options.write_every = std::chrono::milliseconds(1);
  constexpr std::uint64_t kThreads = 4, kEach = 5000;
  std::vector<std::thread> threads;
  {
    const auto log = open();
    for (std::uint64_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < kEach; ++i) {
          const auto id = id_now(t * kEach + i);
          auto ticket = log->begin(id);
          if (ticket) (void)log->add(std::move(*ticket), entry_of(id));
        }
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(log->statistics().recorded, kThreads * kEach);
  }
  clock.advance(Seconds(3600));
  options.background = false;
  const auto log = open();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].count, kThreads * kEach);
  EXPECT_EQ(told[0].lost, 0U);
}

}  // namespace log_test
}  // namespace certwright::aggregate
