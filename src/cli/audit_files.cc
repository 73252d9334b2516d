#include "cli/audit_files.h"

#include <fstream>

#include <unistd.h>

#include <fmt/format.h>

#include "cli/session.h"

namespace certwright::cli {

Result<audit::CheckpointKey> read_log_key(const std::string& path) {
  CERTWRIGHT_TRY(auto text, read_text_file(path, 64 * 1024));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return audit::CheckpointKey::parse(text);
}

Result<audit::ExportReport> verify_export_file(const std::string& path, const audit::CheckpointKey& key,
                                               const std::optional<audit::Checkpoint>& known) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::not_found, path + ": cannot be read");
  const bool progress = isatty(STDERR_FILENO) != 0;
  auto report = audit::verify_export(
      file, key,
      [&](std::uint64_t records) {
        if (progress) fmt::print(stderr, "\r{}: {} records", path, records);
      },
      known);
  if (progress) fmt::print(stderr, "\r\x1b[K");
  if (!report.ok())
    return fail(Errc::invalid,
                fmt::format("{}:{}: {}", path, report.problem->line, report.problem->text));
  return report;
}

}  // namespace certwright::cli
