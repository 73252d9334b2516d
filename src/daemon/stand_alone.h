#pragma once
#include <memory>
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
// path. reload() from one thread; issuer() and what it gives from any.
class StandAlone {
 public:
  struct Options {
    bool always_p256 = false;  // else the upstream's key type
    std::size_t rsa_pool = 64;
  };
  // All but `configuration` must outlive the result; `log` may be null: nothing is recorded.
  // Errors: authority::stand_alone_ca()'s and InterceptionService::open()'s.
  static Result<std::unique_ptr<StandAlone>> open(const gateway::g3fcgen::Configuration& configuration, const Options& options,
                                                  aggregate::Log* log, crypto::Random& random, const Clock& clock);
  // From the next certificate on. Errors: as open()'s; then nothing changes.
  Result<void> reload(const gateway::g3fcgen::Configuration& configuration);

  issuance::InterceptionIssuer& issuer() noexcept { return *service_; }
  std::string ca_name() const { return cas_.all().front()->certificate().subject().to_text(); }

 private:
  StandAlone(const Options& options, crypto::Random& random, const Clock& clock);
  Result<void> install(const gateway::g3fcgen::Configuration& configuration);
  const Options options_;
  crypto::Random& random_;
  const Clock& clock_;
  store::MemoryStore store_;
  audit::Journal journal_;
  ca::CaDirectory cas_;
  registration::ProfileDirectory profiles_;
  registration::RegistrationAuthority registration_;
  std::unique_ptr<issuance::InterceptionService> service_;
};

}  // namespace certwright::daemon
