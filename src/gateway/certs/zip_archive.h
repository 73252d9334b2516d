#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "bytes/bytes.h"
#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::gateway::certs {

struct ZipEntry {
  std::string_view name;
  ByteView content;
  unsigned mode = 0644;  // as `unzip` makes it
};

// A zip file in memory, entries in order, not compressed: what it holds is small, and a key should
// leave few traces. The octets are wiped with their last owner. Errors: internal.
Result<std::shared_ptr<const Bytes>> make_zip(const std::vector<ZipEntry>& entries, Time modified);

}  // namespace certwright::gateway::certs
