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
  std::size_t unproved = 0;  // records newer than the newest checkpoint: their proofs can be had later
  bool has_csr = false;          // and it is the one that a proved record names
  bool has_certificate = false;  // likewise
  bool complete = true;          // as the file says: are there more records than it has?
};

// Every proof that the file has, that the record beside it is the proved one and about this request, that each step
// follows on the one before, and that CSR, certificate, approvals, changes, state and reason are those that proved
// records name; the last four only where every record is there and proved. That none is missing that changes no state
// cannot be seen from the file: `certwright audit verify` of an export shows that. Errors: invalid if anything does not hold, or if there
// is no proof at all; bad_encoding, too_large as audit::verify_record_proof().
Result<CheckedCase> check_case_file(const json::Value& file, const audit::CheckpointKey& key);

}  // namespace certwright::cli
