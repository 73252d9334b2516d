// What officers decide, and how an approved request goes to issuance.
#include <algorithm>

#include <fmt/format.h>

#include "access/stored_principal.h"
#include "profile/duration.h"
#include "registration/registration_authority.h"
#include "registration/removed_names.h"
#include "registration/request_checks.h"
#include "registration/request_content.h"
#include "registration/request_desk.h"
#include "registration/request_step.h"

namespace certwright::registration {
namespace {

using access::Action;
using store::RequestRecord;
using store::RequestState;


tl::unexpected<Error> not_in_state(const RequestRecord& record) {
  return fail_field(Errc::conflict, "state", fmt::format("state: the request is {}", name_of(record.state)));
}

tl::unexpected<Error> changed_meanwhile(std::string_view what) {
  return fail_field(Errc::conflict, "binding", fmt::format("binding: {}; look at the request again", what));
}

// Changes add up: what one officer took away stays away.
RequestChanges combined(RequestChanges earlier, const RequestChanges& more) {
  if (more.validity) earlier.validity = more.validity;
  for (const auto& name : more.names_removed)
    if (std::ranges::none_of(earlier.names_removed, [&](const auto& other) { return is_same_name_text(other, name); }))
      earlier.names_removed.push_back(name);
  return earlier;
}

// Whole days, for what is not shorter than one.
std::string in_days(Seconds duration) {
  constexpr Seconds kDay{86'400};
  return duration < kDay ? profile::write_duration(duration) : fmt::format("{}d", duration / kDay);
}

}  // namespace

Result<access::Principal> RequestDesk::requester_of(const RequestRecord& record) const {
  auto requester = access::stored_principal(d_.store, record.principal);
  // Who asks for this is somebody else, whose credential is good.
  if (!requester && requester.error().code == Errc::unauthenticated)
    return fail_field(Errc::policy, "principal", "principal: the requester's account is disabled");
  return requester;
}

namespace {

// Whose key it is.
Result<void> add_key(const store::Store& store, const RequestRecord& record, const RequestContent& content,
                     IssuanceRequest& request) {
  request.generate_key = content.generate_key;
  if (!record.certification_request.empty()) {
    CERTWRIGHT_TRY(request.certification_request, pkcs10::CertificationRequest::parse(record.certification_request));
  }
  if (content.renews == 0) return {};
  CERTWRIGHT_TRY(request.renews, store.find_certificate(content.renews));
  if (!request.renews) return fail_field(Errc::policy, "certificate", "the certificate that it renews is not there any more");
  return {};
}

// What the record asks for, as a request by `requester`.
Result<IssuanceRequest> issuance_request(const store::Store& store, const RequestRecord& record,
                                         access::Principal requester, const RequestChanges& changes) {
  CERTWRIGHT_TRY(auto content, read_request_content(record.content));
  IssuanceRequest request;
  CERTWRIGHT_CHECK(add_key(store, record, content, request));
  request.actor = {.principal = record.principal,
                   .tenant = requester.tenant,
                   .door = record.door,
                   .remote = record.remote};
  request.principal = std::move(requester);
  request.tenant = record.tenant;
  request.ca = record.ca;
  request.profile = record.profile;
  request.entity_type = record.entity_type;
  request.entity_id = record.entity_id;
  request.subject = std::move(content.subject);
  request.names = std::move(content.names);
  request.validity = changes.validity ? changes.validity : content.validity;
  request.names_removed = changes.names_removed;
  request.idempotency_key = std::move(content.idempotency_key);
  request.idempotency_sha256 = content.idempotency_sha256;
  return request;
}

}  // namespace

Result<Examination> RequestDesk::examine(const RequestRecord& record, View view) const {
  CERTWRIGHT_TRY(auto requester, requester_of(record));
  RequestChanges changes;
  if (view == View::as_changed) {
    CERTWRIGHT_TRY(changes, read_request_changes(record.changes));
  }
  CERTWRIGHT_TRY(auto request, issuance_request(d_.store, record, std::move(requester), changes));
  auto examined = d_.registration.examine(std::move(request));
  // What the requester may not have or see any more is there for whoever looks at the request.
  if (!examined && (examined.error().code == Errc::not_found || examined.error().code == Errc::not_permitted))
    return fail_field(Errc::policy, "principal",
                      "principal: the requester may not have it any more: " + examined.error().detail);
  return examined;
}

Result<RequestRecord> RequestDesk::approve(const Decision& decision) {
  for (int attempt = 1;; ++attempt) {
    auto done = approve_once(decision);
    if (done) return done;
    if (attempt < kAttempts && is_lost_race(done.error())) continue;
    record_refusal(done.error(), decision.id, "approve", decision.actor);
    return done;
  }
}

Result<RequestDesk::Weighed> RequestDesk::weigh(const Decision& decision) {
  CERTWRIGHT_CHECK(check_reason("comment", decision.comment, 0));
  CERTWRIGHT_TRY(auto before, load(decision.id));
  CERTWRIGHT_CHECK(access::authorise(decision.officer, Action::request_decide, object_of(before)));
  CERTWRIGHT_TRY(before, in_time(std::move(before), decision.actor));
  if (before.state != RequestState::pending) return not_in_state(before);
  CERTWRIGHT_TRY(auto examined, examine(before, View::as_changed));
  CERTWRIGHT_CHECK(check_may_approve(examined, decision.officer, before));
  if (examined.profile->version != before.profile_version) {
    CERTWRIGHT_TRY(const auto rebased, rebase(before, decision.actor));
    return changed_meanwhile(fmt::format("profile \"{}\" has version {} since", rebased.profile, rebased.profile_version));
  }
  auto after = with_changes(decision, before, examined);  // from here on `examined` is of that
  const bool is_what_was_seen = decision.binding == before.binding || (after && decision.binding == after->binding);
  if (!is_what_was_seen) return changed_meanwhile("it is another one than you saw");
  if (!after) return tl::unexpected(std::move(after).error());
  return Weighed{.before = std::move(before), .after = *std::move(after), .examined = std::move(examined)};
}

Result<RequestRecord> RequestDesk::preview(const Decision& decision) {
  for (int attempt = 1;; ++attempt) {
    auto weighed = weigh(decision);
    if (weighed) return std::move(weighed->after);
    if (attempt == kAttempts || !is_lost_race(weighed.error())) return tl::unexpected(std::move(weighed).error());
  }
}

Result<RequestRecord> RequestDesk::approve_once(const Decision& decision) {
  CERTWRIGHT_TRY(auto weighed, weigh(decision));
  auto& [before, after, examined] = weighed;
  Step step{.actor = decision.actor, .approval = {}, .events = {}, .examined = &examined};
  if (after.binding != before.binding)
    step.events.push_back(changed_event(before, after, "officer", decision.actor));

  // The policy of now decides how many. Where it wants nobody any more, the one who decides is enough.
  after.approvals_needed = std::max(examined.requirement.officers, 1U);
  CERTWRIGHT_TRY(const auto given, officers_for(after, examined, decision.officer.id));
  after.decided_by = decision.officer.id;
  CERTWRIGHT_TRY(const bool gave_it_already, has_approved(after, decision.officer.id));
  const bool enough = given + 1 >= after.approvals_needed;
  if (gave_it_already && !enough)
    return fail_field(Errc::conflict, "principal",
                      fmt::format("principal: you have approved it; {} of {} approvals are there", given + 1, after.approvals_needed));
  if (!gave_it_already) {
    step.approval = store::ApprovalRecord{.request = after.id,
                                          .principal = decision.officer.id,
                                          .kind = store::ApprovalKind::officer,
                                          .binding = after.binding,
                                          .comment = decision.comment,
                                          .approved_at = d_.clock.now()};
    step.events.push_back(approval_event(after, *step.approval, given + 1, decision.actor));
  }
  if (enough) {
    after.state = RequestState::approved;
    after.changed_at = d_.clock.now();
    step.events.push_back(approved_event(after, before.state, decision.actor));
  }
  return commit(&before, std::move(after), std::move(step));
}

Result<RequestRecord> RequestDesk::with_changes(const Decision& decision, RequestRecord record,
                                                Examination& examined) const {
  if (decision.changes.empty()) return record;
  // A certificate begins with a whole second, this one's perhaps with the one before.
  const auto usual = std::chrono::ceil<Seconds>(examined.not_after - d_.clock.now());
  if (decision.changes.validity && (*decision.changes.validity <= Seconds(0) || *decision.changes.validity > usual))
    return fail_field(Errc::policy, "validity",
                      fmt::format("validity: an officer can only shorten it: {} is not within 1s and the {} that it "
                                  "would have, until {}",
                                  profile::write_duration(*decision.changes.validity), in_days(usual),
                                  to_rfc3339(examined.not_after)));
  CERTWRIGHT_TRY(auto earlier, read_request_changes(record.changes));
  const auto changes = combined(earlier, decision.changes);
  if (changes == earlier) return record;
  record.changes = write_request_changes(changes);
  record.binding = binding_of(record);
  CERTWRIGHT_TRY(examined, examine(record, View::as_changed));
  return record;
}

// The profile has another version: what would be issued is another certificate.
Result<RequestRecord> RequestDesk::rebase(const RequestRecord& record, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto examined, examine(record, View::as_changed));
  RequestRecord after = record;
  after.profile_version = examined.profile->version;
  after.binding = binding_of(after);
  Step step{.actor = actor, .approval = {}, .events = {}, .examined = &examined};
  step.events.push_back(changed_event(record, after, "profile", actor));
  if (examined.requirement.needed() && record.state == RequestState::approved) {
    wait_again(after, examined.requirement);
    step.events.push_back(pending_event(after, record.state, actor));
  } else if (!examined.requirement.needed()) {
    after.approvals_needed = 0;
  }
  return commit(&record, std::move(after), std::move(step));
}

void RequestDesk::wait_again(RequestRecord& record, const ApprovalRequirement& requirement) const {
  record.state = RequestState::pending;
  record.changed_at = d_.clock.now();
  record.expires_at = record.changed_at + requirement.time_limit;
  record.approvals_needed = requirement.officers;
}

// The policy wants more by now than was given. What was given counts on, for it is given to what it is still.
Result<RequestRecord> RequestDesk::reopen(const RequestRecord& record, const Examination& examined,
                                          const audit::Actor& actor) {
  RequestRecord after = record;
  wait_again(after, examined.requirement);
  Step step{.actor = actor, .approval = {}, .events = {}, .examined = &examined};
  step.events.push_back(changed_event(record, after, "policy", actor));
  step.events.push_back(pending_event(after, record.state, actor));
  return commit(&record, std::move(after), std::move(step));
}

Result<RequestRecord> RequestDesk::deny(std::string_view id, const access::Principal& officer,
                                        const audit::Actor& actor, std::string reason) {
  constexpr std::size_t kLeast = 3;
  CERTWRIGHT_CHECK(check_reason("reason", reason, kLeast));
  CERTWRIGHT_TRY(auto before, load(id));
  CERTWRIGHT_CHECK(access::authorise(officer, Action::request_decide, object_of(before)));
  if (const auto may = check_officer({}, officer, before); !may) {
    record_refusal(may.error(), id, "deny", actor);
    return tl::unexpected(may.error());
  }
  CERTWRIGHT_TRY(before, in_time(std::move(before), actor));
  if (before.state != RequestState::pending && before.state != RequestState::approved) return not_in_state(before);
  RequestRecord after = before;
  after.state = RequestState::denied;
  after.reason = std::move(reason);
  after.decided_by = officer.id;
  after.changed_at = d_.clock.now();
  Step step{.actor = actor, .approval = {}, .events = {}};
  step.events.push_back(closing_event(audit::EventType::request_denied, after, before.state, actor));
  step.events.back().fields.emplace_back("checks", checks_text(examine(before, View::as_changed)));
  return commit(&before, std::move(after), std::move(step));
}

void RequestDesk::record_refusal(const Error& error, std::string_view id, std::string_view action,
                                 const audit::Actor& actor) {
  if (error.code != Errc::not_permitted && error.code != Errc::conflict) return;
  (void)d_.journal.record({.type = audit::EventType::decision_refused,
                           .actor = actor,
                           .fields = {{"request", std::string(id)},
                                      {"action", std::string(action)},
                                      {"code", std::string(::certwright::name_of(error.code))},
                                      {"reason", error.detail}}});
}

// ---- To issuance

Result<DecidedRequest> RequestDesk::decided(std::string_view id, const audit::Actor& actor) {
  CERTWRIGHT_TRY(auto record, load(id));
  CERTWRIGHT_TRY(record, in_time(std::move(record), actor));
  if (record.state != RequestState::approved) return not_in_state(record);
  if (record.binding != binding_of(record))
    return ::certwright::fail(Errc::internal, "the stored request is not the one that was approved: " + record.id);
  if (d_.registration.current_version(record.profile) != record.profile_version) {
    CERTWRIGHT_TRY(record, rebase(record, actor));
    if (record.state != RequestState::approved)
      return changed_meanwhile(fmt::format("profile \"{}\" has version {} since", record.profile, record.profile_version));
  }
  CERTWRIGHT_CHECK(check_evidence(record));
  CERTWRIGHT_TRY(const auto examined, examine(record, View::as_changed));
  CERTWRIGHT_TRY(const bool enough, is_enough(record, examined));
  if (!enough) {
    CERTWRIGHT_TRY(record, reopen(record, examined, actor));
    return fail_field(Errc::conflict, "state",
                      fmt::format("state: the request waits again: {} since", examined.requirement.explanation));
  }
  CERTWRIGHT_TRY(auto requester, requester_of(record));
  CERTWRIGHT_TRY(const auto changes, read_request_changes(record.changes));
  CERTWRIGHT_TRY(auto request, issuance_request(d_.store, record, std::move(requester), changes));
  return DecidedRequest(std::move(request), std::move(record));
}

store::Transaction RequestDesk::commands_of_intent(RequestRecord& record, store::CertificateId intent) const {
  ++record.revision;
  record.certificate = intent;
  return {store::PutRequest{.request = record, .open_max = 0}};
}

Result<store::Transaction> RequestDesk::commands_of_issue(RequestRecord& record, store::CertificateId certificate,
                                                  std::string_view serial_hex, const audit::Actor& actor) const {
  const RequestRecord before = record;
  ++record.revision;
  record.state = RequestState::issued;
  record.certificate = certificate;
  record.changed_at = d_.clock.now();
  const std::vector<audit::Event> events{{.type = audit::EventType::request_issued,
                                          .actor = actor,
                                          .fields = {{"request", record.id},
                                                     {"before", std::string(name_of(before.state))},
                                                     {"after", std::string(name_of(record.state))},
                                                     {"serial", std::string(serial_hex)},
                                                     {"binding", to_hex(record.binding)},
                                                     {"approved_by", record.decided_by}}}};
  store::Transaction transaction{store::PutRequest{.request = record, .open_max = 0}, d_.journal.leaf(events.front())};
  if (companion_ != nullptr) CERTWRIGHT_CHECK(companion_->accompany({&before, record, actor, events}, transaction));
  return transaction;
}

Result<void> RequestDesk::fail(const RequestRecord& record, const Error& refusal, const audit::Actor& actor) {
  CERTWRIGHT_TRY(const auto before, load(record.id));
  if (before.state != RequestState::approved) return not_in_state(before);
  CERTWRIGHT_CHECK(end_as_failed(before, refusal, actor));
  return {};
}

Result<RequestRecord> RequestDesk::end_as_failed(const RequestRecord& before, const Error& refusal,
                                                 const audit::Actor& actor) {
  RequestRecord after = before;
  after.state = RequestState::failed;
  after.reason = refusal.detail.substr(0, kMaxReasonOctets);
  after.changed_at = d_.clock.now();
  Step step{.actor = actor, .approval = {}, .events = {}};
  step.events.push_back({.type = audit::EventType::request_failed,
                         .actor = actor,
                         .fields = {{"request", after.id},
                                    {"before", std::string(name_of(before.state))},
                                    {"after", std::string(name_of(after.state))},
                                    {"code", std::string(::certwright::name_of(refusal.code))},
                                    {"reason", after.reason}}});
  return commit(&before, std::move(after), std::move(step));
}

}  // namespace certwright::registration
