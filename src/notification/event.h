#pragma once
// What is told about: the catalogue of notification events, their facts and who hears of them.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "errors/result.h"

namespace certwright::notification {

// X(enumerator, facts that a template may name, what it tells)
// Names and facts are part of the webhooks' interface (docs/notifications.md): never change one.
#define CERTWRIGHT_NOTIFICATION_EVENTS(X)                                                             \
  X(request_pending, "request ca profile common_name names requester requester_id reason link",      \
    "A certificate request waits for a decision.")                                                   \
  X(request_approved, "request ca profile common_name decided_by reason changes link",               \
    "A request was approved.")                                                                       \
  X(request_denied, "request ca profile common_name decided_by reason link", "A request was denied.") \
  X(request_issued, "request ca profile common_name serial not_after decided_by changes link",                          \
    "The certificate of a request was issued.")                                                      \
  X(request_closed, "request ca profile common_name reason link",                                    \
    "A request came to nothing: nobody decided in time, or it was refused after its approval.")      \
  X(approval_failures, "ca principal principal_name count", "Somebody gives wrong approval passwords.") \
  X(certificate_expiring, "serial ca profile subject not_after days entity_type entity_id link",     \
    "A certificate is about to expire and was not renewed.")                                         \
  X(certificate_revoked, "serial ca profile subject reason revoked_at entity_type entity_id link",   \
    "A certificate was revoked.")                                                                    \
  X(ca_expiring, "ca name subject not_after days", "The certificate of a CA is about to expire.")    \
  X(crl_expiring, "ca shard number next_update", "A CRL is about to expire and was not replaced.")   \
  X(webhook_test, "webhook sent_by", "An administrator tests a webhook.")

enum class EventKind : std::uint8_t {
#define CERTWRIGHT_NOTIFICATION_ENUMERATOR(enumerator, facts, what) enumerator,
  CERTWRIGHT_NOTIFICATION_EVENTS(CERTWRIGHT_NOTIFICATION_ENUMERATOR)
#undef CERTWRIGHT_NOTIFICATION_ENUMERATOR
};

struct EventInfo {
  EventKind kind;
  std::string_view name;   // "request_pending"
  std::string_view facts;  // names with spaces between
  std::string_view what;   // one sentence
  bool has_fact(std::string_view fact) const noexcept;
};
std::span<const EventInfo> all_events() noexcept;
const EventInfo& info_of(EventKind kind) noexcept;
std::optional<EventKind> event_named(std::string_view name) noexcept;
inline std::string_view name_of(EventKind kind) noexcept { return info_of(kind).name; }

// Names and values, as stored with a notification. Values come from people and from CSRs: harmless
// in a line of text once cleaned, and still to be escaped wherever they go.
using Facts = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kMaxFactOctets = 1024;

// One line of valid UTF-8 of at most kMaxFactOctets: octets that are not UTF-8, control characters,
// line and paragraph separators become U+FFFD, other characters that nobody sees (unicode/hidden.h)
// "[U+200B]"; what is cut ends in U+2026.
std::string cleaned(std::string_view text);

// A JSON object of strings, values cleaned, empty ones left out.
std::string write_facts(const Facts& facts);
// Errors: bad_encoding for what write_facts() cannot have written.
Result<Facts> read_facts(std::string_view json);
// "" if there is none of that name.
std::string_view fact(const Facts& facts, std::string_view name) noexcept;

}  // namespace certwright::notification
