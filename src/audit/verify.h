#pragma once
// Verifying what export.h wrote. Needs the file and the log's public key, no server and no store.
#include <cstdint>
#include <functional>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "audit/checkpoint.h"
#include "errors/result.h"

namespace certwright::audit {

struct ExportProblem {
  std::uint64_t line = 0;  // of the file, from 1
  std::string text;        // one sentence for a person
};

struct ExportReport {
  std::uint64_t from = 0;         // position of the first record
  std::uint64_t records = 0;      // read
  std::uint64_t checkpoints = 0;  // whose signature and root verified
  Checkpoint last;                // the last of them
  Hash root_before{};  // of the records before `from`: the last.root of the file before this one
  bool continues_known = false;  // the records pass through `known`
  std::optional<ExportProblem> problem;  // the first; reading stops there
  bool ok() const noexcept { return !problem; }
};

using VerifyProgress = std::function<void(std::uint64_t records)>;  // every 65,536 records

// ok() means: the file holds exactly the records [from, last.tree_size) of the log that `key`
// signed, unchanged, complete and in order, and every octet of the file is what export_log() would
// write. It does not mean that the log has no later records, nor that it is the log of yesterday:
// whoever has the key can sign another history, and then each file of it is ok(). Two things tell:
// - files in order belong to one history only if each root_before is the last.root of the one before;
// - `known`, a checkpoint that was kept elsewhere: where its size is within the file, the records are
//   a problem unless they have its root there, and continues_known if they do.
// Memory does not grow with the file. Any input is safe.
ExportReport verify_export(std::istream& file, const CheckpointKey& key,
                           const VerifyProgress& progress = {},
                           const std::optional<Checkpoint>& known = {});

struct RecordProof {
  std::uint64_t position = 0;
  std::string record;     // JSON
  Checkpoint checkpoint;  // that covers it
};

// Errors: bad_encoding, too_large; invalid if anything does not verify.
Result<RecordProof> verify_record_proof(std::string_view text, const CheckpointKey& key);

}  // namespace certwright::audit
