#pragma once
// The desk where requests wait for people: received -> pending -> approved | denied | withdrawn |
// expired, and approved -> issued | failed. Every door that cannot have its certificate at once brings
// its request here. The desk never issues: a door that has an approved request calls
// issuance::IssuanceService::resume(), which comes back for the DecidedRequest.
#include <functional>
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
};

// Safe to call from any thread. Every step is a transaction with its audit record (events 100 to 111)
// and the companion's commands. Two steps at the same moment: one of them is done first, and the other
// sees what it left (the record's revision is the lock).
class RequestDesk {
 public:
  static constexpr Seconds kAnswerKept{7 * 86'400};

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
    // or denied within kAnswerKept is the answer; a certificate only while it can be had and used.
    bool asks_again = false;
  };
  struct Submitted {
    store::RequestRecord record{};  // approved: the door resumes it; pending: it waits
    bool coalesced = false;       // an equal one of the same principal is open: this is it
  };
  // Checks everything that issuing would (registration's examine()), then stores it: approved where the
  // policy wants nobody, where a standing rule covers it, and where the password is right; else pending.
  // A wrong password and one that is locked out lead to the same answer as none, after about the same time.
  // What wants approval must have a profile that keeps its certificates: else nobody could fetch it.
  // Errors: registration's; policy, field "profile"; conflict, field "idempotency_key", if the key stands for
  // another request, open or issued; too_many_requests, field "pending", if the principal has too many open
  // requests, and without field where too many passwords are being checked.
  Result<Submitted> submit(Submission submission);

  // Also of an approved one that is not issued yet. Errors: not_permitted unless `by` is the requester;
  // conflict if it is over; not_found.
  Result<store::RequestRecord> withdraw(std::string_view id, const access::Principal& by,
                                        const audit::Actor& actor, std::string reason);

  // ---- Reading. Callers authorise: access::Action::request_read of object_of(record), or a scope.

  Result<std::optional<store::RequestRecord>> find(std::string_view id) const;
  Result<store::RequestList> list(const store::RequestFilter& filter,
                                  const store::RequestPage& page) const;
  Result<std::vector<store::ApprovalRecord>> approvals(std::string_view id) const;
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
  // Counts the approval; with the last one that is needed the request is approved. Changes make a new
  // binding, to which approvals given before do not count. Errors: not_permitted for the requester or
  // one who is not among the rule's officers; conflict, field "binding", if it is another one by now
  // (also where the profile has a new version: the request is then pending under that); conflict, field
  // "principal", for a second approval; conflict, field "state", also when its time is over; policy and invalid for changes that
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
  // Requests whose time is over. Returns how many; at most 1,000 in a call.
  Result<std::size_t> expire_overdue(const audit::Actor& actor);

 private:
  struct Step;
  Result<store::RequestRecord> load(std::string_view id) const;
  // The record with its next revision and the state of `step`, together with what the step records.
  Result<store::RequestRecord> commit(const store::RequestRecord* before, store::RequestRecord after, Step step);
  Result<bool> is_answer(const store::RequestRecord& earlier) const;
  // Those of the principal, without any whose time is over: those it closes.
  Result<std::vector<store::RequestRecord>> open_of(const access::Principal& principal, const audit::Actor& actor);
  Result<void> check_idempotency(const IssuanceRequest& request,
                                 const std::vector<store::RequestRecord>& open) const;
  Result<Submitted> submit_examined(const Submission& submission, Examination examined);
  store::RequestRecord new_record(const Submission& submission, const Examination& examined, bool password_is_right) const;
  Result<Submitted> enter(const Submission& submission, const Examination& examined,
                          const ApprovalPasswords::Checked& password);
  Result<Submitted> join(const store::RequestRecord& open, const ApprovalPasswords::Checked& password,
                         const ApprovalRequirement& requirement, const audit::Actor& actor);
  Result<store::RequestRecord> expire(const store::RequestRecord& before, const audit::Actor& actor);
  // As it is, or expired if its time is over by now: the sweep comes only from time to time.
  Result<store::RequestRecord> in_time(store::RequestRecord record, const audit::Actor& actor);
  struct Weighed {
    store::RequestRecord before{}, after{};
    ApprovalRequirement requirement{};
  };
  // Everything that can refuse an approval before it is stored.
  Result<Weighed> weigh(const Decision& decision);
  Result<store::RequestRecord> approve_once(const Decision& decision);
  Result<store::RequestRecord> with_changes(const Decision& decision, store::RequestRecord record,
                                            const Examination& examined) const;
  Result<store::RequestRecord> rebase(const store::RequestRecord& record, const audit::Actor& actor);
  void record_refusal(const Error& error, std::string_view id, std::string_view action, const audit::Actor& actor);
  Result<std::size_t> officers_for(const store::RequestRecord& record, const ApprovalRequirement& requirement,
                                   std::string_view not_this_one) const;
  Result<bool> is_enough(const store::RequestRecord& record, const ApprovalRequirement& requirement) const;
  void wait_again(store::RequestRecord& record, const ApprovalRequirement& requirement) const;
  Result<store::RequestRecord> reopen(const store::RequestRecord& record, const ApprovalRequirement& requirement,
                                      const audit::Actor& actor);
  Result<void> check_evidence(const store::RequestRecord& record) const;
  Result<access::Principal> requester_of(const store::RequestRecord& record) const;

  Dependencies d_;
  RequestCompanion* companion_ = nullptr;
};

// The stable name of a state: "pending", ...; and back.
std::string_view name_of(store::RequestState state) noexcept;
std::optional<store::RequestState> request_state_named(std::string_view name) noexcept;

}  // namespace certwright::registration
