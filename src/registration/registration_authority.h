#pragma once
#include "ca/ca_directory.h"
#include "registration/decided_request.h"
#include "registration/examination.h"
#include "registration/issuance_request.h"
#include "registration/profile_directory.h"
#include "registration/sample_keys.h"
#include "store/store.h"

namespace certwright::registration {

// Decides whether this requestor may have this certificate. Never calls issuance. Thread-safe.
class RegistrationAuthority {
 public:
  // All must outlive this.
  RegistrationAuthority(const store::Store& store, const ca::CaDirectory& cas,
                        const ProfileDirectory& profiles, const Clock& clock)
      : store_(store), cas_(cas), profiles_(profiles), clock_(clock) {}

  // Checks, in this order: limits of the request; tenant is one of the principal's; the CA serves the
  // tenant, can issue and has the profile attached; the principal may issue there (and for a CA
  // profile manages the CA); CSR: self-signature (RFC 2986 section 3), key soundness, not blocked; a key that is to
  // be made: allowed by the profile.
  // What renews a certificate: the principal may renew it, and it can be renewed. Its possession was proven when it
  // was issued. Without a validity it is that of the newest, cut to the CA's end; the profile's default where that
  // allows less. Where its CA can issue no more and the request names none, another one that the principal may issue
  // by takes its place, its successor (which has its name) before others. Internal and CA profiles are refused
  // (policy): the CA renews those. Unchanged is what is for no longer, by the same CA and under the same version of
  // the profile.
  // Errors: not_found for CA, profile or tenant the principal may not know of; not_permitted;
  // invalid, policy with the field; unavailable where no CA can issue now; conflict, field "certificate", for one that
  // cannot be renewed any more; approval_required where the CA's policy wants people to look first
  // (registration/request_desk.h).
  Result<ApprovedRequest> approve(IssuanceRequest request) const;
  // The same for a request that people approved: the requester must still have the right, CA and profile
  // version must be those of the approval. Errors: as above; conflict, field "binding", where they are not.
  Result<ApprovedRequest> approve(DecidedRequest decided) const;
  // Every check of approve(), and the certificate as it would be, linted: nothing is left that could refuse
  // it but time and change. Says what approval it needs. A key that is to be made when it is issued has a sample of
  // its algorithm in its place. Not for certificates of CAs. Errors: as approve(), but policy instead of conflict for
  // one that cannot be renewed any more; policy and invalid of profile and lint.
  Result<Examination> examine(IssuanceRequest request) const;
  // For the CA's own certificates (OCSP responders, TLS of this server): internal profiles allowed,
  // no role needed; every other check is the same.
  Result<ApprovedRequest> approve(IssuanceRequest request, const SystemAuthority& system) const;
  // The CA of that id; null if there is none.
  ca::CaPtr find_ca(std::string_view id) const { return cas_.find(id); }
  // Will the CA never issue again: is it retired, has it or a CA above it ended, or been revoked (not merely put on
  // hold)? False for one that is not there. Errors: unavailable.
  Result<bool> has_ended(std::string_view ca) const;
  // Where none has, nobody waits for people.
  bool any_ca_has_approval_rules() const;
  // Of the profile in force; 0 if there is none.
  std::uint32_t current_version(std::string_view profile) const;

  // For the UDP certificate generator. `ca` empty: the first that has the profile. Checks that the
  // profile is one of interception (which no other function here lets anybody use), that the CA has it
  // attached and can issue, that nobody must approve what it makes, and that no CA under the same root has a
  // profile of another kind.
  // Errors: not_found; policy; unavailable if the CA cannot issue now.
  Result<StandingAuthority> approve_interception(std::string_view ca, std::string_view profile) const;
  // Are CA and profile still what was approved?
  bool is_current(const StandingAuthority& standing) const;

 private:
  // Why the requestor may have it: by role; because it is the CA itself; by role, and people approved it.
  // Examination: nothing is issued, so nobody need.
  enum class Evidence : std::uint8_t { role, system, approval, examination };
  Result<ApprovedRequest> approve(IssuanceRequest request, Evidence evidence) const;
  Result<ApprovedRequest> approve_renewal(IssuanceRequest request, Evidence evidence) const;
  Result<void> check_renewable(const IssuanceRequest& request, Evidence evidence) const;
  static Result<void> check_name_count(const ApprovedRequest& approved);
  static ApprovalRequirement requirement_of(const IssuanceRequest& request, const ApprovedRequest& approved);
  Result<std::string> successor_for(const IssuanceRequest& request, const ca::CaPtr& before,
                                    bool new_key) const;
  Result<void> choose(const IssuanceRequest& request, Evidence evidence,
                      ApprovedRequest& approved) const;
  Result<void> check_possession(const pkcs10::CertificationRequest& csr,
                                profile::CertificateRequest& request) const;
  static Result<void> choose_key(const std::string& asked, const profile::Profile& profile,
                                 profile::CertificateRequest& request);
  Result<void> check_key(ByteView key, std::string_view field,
                         profile::CertificateRequest& request) const;
  const store::Store& store_;
  const ca::CaDirectory& cas_;
  const ProfileDirectory& profiles_;
  const Clock& clock_;
  mutable SampleKeys sample_keys_;
};

}  // namespace certwright::registration
