#include "revocation/responder_identities.h"

#include <algorithm>
#include <utility>

#include "crypto/digest.h"
#include "crypto/verifying.h"
#include "x509/certificate.h"
#include "x509/extension.h"
#include "x509/oids.h"

namespace certwright::revocation {
namespace {

constexpr Duration kRetryAfter = std::chrono::seconds(5);
// An answer needs some time to be of use: within this of its end a responder is replaced first.
constexpr Duration kLastMinutes = std::chrono::minutes(5);

bool speaks_for(const Responder& responder, const ca::CertificationAuthority& ca, Time now) {
  return now < responder.not_after &&
         std::ranges::equal(responder.ca_key_tlv, ca.certificate().subject_public_key_info_tlv());
}

bool nearly_over(const Responder& responder, Time now) {
  const Duration life = responder.not_after - responder.not_before;
  return now >= responder.not_after - std::min(kLastMinutes, life / 10);
}

bool may_sign_ocsp(const x509::Certificate& certificate) {
  const auto* const extension = certificate.find_extension(x509::oids::kExtKeyUsage);
  if (extension == nullptr) return false;
  const auto purposes = x509::parse_ext_key_usage(extension->value);
  return purposes && std::ranges::find(*purposes, x509::oids::kOcspSigning) != purposes->end();
}

}  // namespace

ResponderIdentities::Slot& ResponderIdentities::slot_of(std::string_view ca) {
  const std::lock_guard lock(mutex_);
  const auto known = slots_.find(ca);
  if (known != slots_.end()) return *known->second;
  return *slots_.emplace(std::string(ca), std::make_unique<Slot>()).first->second;
}

Result<ResponderPtr> ResponderIdentities::get(const ca::CertificationAuthority& ca) {
  Slot& slot = slot_of(ca.id());
  const Time now = clock_.now();
  ResponderPtr known;
  {
    const std::lock_guard lock(slot.mutex);
    known = slot.responder;
    if (known && !speaks_for(*known, ca, now)) known = nullptr;
    if (known && !nearly_over(*known, now)) return known;
    const bool failed_lately =
        slot.failure && now >= slot.failed_at && now < slot.failed_at + kRetryAfter;
    if (failed_lately) {
      if (known) return known;
      return tl::unexpected<Error>(*slot.failure);
    }
  }
  auto fresh = make(ca, slot, known);
  if (!fresh && known) return known;
  return fresh;
}

Result<void> ResponderIdentities::renew_if_due(const ca::CertificationAuthority& ca) {
  Slot& slot = slot_of(ca.id());
  const Time now = clock_.now();
  ResponderPtr known;
  {
    const std::lock_guard lock(slot.mutex);
    known = slot.responder;
    if (!known) return {};
    if (slot.failure && now >= slot.failed_at && now < slot.failed_at + kRetryAfter) return {};
  }
  const Duration life = known->not_after - known->not_before;
  if (speaks_for(*known, ca, now) && now < known->not_before + life * 2 / 3) return {};
  CERTWRIGHT_CHECK(make(ca, slot, known));
  return {};
}

void ResponderIdentities::distrust(std::string_view ca, const ResponderPtr& responder) {
  Slot& slot = slot_of(ca);
  const std::lock_guard lock(slot.mutex);
  if (slot.responder == responder) slot.responder = nullptr;
}

// `replaced` is what the caller found wanting: if another thread has put a newer one there in the
// meantime, that is the answer.
Result<ResponderPtr> ResponderIdentities::make(const ca::CertificationAuthority& ca, Slot& slot,
                                               const ResponderPtr& replaced) {
  const std::lock_guard making(slot.making);
  {
    const std::lock_guard lock(slot.mutex);
    const Time now = clock_.now();
    if (slot.responder && slot.responder != replaced && speaks_for(*slot.responder, ca, now) &&
        !nearly_over(*slot.responder, now))
      return slot.responder;
    if (slot.failure && now >= slot.failed_at && now < slot.failed_at + kRetryAfter)
      return tl::unexpected<Error>(*slot.failure);
  }
  auto made = [&]() -> Result<ResponderPtr> {
    CERTWRIGHT_TRY(auto identity, source_(ca));
    return check(ca, std::move(identity));
  }();
  const std::lock_guard lock(slot.mutex);
  if (made) {
    slot.responder = *made;
    slot.failure.reset();
  } else {
    slot.failure = made.error();
    slot.failed_at = clock_.now();
  }
  return made;
}

Result<ResponderPtr> ResponderIdentities::check(const ca::CertificationAuthority& ca,
                                                ResponderIdentity identity) const {
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::internal, "the OCSP responder made for CA \"" + ca.id() + "\" " + std::string(why));
  };
  CERTWRIGHT_TRY(const auto certificate, x509::Certificate::parse(std::move(identity.certificate)));
  const x509::Certificate& issuer = ca.certificate();
  if (identity.signer == nullptr ||
      !std::ranges::equal(identity.signer->subject_public_key_info_tlv(),
                          certificate.subject_public_key_info_tlv()))
    return refuse("has a certificate for another key");
  const bool is_ca_itself = certificate == issuer;
  if (!is_ca_itself) {
    if (!std::ranges::equal(certificate.issuer_tlv(), issuer.subject_tlv()) ||
        !crypto::verify(issuer.subject_public_key_info_tlv(), certificate.signature_algorithm_tlv(),
                        certificate.tbs_tlv(), certificate.signature_value()))
      return refuse("was not issued by it");
    if (!may_sign_ocsp(certificate)) return refuse("lacks id-kp-OCSPSigning");
  }
  auto responder = std::make_shared<Responder>();
  responder->not_before = certificate.not_before();
  responder->not_after = std::min(certificate.not_after(), issuer.not_after());
  if (identity.not_after != Time{})
    responder->not_after = std::min(responder->not_after, identity.not_after);
  if (clock_.now() >= responder->not_after) return refuse("has expired");
  responder->signer = std::move(identity.signer);
  responder->key_hash = crypto::sha1(certificate.subject_public_key());
  responder->ca_key_tlv = to_bytes(issuer.subject_public_key_info_tlv());
  if (!is_ca_itself) responder->certificate = to_bytes(certificate.der());
  return ResponderPtr(std::move(responder));
}

}  // namespace certwright::revocation
