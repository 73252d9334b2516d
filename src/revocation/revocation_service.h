#pragma once
#include <functional>
#include <string>
#include <string_view>

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
// certificates are revoked already. Safe to call from any thread.
class RevocationService {
 public:
  RevocationService(store::Store& store, audit::Journal& journal, const Clock& clock)
      : store_(store), journal_(journal), clock_(clock) {}
  void add_listener(RevocationListener& listener);  // before the first call; must outlive this

  // Every unexpired certificate of the lineage. `reason` removeFromCRL is refused (invalid).
  // Errors: not_found; conflict if revoked already (a hold may become another reason).
  Result<void> revoke(store::CertificateId lineage, x509::RevocationReason reason,
                      const audit::Actor& actor);
  // Ends a certificateHold. Errors: not_found; conflict if it is not on hold.
  Result<void> release(store::CertificateId lineage, const audit::Actor& actor);

  struct BulkProgress { std::uint64_t revoked = 0, already_revoked = 0, seen = 0; };
  // Every lineage of one entity in these tenants. Resumable: calling again continues.
  Result<BulkProgress> revoke_entity(const std::vector<std::string>& tenants,
                                     std::string_view entity_id, x509::RevocationReason reason,
                                     const audit::Actor& actor,
                                     const std::function<void(const BulkProgress&)>& on_progress);

 private:
  void tell(store::CertificateId lineage);
  store::Store& store_;
  audit::Journal& journal_;
  const Clock& clock_;
  std::vector<RevocationListener*> listeners_;
};

}  // namespace certwright::revocation
