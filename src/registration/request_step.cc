#include "registration/request_step.h"

#include <array>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "registration/request_content.h"

namespace certwright::registration {
namespace {

std::string text_of(store::RequestState state) { return std::string(name_of(state)); }

std::string_view name_of_kind(store::ApprovalKind kind) {
  switch (kind) {
    case store::ApprovalKind::officer: return "officer";
    case store::ApprovalKind::password: return "password";
    case store::ApprovalKind::standing_rule: return "standing_rule";
  }
  return "";
}

}  // namespace

std::string id_digits_of(Time time) {
  std::array<std::uint8_t, 6> octets{};
  const auto ms = static_cast<std::uint64_t>(to_unix_us(time) / 1000);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  return to_hex(octets);
}

void add_changes_digest(audit::Event& event, const store::RequestRecord& record) {
  if (record.changes.empty()) return;
  event.fields.emplace_back("changes_sha256", to_hex(crypto::sha256(as_bytes(record.changes))));
  const auto changes = read_request_changes(record.changes);
  if (changes) event.fields.emplace_back("names_removed", std::to_string(changes->names_removed.size()));
}

audit::Event changed_event(const store::RequestRecord& before, const store::RequestRecord& after, std::string_view cause,
                           const audit::Actor& actor) {
  const auto shown = [](const store::RequestRecord& record) {
    return fmt::format("{} version {}{}", record.profile, record.profile_version,
                       record.changes.empty() ? "" : " with " + record.changes);
  };
  audit::Event event{.type = audit::EventType::request_changed,
                     .actor = actor,
                     .fields = {{"request", after.id},
                                {"cause", std::string(cause)},
                                {"before", shown(before)},
                                {"after", shown(after)}}};
  add_changes_digest(event, after);
  event.fields.emplace_back("binding_before", to_hex(before.binding));
  event.fields.emplace_back("binding", to_hex(after.binding));
  return event;
}

store::ApprovalRecord approval_by_requester(const store::RequestRecord& record, store::ApprovalKind kind) {
  return {.request = record.id,
          .principal = record.principal,
          .kind = kind,
          .binding = record.binding,
          .comment = "",
          .approved_at = record.changed_at};
}

audit::Event pending_event(const store::RequestRecord& after, store::RequestState before, const audit::Actor& actor) {
  return {.type = audit::EventType::request_pending,
          .actor = actor,
          .fields = {{"request", after.id},
                     {"before", text_of(before)},
                     {"after", text_of(after.state)},
                     {"ca", after.ca},
                     {"needed", std::to_string(after.approvals_needed)},
                     {"expires_at", to_rfc3339(after.expires_at)}}};
}

audit::Event approval_event(const store::RequestRecord& after, const store::ApprovalRecord& approval,
                            std::size_t given, const audit::Actor& actor) {
  audit::Event event{.type = audit::EventType::approval_given,
                     .actor = actor,
                     .fields = {{"request", after.id},
                                {"kind", std::string(name_of_kind(approval.kind))}}};
  const auto counted = [&](std::size_t count) { return fmt::format("{} of {} approvals", count, after.approvals_needed); };
  if (approval.kind == store::ApprovalKind::officer) {  // those given to this binding
    event.fields.emplace_back("before", counted(given - 1));
    event.fields.emplace_back("after", counted(given));
  }
  event.fields.emplace_back("binding", to_hex(approval.binding));
  if (approval.kind == store::ApprovalKind::officer) {
    event.fields.emplace_back("given", std::to_string(given));
    event.fields.emplace_back("needed", std::to_string(after.approvals_needed));
  }
  if (!after.changes.empty()) event.fields.emplace_back("changes", after.changes);
  add_changes_digest(event, after);
  if (!approval.comment.empty()) event.fields.emplace_back("comment", approval.comment);
  return event;
}

audit::Event approved_event(const store::RequestRecord& after, store::RequestState before, const audit::Actor& actor) {
  return {.type = audit::EventType::request_approved,
          .actor = actor,
          .fields = {{"request", after.id},
                     {"before", text_of(before)},
                     {"after", text_of(after.state)},
                     {"binding", to_hex(after.binding)}}};
}

audit::Event closing_event(audit::EventType type, const store::RequestRecord& after, store::RequestState before,
                           const audit::Actor& actor) {
  return {.type = type,
          .actor = actor,
          .fields = {{"request", after.id},
                     {"before", text_of(before)},
                     {"after", text_of(after.state)},
                     {"reason", after.reason}}};
}

}  // namespace certwright::registration
