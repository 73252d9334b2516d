#include <algorithm>

#include "issuance/issuance_service.h"
#include "issuance/subject.h"

namespace certwright::issuance {

Result<IssuedCertificate> IssuanceService::renew(RenewalRequest renewal) {
  const audit::Actor actor = renewal.actor;
  const std::string profile = renewal.newest.certificate.profile;
  return finish(renew_unrecorded(std::move(renewal)), actor, profile);
}

// The present profile decides again: a name or a validity it no longer allows is refused.
Result<IssuedCertificate> IssuanceService::renew_unrecorded(RenewalRequest renewal) {
  const auto& newest = renewal.newest.certificate;
  if (renewal.newest.revocation)
    return fail(Errc::conflict, "the certificate has been revoked and cannot be renewed");
  if (newest.not_after <= d_.clock.now())
    return fail(Errc::conflict, "the certificate expired before renewal; issue a new one");
  if (newest.der.empty())
    return fail(Errc::conflict, "this certificate's profile keeps no copy of it; issue a new one");
  CERTWRIGHT_TRY(const auto certificate, x509::Certificate::parse(newest.der));

  registration::IssuanceRequest request;
  request.principal = renewal.principal;
  request.actor = renewal.actor;
  request.tenant = newest.tenant;
  request.ca = newest.ca;
  request.profile = newest.profile;
  request.entity_type = newest.entity_type;
  request.entity_id = newest.entity_id;
  request.validity = renewal.validity;
  const auto usual_validity = std::chrono::floor<Seconds>(newest.not_after - newest.issued_at);

  const registration::SystemAuthority evidence;  // the caller has authorised the renewal itself
  CERTWRIGHT_TRY(auto approved,
                 d_.registration.approve_renewal(std::move(request), certificate, {usual_validity, newest.profile_version},
                                                 newest.key_origin == store::KeyOrigin::generated, evidence));
  Subject subject{.approved = std::move(approved), .replaces = std::move(renewal.newest)};
  return run_path(subject);
}

}  // namespace certwright::issuance
