#include "gateway/g3fcgen/quantity.h"

#include <array>
#include <charconv>
#include <string>

namespace certwright::gateway::g3fcgen {
namespace {

struct Unit { std::string_view name; std::uint64_t factor; };

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Takes the number at the front of `text` off it.
Result<double> take_number(std::string_view& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0)) return fail(Errc::invalid, "expected a number");
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// Takes letters off the front of `text`, lower-cased.
std::string take_word(std::string_view& text) {
  std::string word;
  while (!text.empty() && ((text.front() >= 'a' && text.front() <= 'z') || (text.front() >= 'A' && text.front() <= 'Z'))) {
    word += static_cast<char>(text.front() | 0x20);
    text.remove_prefix(1);
  }
  return word;
}

}  // namespace

Result<std::uint64_t> parse_size_octets(std::string_view text) {
  constexpr double kMax = 1e15;
  static constexpr std::array<Unit, 11> kUnits = {{{"", 1}, {"b", 1}, {"k", 1'024}, {"kib", 1'024}, {"kb", 1'000}, {"m", 1'048'576}, {"mib", 1'048'576},
                                                   {"mb", 1'000'000}, {"g", 1'073'741'824}, {"gib", 1'073'741'824}, {"gb", 1'000'000'000}}};
  std::string_view rest = trimmed(text);
  CERTWRIGHT_TRY(const auto number, take_number(rest));
  rest = trimmed(rest);
  const std::string word = take_word(rest);
  for (const auto& [name, factor] : kUnits)
    if (word == name && rest.empty() && number * static_cast<double>(factor) <= kMax)
      return static_cast<std::uint64_t>(number * static_cast<double>(factor));
  return fail(Errc::invalid, "expected a size such as 262144, 256K or 2M");
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  constexpr double kMaxNs = 365.0 * 86'400 * 1e9;
  static constexpr std::array<Unit, 14> kUnits = {{{"", 1'000'000'000}, {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"sec", 1'000'000'000},
                                                   {"second", 1'000'000'000}, {"seconds", 1'000'000'000}, {"m", 60'000'000'000}, {"min", 60'000'000'000},
                                                   {"h", 3'600'000'000'000}, {"hour", 3'600'000'000'000}, {"d", 86'400'000'000'000}, {"day", 86'400'000'000'000}}};
  const auto refuse = [] { return fail(Errc::invalid, "expected a duration such as 4s, 200ms or 1m 30s"); };
  std::string_view rest = trimmed(text);
  double total_ns = 0;
  if (rest.empty()) return refuse();
  while (!rest.empty()) {
    const auto number = take_number(rest);
    if (!number) return refuse();
    const std::string word = take_word(rest);
    rest = trimmed(rest);
    if (word.empty() && (!rest.empty() || total_ns > 0)) return refuse();
    bool known = false;
    for (const auto& [name, factor] : kUnits)
      if (word == name) {
        total_ns += *number * static_cast<double>(factor);
        known = true;
      }
    if (!known || total_ns > kMaxNs) return refuse();
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(total_ns));
}

}  // namespace certwright::gateway::g3fcgen
