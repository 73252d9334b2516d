#include "daemon/stand_alone.h"

#include "authority/stand_alone.h"

namespace certwright::daemon {
namespace {

constexpr const char* kCa = "g3fcgen";
constexpr const char* kProfile = "interception";

// The shipped profile with what the file and the command line say.
Result<profile::Profile> stand_alone_profile(const gateway::g3fcgen::Configuration& configuration, const StandAlone::Options& options) {
  for (auto& profile : profile::shipped_profiles()) {
    if (profile.name != kProfile) continue;
    profile.interception->ttl_max = Seconds(configuration.ttl_max_s);
    if (options.always_p256) profile.interception->keys = profile::InterceptionKeys::always_p256;
    return std::move(profile);
  }
  return fail(Errc::internal, "the interception profile is missing");
}

}  // namespace

StandAlone::StandAlone(const Clock& clock)
    : journal_(store_, clock), profiles_(store_), registration_(store_, cas_, profiles_, clock) {}

Result<std::shared_ptr<StandAlone>> StandAlone::open(const gateway::g3fcgen::Configuration& configuration, const Options& options,
                                                     aggregate::Log* log, crypto::Random& random, const Clock& clock) {
  std::shared_ptr<StandAlone> made(new StandAlone(clock));
  CERTWRIGHT_TRY(const auto profile, stand_alone_profile(configuration, options));
  CERTWRIGHT_CHECK(made->store_.apply({store::PutProfile{
      {.name = profile.name, .version = 1, .document = profile::write_profile(profile), .created_by = "system", .created_at = clock.now()}}}));
  CERTWRIGHT_CHECK(made->profiles_.reload());
  ca::CaPolicy policy;
  policy.ocsp = false;
  policy.profiles = {kProfile};
  CERTWRIGHT_TRY(auto ca, authority::stand_alone_ca(kCa, configuration.ca_certificates_pem, configuration.ca_private_key_pem, policy, clock.now()));
  made->cas_.put(std::move(ca));
  CERTWRIGHT_TRY(made->service_,
                 issuance::InterceptionService::open(
                     {.registration = made->registration_, .journal = made->journal_, .random = random, .clock = clock, .log = log},
                     {.ca = kCa,
                      .profile = kProfile,
                      .actor = {.principal = "system", .tenant = "system", .door = "certgen", .remote = ""},
                      .rsa_pool_capacity = options.rsa_pool}));
  return made;
}

}  // namespace certwright::daemon
