#pragma once
// What is recorded. Each event type is documented where it is defined (audit/events.h).
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"

namespace certwright::audit {

enum class EventType : std::uint8_t;  // audit/events.h: the catalogue

// Who did it, through which door, from where. Values the caller claims are never put here.
struct Actor {
  std::string principal;  // id; "system" for the server itself; empty if not authenticated
  std::string tenant;
  std::string door;    // "certs", "admin", "cli", "ocsp", "system"
  std::string remote;  // the socket's peer address
};

struct Event {
  EventType type;
  Actor actor;
  // Names from the catalogue; never a secret.
  std::vector<std::pair<std::string_view, std::string>> fields;
};

}  // namespace certwright::audit
