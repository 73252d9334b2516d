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
  const Examination* examined = nullptr;  // what the step was made on; of a request that waits after it, always
};

store::ApprovalRecord approval_by_requester(const store::RequestRecord& record, store::ApprovalKind kind);

// Another step of the request was done first (the record's revision is the lock): look at it again, so often.
inline constexpr int kAttempts = 5;
inline bool is_lost_race(const Error& error) { return error.code == Errc::conflict && error.field == "revision"; }

// Is its time over: nobody decided it, or approved it could not be issued for so long?
bool is_overdue(const auto& record, Time now) {
  using enum store::RequestState;
  if (record.state == approved) return record.changed_at + RequestDesk::kApprovedKept <= now;
  return record.state < approved && record.expires_at <= now;
}

// The first digits of the ids of requests that come at that time. By itself it sorts before all of them.
std::string id_digits_of(Time time);

inline constexpr std::size_t kMaxReasonOctets = 1'000;
// A text that people write about a decision: `least` characters, one line, at most 1,000 octets.
Result<void> check_reason(std::string_view field, std::string_view text, std::size_t least);

// `cause`: "officer", "profile" or "policy".
audit::Event changed_event(const store::RequestRecord& before, const store::RequestRecord& after,
                           std::string_view cause, const audit::Actor& actor);
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
