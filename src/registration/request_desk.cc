// Requests come in, are read, and go out. request_decisions.cc has what officers do.
#include "registration/request_desk.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "registration/registration_authority.h"
#include "registration/request_content.h"
#include "registration/request_step.h"

namespace certwright::registration {
namespace {

using store::RequestRecord;
using store::RequestState;

constexpr std::size_t kMaxReasonOctets = 1'000;
constexpr std::size_t kMaxShownNames = 100;
constexpr std::uint32_t kExpireAtOnce = 1'000;

// Sorts by time, and cannot be guessed.
std::string new_id(crypto::Random& random, Time now) {
  std::array<std::uint8_t, 16> octets{};
  random.fill(octets);
  const auto ms = static_cast<std::uint64_t>(to_unix_us(now) / 1000);
  for (std::size_t i = 0; i < 6; ++i) octets[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  return to_hex(octets);
}

std::string joined(const std::vector<std::string>& names) {
  if (names.size() <= kMaxShownNames) return fmt::format("{}", fmt::join(names, " "));
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + kMaxShownNames, " "),
                     names.size() - kMaxShownNames);
}

store::ApprovalRecord approval_by(const RequestRecord& record, store::ApprovalKind kind) {
  return {.request = record.id,
          .principal = record.principal,
          .kind = kind,
          .binding = record.binding,
          .comment = "",
          .approved_at = record.changed_at};
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
  const std::uint32_t open_max = before == nullptr && after.state == RequestState::pending ? d_.limits.open_max : 0;
  transaction.push_back(store::PutRequest{.request = after, .open_max = open_max});
  if (step.approval) transaction.push_back(store::AddApproval{*std::move(step.approval)});
  for (const auto& event : step.events) transaction.push_back(d_.journal.leaf(event));
  const RequestChange change{before, after, step.actor, step.events};
  if (companion_ != nullptr) CERTWRIGHT_CHECK(companion_->accompany(change, transaction));
  CERTWRIGHT_CHECK(d_.store.apply(transaction));
  return after;
}

Result<RequestDesk::Submitted> RequestDesk::submit(Submission submission) {
  CERTWRIGHT_CHECK(check_reason("purpose", submission.purpose, 0));
  CERTWRIGHT_TRY(auto examined, d_.registration.examine(submission.request));
  if (submission.asks_again) {
    CERTWRIGHT_TRY(auto earlier, d_.store.find_newest_request(
                                     request_sha256_of(examined.request, examined.tenant, examined.ca->id())));
    const bool answered = earlier && (earlier->state == RequestState::issued || earlier->state == RequestState::denied);
    if (answered && d_.clock.now() - earlier->changed_at < kAnswerKept)
      return Submitted{.record = *std::move(earlier), .coalesced = true};
  }
  return submit_examined(submission, std::move(examined));
}

Result<RequestDesk::Submitted> RequestDesk::submit_examined(const Submission& submission, Examination examined) {
  const audit::Actor& actor = examined.request.actor;
  const auto& requirement = examined.requirement;
  ApprovalPasswords::Checked password;
  if (requirement.needed() && requirement.password) {
    CERTWRIGHT_TRY(password, d_.passwords.check(examined.ca->id(), submission.approval_password, actor));
  }
  const Time now = d_.clock.now();
  RequestRecord record{
      .id = new_id(d_.random, now),
      .revision = 1,
      .state = requirement.needed() && !password.right ? RequestState::pending : RequestState::approved,
      .tenant = examined.tenant,
      .ca = examined.ca->id(),
      .profile = examined.profile->name,
      .profile_version = examined.profile->version,
      .principal = examined.request.principal.id,
      .email = examined.request.principal.email,
      .door = actor.door,
      .remote = actor.remote,
      .entity_type = examined.request.entity_type,
      .entity_id = examined.request.entity_id,
      .certification_request = to_bytes(examined.request.certification_request->der()),
      .subject = examined.subject,
      .content = write_request_content({.subject = examined.request.subject,
                                        .names = examined.request.names,
                                        .validity = examined.request.validity,
                                        .purpose = submission.purpose,
                                        .selection = submission.selection,
                                        .rule = requirement.explanation}),
      .changes = "",
      .request_sha256 = request_sha256_of(examined.request, examined.tenant, examined.ca->id()),
      .binding = {},
      .approvals_needed = requirement.officers,
      .reason = "",
      .decided_by = "",
      .certificate = 0,
      .received_at = now,
      .changed_at = now,
      .expires_at = now + (requirement.needed() ? requirement.time_limit : Seconds(0))};
  record.binding = binding_of(record);

  CERTWRIGHT_TRY(const auto open, d_.store.find_open_request(record.request_sha256));
  if (open) return join(*open, password, requirement, actor);

  Step step{.actor = actor, .approval = {}, .events = {}};
  if (password.evidence) step.events.push_back(*password.evidence);
  step.events.push_back({.type = audit::EventType::request_received,
                         .actor = actor,
                         .fields = {{"request", record.id},
                                    {"ca", record.ca},
                                    {"profile", record.profile},
                                    {"profile_version", std::to_string(record.profile_version)},
                                    {"subject", record.subject},
                                    {"names", joined(examined.names)},
                                    {"csr_sha256", to_hex(crypto::sha256(record.certification_request))},
                                    {"binding", to_hex(record.binding)},
                                    {"selection", submission.selection},
                                    {"rule", requirement.explanation}}});
  if (record.state == RequestState::pending) {
    step.events.push_back(pending_event(record, RequestState::received, actor));
  } else {
    if (password.right) step.approval = approval_by(record, store::ApprovalKind::password);
    if (requirement.by_standing_rule) step.approval = approval_by(record, store::ApprovalKind::standing_rule);
    if (step.approval) step.events.push_back(approval_event(record, *step.approval, 0, actor));
    step.events.push_back(approved_event(record, RequestState::received, actor));
  }
  auto stored = commit(nullptr, record, std::move(step));
  if (stored) return Submitted{.record = *std::move(stored), .coalesced = false};
  // An equal one came in between, or was closed in between: then the caller may try again.
  if (stored.error().code != Errc::conflict) return tl::unexpected(stored.error());
  CERTWRIGHT_TRY(const auto other, d_.store.find_open_request(record.request_sha256));
  if (!other) return tl::unexpected(stored.error());
  return join(*other, password, requirement, actor);
}

// An equal request is open. The right password still helps it.
Result<RequestDesk::Submitted> RequestDesk::join(const RequestRecord& open,
                                                 const ApprovalPasswords::Checked& password,
                                                 const ApprovalRequirement& requirement,
                                                 const audit::Actor& actor) {
  Step step{.actor = actor, .approval = {}, .events = {}};
  const bool unchanged = open.changes.empty() && requirement.needed();
  if (password.right && open.state == RequestState::pending && unchanged) {
    RequestRecord after = open;
    after.state = RequestState::approved;
    after.changed_at = d_.clock.now();
    step.approval = approval_by(after, store::ApprovalKind::password);
    step.events.push_back(approval_event(after, *step.approval, 0, actor));
    step.events.push_back(approved_event(after, open.state, actor));
    CERTWRIGHT_TRY(auto stored, commit(&open, std::move(after), std::move(step)));
    return Submitted{.record = std::move(stored), .coalesced = true};
  }
  store::Transaction transaction;
  if (password.evidence) transaction.push_back(d_.journal.leaf(*password.evidence));
  transaction.push_back(d_.journal.leaf({.type = audit::EventType::request_repeated,
                                         .actor = actor,
                                         .fields = {{"request", open.id}, {"state", std::string(name_of(open.state))}}}));
  CERTWRIGHT_CHECK(d_.store.apply(transaction));
  return Submitted{.record = open, .coalesced = true};
}

Result<RequestRecord> RequestDesk::withdraw(std::string_view id, const access::Principal& by,
                                            const audit::Actor& actor, std::string reason) {
  CERTWRIGHT_CHECK(check_reason("reason", reason, 0));
  CERTWRIGHT_TRY(const auto before, load(id));
  if (before.principal != by.id)
    return ::certwright::fail(Errc::not_permitted, "Only the requester withdraws a request; officers deny it.");
  if (before.state != RequestState::pending)
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

Result<std::size_t> RequestDesk::expire_overdue(const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto past, d_.store.requests_past(d_.clock.now(), kExpireAtOnce));
  std::size_t expired = 0;
  for (const auto& before : past) {
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
    const auto stored = commit(&before, std::move(after), std::move(step));
    if (!stored && stored.error().code != Errc::conflict) return tl::unexpected(stored.error());
    if (stored) ++expired;  // else somebody decided just now
  }
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
