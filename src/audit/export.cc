#include "audit/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/export_format.h"
#include "audit/journal.h"
#include "audit/tree.h"

namespace certwright::audit {
namespace {

constexpr std::uint32_t kRecordsPerRead = 1000;
constexpr std::uint32_t kCheckpointsPerRead = 100;

Result<void> check_record(const store::AuditLeaf& leaf, std::uint64_t expected_position) {
  const std::string_view text = as_text(leaf.record);
  if (leaf.position != expected_position)
    return fail(Errc::internal, "The audit log's positions have a gap.");
  if (!text.starts_with('{') || text.find('\n') != text.npos || text.size() > kMaxRecordOctets)
    return fail(Errc::internal,
                fmt::format("Record {} of the audit log is not one line of JSON.", leaf.position));
  return {};
}

// The checkpoints of sizes (from, to], one after the other.
class Checkpoints {
 public:
  Checkpoints(const store::Store& store, std::uint64_t from) : store_(store), next_(from + 1) {}

  // The next one, or nothing behind the last.
  Result<const store::AuditCheckpoint*> current() {
    if (at_ == batch_.size()) {
      CERTWRIGHT_TRY(batch_, store_.list_checkpoints(next_, kCheckpointsPerRead));
      at_ = 0;
      if (batch_.empty()) return nullptr;
    }
    return &batch_[at_];
  }
  void advance() { next_ = batch_[at_++].tree_size + 1; }

 private:
  const store::Store& store_;
  std::uint64_t next_;
  std::vector<store::AuditCheckpoint> batch_;
  std::size_t at_ = 0;
};

Result<std::uint64_t> end_of_export(const store::Store& store, const ExportRange& range) {
  CERTWRIGHT_TRY(const auto last, store.latest_checkpoint());
  if (!last || last->tree_size <= range.from)
    return fail(Errc::conflict, "No checkpoint is signed for these records yet.");
  if (!range.to || *range.to >= last->tree_size) return last->tree_size;
  if (*range.to <= range.from)
    return fail_field(Errc::invalid, "to", "The end of the range is not behind its beginning.");
  CERTWRIGHT_TRY(const auto next, store.list_checkpoints(*range.to, 1));
  return next.empty() ? last->tree_size : next.front().tree_size;
}

Result<std::string> header_of(const store::Store& store, const CheckpointKey& key,
                              std::uint64_t from, std::uint64_t to) {
  CERTWRIGHT_TRY(const CompactRange before, read_compact_range(stored_nodes(store), from));
  std::string header = fmt::format("{}\n{}{}\n{}{}\n{}{}\n", format::kExport, format::kKey,
                                   key.text(), format::kFrom, from, format::kTo, to);
  for (const Hash& peak : before.peaks())
    header += fmt::format("{}{}\n", format::kSubtree, to_base64(peak));
  return header;
}

}  // namespace

Result<ExportSummary> export_log(const store::Store& store, const CheckpointKey& key,
                                 const ExportRange& range, const ExportSink& sink,
                                 const ExportProgress& progress) {
  ExportSummary summary{range.from, 0, 0};
  CERTWRIGHT_TRY(summary.to, end_of_export(store, range));
  CERTWRIGHT_TRY(std::string chunk, header_of(store, key, summary.from, summary.to));
  Checkpoints checkpoints(store, summary.from);
  for (std::uint64_t position = summary.from; position < summary.to;) {
    const auto limit = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(kRecordsPerRead, summary.to - position));
    CERTWRIGHT_TRY(const auto leaves, store.audit_leaves(position, limit));
    if (leaves.empty()) return fail(Errc::internal, "The audit log lacks records at its end.");
    for (const store::AuditLeaf& leaf : leaves) {
      CERTWRIGHT_CHECK(check_record(leaf, position++));
      chunk += as_text(leaf.record);
      chunk += '\n';
      CERTWRIGHT_TRY(const auto* checkpoint, checkpoints.current());
      if (checkpoint == nullptr || checkpoint->tree_size != position) continue;
      chunk += fmt::format("{}\n{}", format::kCheckpoint, checkpoint->signed_note);
      checkpoints.advance();
      ++summary.checkpoints;
    }
    CERTWRIGHT_CHECK(sink(chunk));
    chunk.clear();
    if (progress) progress(position - summary.from, summary.to - summary.from);
  }
  CERTWRIGHT_CHECK(sink(fmt::format("{}\n", format::kEnd)));
  return summary;
}

Result<std::string> prove_record(const store::Store& store, const CheckpointKey& key,
                                 std::uint64_t position) {
  CERTWRIGHT_TRY(const auto leaves, store.audit_leaves(position, 1));
  if (leaves.empty()) return fail(Errc::not_found, "The audit log does not have this record yet.");
  CERTWRIGHT_CHECK(check_record(leaves.front(), position));
  CERTWRIGHT_TRY(const auto last, store.latest_checkpoint());
  if (!last || last->tree_size <= position)
    return fail(Errc::conflict, "No checkpoint is signed for this record yet.");
  CERTWRIGHT_TRY(const auto path, inclusion_proof(stored_nodes(store), position, last->tree_size));
  const Bytes& record = leaves.front().record;
  if (!verify_inclusion(leaf_hash(record), position, last->tree_size, path, last->root))
    return fail(Errc::internal, "The audit log is not what was signed: this record changed.");
  std::string text = fmt::format("{}\n{}{}\n{}{}\n{}\n", format::kProof, format::kKey, key.text(),
                                 format::kRecord, position, as_text(record));
  for (const Hash& hash : path) text += fmt::format("{}{}\n", format::kPath, to_base64(hash));
  return text + fmt::format("{}\n{}", format::kCheckpoint, last->signed_note);
}

}  // namespace certwright::audit
