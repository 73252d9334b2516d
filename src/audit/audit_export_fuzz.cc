// Whatever verifies is, to the octet, what export_log() or prove_record() writes for the one log
// that the fixed key ever signed.
#include <cstdlib>
#include <sstream>

#include "audit/export.h"
#include "audit/log_fixture.h"
#include "audit/verify.h"

namespace {

using namespace certwright;

// Checkpoints at 3, 5 and 12; the corpus was made from it.
const audit::TestLog& signed_log() {
  static audit::TestLog log;
  if (log.records == 0) {
    for (const std::uint64_t count : {3u, 2u, 7u}) {
      log.add(count);
      if (!log.checkpointer.run_once().value()) std::abort();
    }
  }
  return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto& log = signed_log();
  const std::string text(as_text({data, size}));
  std::istringstream in(text);
  const auto report = audit::verify_export(in, log.key);
  if (report.ok()) {
    std::string expected;
    const auto append = [&](std::string_view chunk) -> Result<void> {
      expected += chunk;
      return {};
    };
    const audit::ExportRange range{report.from, report.last.tree_size};
    if (!audit::export_log(log.store, log.key, range, append) || expected != text) std::abort();
  } else if (report.problem->text.empty()) {
    std::abort();
  }
  if (const auto proof = audit::verify_record_proof(text, log.key))
    if (audit::prove_record(log.store, log.key, proof->position).value() != text) std::abort();
  return 0;
}
