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

StandAlone::StandAlone(const Options& options, crypto::Random& random, const Clock& clock)
    : options_(options), random_(random), clock_(clock), journal_(store_, clock), profiles_(store_), registration_(store_, cas_, profiles_, clock) {}

Result<void> StandAlone::install(const gateway::g3fcgen::Configuration& configuration) {
  CERTWRIGHT_TRY(const auto profile, stand_alone_profile(configuration, options_));
  ca::CaPolicy policy;
  policy.ocsp = false;
  policy.profiles = {kProfile};
  CERTWRIGHT_TRY(auto ca, authority::stand_alone_ca(kCa, configuration.ca_certificates_pem, configuration.ca_private_key_pem, policy, clock_.now()));
  const auto former = profiles_.find(kProfile);
  CERTWRIGHT_CHECK(store_.apply({store::PutProfile{{.name = profile.name,
                                                    .version = former == nullptr ? 1 : former->version + 1,
                                                    .document = profile::write_profile(profile),
                                                    .created_by = "system",
                                                    .created_at = clock_.now()}}}));
  CERTWRIGHT_CHECK(profiles_.reload());
  cas_.put(std::move(ca));
  return {};
}

Result<std::unique_ptr<StandAlone>> StandAlone::open(const gateway::g3fcgen::Configuration& configuration, const Options& options,
                                                     aggregate::Log* log, crypto::Random& random, const Clock& clock) {
  std::unique_ptr<StandAlone> made(new StandAlone(options, random, clock));
  CERTWRIGHT_CHECK(made->install(configuration));
  CERTWRIGHT_TRY(made->service_,
                 issuance::InterceptionService::open(
                     {.registration = made->registration_, .journal = made->journal_, .random = random, .clock = clock, .log = log},
                     {.ca = kCa,
                      .profile = kProfile,
                      .actor = {.principal = "system", .tenant = "system", .door = "certgen", .remote = ""},
                      .rsa_pool_capacity = options.rsa_pool}));
  return made;
}

// Tried by itself first: what is refused there must not have changed anything here.
Result<void> StandAlone::reload(const gateway::g3fcgen::Configuration& configuration) {
  CERTWRIGHT_CHECK(open(configuration, {.always_p256 = options_.always_p256, .rsa_pool = 0}, nullptr, random_, clock_).map([](const auto&) {}));
  CERTWRIGHT_CHECK(install(configuration));
  return service_->refresh();
}

}  // namespace certwright::daemon
