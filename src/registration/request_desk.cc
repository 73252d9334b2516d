// Requests come in, are read, and go out. request_decisions.cc has what officers do.
#include "registration/request_desk.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "registration/registration_authority.h"
#include "registration/request_content.h"
#include "registration/request_digest.h"
#include "registration/request_step.h"

namespace certwright::registration {
namespace {

using store::RequestRecord;
using store::RequestState;

constexpr std::size_t kMaxReasonOctets = 1'000;
constexpr std::size_t kMaxShownNames = 100;
constexpr std::uint32_t kExpireAtOnce = 1'000;
constexpr std::uint32_t kMaxOpenRead = 1'000;
constexpr Seconds kDay{86'400};

bool is_overdue(const auto& record, Time now) {
  return record.state < RequestState::approved && record.expires_at <= now;
}

// The first digits of an id. By itself it sorts before all ids of that time.
std::string id_digits_of(Time time) {
  std::array<std::uint8_t, 6> octets{};
  const auto ms = static_cast<std::uint64_t>(to_unix_us(time) / 1000);
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  return to_hex(octets);
}

// Sorts by time, and cannot be guessed.
std::string new_id(crypto::Random& random, Time now) {
  std::array<std::uint8_t, 10> octets{};
  random.fill(octets);
  return id_digits_of(now) + to_hex(octets);
}

// Says what the limit is.
Error explained(Error error, const RequestLimits& limits) {
  if (error.code == Errc::too_many_requests && error.field == "received")
    error.detail = fmt::format("received: {} requests of one account in 24 hours may come to no certificate; try again later",
                               limits.daily_max);
  return error;
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
  store::PutRequest put{.request = after};
  if (before == nullptr) put.open_max = d_.limits.approved_max;
  if (before == nullptr && after.state == RequestState::pending) {
    put.open_max = d_.limits.open_max;
    put.received_max = d_.limits.daily_max;
    put.received_after = id_digits_of(d_.clock.now() - kDay);
  }
  transaction.push_back(std::move(put));
  if (step.approval) transaction.push_back(store::AddApproval{*std::move(step.approval)});
  for (const auto& event : step.events) transaction.push_back(d_.journal.leaf(event));
  RequestChange change{before, after, step.actor, step.events};
  if (step.requirement != nullptr && after.state == RequestState::pending) {
    change.requirement = step.requirement;
    change.may_approve = [&](std::string_view principal) { return may_approve(after, *step.requirement, principal); };
  }
  if (companion_ != nullptr) CERTWRIGHT_CHECK(companion_->accompany(change, transaction));
  if (auto stored = d_.store.apply(transaction); !stored)
    return tl::unexpected(explained(std::move(stored).error(), d_.limits));
  return after;
}

Result<RequestDesk::Submitted> RequestDesk::submit(Submission submission) {
  CERTWRIGHT_CHECK(check_reason("purpose", submission.purpose, 0));
  CERTWRIGHT_TRY(auto examined, d_.registration.examine(submission.request));
  if (submission.asks_again) {
    CERTWRIGHT_TRY(auto earlier, d_.store.find_newest_request(
                                     request_sha256_of(examined.request, examined.tenant, examined.ca->id())));
    if (earlier) {
      CERTWRIGHT_TRY(const bool answered, is_answer(*earlier));
      if (answered) return Submitted{.record = *std::move(earlier), .coalesced = true};
    }
  }
  return submit_examined(submission, std::move(examined));
}

Result<bool> RequestDesk::is_answer(const RequestRecord& earlier) const {
  const Time now = d_.clock.now();
  if (now - earlier.changed_at >= kAnswerKept) return false;
  if (earlier.state == RequestState::denied) return true;
  if (earlier.state != RequestState::issued) return false;
  CERTWRIGHT_TRY(const auto stored, d_.store.find_certificate(earlier.certificate));
  return stored && !stored->revocation && stored->certificate.not_after > now && !stored->certificate.der.empty();
}

Result<std::vector<store::OpenRequest>> RequestDesk::open_of(const access::Principal& principal,
                                                             const audit::Actor& actor) {
  CERTWRIGHT_TRY(auto open, d_.store.open_requests_of(principal.id, kMaxOpenRead));
  const Time now = d_.clock.now();
  for (auto each = open.begin(); each != open.end();) {
    if (!is_overdue(*each, now)) {
      ++each;
      continue;
    }
    CERTWRIGHT_TRY(auto overdue, load(each->id));
    CERTWRIGHT_CHECK(in_time(std::move(overdue), actor));
    each = open.erase(each);
  }
  return open;
}

Result<void> RequestDesk::check_idempotency(const IssuanceRequest& request,
                                            const std::vector<store::OpenRequest>& open) const {
  if (request.idempotency_key.empty()) return {};
  const auto digest = request_digest(request);
  CERTWRIGHT_TRY(const auto answered, d_.store.find_idempotent(request.principal.id, request.idempotency_key));
  bool is_anothers = answered && answered->request_sha256 != digest;
  for (const auto& each : open) {
    CERTWRIGHT_TRY(const auto content, read_request_content(each.content));
    is_anothers = is_anothers || (content.idempotency_key == request.idempotency_key && content.idempotency_sha256 != digest);
  }
  if (!is_anothers) return {};
  return fail_field(Errc::conflict, "idempotency_key",
                    "Idempotency-Key: it was used with another request; use a new key");
}

Result<RequestDesk::Submitted> RequestDesk::submit_examined(const Submission& submission, Examination examined) {
  const audit::Actor& actor = examined.request.actor;
  const auto& requirement = examined.requirement;
  if (requirement.needed() && examined.profile->record_level != store::RecordLevel::full)
    return fail_field(Errc::policy, "profile",
                      "profile: \"" + examined.profile->name +
                          "\" keeps no copies of its certificates, so nobody could fetch one that must be approved first");
  CERTWRIGHT_TRY(const auto open, open_of(examined.request.principal, actor));
  CERTWRIGHT_CHECK(check_idempotency(examined.request, open));
  const auto equal = std::ranges::find(open, request_sha256_of(examined.request, examined.tenant, examined.ca->id()),
                                       &store::OpenRequest::request_sha256);
  std::optional<RequestRecord> earlier;  // it may have been decided just now
  if (equal != open.end()) {
    CERTWRIGHT_TRY(earlier, d_.store.find_request(equal->id));
  }
  const bool joins = earlier && is_open(earlier->state);
  ApprovalPasswords::Checked password;
  if (requirement.needed() && requirement.password && !submission.approval_password.empty()) {
    // What cannot wait needs no hash: whoever is over the limit guesses nothing.
    if (!joins && open.size() >= d_.limits.open_max)
      return fail_field(Errc::too_many_requests, "pending", "too many open requests");
    CERTWRIGHT_TRY(password, d_.passwords.check(examined.ca->id(), submission.approval_password, actor));
  }
  auto submitted = joins ? join(*earlier, password, requirement, actor) : enter(submission, examined, password);
  // The step that should have carried it did not happen. The guess did.
  if (!submitted && password.evidence) (void)d_.journal.record(*password.evidence);
  return submitted;
}

RequestRecord RequestDesk::new_record(const Submission& submission, const Examination& examined,
                                      bool password_is_right) const {
  const IssuanceRequest& request = examined.request;
  const auto& requirement = examined.requirement;
  const Time now = d_.clock.now();
  RequestContent content{.subject = request.subject,
                         .names = request.names,
                         .validity = request.validity,
                         .purpose = submission.purpose,
                         .selection = submission.selection,
                         .rule = requirement.explanation};
  if (!request.idempotency_key.empty()) {
    content.idempotency_key = request.idempotency_key;
    content.idempotency_sha256 = request_digest(request);
  }
  RequestRecord record{
      .id = new_id(d_.random, now),
      .revision = 1,
      .state = requirement.needed() && !password_is_right ? RequestState::pending : RequestState::approved,
      .tenant = examined.tenant,
      .ca = examined.ca->id(),
      .profile = examined.profile->name,
      .profile_version = examined.profile->version,
      .principal = request.principal.id,
      .email = request.principal.email,
      .door = request.actor.door,
      .remote = request.actor.remote,
      .entity_type = request.entity_type,
      .entity_id = request.entity_id,
      .certification_request = to_bytes(request.certification_request->der()),
      .subject = examined.subject,
      .content = write_request_content(content),
      .changes = "",
      .request_sha256 = request_sha256_of(request, examined.tenant, examined.ca->id()),
      .binding = {},
      .approvals_needed = requirement.officers,
      .reason = "",
      .decided_by = "",
      .certificate = 0,
      .received_at = now,
      .changed_at = now,
      .expires_at = now + (requirement.needed() ? requirement.time_limit : Seconds(0))};
  record.binding = binding_of(record);
  return record;
}

Result<RequestDesk::Submitted> RequestDesk::enter(const Submission& submission, const Examination& examined,
                                                  const ApprovalPasswords::Checked& password) {
  const audit::Actor& actor = examined.request.actor;
  const auto& requirement = examined.requirement;
  const RequestRecord record = new_record(submission, examined, password.right);
  Step step{.actor = actor, .approval = {}, .events = {}, .requirement = &requirement};
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
  if (password.evidence) step.events.push_back(*password.evidence);
  step.events.push_back({.type = audit::EventType::request_repeated,
                         .actor = actor,
                         .fields = {{"request", open.id}, {"state", std::string(name_of(open.state))}}});
  store::Transaction transaction;
  for (const auto& event : step.events) transaction.push_back(d_.journal.leaf(event));
  if (companion_ != nullptr) CERTWRIGHT_CHECK(companion_->accompany({&open, open, actor, step.events}, transaction));
  CERTWRIGHT_CHECK(d_.store.apply(transaction));
  return Submitted{.record = open, .coalesced = true};
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
  CERTWRIGHT_TRY(const auto past, d_.store.requests_past(d_.clock.now(), kExpireAtOnce));
  std::size_t expired = 0;
  for (const auto& before : past) {
    const auto stored = expire(before, actor);
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
