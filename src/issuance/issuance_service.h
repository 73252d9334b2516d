#pragma once
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "audit/journal.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "issuance/key_slots.h"
#include "issuance/serial_source.h"
#include "keys/sealer.h"
#include "registration/registration_authority.h"
#include "registration/request_desk.h"
#include "store/store.h"

namespace certwright::issuance {

struct IssuedCertificate {
  store::CertificateRecord certificate;  // with its DER, also at RecordLevel::digest
  ca::CaPtr ca;
  bool replayed = false;  // an earlier answer to the same idempotency key
};

// Times of the stages, for metrics; called from the issuing thread. Names: "approve", "build",
// "lint", "intent", "sign", "verify", "record".
class StageObserver {
 public:
  virtual ~StageObserver() = default;
  virtual void on_stage(std::string_view stage, std::chrono::nanoseconds took) noexcept = 0;
  virtual void on_outcome(std::string_view door, std::string_view ca, std::string_view profile,
                          std::string_view outcome) noexcept = 0;
};

// THE issuance service: the only way a certificate comes to exist (DESIGN section 3):
//   1 approve (registration)  2 CA and profile  3 serial  4 TBSCertificate (profile)  5 lint
//   6 record intent (store + audit)  7 sign  8 verify signature and bytes  9 record certificate.
// A crash after 6 leaves a reserved serial and an audit record of it; an acknowledged certificate is
// durable. Safe to call from any thread; blocks for two group commits.
class IssuanceService {
 public:
  struct Dependencies {
    registration::RegistrationAuthority& registration;
    store::Store& store;
    audit::Journal& journal;
    keys::Sealer& sealer;
    crypto::Random& random;
    const Clock& clock;
    StageObserver* observer = nullptr;
    KeySlots::Limits rsa_keys = {};  // made at once for requests
    registration::RequestDesk* requests = nullptr;  // null: nothing can be resumed
  };
  explicit IssuanceService(Dependencies dependencies)
      : d_(dependencies), serials_(dependencies.random, dependencies.clock), rsa_slots_(dependencies.rsa_keys) {}

  // What renews a certificate makes a new one in its lineage: a serial of its own, the same subject, names and copied
  // extensions under the profile's present version.
  // Errors: registration's; policy and invalid of profile and lint; conflict also if another renewal was faster;
  // conflict, field "idempotency_key", if the key was used with another request or that request is still running, or waits for people;
  // too_many_requests if many RSA keys are being made; unavailable if store or token is away: the certificate may exist then, and if it does, a request
  // with the same idempotency key gets it. A refusal of a known principal is an audit record.
  Result<IssuedCertificate> issue(registration::IssuanceRequest request);
  Result<IssuedCertificate> issue(registration::IssuanceRequest request,
                                  const registration::SystemAuthority& system);

  // Issues for a request that people approved: the whole path again, with the approval as evidence. The
  // request's state `issued` is committed with the certificate, and its record is taken by the intent: of two
  // at once, or after a crash, one certificate comes to exist. A refusal, also by a CA that has ended, makes the
  // request `failed`; an outage leaves it approved, for resume_approved().
  // Errors: not_found; conflict, field "state", if it is not approved (any more); conflict, field "request" or
  // "revision", if it is being issued at this moment; conflict, field "binding", if its profile has another
  // version and it is pending again; else as issue().
  Result<IssuedCertificate> resume(std::string_view request, const audit::Actor& actor);
  // What is approved and not issued, because a server died or a key was away; only what has been so for
  // `since`: the door that approved it is about to issue the others. Called at start (with 0) and from time to
  // time. A CA that cannot sign is asked once, and then after a minute, two, four, to an hour. Returns how
  // many were issued. Errors: the store's.
  static constexpr Seconds kDoorsTurn{30};
  Result<std::size_t> resume_approved(const audit::Actor& actor, Seconds since);

  // Records that a door, or registration for it, refused a request before it came here.
  void refused(const audit::Actor& actor, std::string_view profile, const Error& error);

  // At start, before anything is issued: closes every intent of an earlier run that has no
  // certificate, with an INTENT_ABANDONED record each; no certificate can be recorded for it then.
  // Returns how many there were.
  Result<std::size_t> account_for_unfinished_intents();

  // How long a request with an idempotency key can be repeated and get the same certificate.
  static constexpr Seconds kIdempotencyKeyKept{7 * 86'400};
  // Called from time to time: forgets older keys, in small commits, up to 20,000 of them. Returns
  // how many it forgot. A request that repeats one is a new request. Errors: unavailable.
  Result<std::size_t> forget_old_idempotency_keys();

 private:
  struct Subject;  // what is on its way to become a certificate: subject.h
  Result<IssuedCertificate> issue(registration::IssuanceRequest request,
                                  const registration::SystemAuthority* system);
  Result<IssuedCertificate> resume_unguarded(std::string_view request, const audit::Actor& actor);
  Result<IssuedCertificate> run_path(Subject& subject);
  Result<void> obtain_key(Subject& subject);
  Result<void> build_and_lint(Subject& subject);
  Result<signer::PreparedCertificate> record_intent(Subject& subject);
  Result<IssuedCertificate> sign_and_record(Subject& subject, signer::PreparedCertificate prepared);
  Result<IssuedCertificate> sign_and_record_unguarded(Subject& subject,
                                                      signer::PreparedCertificate prepared);
  Result<void> abandon(const store::SerialReservation& intent, const audit::Actor& actor);
  void account_for_failed_intent(const Subject& subject);
  Result<store::CertificateRecord> record_certificate(Subject& subject,
                                                      const x509::Certificate& certificate);
  struct KeyedRequest;
  static KeyedRequest keyed_request(const registration::IssuanceRequest& request);
  Result<std::optional<IssuedCertificate>> find_replay(const KeyedRequest& keyed);
  static Result<IssuedCertificate> answered_before(const Subject& subject, IssuedCertificate replay);
  Result<IssuedCertificate> finish(Result<IssuedCertificate> result, const audit::Actor& actor,
                                   std::string_view profile);
  void record_refusal(const audit::Actor& actor, std::string_view profile, const Error& error);

  Dependencies d_;
  SerialSource serials_;
  KeySlots rsa_slots_;
  std::mutex resuming_mutex_;
  std::set<std::string, std::less<>> resuming_;  // requests
  struct Outage {
    Seconds pause{};  // after the last try
    Time until{};     // of the pause
  };
  std::map<std::string, Outage> outages_;  // of CAs; guarded by resuming_mutex_ too
  bool is_paused(const std::string& ca);
  void note_outage(const std::string& ca, bool is_away);
};

}  // namespace certwright::issuance
