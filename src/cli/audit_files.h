#pragma once
// Files of the audit log that commands read offline.
#include <optional>
#include <string>

#include "audit/verify.h"
#include "errors/result.h"

namespace certwright::cli {

// The log's public key, a line of text. Errors: the file's; those of audit::CheckpointKey::parse().
Result<audit::CheckpointKey> read_log_key(const std::string& path);

// Verifies an exported file, with progress on a terminal; `known` as in audit::verify_export(). Errors:
// not_found if it cannot be read; invalid with file, line and what does not hold.
Result<audit::ExportReport> verify_export_file(const std::string& path, const audit::CheckpointKey& key,
                                               const std::optional<audit::Checkpoint>& known = {});

}  // namespace certwright::cli
