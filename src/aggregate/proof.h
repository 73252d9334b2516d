#pragma once
// Proofs that a certificate was, or was not, issued at record level aggregate. A proof says something
// about one interval's tree; that the tree's root is ours is in the audit log (AGGREGATE_CLOSED), whose
// export proves itself (audit/verify.h).
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregate/entry.h"
#include "errors/result.h"

namespace certwright::aggregate {

enum class Verdict : std::uint8_t {
  issued,            // its entry is in the tree
  other_certificate, // its serial is in the tree, with another certificate: this one is not ours
  not_issued,        // its neighbours are in the tree and next to each other
  interval_empty,    // the tree is the next one, and says that its interval had no certificate
};

std::string_view name_of(Verdict verdict) noexcept;  // "issued", ...

struct ProvenEntry {
  Entry entry;
  std::uint64_t index = 0;        // in the sorted tree
  std::vector<audit::Hash> path;  // RFC 9162 section 2.1.3.1
};

struct Proof {
  Entry subject;          // what was asked for
  ClosedInterval closed;  // the tree it is about
  std::vector<ProvenEntry> entries;
};

// Reads the log's folder, beside a running server too. Errors: invalid if the serial is not of the shape
// that Certwright issues, so that no tree can have it; conflict if its interval is not closed yet;
// not_found if nothing is kept of its time: before the log began, or retention is over; internal if a
// file was changed.
Result<Proof> prove(const std::filesystem::path& folder, const x509::SerialNumber& serial,
                    const Sha256& certificate_sha256, Time now);

// What a proof shows, if it holds by itself. Errors: invalid, saying what does not hold.
Result<Verdict> verify_proof(const Proof& proof);

// Text, lines ending in LF; README.md shows it. Errors of reading: bad_encoding.
std::string write_proof(const Proof& proof);
Result<Proof> read_proof(std::string_view text);

// The fields of an AGGREGATE_CLOSED record for this interval, in the catalogue's order.
std::vector<std::pair<std::string_view, std::string>> audit_fields(const ClosedInterval& closed);

}  // namespace certwright::aggregate
