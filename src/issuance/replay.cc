// Requests that are repeated with their idempotency key.
#include "issuance/subject.h"
#include "registration/request_digest.h"

namespace certwright::issuance {
namespace {

constexpr auto kIntentIsDeadAfter = Seconds(120);  // longer than any request lives

}  // namespace

IssuanceService::KeyedRequest IssuanceService::keyed_request(const registration::IssuanceRequest& request) {
  if (request.idempotency_key.empty()) return {};
  return {.principal = request.principal.id,
          .key = request.idempotency_key,
          .actor = request.actor,
          .request_sha256 = request.idempotency_sha256 ? *request.idempotency_sha256
                                                       : registration::request_digest(request),
          .is_decided = request.idempotency_sha256.has_value()};
}

// The key's answer is this one's too. But people decided on one request for one certificate: a second request
// with the key comes to nothing.
Result<IssuedCertificate> IssuanceService::answered_before(const Subject& subject, IssuedCertificate replay) {
  if (!subject.decided) return replay;
  return fail_field(Errc::policy, "idempotency_key",
                    "Idempotency-Key: certificate " + replay.certificate.serial.hex() + " was issued for it already");
}

// An earlier request with the same key: its certificate if the requests are equal and it has one.
Result<std::optional<IssuedCertificate>> IssuanceService::find_replay(const KeyedRequest& keyed) {
  CERTWRIGHT_TRY(const auto earlier, d_.store.find_idempotent(keyed.principal, keyed.key));
  if (!earlier) return std::optional<IssuedCertificate>{};
  if (earlier->request_sha256 != keyed.request_sha256)
    return fail_field(keyed.is_decided ? Errc::policy : Errc::conflict, "idempotency_key",
                      "Idempotency-Key: it was used with another request; use a new key");
  CERTWRIGHT_TRY(auto stored, d_.store.find_certificate(earlier->certificate));
  if (stored) {
    auto ca = d_.registration.find_ca(stored->certificate.ca);
    return std::optional(IssuedCertificate{.certificate = std::move(stored->certificate),
                                           .ca = std::move(ca),
                                           .replayed = true});
  }
  if (d_.clock.now() - earlier->created_at < kIntentIsDeadAfter)
    return fail_field(Errc::conflict, "idempotency_key",
                      "Idempotency-Key: a request with this key is being answered; try again shortly");
  // Should that request only hang: it records nothing once its intent is abandoned.
  CERTWRIGHT_TRY(const auto intent, d_.store.find_reservation(earlier->certificate));
  if (intent) {
    const auto abandoned = abandon(*intent, keyed.actor);
    if (!abandoned && abandoned.error().code != Errc::conflict)
      return tl::unexpected(abandoned.error());
  }
  CERTWRIGHT_CHECK(d_.store.apply({store::ReleaseIdempotencyKey{
      keyed.principal, keyed.key, earlier->certificate}}));
  return std::optional<IssuedCertificate>{};
}

}  // namespace certwright::issuance
