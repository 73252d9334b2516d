#pragma once
// The desk where requests wait for people: received -> pending -> approved | denied | withdrawn |
// expired, and approved -> issued | failed. Every door that cannot have its certificate at once brings
// its request here. The desk never issues: a door that has an approved request calls
// issuance::IssuanceService::resume(), which comes back for the DecidedRequest.
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/journal.h"
#include "bytes/secret_bytes.h"
#include "crypto/random.h"
#include "registration/approval_password.h"
#include "registration/decided_request.h"
#include "registration/examination.h"
#include "registration/request_changes.h"
#include "store/store.h"

namespace certwright::registration {

class RegistrationAuthority;

// A step of one request, as it goes into the store.
struct RequestChange {
  const store::RequestRecord* before;  // null: it is new
  const store::RequestRecord& after;
  const audit::Actor& actor;
  const std::vector<audit::Event>& events;  // what else the step puts into the audit log
  // Where it waits for officers from this step on: what the policy wants, and whether the approval of this
  // principal would count. Else null and empty. For the time of the call.
  const ApprovalRequirement* requirement = nullptr;
  std::function<Result<bool>(std::string_view principal)> may_approve{};
};

// Adds commands to the transaction of a change, so that they happen with it or not at all: this is how
// notifications are never lost. Called from any thread, before the commit; may read the store, and nothing
// slower. A transaction that fails may be tried again with another call. Errors: then the step does not
// happen; unavailable.
class RequestCompanion {
 public:
  virtual ~RequestCompanion() = default;
  virtual Result<void> accompany(const RequestChange& change, store::Transaction& transaction) = 0;
};

struct RequestLimits {
  std::uint32_t open_max = 50;       // open requests of one principal: beyond it none can wait
  std::uint32_t approved_max = 200;  // beyond it none can be approved at once either
  // Of one principal in 24 hours, whatever became of them but a certificate: beyond it none can wait.
  std::uint32_t daily_max = 500;
};

// Safe to call from any thread. Every step is a transaction with its audit record (events 100 to 111)
// and the companion's commands. Two steps at the same moment: one of them is done first, and the other
// sees what it left (the record's revision is the lock).
class RequestDesk {
 public:
  static constexpr Seconds kAnswerKept{7 * 86'400};
  static constexpr Seconds kApprovedKept{30 * 86'400};  // approved, and not issued for so long: expired

  struct Dependencies {  // all must outlive the desk
    store::Store& store;
    audit::Journal& journal;
    const RegistrationAuthority& registration;
    ApprovalPasswords& passwords;
    crypto::Random& random;
    const Clock& clock;
    RequestLimits limits = {};
  };
  explicit RequestDesk(Dependencies dependencies) : d_(dependencies) {}

  // While no request is on its way: before the first, or after the last. Null: nobody.
  void tell(RequestCompanion* companion) noexcept { companion_ = companion; }

  // ---- The requester

  struct Submission {
    IssuanceRequest request{};       // its CA is set, or registration takes the first that serves it
    SecretBytes approval_password{}; // empty: none given
    std::string purpose{};           // what the requester said of it, for the officer; may be empty
    std::string selection{};         // how the CA was chosen, for the officer; may be empty
    // The protocol has no other way to ask how it went than asking again: an equal request that was issued
    // or denied within kAnswerKept is the answer; a certificate only while it and the key that we made can be had and
    // used. Of a renewal: answered_renewal().
    bool asks_again = false;
  };
  struct Submitted {
    store::RequestRecord record{};  // approved: the door resumes it; pending: it waits
    bool coalesced = false;       // the principal has one open that is equal or has the key: this is it
  };
  // Checks everything that issuing would (registration's examine()), then stores it: approved where the
  // policy wants nobody, where a standing rule covers it, and where the password is right; else pending.
  // A wrong password, one that is locked out and none lead to the same answer, after about the same time.
  // What wants approval must have a profile that keeps its certificates: else nobody could fetch it. A key that is to
  // be made is made when the certificate is issued: none waits.
  // Errors: registration's; policy, field "profile"; conflict, field "idempotency_key", if the key stands for
  // another request, open or issued; too_many_requests, field "pending", if the principal has too many open
  // requests, field "received", if it sent too many in 24 hours that came to no certificate (the limit is named),
  // and without field where too many passwords are being checked.
  Result<Submitted> submit(Submission submission);

  // Of one that renews: the request of the same principal, with the same validity and idempotency key, that the
  // newest certificate came of, where it is the answer to asking again, as in Submission. For doors that issue first
  // and submit what must wait: by now it may need nobody. Errors: the store's.
  Result<std::optional<store::RequestRecord>> answered_renewal(const IssuanceRequest& request) const;

  // May a certificate be issued at once for this key? Errors: conflict, field "idempotency_key", if an open request
  // of the principal has it, also where that is the same: it is on its way; unavailable.
  Result<void> check_idempotency_key(std::string_view principal, std::string_view key,
                                     const store::Sha256& request_sha256) const;

  // Also of an approved one that is not issued yet. Errors: not_permitted unless `by` is the requester;
  // conflict if it is over; not_found.
  Result<store::RequestRecord> withdraw(std::string_view id, const access::Principal& by,
                                        const audit::Actor& actor, std::string reason);

  // ---- Reading. Callers authorise: access::Action::request_read of object_of(record), or a scope.

  Result<std::optional<store::RequestRecord>> find(std::string_view id) const;
  Result<store::RequestList> list(const store::RequestFilter& filter,
                                  const store::RequestPage& page) const;
  // As they were given, in that order.
  Result<std::vector<store::ApprovalRecord>> approvals(std::string_view id) const;
  // An approval, and whether it counts by now: as the next decision, and the issue, will take it.
  struct Counted {
    store::ApprovalRecord approval{};
    std::string why_not{};  // half a sentence; empty: it counts
  };
  // `examined`: what the record would come to; null where it is refused now,
  // and then policies are not asked. Of a request that is over: what was given to what was decided.
  Result<std::vector<Counted>> approvals(const store::RequestRecord& record, const Examination* examined) const;
  // What would be issued now: with the changes that are in the record, or without any as it was asked for.
  // Errors: registration's, where it would be refused by now; policy, field "principal", where the requester
  // may not have it any more.
  enum class View : std::uint8_t { as_asked, as_changed };
  Result<Examination> examine(const store::RequestRecord& record, View view) const;
  static access::Object object_of(const store::RequestRecord& record) {
    return {record.tenant, record.ca, record.principal};
  }

  // ---- Officers. The caller has asked for access::Action::request_decide of object_of(record).

  struct Decision {
    std::string id{};
    const access::Principal& officer;
    const audit::Actor& actor;
    // RequestRecord::binding that the officer looked at, of the request as it is or of preview() with these
    // changes: another one means that the request, its profile or its changes are not what was seen.
    std::array<std::uint8_t, 32> binding{};
    std::string comment{};       // at most 1,000 octets
    RequestChanges changes{};  // empty: none, and those of earlier officers stay
  };
  // Would an approval by `officer` count? check_officer(), and where the rule names its officers (officers_of,
  // installation_officers): nobody else is there who could sign in both as the requester and as the officer, as
  // an administrator of their tenant could. Administrators of the installation do not count as such: they could
  // change the rule. Errors: as check_officer(); unavailable.
  Result<void> check_may_approve(const Examination& examined, const access::Principal& officer,
                                 const store::RequestRecord& record) const;
  // Counts the approval; with the last one that is needed the request is approved. Changes make a new
  // binding, to which approvals given before do not count. Errors: check_may_approve()'s; conflict, field "binding", if it is another one by now
  // (also where the profile has a new version: the request is then pending under that); conflict, field
  // "principal", for a second approval that helps no further (one that does is not counted twice, but looks again
  // whether there are enough by now); conflict, field "state", also when its time is over; policy and invalid for changes that
  // cannot be; not_found.
  Result<store::RequestRecord> approve(const Decision& decision);
  // The request as approve() would leave it, but for the approval: with the changes, and the binding that they
  // make. For reading: nothing is approved. As by approve(), one whose time is over expires, and one whose
  // profile has a new version is pending under that. Errors: those of approve(), but for a second approval.
  Result<store::RequestRecord> preview(const Decision& decision);
  // `reason` is mandatory: 3 to 1,000 octets. The requester may not deny (it may withdraw).
  Result<store::RequestRecord> deny(std::string_view id, const access::Principal& officer,
                                    const audit::Actor& actor, std::string reason);

  // ---- Issuance and upkeep

  // The approved request as evidence. Errors: conflict, field "state", if it is not approved; conflict,
  // field "binding", if the profile has another version than was approved (it is pending again then, and
  // approvals given before do not count); conflict, field "state", if the CA's policy of now wants more than
  // was given (the same, but approvals count); policy, field "principal", if the requester is disabled.
  Result<DecidedRequest> decided(std::string_view id, const audit::Actor& actor);
  // For issuance's transactions. The intent takes the request: of two at once one fails, conflict, field
  // "revision". `record` becomes what is stored after it.
  store::Transaction commands_of_intent(store::RequestRecord& record, store::CertificateId intent) const;
  Result<store::Transaction> commands_of_issue(store::RequestRecord& record, store::CertificateId certificate,
                                       std::string_view serial_hex, const audit::Actor& actor) const;
  // Refused after the approval: failed, with the refusal as reason. Errors: conflict.
  Result<void> fail(const store::RequestRecord& record, const Error& refusal, const audit::Actor& actor);
  // Requests that wait although the policy of now is satisfied, as where it wants less than it did: they are
  // approved. Those whose CA has ended for good (RegistrationAuthority::has_ended()) are failed, and renewals of what
  // cannot be renewed any more. Looks at 50 in a call, and goes on where the last call ended. Returns how many it
  // approved. Errors: the first, when all were looked at.
  Result<std::size_t> settle_waiting(const audit::Actor& actor);
  // Requests whose time is over: nobody decided in time, or no certificate could be issued for kApprovedKept.
  // Returns how many; at most 1,100 in a call. Errors: the first, when each was tried.
  Result<std::size_t> expire_overdue(const audit::Actor& actor);

 private:
  struct Step;
  Result<store::RequestRecord> load(std::string_view id) const;
  // The record with its next revision and the state of `step`, together with what the step records.
  Result<store::RequestRecord> commit(const store::RequestRecord* before, store::RequestRecord after, Step step);
  Result<bool> is_answer(const store::RequestRecord& earlier) const;
  Result<std::optional<store::RequestRecord>> find_answer(const Submission& submission,
                                                          const Examination& examined) const;
  // Those of the principal, without any whose time is over: those it closes.
  Result<std::vector<store::OpenRequest>> open_of(const access::Principal& principal, const audit::Actor& actor);
  Result<std::optional<store::RequestRecord>> find_standing(const Examination& examined,
                                                            const std::vector<store::OpenRequest>& open) const;
  Result<std::string> standing_id(const Examination& examined, const std::vector<store::OpenRequest>& open) const;
  Result<Submitted> submit_examined(const Submission& submission, Examination examined);
  store::RequestRecord new_record(const Submission& submission, const Examination& examined, bool password_is_right) const;
  Result<Submitted> enter(const Submission& submission, const Examination& examined,
                          const ApprovalPasswords::Checked& password);
  Result<Submitted> join(store::RequestRecord open, const ApprovalPasswords::Checked& password,
                         const Examination& examined);
  Result<Submitted> join_once(const store::RequestRecord& open, const ApprovalPasswords::Checked& password,
                              const Examination& examined);
  void record_guess(const store::RequestRecord& tried_at, const audit::Event& guess, const audit::Actor& actor);
  Result<store::RequestRecord> end_as_failed(const store::RequestRecord& before, const Error& refusal,
                                             const audit::Actor& actor);
  Result<void> close_hopeless(const store::RequestRecord& record, const Error& refusal, const audit::Actor& actor);
  Result<store::RequestRecord> expire(const store::RequestRecord& before, const audit::Actor& actor);
  // As it is, or expired if its time is over by now: the sweep comes only from time to time.
  Result<store::RequestRecord> in_time(store::RequestRecord record, const audit::Actor& actor);
  struct Weighed {
    store::RequestRecord before{}, after{};
    Examination examined;
  };
  // Everything that can refuse an approval before it is stored.
  Result<Weighed> weigh(const Decision& decision);
  Result<store::RequestRecord> approve_once(const Decision& decision);
  // And what it would come to, in `examined`, which is of `record` before.
  Result<store::RequestRecord> with_changes(const Decision& decision, store::RequestRecord record,
                                            Examination& examined) const;
  Result<store::RequestRecord> rebase(const store::RequestRecord& record, const audit::Actor& actor);
  void record_refusal(const Error& error, std::string_view id, std::string_view action, const audit::Actor& actor);
  // An approval by this principal, as it is now; false for one who is disabled.
  Result<bool> may_approve(const store::RequestRecord& record, const Examination& examined,
                           std::string_view principal) const;
  // Half a sentence; empty: it counts.
  Result<std::string> why_not(const store::RequestRecord& record, const Examination* examined,
                              const store::ApprovalRecord& approval) const;
  Result<std::string> why_not_this_officer(const store::RequestRecord& record, const Examination* examined,
                                           std::string_view principal) const;
  Result<std::size_t> officers_for(const store::RequestRecord& record, const Examination& examined,
                                   std::string_view not_this_one) const;
  // To what it is now.
  Result<bool> has_approved(const store::RequestRecord& record, std::string_view principal) const;
  Result<bool> is_enough(const store::RequestRecord& record, const Examination& examined) const;
  // Makes `record` approved if it waits and what was given satisfies the policy of now, and says so in `step`.
  // `examined`: what the record would come to.
  Result<bool> settle(store::RequestRecord& record, const Examination& examined, Step& step) const;
  // The requester's own, password or standing rule, of which a binding has one: false if that is of another kind.
  Result<bool> add_approval(Step& step, const store::RequestRecord& record, store::ApprovalKind kind) const;
  Result<bool> settle_one(store::RequestRecord before, const audit::Actor& actor);  // did it approve it?
  void wait_again(store::RequestRecord& record, const ApprovalRequirement& requirement) const;
  Result<store::RequestRecord> reopen(const store::RequestRecord& record, const Examination& examined,
                                      const audit::Actor& actor);
  Result<void> check_evidence(const store::RequestRecord& record) const;
  Result<access::Principal> requester_of(const store::RequestRecord& record) const;

  Dependencies d_;
  RequestCompanion* companion_ = nullptr;
  std::mutex settled_mutex_;
  std::string settled_{};  // the last that settle_waiting() looked at
};

// The stable name of a state: "pending", ...; and back.
std::string_view name_of(store::RequestState state) noexcept;
std::optional<store::RequestState> request_state_named(std::string_view name) noexcept;

}  // namespace certwright::registration
