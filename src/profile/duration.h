#pragma once
// Durations as people write them in profiles and requests.
#include <string>
#include <string_view>

#include "clock/clock.h"
#include "errors/result.h"

namespace certwright::profile {

// Go's duration text and days: one or more decimal numbers, each with a unit, "90d", "8760h",
// "1h30m", "1.5h", "1d12h". Units: d (24 hours), h, m, s, ms, us, ns. No sign, no spaces; "0" alone
// needs no unit. The sum must be a whole number of seconds, at most 100 years.
// Errors: invalid, naming the text.
Result<Seconds> parse_duration(std::string_view text);

// The shortest form with one unit: "90d", "36h", "5m", "90s", "0s". parse_duration() gives it back.
// Negative durations are written as "0s": there are none here.
std::string write_duration(Seconds duration);

}  // namespace certwright::profile
