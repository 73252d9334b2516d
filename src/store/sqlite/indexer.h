#pragma once
// Fills the search indexes behind the commits.
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "store/sqlite/tail.h"
#include "store/sqlite/writer.h"

namespace certwright::store::sqlite {

enum class KeyKind : std::uint8_t { tenant = 1, ca = 2, principal = 3, entity_type = 4, name = 5 };

// The row of index_progress.
struct IndexProgress {
  std::uint64_t done_to = 0;
  std::uint64_t batch_to = 0;  // 0: no batch is under way
  std::uint32_t step = 0;
  std::string entity_id, tenant;
  std::uint64_t sequence = 0;

  // Certificates of this entity up to here, in order of commit, are in lineage_entity and its
  // counter; later ones are in the tail only.
  std::uint64_t counted_to(std::string_view of_entity_id,
                           std::string_view of_tenant) const noexcept;
};
Result<IndexProgress> read_progress(Database& database);
// What is committed and not indexed.
Result<std::vector<TailEntry>> read_tail(Database& database, const IndexProgress& progress);

// The widths of lineage_expiry_span: a span is 2^bits seconds, and kSpansOfNext of them are one of
// the next width.
inline constexpr std::array kSpanBits = {10, 13, 16, 19, 22};
inline constexpr std::int64_t kSpansOfNext = 8;
// The span of a notAfter.
constexpr std::int64_t span_of(Time t, int width_bits) noexcept {
  return std::chrono::floor<Seconds>(t).time_since_epoch().count() >> width_bits;
}

// Takes batches from the tail, sorts them by each index's key, so that neighbours share a page, and
// hands the writer small pieces. A batch that a crash interrupts is begun again where its last
// durable step ended; entering a row twice is harmless, and what counts is entered once. Between
// batches, every few seconds, it lists what expired by the clock as expired.
class Indexer {
 public:
  // Begins a batch when the tail has `least` entries. `clock` must outlive it.
  Indexer(Writer& writer, Tail& tail, const Clock& clock, IndexProgress progress,
          std::size_t least);
  ~Indexer();
  // Begins. Apart from construction, because the writer's first commit for it already calls
  // nudge().
  void start();
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  // Something was committed.
  void nudge();

 private:
  class Batch;
  void loop();
  enum class Turn : std::uint8_t { batch, sweep, stop };
  Turn wait_for_turn();
  Result<void> run_batch();
  Result<void> run_sweep();
  Result<void> run_entities(const Batch& batch);
  Result<void> finish_batch();
  // Inserts rows 0 to size-1 with `put`, piece by piece, then notes that `step` is done.
  using Put = std::function<Result<std::int64_t>(Database&, std::size_t)>;
  Result<void> run_step(std::uint32_t step, std::size_t size, const Put& put);

  Writer& writer_;
  Tail& tail_;
  const Clock& clock_;
  IndexProgress progress_;
  const std::size_t least_;
  std::chrono::steady_clock::time_point next_sweep_{};  // the first comes at once
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool nudged_ = false;
  std::thread thread_;
};

}  // namespace certwright::store::sqlite
