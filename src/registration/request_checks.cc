#include "registration/request_checks.h"

#include <fmt/format.h>

#include "crypto/algorithm.h"
#include "lint/lint.h"
#include "profile/duration.h"

namespace certwright::registration {

std::string checks_text(const Examination& examined) {
  const auto& profile = *examined.profile;
  std::string text;
  if (const auto& csr = examined.request.certification_request) {
    const auto algorithm = crypto::find_signature_algorithm_by_identifier(csr->signature_algorithm_tlv());
    text += fmt::format("self-signature: verified ({})\n", algorithm ? (*algorithm)->name : "unknown");
  }
  if (const auto& renews = examined.request.renews)
    text += fmt::format("renewal: of {}, which is the newest of its line, not expired, not revoked\n",
                        renews->certificate.serial.decimal());
  return fmt::format(
      "{}key: {}, {}, allowed by \"{}\" version {}\n"
      "requester: may have \"{}\" of CA \"{}\" in tenant \"{}\"\n"
      "names: {} of at most {}, allowed by \"{}\"\n"
      "validity: until {}, by the profile at most {}\n"
      "lint: no findings by {} rules\n"
      "approval: {}",
      text, examined.certificate_request.key_algorithm,
      examined.key_is_sample ? "made when it is issued" : "sound, not blocked", profile.name, profile.version,
      profile.name, examined.ca->id(), examined.tenant,
      examined.names.size(), profile.names_max, profile.name,
      to_rfc3339(examined.not_after), profile::write_duration(profile.validity_max),
      lint::rules().size(), examined.requirement.explanation);
}

std::string checks_text(const Result<Examination>& examined) {
  if (examined) return checks_text(*examined);
  const bool is_outage = examined.error().code == Errc::unavailable;
  return fmt::format("{}: {}", is_outage ? "could not be checked" : "would be refused", examined.error().detail);
}

}  // namespace certwright::registration
