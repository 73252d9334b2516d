#pragma once
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"

namespace certwright::registration {

// What an officer changes before approving. It can only take away.
struct RequestChanges {
  std::optional<Seconds> validity{};         // shorter than what would be issued without it
  std::vector<std::string> names_removed{};  // as GeneralName::to_text(): "DNS:a.example"
  bool empty() const noexcept { return !validity && names_removed.empty(); }
  friend bool operator==(const RequestChanges&, const RequestChanges&) = default;
};

}  // namespace certwright::registration
