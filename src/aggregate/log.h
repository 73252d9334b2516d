#pragma once
// The record level `aggregate`: certificates that are too many and too short-lived for a row each
// leave a hash each, in one sorted Merkle tree per interval, whose root goes into the audit log.
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "aggregate/entry.h"
#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::aggregate {

// Makes the root of a closed interval known, durably: an audit record. Called from the log's thread, and
// once more for the same interval after a crash between the two.
using RootSink = std::function<Result<void>(const ClosedInterval&)>;

struct LogOptions {
  std::filesystem::path folder;      // created; of one process at a time
  Seconds retention{30LL * 86'400};  // closed intervals are erased afterwards; their roots stay
  std::chrono::milliseconds write_every{20};
  std::chrono::milliseconds sync_every{1000};
  std::size_t backlog_entries_max = 1'000'000;  // while the disk is away; then nothing is begun
  std::size_t interval_entries_max = 4'000'000;  // an interval that is fuller is closed early
  bool background = true;  // false: for tests, that call run_once() themselves
  // What an operator should know, from open() and from the log's thread: a failure when it begins and
  // then once a minute; what a power loss took. May be null.
  std::function<void(std::string_view what)> warn = {};
};

struct LogStatistics {
  std::uint64_t recorded = 0;       // entries since the start
  std::uint64_t unsynced = 0;       // of them, not yet on the disk
  std::uint64_t failures = 0;       // turns of the log's thread that failed; what failed is tried again
  std::string failure;              // what fails now; empty: nothing
  std::uint64_t lost_found = 0;     // at most so many were lost by the crash before this start
};

// Safe to call from any thread. begin() and add() touch no disk: a thread of the log's own writes
// every 20 ms and syncs every second. README.md says what a killed process and a power loss lose. What
// may be missing is counted, and said in the interval's ClosedInterval::lost.
class Log {
 public:
  // Closes what an earlier run left open, unless its interval still runs. Errors: conflict if another
  // process has the folder; unavailable; the sink's.
  static Result<std::unique_ptr<Log>> open(LogOptions options, const Clock& clock, RootSink sink);
  ~Log();  // writes and syncs what there is; the open interval goes on at the next start
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // A certificate on its way: counted from here on. Given up where it goes without add().
  class Ticket {
   public:
    Ticket(Ticket&& other) noexcept : log_(std::exchange(other.log_, nullptr)), interval_(other.interval_) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() { if (log_ != nullptr) log_->give_up(interval_); }

   private:
    friend class Log;
    Ticket(Log* log, std::uint64_t interval) : log_(log), interval_(interval) {}
    Log* log_;
    std::uint64_t interval_;
  };
  // Before a certificate with this id is signed. Errors: conflict if the id's interval is closed:
  // take one from floor_id() on; unavailable if too much waits for the disk.
  Result<Ticket> begin(std::uint64_t id);
  // When it is signed, before anybody is told. Errors: unavailable if the interval has been closed
  // without it (after kTicketLife): nobody may have it then.
  Result<void> add(Ticket ticket, const Entry& entry);
  static constexpr Seconds kTicketLife{30};

  // Ids must not be smaller: smaller ones may have been used before this start, or are closed.
  std::uint64_t floor_id() const;
  LogStatistics statistics() const;
  // What the log's thread does at each turn. Errors: the last one; what failed is tried again.
  Result<void> run_once();
  // Before the process ends or another takes its place, when nobody begins any more: writes and syncs
  // what there is, now. Errors: unavailable, with how many entries may be lost; run_once()'s.
  Result<void> settle();

 private:
  struct Interval;
  Log(LogOptions options, const Clock& clock, RootSink sink);
  Result<void> recover();
  Result<void> recover_interval(std::uint64_t number);
  void give_up(std::uint64_t interval) noexcept;
  Interval& interval_for(std::uint64_t number);
  void warn(std::string_view what) const;
  Result<void> prepare(std::uint64_t number);
  Result<void> write(Interval& interval);
  Result<void> write_all(bool sync);
  Result<void> write_one(std::uint64_t number, bool sync);
  Result<void> close_due();
  Result<ClosedInterval> close(std::uint64_t number);
  void note(const Result<void>& outcome, bool of_everything);
  void erase_old();
  bool is_over(const Interval& interval, Time now) const;
  void run();

  const LogOptions options_;
  const Clock& clock_;
  const RootSink sink_;
  int lock_fd_ = -1;
  std::mutex work_;  // one run_once() at a time; taken before mutex_
  std::chrono::steady_clock::time_point last_sync_{};
  std::uint64_t last_erased_day_ = 0;
  std::chrono::steady_clock::time_point quiet_until_{};

  mutable std::mutex mutex_;  // the members below
  std::map<std::uint64_t, std::unique_ptr<Interval>> open_;
  std::uint64_t last_closed_ = 0;
  std::uint64_t floor_id_ = 0;
  std::size_t backlog_ = 0;
  LogStatistics statistics_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace certwright::aggregate
