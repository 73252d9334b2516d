// Requests are read, and go out. request_submission.cc has how they come in, request_decisions.cc what officers do.
#include "registration/request_desk.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "registration/registration_authority.h"
#include "registration/request_checks.h"
#include "registration/request_content.h"
#include "registration/request_step.h"

namespace certwright::registration {
namespace {

using store::RequestRecord;
using store::RequestState;

constexpr std::uint32_t kExpireAtOnce = 1'000;
constexpr std::uint32_t kMostOpenRead = 1'000;
constexpr Seconds kDay{86'400};

// What stood when it came in, and when it was approved: later nothing would be issued of it, and nothing is checked.
void add_checks(std::vector<audit::Event>& events, const Examination& examined) {
  for (auto& event : events)
    if (event.type == audit::EventType::request_received || event.type == audit::EventType::request_approved)
      event.fields.emplace_back("checks", checks_text(examined));
}

// Says which limit it was.
Error explained(Error error, const RequestLimits& limits) {
  if (error.code == Errc::too_many_requests && error.field == "received")
    error.detail = fmt::format("received: {} requests of one account in 24 hours may come to no certificate; try again later",
                               limits.daily_max);
  return error;
}

}  // namespace

Result<void> check_reason(std::string_view field, std::string_view text, std::size_t least) {
  const std::string name(field);
  if (text.size() < least || text.find_first_not_of(' ') == std::string_view::npos)
    if (least != 0) return fail_field(Errc::invalid, name, fmt::format("{}: at least {} characters", name, least));
  if (text.size() > kMaxReasonOctets)
    return fail_field(Errc::too_large, name, fmt::format("{}: at most {} octets", name, kMaxReasonOctets));
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return fail_field(Errc::invalid, name, name + ": control characters are not allowed");
  return {};
}

Result<RequestRecord> RequestDesk::load(std::string_view id) const {
  CERTWRIGHT_TRY(auto found, d_.store.find_request(id));
  if (!found) return tl::unexpected<Error>(access::not_found_error());
  return *std::move(found);
}

Result<RequestRecord> RequestDesk::commit(const RequestRecord* before, RequestRecord after, Step step) {
  after.revision = before == nullptr ? 1 : before->revision + 1;
  store::Transaction transaction;
  store::PutRequest put{.request = after};
  if (before == nullptr) put.open_max = d_.limits.approved_max;
  if (before == nullptr && after.state == RequestState::pending) {
    put.open_max = d_.limits.open_max;
    put.received_max = d_.limits.daily_max;
    put.received_after = id_digits_of(d_.clock.now() - kDay);
  }
  transaction.push_back(std::move(put));
  if (step.approval) transaction.push_back(store::AddApproval{*std::move(step.approval)});
  if (step.examined != nullptr) add_checks(step.events, *step.examined);
  for (const auto& event : step.events) transaction.push_back(d_.journal.leaf(event));
  RequestChange change{before, after, step.actor, step.events};
  if (step.examined != nullptr && after.state == RequestState::pending) {
    change.requirement = &step.examined->requirement;
    change.may_approve = [&](std::string_view principal) { return may_approve(after, *step.examined, principal); };
  }
  if (companion_ != nullptr) CERTWRIGHT_CHECK(companion_->accompany(change, transaction));
  if (auto stored = d_.store.apply(transaction); !stored)
    return tl::unexpected(explained(std::move(stored).error(), d_.limits));
  return after;
}

Result<void> RequestDesk::check_idempotency_key(std::string_view principal, std::string_view key,
                                                const store::Sha256& request_sha256) const {
  if (!d_.registration.any_ca_has_approval_rules()) return {};
  CERTWRIGHT_TRY(const auto open, d_.store.open_requests_of(principal, kMostOpenRead));
  const Time now = d_.clock.now();
  for (const auto& each : open) {
    if (is_overdue(each, now)) continue;
    CERTWRIGHT_TRY(const auto content, read_request_content(each.content));
    if (content.idempotency_key != key) continue;
    if (content.idempotency_sha256 == request_sha256)
      return fail_field(Errc::conflict, "idempotency_key",
                        fmt::format("Idempotency-Key: this request is at the desk already: {}; ask again when it is decided", each.id));
    return fail_field(Errc::conflict, "idempotency_key",
                      "Idempotency-Key: another request with it waits for approval; use a new key");
  }
  return {};
}

Result<RequestRecord> RequestDesk::withdraw(std::string_view id, const access::Principal& by,
                                            const audit::Actor& actor, std::string reason) {
  CERTWRIGHT_CHECK(check_reason("reason", reason, 0));
  CERTWRIGHT_TRY(auto before, load(id));
  if (before.principal != by.id)
    return ::certwright::fail(Errc::not_permitted, "Only the requester withdraws a request; officers deny it.");
  CERTWRIGHT_TRY(before, in_time(std::move(before), actor));
  if (before.state != RequestState::pending && before.state != RequestState::approved)
    return fail_field(Errc::conflict, "state", fmt::format("state: the request is {}", name_of(before.state)));
  RequestRecord after = before;
  after.state = RequestState::withdrawn;
  after.reason = std::move(reason);
  after.decided_by = by.id;
  after.changed_at = d_.clock.now();
  Step step{.actor = actor, .approval = {}, .events = {}};
  step.events.push_back(closing_event(audit::EventType::request_withdrawn, after, before.state, actor));
  return commit(&before, std::move(after), std::move(step));
}

Result<std::optional<RequestRecord>> RequestDesk::find(std::string_view id) const { return d_.store.find_request(id); }

Result<store::RequestList> RequestDesk::list(const store::RequestFilter& filter, const store::RequestPage& page) const {
  return d_.store.list_requests(filter, page);
}

Result<std::vector<store::ApprovalRecord>> RequestDesk::approvals(std::string_view id) const {
  return d_.store.list_approvals(id);
}

Result<RequestRecord> RequestDesk::expire(const RequestRecord& before, const audit::Actor& actor) {
  RequestRecord after = before;
  after.state = RequestState::expired;
  after.changed_at = d_.clock.now();
  Step step{.actor = actor, .approval = {}, .events = {}};
  step.events.push_back({.type = audit::EventType::request_expired,
                         .actor = actor,
                         .fields = {{"request", after.id},
                                    {"before", std::string(name_of(before.state))},
                                    {"after", std::string(name_of(after.state))},
                                    {"received_at", to_rfc3339(after.received_at)}}});
  return commit(&before, std::move(after), std::move(step));
}

Result<RequestRecord> RequestDesk::in_time(RequestRecord record, const audit::Actor& actor) {
  if (!is_overdue(record, d_.clock.now())) return record;
  auto expired = expire(record, actor);
  if (!expired && expired.error().code == Errc::conflict) return load(record.id);  // somebody else did
  return expired;
}

Result<std::size_t> RequestDesk::expire_overdue(const audit::Actor& actor) {
  const Time now = d_.clock.now();
  CERTWRIGHT_TRY(auto past, d_.store.requests_past(now, kExpireAtOnce));
  // Approved ones in the order in which they came, which is nearly that in which they end.
  const store::RequestFilter approved{
      .scope = {{"*", "", ""}}, .states = {RequestState::approved}, .tenant = {}, .ca = {}, .principal = {}};
  CERTWRIGHT_TRY(const auto list, d_.store.list_requests(
                                      approved, {.limit = store::RequestPage::kMaxLimit, .after = {}, .newest_first = false}));
  std::ranges::copy_if(list.requests, std::back_inserter(past), [&](const auto& each) { return is_overdue(each, now); });
  std::size_t expired = 0;
  std::optional<Error> first;
  for (const auto& before : past) {
    const auto stored = expire(before, actor);
    if (stored) ++expired;
    else if (stored.error().code != Errc::conflict && !first) first = stored.error();  // conflict: decided just now
  }
  if (first) return tl::unexpected(*std::move(first));
  return expired;
}

namespace {
constexpr std::string_view kStateNames[] = {"received", "pending",   "approved", "denied",
                                            "withdrawn", "expired", "issued",   "failed"};
}

std::string_view name_of(RequestState state) noexcept { return kStateNames[static_cast<std::size_t>(state)]; }

std::optional<RequestState> request_state_named(std::string_view name) noexcept {
  const auto found = std::ranges::find(kStateNames, name);
  if (found == std::ranges::end(kStateNames)) return std::nullopt;
  return static_cast<RequestState>(found - std::ranges::begin(kStateNames));
}

}  // namespace certwright::registration
