#pragma once
#include <memory>
#include <string>

#include "aggregate/log.h"
#include "daemon/installation.h"
#include "issuance/interception_service.h"

namespace certwright::daemon {

// What stands behind the UDP generator's door in a server: the aggregate log in the state directory,
// its roots in the audit log, and the service that issues.
class Interception {
 public:
  struct Options {
    std::string ca;                      // empty: the one that has the profile
    std::string profile = "interception";
    std::size_t rsa_pool_capacity = 64;
    Seconds retention{30LL * 86'400};    // of the aggregate log's files
  };
  // `installation` must outlive the result and be loaded. Errors: InterceptionService::open()'s and
  // aggregate::Log::open()'s.
  static Result<std::unique_ptr<Interception>> open(Installation& installation, const Options& options);

  issuance::InterceptionIssuer& issuer() noexcept { return *service_; }
  // When nobody asks the issuer any more: see aggregate::Log::settle().
  Result<void> settle() { return log_->settle(); }
  // To be called every second, and on reload.
  Result<void> refresh() { return service_->refresh(); }

 private:
  Interception() = default;
  std::unique_ptr<aggregate::Log> log_;
  std::unique_ptr<issuance::InterceptionService> service_;  // uses log_
};

// Says that aggregate::Log::settle() failed.
void log_unsettled(const Error& error);

// Writes a closed interval into the audit log, durably.
aggregate::RootSink audit_sink(audit::Journal& journal);

}  // namespace certwright::daemon
