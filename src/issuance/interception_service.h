#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "aggregate/log.h"
#include "audit/journal.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "issuance/interception.h"
#include "issuance/key_pool.h"
#include "issuance/serial_source.h"
#include "registration/registration_authority.h"

namespace certwright::issuance {

// The one issuance path for record level `aggregate` (DESIGN section 3): registration approves the
// door's standing authority when it is opened, and again when CA or profile change; each certificate
// then goes through serial, profile, lint, signer and the aggregate log. The intent is the log's count,
// the record its entry; both are durable a second later. Our own signature is verified once after a CA
// was loaded and once in kVerifyOneIn; the octets are compared always.
class InterceptionService final : public InterceptionIssuer {
 public:
  static constexpr std::uint64_t kVerifyOneIn = 256;

  struct Dependencies {
    const registration::RegistrationAuthority& registration;
    audit::Journal& journal;
    crypto::Random& random;
    const Clock& clock;
    aggregate::Log* log = nullptr;  // null: nothing is recorded, for a stand-alone door without a folder
  };
  struct Options {
    std::string ca;                        // empty: the one that has the profile
    std::string profile = "interception";
    audit::Actor actor;                    // of the door, in the audit log
    std::size_t rsa_pool_capacity = 64;
  };
  // Dependencies must outlive the service. Errors: registration's approve_interception().
  static Result<std::unique_ptr<InterceptionService>> open(Dependencies dependencies, Options options);
  ~InterceptionService() override;

  Result<InterceptionCertificate> issue(const InterceptionRequest& request,
                                        const InterceptionLimits& limits) override;
  std::uint64_t generation() const noexcept override { return generation_.load(); }
  InterceptionStatistics statistics() const noexcept override;

  // Where CA or profile changed since: asks registration again, and uses the new ones from then on.
  // Cheap when nothing did: to be called every second or so, and on reload. Errors: registration's, and
  // nothing is issued until it says yes again; the store's, and what was approved before stays in use.
  Result<void> refresh();

 private:
  struct Authority;  // one approved CA and profile, with what is compiled from them
  struct Key;
  struct Subject;
  InterceptionService(Dependencies dependencies, Options options);
  Result<void> approve();
  std::shared_ptr<Authority> authority() const;
  Result<Key> make_key(const Authority& with, const InterceptionLimits& limits, std::string_view wanted);
  Result<InterceptionCertificate> run_path(Authority& with, const InterceptionRequest& request,
                                           const InterceptionLimits& limits);
  Result<x509::SerialNumber> begin(std::optional<aggregate::Log::Ticket>& ticket);

  const Dependencies d_;
  const Options options_;
  SerialSource serials_;
  KeyPool rsa_keys_;
  std::mutex approving_;
  mutable std::mutex mutex_;
  std::shared_ptr<Authority> authority_;
  std::atomic<std::uint64_t> generation_{0}, issued_{0}, failed_{0}, unusable_{0}, unrecorded_{0};
};

}  // namespace certwright::issuance
