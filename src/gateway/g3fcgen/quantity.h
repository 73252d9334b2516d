#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "errors/result.h"

namespace certwright::gateway::g3fcgen {

// "262144", "256K", "2M", "1G", also "KB", "KiB", "MB" ...: K is 1000 before a lone B, else 1024.
// Errors: invalid.
Result<std::uint64_t> parse_size_octets(std::string_view text);

// "4s", "200ms", "1m 30s", "1h", "250us", "10ns"; a bare number, whole or not, is seconds.
// Errors: invalid; also beyond a year.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace certwright::gateway::g3fcgen
