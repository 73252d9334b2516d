#include "aggregate/log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "aggregate/interval_file.h"

namespace certwright::aggregate {
namespace {

constexpr Seconds kGrace{2};         // an id is a little older than its certificate
constexpr Seconds kPrepareAhead{5};  // the next interval's file, so that nobody waits for it

}  // namespace

struct Log::Interval {
  explicit Interval(std::uint64_t n) : number(n) {}
  const std::uint64_t number;
  // Under mutex_:
  std::optional<OpenFile> file;      // set once; used by the log's thread
  std::vector<Entry> pending;        // not yet written
  std::uint64_t begun_unmapped = 0;  // before there was a file
  std::uint64_t begun = 0;           // with those of earlier runs
  std::uint64_t in_flight = 0;
  std::uint64_t entries = 0;
  std::uint64_t unsynced = 0;
  std::optional<Time> full_since{};
  bool closing = false;  // takes no more

  void count(std::int64_t change) noexcept {
    begun += static_cast<std::uint64_t>(change);
    if (file) file->begun().fetch_add(static_cast<std::uint64_t>(change), std::memory_order_relaxed);
    else begun_unmapped += static_cast<std::uint64_t>(change);
  }
};

Log::Log(LogOptions options, const Clock& clock, RootSink sink)
    : options_(std::move(options)), clock_(clock), sink_(std::move(sink)) {}

Result<std::unique_ptr<Log>> Log::open(LogOptions options, const Clock& clock, RootSink sink) {
  std::unique_ptr<Log> log(new Log(std::move(options), clock, std::move(sink)));
  const auto& folder = log->options_.folder;
  std::error_code failed;
  std::filesystem::create_directories(folder / "open", failed);
  if (!failed) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
  if (failed) return fail(Errc::unavailable, folder.string() + ": " + failed.message());
  const auto lock = folder / "lock";
  log->lock_fd_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (log->lock_fd_ < 0) return fail(Errc::unavailable, lock.string() + ": " + std::strerror(errno));
  if (::flock(log->lock_fd_, LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::conflict, folder.string() + ": another process records here");
  CERTWRIGHT_CHECK(log->recover());
  if (log->options_.background) log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

Log::~Log() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (lock_fd_ < 0) return;
  for (auto& [number, interval] : open_)  // what fails here is counted as lost at the next start
    if (prepare(number) && write(*interval) && interval->file) (void)interval->file->sync();
  ::close(lock_fd_);
}

// Where ids may go on, and what is to be closed.
Result<void> Log::recover() {
  const auto days = numbers_in(options_.folder / "closed");
  for (auto day = days.rbegin(); day != days.rend() && last_closed_ == 0; ++day) {
    const auto closed = numbers_in(options_.folder / "closed" / std::to_string(*day));
    if (!closed.empty()) last_closed_ = closed.back();
  }
  if (last_closed_ != 0) floor_id_ = first_id_of(last_closed_ + 1);
  for (const auto number : numbers_in(options_.folder / "open")) CERTWRIGHT_CHECK(recover_interval(number));
  return {};
}

Result<void> Log::recover_interval(std::uint64_t number) {
  auto interval = std::make_unique<Interval>(number);
  CERTWRIGHT_TRY(auto file, OpenFile::open(open_path(options_.folder, number), number));
  if (file.lost_its_header())
    warn("the records of a minute lost their header, as in a power loss: what is left of them is kept");
  interval->entries = file.written();
  interval->begun = file.begun().load();
  interval->file.emplace(std::move(file));
  const bool over = is_over(*interval, clock_.now()) || number <= last_closed_;
  Interval& opened = *open_.emplace(number, std::move(interval)).first->second;
  if (over) {
    CERTWRIGHT_TRY(const auto closed, close(number));
    statistics_.lost_found += closed.lost;
    return {};
  }
  CERTWRIGHT_TRY(const auto entries, opened.file->read());
  for (const Entry& entry : entries) floor_id_ = std::max(floor_id_, id_of(entry) + 1);
  statistics_.lost_found += opened.begun - entries.size();
  return {};
}

void Log::warn(std::string_view what) const {
  if (options_.warn) options_.warn(what);
}

std::uint64_t Log::floor_id() const {
  const std::lock_guard lock(mutex_);
  return floor_id_;
}

LogStatistics Log::statistics() const {
  const std::lock_guard lock(mutex_);
  LogStatistics now = statistics_;
  now.unsynced = backlog_;
  for (const auto& [number, interval] : open_) now.unsynced += interval->unsynced;
  return now;
}

Log::Interval& Log::interval_for(std::uint64_t number) {
  auto& interval = open_[number];
  if (interval == nullptr) interval = std::make_unique<Interval>(number);
  return *interval;
}

Result<Log::Ticket> Log::begin(std::uint64_t id) {
  const std::uint64_t number = interval_of_id(id);
  const std::lock_guard lock(mutex_);
  if (id < floor_id_) return fail(Errc::conflict, "the interval of this serial is closed");
  if (backlog_ >= options_.backlog_entries_max)
    return fail(Errc::unavailable, "certificates cannot be recorded: the disk takes no more");
  Interval& interval = interval_for(number);
  interval.count(1);
  ++interval.in_flight;
  return Ticket(this, number);
}

Result<void> Log::add(Ticket ticket, const Entry& entry) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(ticket.interval_);
  ticket.log_ = nullptr;
  if (found == open_.end() || found->second->closing)
    return fail(Errc::unavailable, "the certificate was signed too late to be recorded");
  Interval& interval = *found->second;
  interval.pending.push_back(entry);
  --interval.in_flight;
  ++interval.entries;
  ++backlog_;
  ++statistics_.recorded;
  if (interval.entries >= options_.interval_entries_max && !interval.full_since) {
    interval.full_since = clock_.now();
    floor_id_ = std::max(floor_id_, first_id_of(interval.number + 1));
  }
  return {};
}

void Log::give_up(std::uint64_t number) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(number);
  if (found == open_.end() || found->second->closing) return;
  found->second->count(-1);
  --found->second->in_flight;
}

Result<void> Log::prepare(std::uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    if (!open_.contains(number) && first_id_of(number + 1) <= floor_id_) return {};
    if (interval_for(number).file) return {};
  }
  CERTWRIGHT_TRY(auto file, OpenFile::open(open_path(options_.folder, number), number));
  const std::lock_guard lock(mutex_);
  Interval& interval = interval_for(number);
  interval.file.emplace(std::move(file));
  interval.file->begun().fetch_add(std::exchange(interval.begun_unmapped, 0));
  return {};
}

// Only the log's thread appends, so the file needs no lock; entries go back in front if it fails.
Result<void> Log::write(Interval& interval) {
  std::vector<Entry> entries;
  {
    const std::lock_guard lock(mutex_);
    if (!interval.file || interval.pending.empty()) return {};
    entries.swap(interval.pending);
  }
  const auto written = interval.file->append(entries);
  const std::lock_guard lock(mutex_);
  if (!written) {
    interval.pending.insert(interval.pending.begin(), entries.begin(), entries.end());
    return written;
  }
  backlog_ -= entries.size();
  interval.unsynced += entries.size();
  return {};
}

Result<void> Log::write_one(std::uint64_t number, bool sync) {
  const auto prepared = prepare(number);
  Interval* interval = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(number); found != open_.end()) interval = found->second.get();
  }
  if (interval == nullptr) return prepared;
  CERTWRIGHT_CHECK(write(*interval));
  std::uint64_t unsynced = 0;
  {
    const std::lock_guard lock(mutex_);
    // So that the page of the count is this thread's to bring in, not that of whoever issues.
    if (interval->file) interval->file->begun().fetch_add(0, std::memory_order_relaxed);
    unsynced = interval->unsynced;
  }
  if (!sync || unsynced == 0) return prepared;
  CERTWRIGHT_CHECK(interval->file->sync());
  const std::lock_guard lock(mutex_);
  interval->unsynced -= unsynced;
  return prepared;
}

Result<void> Log::write_all(bool sync) {
  std::vector<std::uint64_t> numbers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, interval] : open_) numbers.push_back(number);
  }
  for (const std::uint64_t number : {interval_at(clock_.now()), interval_at(clock_.now() + kPrepareAhead)})
    if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
  Result<void> outcome;
  for (const auto number : numbers)
    if (auto written = write_one(number, sync); !written) outcome = std::move(written);
  return outcome;
}

Result<void> Log::run_once() {
  const std::lock_guard work(work_);
  const auto steady = std::chrono::steady_clock::now();
  const bool sync = steady - last_sync_ >= options_.sync_every;
  if (sync) last_sync_ = steady;
  Result<void> outcome = write_all(sync);
  if (sync) {
    if (auto closed = close_due(); !closed) outcome = std::move(closed);
    erase_old();
  }
  note(outcome, sync);
  return outcome;
}

Result<void> Log::settle() {
  {
    const std::lock_guard work(work_);
    CERTWRIGHT_CHECK(write_all(true));
  }
  const auto unsynced = statistics().unsynced;
  if (unsynced == 0) return {};
  return fail(Errc::unavailable, std::to_string(unsynced) + " entries are not on the disk");
}

// A failure is over when everything has been done without one.
void Log::note(const Result<void>& outcome, bool of_everything) {
  if (!outcome) {
    const auto steady = std::chrono::steady_clock::now();
    if (steady >= quiet_until_) {
      quiet_until_ = steady + std::chrono::minutes(1);
      warn("records of certificates cannot be kept; it is tried again: " + outcome.error().detail);
    }
  } else if (of_everything) {
    quiet_until_ = {};
  }
  const std::lock_guard lock(mutex_);
  if (!outcome) {
    ++statistics_.failures;
    statistics_.failure = outcome.error().detail;
  } else if (of_everything) {
    statistics_.failure.clear();
  }
}

bool Log::is_over(const Interval& interval, Time now) const {
  const Time end = interval.full_since ? *interval.full_since : begin_of(interval.number + 1);
  return now >= end + (interval.in_flight == 0 ? kGrace : kTicketLife);
}

Result<void> Log::close_due() {
  const Time now = clock_.now();
  std::vector<std::uint64_t> due;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, interval] : open_) {
      if (!is_over(*interval, now)) break;  // in order, so that each names the one before it
      due.push_back(number);
    }
  }
  for (const auto number : due)
    if (auto closed = close(number); !closed) return tl::unexpected(closed.error());
  return {};
}

// Sorted file, then the root in the audit log, then the open file goes: a crash between repeats it.
Result<ClosedInterval> Log::close(std::uint64_t number) {
  Interval* interval = nullptr;
  {
    const std::lock_guard lock(mutex_);
    interval = open_.at(number).get();
    interval->closing = true;
    floor_id_ = std::max(floor_id_, first_id_of(number + 1));
  }
  CERTWRIGHT_CHECK(write(*interval));
  const auto path = open_path(options_.folder, number);
  ClosedInterval closed{.interval = number, .count = 0, .root = {}, .previous = last_closed_, .lost = 0};
  if (interval->begun != 0 || interval->entries != 0) {
    if (!interval->file) {  // it came and went while the disk was away
      CERTWRIGHT_TRY(auto file, OpenFile::open(path, number));
      const std::lock_guard lock(mutex_);
      interval->file.emplace(std::move(file));
    }
    CERTWRIGHT_CHECK(write(*interval));
    CERTWRIGHT_TRY(auto entries, interval->file->read());
    std::ranges::sort(entries);
    const auto doubles = std::ranges::unique(entries);  // written twice by a disk that said it had not
    entries.erase(doubles.begin(), doubles.end());
    closed.count = entries.size();
    closed.root = root_of(entries);
    closed.lost = interval->begun - std::min<std::uint64_t>(interval->begun, entries.size());
    // A number that was closed before (a crash between): the same one stays before it.
    if (last_closed_ >= number) {
      CERTWRIGHT_TRY(const auto before, read_closed_header(closed_path(options_.folder, number)));
      closed.previous = before.previous;
    }
    CERTWRIGHT_CHECK(write_closed(closed_path(options_.folder, number), closed, entries));
    CERTWRIGHT_CHECK(sink_(closed));
    last_closed_ = std::max(last_closed_, number);
  }
  std::unique_ptr<Interval> gone;  // unmapped without the lock, which every request takes
  {
    const std::lock_guard lock(mutex_);
    gone = std::move(open_.extract(number).mapped());
  }
  gone.reset();
  std::error_code failed;  // if it stays, the next start closes it again, to the same root
  std::filesystem::remove(path, failed);
  return closed;
}

void Log::erase_old() {
  const std::uint64_t per_day = 86'400'000 / kInterval_ms;
  const std::uint64_t today = interval_at(clock_.now()) / per_day;
  if (last_erased_day_ == today) return;
  last_erased_day_ = today;
  const std::uint64_t oldest = interval_at(clock_.now() - options_.retention) / per_day;
  for (const auto day : numbers_in(options_.folder / "closed")) {
    if (day >= oldest) break;
    std::error_code failed;  // tomorrow again
    std::filesystem::remove_all(options_.folder / "closed" / std::to_string(day), failed);
  }
}

void Log::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, options_.write_every, [this] { return stopping_; })) {
    lock.unlock();
    (void)run_once();  // note() tells of failures, and begin() refuses before anything is lost
    lock.lock();
  }
}

}  // namespace certwright::aggregate
