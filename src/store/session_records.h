#pragma once
// Sign-in: sessions, and what changes passwords. Included by records.h and commands.h; include those.
#include <array>
#include <cstdint>
#include <string>

#include "clock/clock.h"

namespace certwright::store {

// A person who signed in. The session's id, a random number, is only in the cookie of their browser.
struct SessionRecord {
  std::array<std::uint8_t, 32> id_sha256{};
  std::string principal;
  std::string tenant;  // of the principal
  std::string remote;  // where the sign-in came from
  Time created_at{};
  Time last_seen_at{};  // to about a minute
  Time idle_ends_at{};  // moves with use; never after ends_at
  Time ends_at{};       // whatever the use
  bool restricted = false;  // for nothing but choosing a password: signed in with one of somebody else
  std::string credential{};  // its id: what the sign-in, or the change of password, was with
  friend bool operator==(const SessionRecord&, const SessionRecord&) = default;
};

}  // namespace certwright::store
