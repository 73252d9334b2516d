#include "audit/export_format.h"

#include <charconv>

namespace certwright::audit::format {

std::optional<std::uint64_t> number(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  return value;
}

std::optional<std::string_view> after(std::string_view word, std::string_view line) noexcept {
  if (!line.starts_with(word)) return std::nullopt;
  return line.substr(word.size());
}

}  // namespace certwright::audit::format
