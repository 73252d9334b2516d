#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "aggregate/log.h"
#include "daemon/installation.h"
#include "issuance/interception_service.h"

namespace certwright::daemon {

// What stands behind the UDP generator's door in a server: the aggregate log in the state directory,
// its roots in the audit log, and the service that issues. Where one of them cannot be had nothing is
// issued, and each refresh() tries again: a CA that cannot be used does not keep the server down.
class Interception final : public issuance::InterceptionIssuer {
 public:
  struct Options {
    std::string ca;  // empty: the one that has the profile
    std::string profile = "interception";
    std::size_t rsa_pool_capacity = 64;
  };
  // `installation` must outlive this, and be loaded before refresh().
  Interception(Installation& installation, Options options);

  // Opens what is not open yet; else takes over changes. To be called every second, and on reload.
  // Errors: aggregate::Log::open()'s; InterceptionService::open()'s and refresh()'s.
  Result<void> refresh();
  // Why nothing is issued, or why a change was not taken over; empty where all is well.
  std::string trouble() const;

  Result<issuance::InterceptionCertificate> issue(const issuance::InterceptionRequest& request,
                                                  const issuance::InterceptionLimits& limits) override;
  std::uint64_t generation() const noexcept override;
  issuance::InterceptionStatistics statistics() const noexcept override;

  // Why records cannot be kept at the moment; empty where they can.
  std::string record_failure() const;
  // When nobody asks the issuer any more: see aggregate::Log::settle().
  Result<void> settle();

 private:
  Result<void> open();
  Installation& in_;
  const Options options_;
  std::mutex refreshing_;
  std::unique_ptr<aggregate::Log> log_;
  std::unique_ptr<issuance::InterceptionService> service_;  // uses log_
  std::atomic<aggregate::Log*> recording_{nullptr};         // log_ and service_ once they are there
  std::atomic<issuance::InterceptionService*> serving_{nullptr};
  mutable std::mutex trouble_mutex_;
  std::string trouble_ = "it was not opened yet";
};

// Says that aggregate::Log::settle() failed.
void log_unsettled(const Error& error);

// aggregate::LogOptions::warn, into the log.
void warn_of_records(std::string_view what);
// Writes a closed interval into the audit log, durably.
aggregate::RootSink audit_sink(audit::Journal& journal);

}  // namespace certwright::daemon
