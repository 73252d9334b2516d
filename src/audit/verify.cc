#include "audit/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "audit/export_format.h"
#include "audit/journal.h"

namespace certwright::audit {
namespace {

constexpr std::size_t kMaxProofOctets = kMaxRecordOctets + 16 * 1024;
constexpr std::size_t kMaxSubtrees = 64;
constexpr std::uint64_t kRecordsPerProgress = 65'536;

// Lines that end in a line feed, of at most kMaxRecordOctets.
class Lines {
 public:
  explicit Lines(std::istream& in) : in_(in) {}

  // Valid until the next call. Errors: bad_encoding for a last line without its line feed.
  Result<std::string_view> next() {
    line_.clear();
    for (;;) {
      if (at_ == end_ && !fill()) {
        if (line_.empty()) return fail(Errc::not_found, "The file ends too early.");
        return fail(Errc::bad_encoding, "The file ends within a line.");
      }
      const std::string_view rest(buffer_.data() + at_, end_ - at_);
      const auto feed = rest.find('\n');
      const std::string_view part = rest.substr(0, feed);
      if (line_.size() + part.size() > kMaxRecordOctets)
        return fail(Errc::too_large, "This line is too long.");
      at_ += part.size();
      line_ += part;
      if (feed == rest.npos) continue;
      ++at_;
      ++number_;
      return std::string_view(line_);
    }
  }
  bool at_end() { return at_ == end_ && !fill(); }
  std::uint64_t number() const noexcept { return number_; }  // of the line last read

 private:
  bool fill() {
    if (!in_) return false;
    in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    at_ = 0;
    end_ = static_cast<std::size_t>(in_.gcount());
    return end_ != 0;
  }

  std::istream& in_;
  std::array<char, 65'536> buffer_{};
  std::size_t at_ = 0, end_ = 0;
  std::string line_;
  std::uint64_t number_ = 0;
};

Result<std::string_view> word_line(Lines& lines, std::string_view word) {
  CERTWRIGHT_TRY(const std::string_view line, lines.next());
  const auto rest = format::after(word, line);
  if (!rest) return fail(Errc::bad_encoding, fmt::format("Here the line \"{}...\" is due.", word));
  return *rest;
}

Result<std::uint64_t> number_line(Lines& lines, std::string_view word) {
  CERTWRIGHT_TRY(const std::string_view digits, word_line(lines, word));
  const auto number = format::number(digits);
  if (!number) return fail(Errc::bad_encoding, "This is not a number.");
  return *number;
}

Result<void> read_title(Lines& lines, std::string_view title) {
  CERTWRIGHT_TRY(const std::string_view line, lines.next());
  if (line != title)
    return fail(Errc::bad_encoding, fmt::format("A file of this kind begins \"{}\".", title));
  return {};
}

// The file's own key must be the one the reader trusts; it is there to be compared, not believed.
// Returns the name in it.
Result<std::string> read_key(Lines& lines, const CheckpointKey& trusted) {
  CERTWRIGHT_TRY(const std::string_view text, word_line(lines, format::kKey));
  const auto key = CheckpointKey::parse(text);
  if (!key || key->text() != text) return fail(Errc::bad_encoding, "This is not a log's key.");
  if (key->public_key() != trusted.public_key() ||
      (!trusted.name().empty() && trusted.name() != key->name()))
    return fail(Errc::invalid, "The file is of a log with another key.");
  return key->name();
}

Result<Hash> read_hash(std::string_view text) {
  CERTWRIGHT_TRY(const Bytes octets, from_base64(text));
  Hash hash{};
  if (octets.size() != hash.size()) return fail(Errc::bad_encoding, "A hash has 32 octets.");
  std::ranges::copy(octets, hash.begin());
  return hash;
}

Result<Checkpoint> read_checkpoint(Lines& lines, const CheckpointKey& key, std::string_view name) {
  std::string note;
  for (std::size_t i = 0; i < format::kNoteLines; ++i) {
    CERTWRIGHT_TRY(const std::string_view line, lines.next());
    note += line;
    note += '\n';
  }
  CERTWRIGHT_TRY(Checkpoint checkpoint, verify_checkpoint(note, key));
  if (checkpoint.origin != name)
    return fail(Errc::invalid, "The checkpoint is of a log with another name.");
  return checkpoint;
}

class ExportReader {
 public:
  ExportReader(Lines& lines, const CheckpointKey& key, const VerifyProgress& progress,
               const std::optional<Checkpoint>& known, ExportReport& report)
      : lines_(lines), key_(key), progress_(progress), known_(known), report_(report) {}

  Result<void> run() {
    CERTWRIGHT_TRY(std::string line, header());
    report_.root_before = range_.root();
    CERTWRIGHT_CHECK(compare_with_known());
    while (line != format::kEnd) {
      if (line.starts_with('{')) {
        CERTWRIGHT_CHECK(record(line));
      } else if (line == format::kCheckpoint) {
        CERTWRIGHT_CHECK(checkpoint());
      } else {
        return fail(Errc::bad_encoding, "This line is neither a record nor a checkpoint.");
      }
      CERTWRIGHT_TRY(const std::string_view next, lines_.next());
      line = next;
    }
    return end();
  }

 private:
  // Returns the first line behind the header.
  Result<std::string> header() {
    CERTWRIGHT_CHECK(read_title(lines_, format::kExport));
    CERTWRIGHT_TRY(name_, read_key(lines_, key_));
    CERTWRIGHT_TRY(report_.from, number_line(lines_, format::kFrom));
    CERTWRIGHT_TRY(to_, number_line(lines_, format::kTo));
    if (to_ <= report_.from) return fail(Errc::invalid, "The range of records is empty.");
    std::vector<Hash> subtrees;
    for (;;) {
      CERTWRIGHT_TRY(const std::string_view line, lines_.next());
      const auto encoded = format::after(format::kSubtree, line);
      if (!encoded) {
        CERTWRIGHT_TRY(range_, CompactRange::create(report_.from, std::move(subtrees)));
        return std::string(line);
      }
      if (subtrees.size() == kMaxSubtrees) return fail(Errc::too_large, "Too many subtrees.");
      CERTWRIGHT_TRY(const Hash hash, read_hash(*encoded));
      subtrees.push_back(hash);
    }
  }

  Result<void> record(std::string_view line) {
    if (range_.size() == to_) return fail(Errc::invalid, "There are more records than announced.");
    range_.append(leaf_hash(as_bytes(line)));
    CERTWRIGHT_CHECK(compare_with_known());
    ++report_.records;
    if (progress_ && report_.records % kRecordsPerProgress == 0) progress_(report_.records);
    return {};
  }

  Result<void> compare_with_known() {
    if (!known_ || range_.size() != known_->tree_size) return {};
    if (range_.root() != known_->root)
      return fail(Errc::invalid, fmt::format("The first {} records are not those of the checkpoint "
                                             "that was kept: history was rewritten.",
                                             known_->tree_size));
    report_.continues_known = true;
    return {};
  }

  Result<void> checkpoint() {
    CERTWRIGHT_TRY(Checkpoint found, read_checkpoint(lines_, key_, name_));
    if (found.tree_size != range_.size())
      return fail(Errc::invalid,
                  fmt::format("This checkpoint is for {} records, but it stands behind {}: records "
                              "were removed, inserted or moved.",
                              found.tree_size, range_.size()));
    if (report_.checkpoints != 0 && found.tree_size == report_.last.tree_size)
      return fail(Errc::invalid, "This checkpoint is there twice.");
    if (found.root != range_.root())
      return fail(Errc::invalid,
                  fmt::format("The records are not those that were signed: the first difference is "
                              "at or behind position {}.",
                              report_.checkpoints != 0 ? report_.last.tree_size : report_.from));
    ++report_.checkpoints;
    report_.last = std::move(found);
    return {};
  }

  Result<void> end() {
    if (range_.size() != to_) return fail(Errc::invalid, "There are fewer records than announced.");
    if (report_.checkpoints == 0 || report_.last.tree_size != to_)
      return fail(Errc::invalid, "The last records are not covered by a checkpoint.");
    if (!lines_.at_end()) return fail(Errc::bad_encoding, "Something follows the end.");
    return {};
  }

  Lines& lines_;
  const CheckpointKey& key_;
  const VerifyProgress& progress_;
  const std::optional<Checkpoint>& known_;
  ExportReport& report_;
  std::string name_;
  std::uint64_t to_ = 0;
  CompactRange range_;
};

Result<RecordProof> read_proof(Lines& lines, const CheckpointKey& key) {
  RecordProof proof;
  CERTWRIGHT_CHECK(read_title(lines, format::kProof));
  CERTWRIGHT_TRY(const std::string name, read_key(lines, key));
  CERTWRIGHT_TRY(proof.position, number_line(lines, format::kRecord));
  CERTWRIGHT_TRY(const std::string_view record, lines.next());
  proof.record = record;
  std::vector<Hash> path;
  for (;;) {
    CERTWRIGHT_TRY(const std::string_view line, lines.next());
    if (line == format::kCheckpoint) break;
    const auto encoded = format::after(format::kPath, line);
    if (!encoded || path.size() == kMaxSubtrees)
      return fail(Errc::bad_encoding, "Here a checkpoint is due.");
    CERTWRIGHT_TRY(const Hash hash, read_hash(*encoded));
    path.push_back(hash);
  }
  CERTWRIGHT_TRY(proof.checkpoint, read_checkpoint(lines, key, name));
  if (!lines.at_end()) return fail(Errc::bad_encoding, "Something follows the checkpoint.");
  if (!verify_inclusion(leaf_hash(as_bytes(proof.record)), proof.position,
                        proof.checkpoint.tree_size, path, proof.checkpoint.root))
    return fail(Errc::invalid, "The record is not at this position of the log that was signed.");
  return proof;
}

}  // namespace

ExportReport verify_export(std::istream& file, const CheckpointKey& key,
                           const VerifyProgress& progress, const std::optional<Checkpoint>& known) {
  ExportReport report;
  Lines lines(file);
  const auto result = ExportReader(lines, key, progress, known, report).run();
  if (!result) report.problem = ExportProblem{lines.number(), result.error().detail};
  return report;
}

Result<RecordProof> verify_record_proof(std::string_view text, const CheckpointKey& key) {
  if (text.size() > kMaxProofOctets) return fail(Errc::too_large, "This is too long for a proof.");
  std::istringstream in{std::string(text)};
  Lines lines(in);
  return read_proof(lines, key);
}

}  // namespace certwright::audit
