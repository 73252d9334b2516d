#pragma once
#include <memory>
#include <optional>
#include <string>

#include "aggregate/log.h"
#include "audit/journal.h"
#include "ca/ca_directory.h"
#include "gateway/g3fcgen/configuration.h"
#include "issuance/interception_service.h"
#include "registration/profile_directory.h"
#include "registration/registration_authority.h"
#include "store/memory/memory_store.h"

namespace certwright::daemon {

// Whoever issues where there is no server: the CA of g3fcgen's files, in memory, behind the one issuance
// path. Immutable but for what it issues; a reload makes another one.
class StandAlone {
 public:
  struct Options {
    bool always_p256 = false;  // else the upstream's key type
    std::size_t rsa_pool = 64;
  };
  // All but `configuration` must outlive the result; `log` may be null: nothing is recorded.
  // Errors: authority::stand_alone_ca()'s and InterceptionService::open()'s.
  static Result<std::shared_ptr<StandAlone>> open(const gateway::g3fcgen::Configuration& configuration, const Options& options,
                                                  aggregate::Log* log, crypto::Random& random, const Clock& clock);

  issuance::InterceptionIssuer& issuer() noexcept { return *service_; }
  const ca::CertificationAuthority& ca() const { return *cas_.all().front(); }

 private:
  explicit StandAlone(const Clock& clock);
  store::MemoryStore store_;
  audit::Journal journal_;
  ca::CaDirectory cas_;
  registration::ProfileDirectory profiles_;
  registration::RegistrationAuthority registration_;
  std::unique_ptr<issuance::InterceptionService> service_;
};

}  // namespace certwright::daemon
