#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/journal.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "store/store.h"
#include "x509/certificate_list.h"

namespace certwright::revocation {

// Told after a change is durable, so that OCSP answers and CRLs follow at once. From any thread.
class RevocationListener {
 public:
  virtual ~RevocationListener() = default;
  virtual void on_revocation_change(std::string_view ca, std::uint32_t crl_shard,
                                    const x509::SerialNumber& serial) noexcept = 0;
};

// Revokes. The caller has authorised the act on these very objects. Cost does not depend on how many
// certificates are revoked already. Each act is one transaction with its audit record, and listeners
// are told before the call returns. Safe to call from any thread.
class RevocationService {
 public:
  // All must outlive the service.
  RevocationService(store::Store& store, audit::Journal& journal, const Clock& clock)
      : store_(store), journal_(journal), clock_(clock) {}
  void add_listener(RevocationListener& listener);  // before the first call; must outlive this
  // Commands for the transaction of a revocation, so that whoever they tell is told if and only if it
  // happened: of the newest certificate, with the name of the reason and the time. Set while nothing is
  // revoked; an empty function: nobody is told. An error of its is the revocation's.
  using Notices = std::function<Result<store::Transaction>(const store::CertificateRecord&, std::string_view, Time)>;
  void tell_with(Notices notices) { notices_ = std::move(notices); }

  // Every unexpired certificate of the lineage; of an expired lineage the newest. A hold may become
  // another reason. With keyCompromise the lineage's keys are blocked: no certificate for them again.
  // Not those that a certificate in force of another tenant has, or whoever can present a foreign
  // CSR could take the key from its owner; the audit log says so (KEY_NOT_BLOCKED).
  // Errors: invalid for removeFromCRL; not_found; conflict if revoked already; unavailable, after
  // which it may have happened all the same.
  Result<void> revoke(store::CertificateId lineage, x509::RevocationReason reason,
                      const audit::Actor& actor);
  // Ends a certificateHold. Errors: not_found; conflict if it is not on hold; unavailable.
  Result<void> release(store::CertificateId lineage, const audit::Actor& actor);

  struct BulkProgress { std::uint64_t revoked = 0, already_revoked = 0, seen = 0; };
  // Every lineage of one entity in these tenants ("*": all of them), also those that are issued while
  // this runs. Resumable: calling again continues. Lineages revoked already, also by somebody else
  // in the meantime, are counted, not failed. Certificates of CAs are seen and left alone: revoking
  // one ends everything below it, and is done by its own name, with the right over its issuer.
  // `on_progress` (may be null) is called after each group of commits. Errors: invalid for removeFromCRL, no tenant or an empty entity; the store's.
  Result<BulkProgress> revoke_entity(const std::vector<std::string>& tenants,
                                     std::string_view entity_id, x509::RevocationReason reason,
                                     const audit::Actor& actor,
                                     const std::function<void(const BulkProgress&)>& on_progress);

 private:
  struct Target;
  struct Act;
  Result<Target> find_target(store::CertificateId lineage) const;
  Result<void> append(const Act& act, const Target& target, store::Transaction& transaction) const;
  Result<bool> has_another_owner(const store::Sha256& key, const std::string& tenant, Time now) const;
  Result<std::vector<store::Sha256>> keys_of_others(const Target& target, Time now) const;
  Result<void> apply(const Act& act, const Target& target);
  Result<void> apply_group(const Act& act, const std::vector<Target>& group, BulkProgress& progress);
  void tell(const Target& target) const noexcept;

  store::Store& store_;
  audit::Journal& journal_;
  const Clock& clock_;
  std::vector<RevocationListener*> listeners_;
  Notices notices_;
};

}  // namespace certwright::revocation
