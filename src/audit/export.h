#pragma once
// Getting the log out, in files that prove themselves (README.md has the formats).
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/checkpoint.h"
#include "errors/result.h"
#include "store/store.h"

namespace certwright::audit {

using ExportSink = std::function<Result<void>(std::string_view chunk)>;
using ExportProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct ExportRange {
  std::uint64_t from = 0;           // position of the first record
  std::optional<std::uint64_t> to;  // one past the last; none: all that is signed
};

struct ExportSummary {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t checkpoints = 0;
};

// Writes records [from, to) and the checkpoints among and right behind them. The file always ends
// at a checkpoint: `to` is moved to the next one, or back to the last one there is. Streams: memory
// does not grow with the log. Nothing is verified here; verify_export() does.
// Errors: conflict if there is no checkpoint behind `from` yet; internal for a record that is not
// one line; the sink's.
Result<ExportSummary> export_log(const store::Store& store, const CheckpointKey& key,
                                 const ExportRange& range, const ExportSink& sink,
                                 const ExportProgress& progress = {});

// One record with its inclusion proof, as a text of a few kilobytes. Errors: not_found beyond the
// end of the log; conflict if no checkpoint covers it yet; internal if the tree is not what was
// signed.
Result<std::string> prove_record(const store::Store& store, const CheckpointKey& key,
                                 std::uint64_t position);

}  // namespace certwright::audit
