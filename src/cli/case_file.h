#pragma once
// The case file of a request (certwright request show ID --case), checked without a server.
#include <cstddef>
#include <string>

#include "audit/checkpoint.h"
#include "errors/result.h"
#include "json/value.h"

namespace certwright::cli {

struct CheckedCase {
  std::string request;
  std::size_t proved = 0;
  std::size_t unproved = 0;      // most likely newer than the newest checkpoint: their proofs can be had later
  bool has_csr = false;          // and it is the one that a proved record names
  bool has_certificate = false;  // likewise
  bool complete = true;          // as the file says: are there more records than it has?
  bool truncated = false;        // as the file says: records are missing that may be of any kind
  bool checked_end = false;      // state, reason, approvals, changes, binding, and that no step is missing
};

// What always holds on success: each proof that the file has; that the record beside it is the proved one and about
// this request, in the order of the log and none twice; that CSR, certificate and serial, requester, CA, profile and
// subject, and what was checked are those that proved records name.
// Only with `checked_end` also that each step follows on the one before, and that state, reason, approvals with their
// comments, changes, binding and version of the profile are those of the records. Whoever takes a proof out of the
// file switches that off: a file without `checked_end` must not count as verified.
// Not seen from the file: records later than its last, and whether one is missing that tells of none of the above.
// Only an export of the log shows that there are none (certwright audit verify). Not of the log, and not checked:
// `notifications`, `email`, `purpose` and all else that is not named here.
// Errors: invalid if anything does not hold, or if there is no proof at all; bad_encoding, too_large as
// audit::verify_record_proof().
Result<CheckedCase> check_case_file(const json::Value& file, const audit::CheckpointKey& key);

}  // namespace certwright::cli
