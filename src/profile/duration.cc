#include "profile/duration.h"

#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "profile/shown.h"

namespace certwright::profile {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::int64_t kDurationMaxSeconds = 100LL * 366 * 86'400;
constexpr std::size_t kDurationMaxOctets = 64;

struct DurationUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array<DurationUnit, 7> kDurationUnits = {{
    {"d", 86'400 * kNanosecondsPerSecond},
    {"h", 3'600 * kNanosecondsPerSecond},
    {"ms", 1'000'000},  // before "m", which it starts with
    {"m", 60 * kNanosecondsPerSecond},
    {"s", kNanosecondsPerSecond},
    {"us", 1'000},
    {"ns", 1},
}};

// Takes digits from the front of `text`. Nullopt for none, or for a number that no duration needs.
std::optional<std::int64_t> take_digits(std::string_view& text) {
  std::int64_t value = 0;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count) {
    if (count == 18) return std::nullopt;
    value = value * 10 + (text[count] - '0');
  }
  text.remove_prefix(count);
  return count == 0 ? std::nullopt : std::optional(value);
}

// One number with its unit, in nanoseconds.
std::optional<std::int64_t> take_term(std::string_view& text) {
  constexpr std::int64_t kMax = kDurationMaxSeconds * kNanosecondsPerSecond;
  const auto whole = take_digits(text);
  if (!whole) return std::nullopt;
  std::int64_t fraction = 0;
  std::int64_t scale = 1;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t before = text.size();
    const auto digits = take_digits(text);
    if (!digits || before - text.size() > 9) return std::nullopt;
    fraction = *digits;
    for (std::size_t i = text.size(); i < before; ++i) scale *= 10;
  }
  for (const DurationUnit& unit : kDurationUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    if (*whole > kMax / unit.nanoseconds) return std::nullopt;
    // unit * fraction can need more than 64 bits, so the unit is divided first; what does not
    // divide would be a part of a nanosecond.
    const std::int64_t quotient = unit.nanoseconds / scale, rest = unit.nanoseconds % scale;
    if (rest * fraction % scale != 0) return std::nullopt;
    return *whole * unit.nanoseconds + quotient * fraction + rest * fraction / scale;
  }
  return std::nullopt;
}

}  // namespace

Result<Seconds> parse_duration(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::invalid,
                fmt::format("{} is not a duration such as \"90d\" or \"8760h\": {}", shown(text), why));
  };
  if (text == "0") return Seconds(0);
  if (text.empty() || text.size() > kDurationMaxOctets) return refuse("its length");
  std::int64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const auto term = take_term(rest);
    if (!term) return refuse("numbers with the units d, h, m, s, ms, us, ns are expected");
    total += *term;  // no overflow: both are under 3.2e18
    if (total > kDurationMaxSeconds * kNanosecondsPerSecond) return refuse("over 100 years");
  }
  if (total % kNanosecondsPerSecond != 0) return refuse("parts of seconds cannot be used here");
  return Seconds(total / kNanosecondsPerSecond);
}

std::string write_duration(Seconds duration) {
  const std::int64_t seconds = duration.count();
  if (seconds <= 0) return "0s";
  if (seconds % 86'400 == 0) return fmt::format("{}d", seconds / 86'400);
  if (seconds % 3'600 == 0) return fmt::format("{}h", seconds / 3'600);
  if (seconds % 60 == 0) return fmt::format("{}m", seconds / 60);
  return fmt::format("{}s", seconds);
}

}  // namespace certwright::profile
