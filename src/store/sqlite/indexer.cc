#include "store/sqlite/indexer.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <tuple>

#include "store/sqlite/lineage_state.h"
#include "store/sqlite/rows.h"

namespace certwright::store::sqlite {
namespace {

constexpr std::size_t kMaxBatchEntries = 65'536;
constexpr auto kPiece = std::chrono::milliseconds(2);  // of the writer's time
constexpr std::size_t kLookAtClock = 32;               // rows
constexpr std::uint64_t kDeletePiece = 4096;           // rows of the queue
constexpr auto kRetry = std::chrono::seconds(1);
constexpr auto kSweepInterval = std::chrono::seconds(5);

// kStates after kExpiry: what a sweep does not find there, it does not need to.
enum Step : std::uint32_t {
  kEntities,
  kKeys,
  kPublicKeys,
  kExpiry,
  kExpirySpans,
  kStates,
  kFinish
};

class Stopwatch {
 public:
  bool piece_is_over(std::size_t row) const {
    return row % kLookAtClock == 0 && std::chrono::steady_clock::now() - began_ >= kPiece;
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

Result<void> put_progress(Database& database, const IndexProgress& p) {
  CERTWRIGHT_CHECK(database.run(Statement::put_progress, p.done_to, p.batch_to, p.step, p.entity_id,
                                p.tenant, p.sequence));
  return {};
}

}  // namespace

std::uint64_t IndexProgress::counted_to(std::string_view of_entity_id,
                                        std::string_view of_tenant) const noexcept {
  if (batch_to == 0) return done_to;
  if (step > kEntities) return batch_to;
  const auto key = std::tie(of_entity_id, of_tenant);
  const std::string_view at_entity = entity_id;
  const std::string_view at_tenant = tenant;
  const auto at = std::tie(at_entity, at_tenant);
  if (key < at) return batch_to;
  return key == at ? std::max(sequence, done_to) : done_to;
}

Result<IndexProgress> read_progress(Database& database) {
  CERTWRIGHT_TRY(auto row, database.query(Statement::find_progress));
  CERTWRIGHT_TRY(const bool found, row.next());
  if (!found) return fail_field(Errc::internal, "store", "index_progress has no row");
  return IndexProgress{row.natural(0), row.natural(1), row.number(2),
                       row.text(3),    row.text(4),    row.natural(5)};
}

Result<std::vector<TailEntry>> read_tail(Database& database, const IndexProgress& progress) {
  std::vector<TailEntry> tail;
  CERTWRIGHT_TRY(auto row, database.query(Statement::list_queued, progress.done_to));
  while (true) {
    CERTWRIGHT_TRY(const bool more, row.next());
    if (!more) return tail;
    tail.push_back({row.natural(0), row.natural(1), row.natural(2), row.text(3), row.text(4),
                    row.text(5), row.text(6), row.text(7), split_names(as_text(row.view(8))),
                    row.hash(9), row.time(10)});
  }
}

// The entries up to a sequence, and each index's rows of them in the order of its key. Views into
// the tail's pieces, which it keeps alive.
class Indexer::Batch {
 public:
  Batch(TailView view, const IndexProgress& progress) : view_(std::move(view)) {
    for (const auto& piece : view_)
      for (const auto& entry : *piece)
        if (entry.sequence > progress.done_to && entry.sequence <= progress.batch_to)
          entries_.push_back(&entry);
  }

  // Up to which sequence a new batch goes: whole pieces, so that dropping them drops the batch.
  static std::uint64_t choose_end(const TailView& view) {
    std::size_t size = 0;
    std::uint64_t end = 0;
    for (const auto& piece : view) {
      end = piece->back().sequence;
      size += piece->size();
      if (size >= kMaxBatchEntries) break;
    }
    return end;
  }

  std::vector<const TailEntry*> entities() const {
    std::vector<const TailEntry*> rows;
    std::ranges::copy_if(entries_, std::back_inserter(rows), &TailEntry::is_first);
    std::ranges::sort(rows, [](const auto* a, const auto* b) {
      return std::tie(a->entity_id, a->tenant, a->sequence) <
             std::tie(b->entity_id, b->tenant, b->sequence);
    });
    return rows;
  }

  struct KeyRow {
    KeyKind kind;
    std::string_view value;
    CertificateId lineage;
    auto operator<=>(const KeyRow&) const = default;
  };
  std::vector<KeyRow> keys() const {
    std::vector<KeyRow> rows;
    for (const auto* e : entries_) {
      if (e->is_first()) {
        rows.push_back({KeyKind::tenant, e->tenant, e->lineage});
        rows.push_back({KeyKind::principal, e->principal, e->lineage});
        rows.push_back({KeyKind::entity_type, e->entity_type, e->lineage});
      }
      rows.push_back({KeyKind::ca, e->ca, e->lineage});
      for (const auto& name : e->names) rows.push_back({KeyKind::name, name, e->lineage});
    }
    std::ranges::sort(rows);
    return rows;
  }

  std::vector<const TailEntry*> sorted_by_public_key() const {
    auto rows = entries_;
    std::ranges::sort(rows, [](const auto* a, const auto* b) {
      return std::tie(a->subject_public_key_sha256, a->lineage) <
             std::tie(b->subject_public_key_sha256, b->lineage);
    });
    return rows;
  }
  std::vector<const TailEntry*> sorted_by_expiry() const {
    auto rows = entries_;
    std::ranges::sort(rows, [](const auto* a, const auto* b) {
      return std::tie(a->not_after, a->lineage) < std::tie(b->not_after, b->lineage);
    });
    return rows;
  }
  struct SpanRow {
    int width_bits;
    std::int64_t span;
    CertificateId lineage;
    auto operator<=>(const SpanRow&) const = default;
  };
  std::vector<SpanRow> spans() const {
    std::vector<SpanRow> rows;
    for (const auto* e : entries_)
      for (const int bits : kSpanBits)
        rows.push_back({bits, span_of(e->not_after, bits), e->lineage});
    std::ranges::sort(rows);
    return rows;
  }
  const std::vector<const TailEntry*>& in_order() const noexcept { return entries_; }

 private:
  TailView view_;
  std::vector<const TailEntry*> entries_;
};

Indexer::Indexer(Writer& writer, Tail& tail, const Clock& clock, IndexProgress progress,
                 std::size_t least)
    : writer_(writer), tail_(tail), clock_(clock), progress_(std::move(progress)), least_(least) {}

void Indexer::start() {
  thread_ = std::thread([this] { loop(); });
}

Indexer::~Indexer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Indexer::nudge() {
  if (tail_.size() < least_) return;
  {
    const std::lock_guard lock(mutex_);
    if (nudged_) return;
    nudged_ = true;
  }
  changed_.notify_one();
}

Indexer::Turn Indexer::wait_for_turn() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopping_) return Turn::stop;
    if (progress_.batch_to != 0 || tail_.size() >= least_) return Turn::batch;
    if (std::chrono::steady_clock::now() >= next_sweep_) return Turn::sweep;
    nudged_ = false;
    changed_.wait_until(lock, next_sweep_, [this] { return stopping_ || nudged_; });
  }
}

void Indexer::loop() {
  name_this_thread("store-indexer");
  while (true) {
    const auto turn = wait_for_turn();
    if (turn == Turn::stop) return;
    if (turn == Turn::sweep ? run_sweep() : run_batch()) continue;
    // The disk is full or away: searches go on reading the tail.
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kRetry, [this] { return stopping_; });
  }
}

// A piece; the next one follows at once while there is more and no batch to index.
Result<void> Indexer::run_sweep() {
  bool more = false;
  const Writer::Work piece = [&](Database& database) -> Result<void> {
    CERTWRIGHT_TRY(more, sweep_expired(database, clock_.now()));
    return {};
  };
  CERTWRIGHT_CHECK(writer_.run(Writer::Job::index, piece));
  if (!more) next_sweep_ = std::chrono::steady_clock::now() + kSweepInterval;
  return {};
}

Result<void> Indexer::run_batch() {
  auto view = tail_.view();
  if (progress_.batch_to == 0)
    progress_ = {progress_.done_to, Batch::choose_end(view), kEntities, "", "", 0};
  const Batch batch(std::move(view), progress_);
  if (progress_.step <= kEntities) CERTWRIGHT_CHECK(run_entities(batch));
  if (progress_.step <= kKeys) {
    const auto rows = batch.keys();
    CERTWRIGHT_CHECK(run_step(kKeys, rows.size(), [&](Database& database, std::size_t i) {
      return database.run(Statement::index_key, static_cast<int>(rows[i].kind), rows[i].value,
                          rows[i].lineage);
    }));
  }
  if (progress_.step <= kPublicKeys) {
    const auto rows = batch.sorted_by_public_key();
    CERTWRIGHT_CHECK(run_step(kPublicKeys, rows.size(), [&](Database& database, std::size_t i) {
      return database.run(Statement::index_public_key, rows[i]->subject_public_key_sha256,
                          rows[i]->lineage);
    }));
  }
  if (progress_.step <= kExpiry) {
    const auto rows = batch.sorted_by_expiry();
    CERTWRIGHT_CHECK(run_step(kExpiry, rows.size(), [&](Database& database, std::size_t i) {
      return database.run(Statement::index_expiry, rows[i]->not_after, rows[i]->lineage);
    }));
  }
  if (progress_.step <= kExpirySpans) {
    const auto rows = batch.spans();
    CERTWRIGHT_CHECK(run_step(kExpirySpans, rows.size(), [&](Database& database, std::size_t i) {
      return database.run(Statement::index_expiry_span, rows[i].width_bits, rows[i].span,
                          rows[i].lineage);
    }));
  }
  if (progress_.step <= kStates) {
    const auto& rows = batch.in_order();
    std::optional<Sweep> sweep;  // none goes on meanwhile: it is this thread's
    const Put place = [&](Database& database, std::size_t i) -> Result<std::int64_t> {
      if (!sweep) {
        CERTWRIGHT_TRY(sweep, read_sweep(database));
      }
      const auto& entry = *rows[i];
      CERTWRIGHT_CHECK(entry.is_first() ? place_new_lineage(database, entry.lineage, *sweep)
                                        : place_lineage(database, entry.lineage, *sweep));
      return 0;
    };
    CERTWRIGHT_CHECK(run_step(kStates, rows.size(), place));
  }
  return finish_batch();
}

Result<void> Indexer::run_step(std::uint32_t step, std::size_t size, const Put& put) {
  std::size_t done = 0;
  bool finished = false;
  while (!finished) {
    std::size_t next = done;
    auto progress = progress_;
    const Writer::Work piece = [&](Database& database) -> Result<void> {
      const Stopwatch stopwatch;
      while (next < size && (next == done || !stopwatch.piece_is_over(next)))
        CERTWRIGHT_CHECK(put(database, next++));
      if (next < size) return {};
      progress.step = step + 1;
      return put_progress(database, progress);
    };
    CERTWRIGHT_CHECK(writer_.run(Writer::Job::index, piece));
    done = next;
    finished = progress.step == step + 1;
    progress_ = progress;
    if (const std::lock_guard lock(mutex_); stopping_)
      return fail(Errc::unavailable, "the store is closing");
  }
  return {};
}

// Rows and counters of a piece, and how far it went, in one transaction: nothing is counted twice.
Result<void> Indexer::run_entities(const Batch& batch) {
  const auto rows = batch.entities();
  const auto is_done = [this](const TailEntry* e) {
    return e->sequence <= progress_.counted_to(e->entity_id, e->tenant);
  };
  auto done = static_cast<std::size_t>(std::ranges::find_if_not(rows, is_done) - rows.begin());
  while (progress_.step == kEntities) {
    std::size_t next = done;
    auto progress = progress_;
    const Writer::Work piece = [&](Database& database) -> Result<void> {
      const Stopwatch stopwatch;
      while (next < rows.size() && (next == done || !stopwatch.piece_is_over(next))) {
        const auto& key = *rows[next];
        std::int64_t added = 0;
        for (; next < rows.size() && rows[next]->entity_id == key.entity_id &&
               rows[next]->tenant == key.tenant;
             ++next, ++added) {
          if (added > 0 && stopwatch.piece_is_over(next)) break;
          CERTWRIGHT_CHECK(database.run(Statement::index_entity, key.entity_id, key.tenant,
                                        rows[next]->lineage));
        }
        CERTWRIGHT_CHECK(
            database.run(Statement::add_to_entity_counter, key.entity_id, key.tenant, added));
      }
      if (next < rows.size()) {
        const auto& last = *rows[next - 1];
        progress.entity_id = last.entity_id;
        progress.tenant = last.tenant;
        progress.sequence = last.sequence;
      } else {
        progress = {progress_.done_to, progress_.batch_to, kEntities + 1, "", "", 0};
      }
      return put_progress(database, progress);
    };
    CERTWRIGHT_CHECK(writer_.run(Writer::Job::index, piece));
    done = next;
    progress_ = progress;
    if (const std::lock_guard lock(mutex_); stopping_)
      return fail(Errc::unavailable, "the store is closing");
  }
  return {};
}

Result<void> Indexer::finish_batch() {
  const IndexProgress progress{progress_.batch_to, 0, kEntities, "", "", 0};
  const Writer::Work finish = [&](Database& database) { return put_progress(database, progress); };
  CERTWRIGHT_CHECK(writer_.run(Writer::Job::index, finish));
  const auto first = progress_.done_to;
  progress_ = progress;
  tail_.drop_to(progress.done_to);
  // What a crash leaves of these rows is below done_to and goes with the next batch.
  for (auto to = first; to < progress.done_to;) {
    to = std::min(to + kDeletePiece, progress.done_to);
    const Writer::Work remove = [to](Database& database) -> Result<void> {
      CERTWRIGHT_CHECK(database.run(Statement::delete_queued, to));
      return {};
    };
    CERTWRIGHT_CHECK(writer_.run(Writer::Job::index, remove));
  }
  return {};
}

}  // namespace certwright::store::sqlite
