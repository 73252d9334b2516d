#pragma once
// What a step of a request puts into its transaction besides the record. Private to this room.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/events.h"
#include "registration/request_desk.h"

namespace certwright::registration {

struct RequestDesk::Step {
  const audit::Actor& actor;
  std::optional<store::ApprovalRecord> approval{};
  std::vector<audit::Event> events{};
};

// A text that people write about a decision: `least` characters, one line, at most 1,000 octets.
Result<void> check_reason(std::string_view field, std::string_view text, std::size_t least);

// Of the whole `changes` and how many names they take away: a value of the audit log is cut, and hundreds of names
// are more than it holds.
void add_changes_digest(audit::Event& event, const store::RequestRecord& record);
audit::Event pending_event(const store::RequestRecord& after, store::RequestState before, const audit::Actor& actor);
// `given` counts this one, among officers.
audit::Event approval_event(const store::RequestRecord& after, const store::ApprovalRecord& approval,
                            std::size_t given, const audit::Actor& actor);
audit::Event approved_event(const store::RequestRecord& after, store::RequestState before, const audit::Actor& actor);
// Denied or withdrawn.
audit::Event closing_event(audit::EventType type, const store::RequestRecord& after, store::RequestState before,
                           const audit::Actor& actor);

}  // namespace certwright::registration
