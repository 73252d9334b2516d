#include "audit/events.h"

#include <algorithm>
#include <cstdlib>

namespace certwright::audit {
namespace {

constexpr std::uint8_t kNoRow = 0xff;

constexpr auto kRowOfNumber = [] {
  std::array<std::uint8_t, 256> rows{};
  rows.fill(kNoRow);
  for (std::size_t i = 0; i < kEventCatalogue.size(); ++i)
    rows[static_cast<std::size_t>(kEventCatalogue[i].type)] = static_cast<std::uint8_t>(i);
  return rows;
}();

}  // namespace

const EventInfo& event_info(EventType type) noexcept {
  const std::uint8_t row = kRowOfNumber[static_cast<std::size_t>(type)];
  if (row == kNoRow) std::abort();
  return kEventCatalogue[row];
}

std::optional<EventType> event_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kEventCatalogue, name, &EventInfo::name);
  if (found == kEventCatalogue.end()) return std::nullopt;
  return found->type;
}

}  // namespace certwright::audit
