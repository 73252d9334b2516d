#include "store/sqlite/writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace certwright::store::sqlite {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMaxBatch = 1024;    // transactions in one commit
constexpr std::size_t kWokenByWriter = 4;  // the others are woken by those
constexpr std::size_t kWokenByCaller = 4;
constexpr auto kIdle = std::chrono::microseconds(300);
constexpr auto kMaxJobDelay = std::chrono::milliseconds(20);
constexpr std::size_t kLongTail = 65'536;      // from here on indexing keeps pace with commits
constexpr std::size_t kTooLongTail = 262'144;  // from here on it goes first
constexpr auto kCatchUp = std::chrono::milliseconds(20);

// What the storage says, as opposed to a precondition that failed.
bool is_storage_failure(const Result<void>& result) {
  return !result &&
         (result.error().code == Errc::unavailable || result.error().code == Errc::internal);
}

}  // namespace

Writer::Writer(std::unique_ptr<Database> database, Counters counters, Tail& tail, bool synchronous)
    : database_(std::move(database)),
      counters_(counters),
      tail_(tail),
      synchronous_(synchronous),
      audit_size_(counters.next_leaf),
      thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

Result<void> Writer::apply(const Transaction& transaction) {
  if (transaction.empty()) return {};
  Request request;
  request.transaction = &transaction;
  bool asleep = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&request);
    asleep = std::exchange(asleep_, false);
  }
  if (asleep) arrived_.notify_one();
  request.parker.wait();
  wake_list(request.first_to_wake);
  return std::move(request.result);
}

Result<void> Writer::run(Job job, const Work& work) {
  QueuedJob queued;
  queued.work = &work;
  queued.since = SteadyClock::now();
  {
    const std::lock_guard lock(mutex_);
    jobs_[static_cast<std::size_t>(job)] = &queued;
    asleep_ = false;
  }
  arrived_.notify_one();
  queued.parker.wait();
  return std::move(queued.result);
}

// The writer would spend longer waking hundreds of threads than writing their rows, so it wakes a
// few, and each of them wakes a few more.
void Writer::wake(std::vector<Request*>& batch) {
  for (std::size_t i = batch.size(); i-- > kWokenByWriter;) {
    Request& parent = *batch[(i - kWokenByWriter) / kWokenByCaller];
    batch[i]->next_to_wake = parent.first_to_wake;
    parent.first_to_wake = batch[i];
  }
  const auto roots = std::min(batch.size(), kWokenByWriter);
  for (std::size_t i = 0; i < roots; ++i) batch[i]->parker.release();
  batch.clear();
}

void Writer::wake_list(Request* first) {
  while (first != nullptr) {
    Request* const next = first->next_to_wake;
    first->parker.release();
    first = next;
  }
}

void Writer::loop() {
  name_this_thread("store-writer");
  std::vector<Request*> batch;
  while (true) {
    bool due[2] = {false, false};
    {
      std::unique_lock lock(mutex_);
      const auto has_work = [this] {
        return !queue_.empty() || jobs_[0] != nullptr || jobs_[1] != nullptr;
      };
      while (!has_work() && !stopping_) {
        asleep_ = true;
        arrived_.wait(lock);
      }
      asleep_ = false;
      if (!has_work()) return;
      // Callers that the last commit woke are about to come back: a job now would delay them.
      if (queue_.empty() && !stopping_ && !job_is_due(Job::index, false) &&
          !job_is_due(Job::checkpoint, false)) {
        asleep_ = true;
        arrived_.wait_for(lock, kIdle, [this] { return !queue_.empty() || stopping_; });
        asleep_ = false;
      }
      const auto taken = std::min(queue_.size(), kMaxBatch);
      batch.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken));
      queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken));
      for (const auto job : {Job::index, Job::checkpoint})
        due[static_cast<std::size_t>(job)] = job_is_due(job, taken == 0 || stopping_);
    }
    if (!batch.empty()) commit(batch);
    for (const auto job : {Job::index, Job::checkpoint})
      if (due[static_cast<std::size_t>(job)]) run_job(job);
  }
}

bool Writer::job_is_due(Job job, bool idle) const {
  const auto* const queued = jobs_[static_cast<std::size_t>(job)];
  if (queued == nullptr) return false;
  if (idle || SteadyClock::now() - queued->since >= kMaxJobDelay) return true;
  return job == Job::checkpoint || tail_.size() >= kLongTail;
}

void Writer::run_job(Job job) {
  const auto began = SteadyClock::now();
  while (true) {
    QueuedJob* queued = nullptr;
    {
      const std::lock_guard lock(mutex_);
      queued = std::exchange(jobs_[static_cast<std::size_t>(job)], nullptr);
    }
    if (queued == nullptr) return;
    queued->result = job == Job::index ? run_index(*queued->work) : (*queued->work)(*database_);
    queued->parker.release();
    // Far behind: give the indexer a moment to bring its next piece before the next commit.
    if (job != Job::index || tail_.size() < kTooLongTail || SteadyClock::now() - began > kCatchUp)
      return;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

Result<void> Writer::run_index(const Work& work) {
  // Not synced: what a power loss takes away is the end of the log, and indexing it is repeated.
  if (synchronous_) {
    relaxed_ = true;
    CERTWRIGHT_CHECK(database_->sync_commits(false));
  }
  auto done = [&]() -> Result<void> {
    CERTWRIGHT_CHECK(database_->run(Statement::begin_write));
    CERTWRIGHT_CHECK(work(*database_));
    CERTWRIGHT_CHECK(database_->run(Statement::commit));
    return {};
  }();
  if (!done && database_->in_transaction()) static_cast<void>(database_->run(Statement::rollback));
  // If this fails, the next commit tries again and fails rather than be less than durable.
  static_cast<void>(restore_durability());
  if (on_commit_) on_commit_(database_->wal_pages());
  return done;
}

Result<void> Writer::restore_durability() {
  if (!relaxed_) return {};
  CERTWRIGHT_CHECK(database_->sync_commits(true));
  relaxed_ = false;
  return {};
}

Result<void> Writer::run_one(const Transaction& transaction, bool carefully, Counters& counters,
                             Effects& effects) {
  const bool savepoint = carefully || !leaves_nothing_on_failure(transaction);
  if (savepoint) CERTWRIGHT_CHECK(database_->run(Statement::savepoint));
  auto done = run_transaction(*database_, transaction, counters, effects);
  if (!savepoint || is_storage_failure(done)) return done;
  if (!done) CERTWRIGHT_CHECK(database_->run(Statement::rollback_to));
  CERTWRIGHT_CHECK(database_->run(Statement::release));
  return done;
}

bool Writer::run_batch(const std::vector<Request*>& batch, bool carefully, Effects& effects) {
  Counters counters = counters_;
  const auto roll_back = [this] {
    if (database_->in_transaction()) static_cast<void>(database_->run(Statement::rollback));
  };
  const auto fail_all = [&](const Error& error) {
    roll_back();
    effects = {};
    for (auto* request : batch) request->result = tl::unexpected<Error>(error);
  };
  if (auto durable = restore_durability(); !durable) {
    fail_all(durable.error());
    return true;
  }
  if (auto begun = database_->run(Statement::begin_write); !begun) {
    fail_all(begun.error());
    return true;
  }
  for (auto* request : batch) {
    const auto changes = database_->total_changes();
    request->result = run_one(*request->transaction, carefully, counters, effects);
    if (is_storage_failure(request->result)) {
      fail_all(Error(request->result.error()));
      return true;
    }
    if (!request->result && !carefully && database_->total_changes() != changes &&
        leaves_nothing_on_failure(*request->transaction)) {
      roll_back();
      return false;
    }
  }
  Result<void> done;
  for (const auto& [tenant, added] : effects.lineages_by_tenant)
    if (done)
      if (auto run = database_->run(Statement::add_to_tenant_counter, tenant, added); !run)
        done = tl::unexpected<Error>(run.error());
  if (done)
    if (auto committed = database_->run(Statement::commit); !committed)
      done = tl::unexpected<Error>(committed.error());
  if (!done) {
    fail_all(done.error());
    return true;
  }
  counters_ = counters;
  return true;
}

void Writer::commit(std::vector<Request*>& batch) {
  Effects effects;
  if (!run_batch(batch, false, effects)) {
    effects = {};
    run_batch(batch, true, effects);
  }
  tail_.append(std::move(effects.tail));
  audit_size_.store(counters_.next_leaf, std::memory_order_release);
  commits_.fetch_add(1, std::memory_order_relaxed);
  transactions_.fetch_add(batch.size(), std::memory_order_relaxed);
  // Before the callers wake: they may close the store as soon as they return.
  if (on_commit_) on_commit_(database_->wal_pages());
  wake(batch);
}

}  // namespace certwright::store::sqlite
