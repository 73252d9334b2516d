#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "audit/journal.h"
#include "clock/clock.h"
#include "notification/outbox.h"
#include "notification/transport.h"
#include "store/store.h"

namespace certwright::notification {

struct ExpirySweepOptions {
  std::vector<std::uint32_t> certificate_days{30, 14, 7, 1};
  std::vector<std::uint32_t> ca_days{90, 30, 14, 7, 1};
  std::string holder;  // of the lease: this process
  Duration every = std::chrono::hours(1);
  Duration lease = std::chrono::minutes(5);
  std::uint32_t batch = 100;  // lineages in one transaction
};

// Tells of what is about to expire: certificates that were neither renewed nor revoked, CAs, CRLs. A
// threshold counts for a certificate that lives at least twice as long, so that short-lived ones are no
// news. Each is told once for each threshold, whatever happens in between: how far a threshold was swept
// is kept in the store, so that a sweep reads only what has crossed it since the last one, and what was
// crossed while the server was down is made up for. The audit log has a record for each batch of certificates
// and each CA or CRL that somebody was told about.
class ExpirySweep {
 public:
  struct Dependencies {  // all must outlive this
    store::Store& store;
    audit::Journal& journal;
    const Outbox& outbox;
    const Clock& clock;
  };
  ExpirySweep(const Dependencies& dependencies, ExpirySweepOptions options);

  // Sweeps if the last time is long enough ago and no other node does: CAs and CRLs, then certificates by
  // threshold. Errors: the first of the store; what does not depend on it was swept all the same, and the
  // next call goes on.
  Result<void> run_due();
  // From any thread: ends at the next batch.
  void stop() noexcept { stop_ = true; }

 private:
  Result<void> sweep_certificates(std::uint32_t days, std::uint32_t next_days);
  Result<void> sweep_range(std::uint32_t days, Time from, Time to);
  Result<void> sweep_cas();
  Result<void> sweep_crls(const store::CaRecord& ca);
  using Fields = decltype(audit::Event::fields);
  Result<void> apply(store::Transaction transaction, Fields record);
  Result<store::Transaction> untold(store::Transaction told) const;

  const Dependencies d_;
  ExpirySweepOptions options_;
  Stop stop_{false};
  Time next_{};
};

}  // namespace certwright::notification
