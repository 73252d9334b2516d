#include "aggregate/proof.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "aggregate/interval_file.h"

namespace certwright::aggregate {
namespace {

constexpr std::string_view kFirstLine = "certwright interception proof 1";
constexpr std::size_t kPathMax = 64;

// Subtree roots of sorted entries, computed when they are asked for.
audit::NodeSource nodes_of(const std::vector<Entry>& entries) {
  return [&entries](unsigned level, std::uint64_t index) -> Result<audit::Hash> {
    const std::uint64_t begin = index << level, end = (index + 1) << level;
    if (end > entries.size()) return fail(Errc::internal, "the tree does not have this node");
    audit::CompactRange range;
    for (std::uint64_t i = begin; i < end; ++i) range.append(audit::leaf_hash(entries[i].octets()));
    return range.root();
  };
}

Result<ProvenEntry> proven(const std::vector<Entry>& entries, std::size_t index) {
  CERTWRIGHT_TRY(auto path, audit::inclusion_proof(nodes_of(entries), index, entries.size()));
  return ProvenEntry{.entry = entries[index], .index = index, .path = std::move(path)};
}

// The closed interval after this one, which names the one before it. Days are folders.
Result<ClosedInterval> next_closed(const std::filesystem::path& folder, std::uint64_t interval) {
  for (const auto day : numbers_in(folder / "closed"))
    for (const auto number : numbers_in(folder / "closed" / std::to_string(day)))
      if (number > interval) return read_closed_header(closed_path(folder, number));
  return fail(Errc::conflict, "no interval after the certificate's is closed yet; ask again in two minutes");
}

Result<Proof> prove_empty(const std::filesystem::path& folder, Proof proof, std::uint64_t interval) {
  CERTWRIGHT_TRY(proof.closed, next_closed(folder, interval));
  if (proof.closed.previous < interval && proof.closed.previous != 0) return proof;
  return fail(Errc::not_found, "nothing is kept of the time of this serial: it is before the first record, or "
                               "its retention is over");
}

bool same_serial(const Entry& a, const Entry& b) noexcept { return a.serial == b.serial; }

Result<void> check_entry(const Proof& proof, const ProvenEntry& entry) {
  if (audit::verify_inclusion(audit::leaf_hash(entry.entry.octets()), entry.index, proof.closed.count,
                              entry.path, proof.closed.root))
    return {};
  return fail(Errc::invalid, fmt::format("entry {} is not in the tree of this root", entry.index));
}

std::uint64_t id_of_serial(const Entry& entry) noexcept {
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | entry.serial[i];
  return id;
}

std::string line(std::string_view word, std::string_view value) {
  return fmt::format("{} {}\n", word, value);
}

// Lines and words of a proof.
class ProofReader {
 public:
  explicit ProofReader(std::string_view text) : rest_(text) {}
  bool at_end() const noexcept { return rest_.empty(); }
  bool next_is(std::string_view word) const noexcept {
    return rest_.starts_with(word) && rest_.substr(word.size()).starts_with(' ');
  }
  Result<std::string_view> take_line() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) return fail(Errc::bad_encoding, "the proof is cut short");
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return taken;
  }
  Result<std::string_view> take(std::string_view word) {
    if (!next_is(word)) return fail(Errc::bad_encoding, fmt::format("the proof has no \"{}\" where it should", word));
    CERTWRIGHT_TRY(const auto taken, take_line());
    return taken.substr(word.size() + 1);
  }
  Result<std::uint64_t> take_number(std::string_view word) {
    CERTWRIGHT_TRY(const auto digits, take(word));
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool padded = digits.size() > 1 && digits[0] == '0';
    if (error != std::errc() || end != digits.data() + digits.size() || digits.empty() || padded)
      return fail(Errc::bad_encoding, fmt::format("\"{}\" is no number", word));
    return value;
  }
  template <std::size_t N>
  Result<void> take_octets(std::string_view word, std::array<std::uint8_t, N>& out) {
    CERTWRIGHT_TRY(const auto hex, take(word));
    CERTWRIGHT_TRY(const auto octets, from_hex(hex));
    if (octets.size() != N || to_hex(octets) != hex)
      return fail(Errc::bad_encoding, fmt::format("\"{}\" has another length or form", word));
    std::ranges::copy(octets, out.begin());
    return {};
  }

 private:
  std::string_view rest_;
};

Result<ProvenEntry> read_entry(ProofReader& reader) {
  ProvenEntry entry;
  CERTWRIGHT_TRY(entry.index, reader.take_number("entry"));
  CERTWRIGHT_CHECK(reader.take_octets("entry-serial", entry.entry.serial));
  CERTWRIGHT_CHECK(reader.take_octets("entry-sha256", entry.entry.certificate_sha256));
  while (reader.next_is("path")) {
    if (entry.path.size() == kPathMax) return fail(Errc::bad_encoding, "a path of more than 64 hashes");
    CERTWRIGHT_CHECK(reader.take_octets("path", entry.path.emplace_back()));
  }
  return entry;
}

}  // namespace

std::string_view name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::issued: return "issued";
    case Verdict::other_certificate: return "other_certificate";
    case Verdict::not_issued: return "not_issued";
    case Verdict::interval_empty: return "interval_empty";
  }
  return "";
}

Result<Proof> prove(const std::filesystem::path& folder, const x509::SerialNumber& serial,
                    const Sha256& certificate_sha256, Time now) {
  const auto id = serial.id();
  if (!id) return fail(Errc::invalid, "the serial is not of the 16 octets that Certwright issues: it is not ours");
  Proof proof;
  proof.subject.certificate_sha256 = certificate_sha256;
  std::ranges::copy(serial.integer_content(), proof.subject.serial.begin());
  const std::uint64_t interval = interval_of_id(*id);
  if (interval > interval_at(now) + 1) return fail(Errc::invalid, "the serial's time has not come: it is not ours");
  auto file = read_closed(closed_path(folder, interval));
  if (!file && file.error().code == Errc::not_found) {
    std::error_code ignored;
    if (interval >= interval_at(now) || std::filesystem::exists(open_path(folder, interval), ignored))
      return fail(Errc::conflict, "the serial's interval is not closed yet; ask again in two minutes");
    return prove_empty(folder, std::move(proof), interval);
  }
  if (!file) return tl::unexpected(file.error());
  proof.closed = file->closed;
  const auto& entries = file->entries;
  const auto at = std::ranges::lower_bound(entries, proof.subject.serial, {}, &Entry::serial);
  const auto index = static_cast<std::size_t>(at - entries.begin());
  const bool found = at != entries.end() && same_serial(*at, proof.subject);
  std::vector<std::size_t> indexes;
  if (!found && index > 0) indexes.push_back(index - 1);
  if (index < entries.size()) indexes.push_back(index);
  for (const auto each : indexes) {
    CERTWRIGHT_TRY(auto entry, proven(entries, each));
    proof.entries.push_back(std::move(entry));
  }
  return proof;
}

Result<Verdict> verify_proof(const Proof& proof) {
  const std::uint64_t interval = interval_of_id(id_of_serial(proof.subject));
  for (const auto& entry : proof.entries) CERTWRIGHT_CHECK(check_entry(proof, entry));
  if (proof.closed.interval != interval) {
    if (proof.entries.empty() && proof.closed.previous < interval && interval < proof.closed.interval)
      return Verdict::interval_empty;
    return fail(Errc::invalid, "the proof is about another interval than the serial's");
  }
  if (proof.entries.size() == 1 && same_serial(proof.entries[0].entry, proof.subject))
    return proof.entries[0].entry == proof.subject ? Verdict::issued : Verdict::other_certificate;
  if (proof.closed.count == 0 && proof.entries.empty() && proof.closed.root == audit::empty_root())
    return Verdict::not_issued;
  // Before the first, behind the last, or between two that are next to each other.
  const auto below = [&](const ProvenEntry& e) { return e.entry.serial < proof.subject.serial; };
  const auto& e = proof.entries;
  const bool first = e.size() == 1 && e[0].index == 0 && proof.subject.serial < e[0].entry.serial;
  const bool last = e.size() == 1 && e[0].index + 1 == proof.closed.count && below(e[0]);
  const bool between = e.size() == 2 && e[0].index + 1 == e[1].index && below(e[0]) &&
                       proof.subject.serial < e[1].entry.serial;
  if (first || last || between) return Verdict::not_issued;
  return fail(Errc::invalid, "the entries of the proof are not the serial's neighbours");
}

std::string write_proof(const Proof& proof) {
  std::string text(kFirstLine);
  text += '\n';
  text += line("serial", to_hex(proof.subject.serial));
  text += line("sha256", to_hex(proof.subject.certificate_sha256));
  text += line("interval", std::to_string(proof.closed.interval));
  text += line("count", std::to_string(proof.closed.count));
  text += line("root", to_hex(proof.closed.root));
  text += line("previous", std::to_string(proof.closed.previous));
  text += line("lost", std::to_string(proof.closed.lost));
  for (const auto& entry : proof.entries) {
    text += line("entry", std::to_string(entry.index));
    text += line("entry-serial", to_hex(entry.entry.serial));
    text += line("entry-sha256", to_hex(entry.entry.certificate_sha256));
    for (const auto& hash : entry.path) text += line("path", to_hex(hash));
  }
  return text;
}

Result<Proof> read_proof(std::string_view text) {
  ProofReader reader(text);
  CERTWRIGHT_TRY(const auto first, reader.take_line());
  if (first != kFirstLine) return fail(Errc::bad_encoding, "not an interception proof");
  Proof proof;
  CERTWRIGHT_CHECK(reader.take_octets("serial", proof.subject.serial));
  CERTWRIGHT_CHECK(reader.take_octets("sha256", proof.subject.certificate_sha256));
  CERTWRIGHT_TRY(proof.closed.interval, reader.take_number("interval"));
  CERTWRIGHT_TRY(proof.closed.count, reader.take_number("count"));
  CERTWRIGHT_CHECK(reader.take_octets("root", proof.closed.root));
  CERTWRIGHT_TRY(proof.closed.previous, reader.take_number("previous"));
  CERTWRIGHT_TRY(proof.closed.lost, reader.take_number("lost"));
  while (!reader.at_end()) {
    if (proof.entries.size() == 2) return fail(Errc::bad_encoding, "more than two entries");
    CERTWRIGHT_TRY(auto entry, read_entry(reader));
    proof.entries.push_back(std::move(entry));
  }
  return proof;
}

std::vector<std::pair<std::string_view, std::string>> audit_fields(const ClosedInterval& closed) {
  return {{"interval", std::to_string(closed.interval)},
          {"begin", to_rfc3339(begin_of(closed.interval))},
          {"count", std::to_string(closed.count)},
          {"root", to_hex(closed.root)},
          {"previous", std::to_string(closed.previous)},
          {"lost", std::to_string(closed.lost)}};
}

}  // namespace certwright::aggregate
