// Requests come in: a new one, or one that is there already.
#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "registration/registration_authority.h"
#include "registration/request_content.h"
#include "registration/request_digest.h"
#include "registration/request_step.h"
#include "store/limits.h"

namespace certwright::registration {
namespace {

using store::RequestRecord;
using store::RequestState;

constexpr std::size_t kMaxShownNames = 100;
constexpr std::uint32_t kMaxOpenRead = 1'000;

// Sorts by time, and cannot be guessed.
std::string new_id(crypto::Random& random, Time now) {
  std::array<std::uint8_t, 10> octets{};
  random.fill(octets);
  return id_digits_of(now) + to_hex(octets);
}

std::string joined(const std::vector<std::string>& names) {
  if (names.size() <= kMaxShownNames) return fmt::format("{}", fmt::join(names, " "));
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + kMaxShownNames, " "),
                     names.size() - kMaxShownNames);
}

store::Sha256 sha256_of(const Examination& examined) {
  return request_sha256_of(examined.request, examined.tenant, examined.ca->id(),
                           examined.certificate_request.key_algorithm);
}

audit::Event received_event(const RequestRecord& record, const Examination& examined, const std::string& selection) {
  const IssuanceRequest& request = examined.request;
  std::pair<std::string_view, std::string> key{"csr_sha256", to_hex(crypto::sha256(record.certification_request))};
  if (request.renews) key = {"renews", request.renews->certificate.serial.hex()};
  else if (!request.certification_request) key = {"generate_key", examined.certificate_request.key_algorithm};
  return {.type = audit::EventType::request_received,
          .actor = request.actor,
          .fields = {{"request", record.id},
                     {"before", ""},
                     {"after", "received"},
                     {"ca", record.ca},
                     {"profile", record.profile},
                     {"profile_version", std::to_string(record.profile_version)},
                     {"subject", record.subject},
                     {"names", joined(examined.names)},
                     std::move(key),
                     {"binding", to_hex(record.binding)},
                     {"selection", selection},
                     {"rule", examined.requirement.explanation}}};
}

}  // namespace

Result<RequestDesk::Submitted> RequestDesk::submit(Submission submission) {
  CERTWRIGHT_CHECK(check_reason("purpose", submission.purpose, 0));
  CERTWRIGHT_TRY(auto examined, d_.registration.examine(submission.request));
  CERTWRIGHT_TRY(auto answer, find_answer(submission, examined));
  if (answer) return Submitted{.record = *std::move(answer), .coalesced = true};
  return submit_examined(submission, std::move(examined));
}

Result<std::optional<RequestRecord>> RequestDesk::find_answer(const Submission& submission,
                                                              const Examination& examined) const {
  if (!submission.asks_again) return std::nullopt;
  if (examined.request.renews) {
    CERTWRIGHT_TRY(auto led_to, answered_renewal(examined.request));
    if (led_to) return led_to;
  }
  CERTWRIGHT_TRY(auto earlier, d_.store.find_newest_request(sha256_of(examined)));
  if (!earlier) return std::nullopt;
  CERTWRIGHT_TRY(const bool answered, is_answer(*earlier));
  if (!answered) return std::nullopt;
  return earlier;
}

// Once a renewal is issued, asking for it again asks about another certificate: the one that it gave. Where that is
// not what a renewal would give now, or half of its time is over, the next one is meant.
Result<std::optional<RequestRecord>> RequestDesk::answered_renewal(const IssuanceRequest& request) const {
  const auto& newest = request.renews->certificate;
  const Time now = d_.clock.now();
  const bool is_first = newest.id == newest.lineage;
  const bool is_recent = now - newest.issued_at < (newest.not_after - newest.issued_at) / 2;
  const auto ca = d_.registration.find_ca(newest.ca);
  if (is_first || !is_recent || ca == nullptr || !ca->can_issue(now) ||
      newest.profile_version != d_.registration.current_version(newest.profile))
    return std::nullopt;
  CERTWRIGHT_TRY(auto lineage, d_.store.find_lineage(newest.lineage));
  const auto at = std::ranges::find(lineage, newest.id, [](const auto& each) { return each.certificate.id; });
  if (at == lineage.begin() || at == lineage.end()) return std::nullopt;
  IssuanceRequest before = request;
  before.renews = *std::move(std::prev(at));
  CERTWRIGHT_TRY(auto earlier, d_.store.find_newest_request(request_sha256_of(before, newest.tenant, "", "")));
  if (!earlier || earlier->state != RequestState::issued || earlier->certificate != newest.id) return std::nullopt;
  CERTWRIGHT_TRY(const bool answered, is_answer(*earlier));
  if (!answered) return std::nullopt;
  return earlier;
}

Result<bool> RequestDesk::is_answer(const RequestRecord& earlier) const {
  const Time now = d_.clock.now();
  if (now - earlier.changed_at >= kAnswerKept) return false;
  if (earlier.state == RequestState::denied) return true;
  if (earlier.state != RequestState::issued) return false;
  CERTWRIGHT_TRY(const auto stored, d_.store.find_certificate(earlier.certificate));
  if (!stored || stored->revocation || stored->certificate.not_after <= now || stored->certificate.der.empty())
    return false;
  if (stored->certificate.key_origin != store::KeyOrigin::generated) return true;
  CERTWRIGHT_TRY(const auto key, d_.store.find_managed_key(stored->certificate.id));
  return key.has_value();  // without it the certificate is of no use
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

// Of the open ones the one that this is too: it has the key, or asks for the same; none if it was decided just
// now. Errors: conflict, if the key stands for another request.
Result<std::optional<RequestRecord>> RequestDesk::find_standing(const Examination& examined,
                                                                const std::vector<store::OpenRequest>& open) const {
  CERTWRIGHT_TRY(const auto id, standing_id(examined, open));
  if (id.empty()) return std::nullopt;
  CERTWRIGHT_TRY(auto standing, d_.store.find_request(id));
  if (standing && !is_open(standing->state)) return std::nullopt;
  return standing;
}

// Empty if there is none.
Result<std::string> RequestDesk::standing_id(const Examination& examined,
                                             const std::vector<store::OpenRequest>& open) const {
  const IssuanceRequest& request = examined.request;
  const auto equal = std::ranges::find(open, sha256_of(examined), &store::OpenRequest::request_sha256);
  std::string standing;
  if (equal != open.end()) standing = equal->id;
  if (request.idempotency_key.empty()) return standing;
  const auto digest = request_digest(request);
  CERTWRIGHT_TRY(const auto answered, d_.store.find_idempotent(request.principal.id, request.idempotency_key));
  bool is_anothers = answered && answered->request_sha256 != digest;
  for (const auto& each : open) {
    CERTWRIGHT_TRY(const auto content, read_request_content(each.content));
    if (content.idempotency_key != request.idempotency_key) continue;
    if (content.idempotency_sha256 == digest) standing = each.id;
    else is_anothers = true;
  }
  if (!is_anothers) return standing;
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
  CERTWRIGHT_TRY(const auto standing, find_standing(examined, open));
  ApprovalPasswords::Checked password;
  // Whoever asks how an open one is may do so often, and guesses nothing by it.
  const bool only_asks = standing && submission.approval_password.empty();
  if (requirement.needed() && requirement.password && !only_asks) {
    // What cannot wait needs no hash: whoever is over the limit guesses nothing.
    if (!standing && open.size() >= d_.limits.open_max)
      return tl::unexpected<Error>(store::too_many_open(d_.limits.open_max));
    CERTWRIGHT_TRY(password, d_.passwords.check(examined.ca->id(), submission.approval_password, actor));
  }
  auto submitted = standing ? join(*standing, password, examined) : enter(submission, examined, password);
  if (!submitted && password.evidence)
    record_guess(standing ? *standing : new_record(submission, examined, false), *password.evidence, actor);
  return submitted;
}

// The step that should have carried it did not happen. The guess did, and whoever is to hear of a lock hears of it.
void RequestDesk::record_guess(const RequestRecord& tried_at, const audit::Event& guess, const audit::Actor& actor) {
  const std::vector<audit::Event> events{guess};
  store::Transaction transaction{d_.journal.leaf(guess)};
  const bool is_told = companion_ != nullptr &&
                       companion_->accompany({&tried_at, tried_at, actor, events}, transaction).has_value();
  if (is_told && d_.store.apply(transaction)) return;
  (void)d_.journal.record(guess);
}

RequestRecord RequestDesk::new_record(const Submission& submission, const Examination& examined,
                                      bool password_is_right) const {
  const IssuanceRequest& request = examined.request;
  const auto& requirement = examined.requirement;
  const Time now = d_.clock.now();
  RequestContent content{.subject = request.subject,
                         .names = request.names,
                         .validity = request.validity,
                         .generate_key = {},
                         .renews = request.renews ? request.renews->certificate.id : 0,
                         .purpose = submission.purpose,
                         .selection = submission.selection,
                         .rule = requirement.explanation};
  // By its name, also where the request left it to the profile: this is what people approve.
  if (!request.certification_request && !request.renews) content.generate_key = examined.certificate_request.key_algorithm;
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
      .idempotency_key = request.idempotency_key,
      .certification_request = request.certification_request ? to_bytes(request.certification_request->der()) : Bytes(),
      .subject = examined.subject,
      .content = write_request_content(content),
      .changes = "",
      .request_sha256 = sha256_of(examined),
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
  Step step{.actor = actor, .approval = {}, .events = {}, .examined = &examined};
  if (password.evidence) step.events.push_back(*password.evidence);
  step.events.push_back(received_event(record, examined, submission.selection));
  if (record.state == RequestState::pending) {
    step.events.push_back(pending_event(record, RequestState::received, actor));
  } else {
    if (password.right) step.approval = approval_by_requester(record, store::ApprovalKind::password);
    if (requirement.by_standing_rule) step.approval = approval_by_requester(record, store::ApprovalKind::standing_rule);
    if (step.approval) step.events.push_back(approval_event(record, *step.approval, 0, actor));
    step.events.push_back(approved_event(record, RequestState::received, actor));
  }
  auto stored = commit(nullptr, record, std::move(step));
  if (stored) return Submitted{.record = *std::move(stored), .coalesced = false};
  // Another came in between that is equal or has the key: it is found now, as if it had been there before. Where
  // it was closed in between, the caller may try again.
  if (stored.error().code != Errc::conflict) return tl::unexpected(stored.error());
  CERTWRIGHT_TRY(const auto open, open_of(examined.request.principal, actor));
  CERTWRIGHT_TRY(const auto standing, find_standing(examined, open));
  if (standing) return join(*standing, password, examined);
  CERTWRIGHT_TRY(auto answer, find_answer(submission, examined));
  if (answer) return Submitted{.record = *std::move(answer), .coalesced = true};
  return tl::unexpected(stored.error());
}

// Where somebody decides at this moment, what they left is the answer.
Result<RequestDesk::Submitted> RequestDesk::join(RequestRecord open, const ApprovalPasswords::Checked& password,
                                                 const Examination& examined) {
  for (int attempt = 1;; ++attempt) {
    auto joined = join_once(open, password, examined);
    if (joined || attempt == kAttempts || !is_lost_race(joined.error())) return joined;
    CERTWRIGHT_TRY(open, load(open.id));
  }
}

// Such a request is open. If it is its CA's, the right password still helps it, and so does a policy that wants less by now.
Result<RequestDesk::Submitted> RequestDesk::join_once(const RequestRecord& open,
                                                      const ApprovalPasswords::Checked& password,
                                                      const Examination& examined) {
  const audit::Actor& actor = examined.request.actor;
  Step step{.actor = actor, .approval = {}, .events = {}, .examined = &examined};
  if (password.evidence) step.events.push_back(*password.evidence);
  RequestRecord after = open;
  // With an officer's changes it is another one than was asked for again: upkeep and officers look at that.
  const bool unchanged = open.changes.empty() && open.request_sha256 == sha256_of(examined);
  bool enough = false;
  if (unchanged) {
    CERTWRIGHT_TRY(enough, settle(after, examined, step));
  }
  if (!enough && password.right && open.state == RequestState::pending && unchanged && examined.requirement.needed()) {
    after.state = RequestState::approved;
    after.changed_at = d_.clock.now();
    CERTWRIGHT_TRY(enough, add_approval(step, after, store::ApprovalKind::password));
    if (enough) step.events.push_back(approved_event(after, open.state, actor));
  }
  if (enough) {
    CERTWRIGHT_TRY(auto stored, commit(&open, std::move(after), std::move(step)));
    return Submitted{.record = std::move(stored), .coalesced = true};
  }
  step.events.push_back({.type = audit::EventType::request_repeated,
                         .actor = actor,
                         .fields = {{"request", open.id}, {"state", std::string(name_of(open.state))}}});
  store::Transaction transaction;
  for (const auto& event : step.events) transaction.push_back(d_.journal.leaf(event));
  if (companion_ != nullptr) CERTWRIGHT_CHECK(companion_->accompany({&open, open, actor, step.events}, transaction));
  CERTWRIGHT_CHECK(d_.store.apply(transaction));
  return Submitted{.record = open, .coalesced = true};
}

}  // namespace certwright::registration
