// The next certificate of a lineage.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "crypto/public_key.h"
#include "profile/from_certificate.h"
#include "registration/approval_policy.h"
#include "registration/registration_authority.h"
#include "registration/removed_names.h"
#include "registration/served.h"

namespace certwright::registration {
namespace {

Seconds usual_validity_of(const store::CertificateRecord& newest) {
  return std::chrono::ceil<Seconds>(newest.not_after - newest.issued_at);  // a certificate begins with a whole second
}

bool has_our_key(const store::CertificateRecord& newest) { return newest.key_origin == store::KeyOrigin::generated; }

}  // namespace

IssuanceRequest renewal_request(access::Principal principal, audit::Actor actor, store::StoredCertificate newest,
                                std::optional<Seconds> validity) {
  IssuanceRequest request;
  request.principal = std::move(principal);
  request.actor = std::move(actor);
  request.tenant = newest.certificate.tenant;
  request.profile = newest.certificate.profile;
  request.entity_type = newest.certificate.entity_type;
  request.entity_id = newest.certificate.entity_id;
  request.validity = validity;
  request.renews = std::move(newest);
  return request;
}

// Of one that waited, time has gone by; and what is over by then does not come again.
Result<void> RegistrationAuthority::check_renewable(const IssuanceRequest& request, Evidence evidence) const {
  const auto& newest = *request.renews;
  const auto& certificate = newest.certificate;
  CERTWRIGHT_CHECK(access::authorise(request.principal, access::Action::certificate_renew,
                                     {certificate.tenant, certificate.ca, certificate.principal}));
  const auto over = [&](std::string_view why) {
    return fail_field(evidence == Evidence::role ? Errc::conflict : Errc::policy, "certificate",
                      fmt::format("the certificate {}", why));
  };
  if (certificate.not_after <= clock_.now()) return over("expired before renewal; issue a new one");
  // That may pass, so that nothing is over by it.
  if (newest.revocation && newest.revocation->reason == x509::RevocationReason::certificate_hold)
    return fail_field(Errc::conflict, "certificate", "the certificate is on hold and cannot be renewed");
  if (newest.revocation) return over("has been revoked and cannot be renewed");
  if (newest.current != 0 && newest.current != certificate.id) return over("has been renewed already");
  if (certificate.der.empty()) return over("cannot be renewed: its profile keeps no copy of it; issue a new one");
  return {};
}

namespace {

// A door says what is renewed, and no more.
Result<void> check_says_no_more(const IssuanceRequest& request) {
  const auto& newest = request.renews->certificate;
  if (request.certification_request || !request.generate_key.empty() || !request.subject.empty() ||
      !request.names.empty() || request.tenant != newest.tenant || request.profile != newest.profile ||
      request.entity_type != newest.entity_type || request.entity_id != newest.entity_id)
    return fail(Errc::internal, "a renewal says otherwise than the certificate that it renews");
  return {};
}

// Why it is not just the same again; empty if it is.
std::string difference_of(const IssuanceRequest& request, const ca::CertificationAuthority& ca, const profile::Profile& profile) {
  const auto& newest = request.renews->certificate;
  if (ca.id() != newest.ca) return fmt::format("by another CA than \"{}\"", newest.ca);
  if (profile.version != newest.profile_version)
    return fmt::format("under version {} of the profile, after version {}", profile.version, newest.profile_version);
  if (request.validity && *request.validity > usual_validity_of(newest)) return "for longer than before";
  return {};
}

}  // namespace

// The present profile decides again: a name or a validity it no longer allows is refused.
Result<ApprovedRequest> RegistrationAuthority::approve_renewal(IssuanceRequest request, Evidence evidence) const {
  CERTWRIGHT_CHECK(check_says_no_more(request));
  CERTWRIGHT_CHECK(check_renewable(request, evidence));
  const auto& newest = request.renews->certificate;
  const bool new_key = has_our_key(newest);
  CERTWRIGHT_TRY(const auto certificate, x509::Certificate::parse(newest.der));
  if (request.ca.empty()) {
    request.ca = newest.ca;
    if (const auto ca = cas_.find(newest.ca); ca == nullptr || !ca->can_issue(clock_.now())) {
      CERTWRIGHT_TRY(request.ca, successor_for(request, ca, new_key));
    }
  }
  if (request.ca != newest.ca)  // a certificate of one CA is no right to one of another
    CERTWRIGHT_CHECK(access::authorise(request.principal,
                                       new_key ? access::Action::certificate_issue : access::Action::certificate_issue_csr,
                                       {request.tenant, request.ca, ""}));
  ApprovedRequest approved;
  approved.tenant_ = request.tenant;
  CERTWRIGHT_CHECK(choose(request, evidence, approved));
  if (approved.profile_->internal || approved.profile_->ca)
    return fail_field(Errc::policy, "profile",
                      fmt::format("profile: certificates of \"{}\" are renewed by the CA itself", request.profile));
  auto& asked = approved.certificate_request_;
  CERTWRIGHT_TRY(asked, profile::request_from_certificate(certificate, *approved.profile_));
  if (new_key) {
    CERTWRIGHT_TRY(const auto described, crypto::describe_public_key(asked.subject_public_key_info));
    asked.subject_public_key_info.clear();
    CERTWRIGHT_CHECK(choose_key(std::string(described.algorithm->name), *approved.profile_, asked));
  } else {
    CERTWRIGHT_CHECK(check_key(asked.subject_public_key_info, "certificate", asked));
  }
  CERTWRIGHT_CHECK(remove_names(request.names_removed, asked));
  CERTWRIGHT_CHECK(check_name_count(approved));
  const Seconds usual_validity = usual_validity_of(newest);
  if (evidence == Evidence::role) {
    const auto requirement = requirement_of(request, approved);
    if (requirement.needed())
      return fail_field(Errc::approval_required, "approval",
                        fmt::format("approval: {}", requirement.explanation));
  }
  // As before, as far as the present profile and the CA's own end allow: that must not stop a machine.
  const auto left = std::chrono::floor<Seconds>(approved.ca_->not_after() - clock_.now());
  asked.validity = request.validity;
  if (!request.validity && usual_validity <= approved.profile_->validity_max)
    asked.validity = std::min(usual_validity, left);
  approved.request_ = std::move(request);
  return approved;
}

ApprovalRequirement RegistrationAuthority::requirement_of(const IssuanceRequest& request,
                                                          const ApprovedRequest& approved) {
  const auto& ca = *approved.ca_;
  const auto& profile = *approved.profile_;
  const auto& asked = approved.certificate_request_;
  if (!request.renews) return approval_requirement(ca, profile, approved.tenant_, asked);
  const std::string difference = difference_of(request, ca, profile);
  auto requirement = renewal_requirement(ca, profile, approved.tenant_, asked, difference.empty());
  if (requirement.needed())
    requirement.explanation += difference.empty() ? ", also a renewal" : ", also a renewal " + difference;
  return requirement;
}

// The CA of the newest certificate may be retired by now. Another one that serves the tenant and has
// the profile takes its place, its successor (which has its name) before others.
Result<std::string> RegistrationAuthority::successor_for(const IssuanceRequest& request,
                                                         const ca::CaPtr& before, bool new_key) const {
  const auto action = new_key ? access::Action::certificate_issue : access::Action::certificate_issue_csr;
  ca::CaPtr found;
  bool is_any = false;
  for (const auto& ca : cas_.all()) {
    if (!ca->can_issue(clock_.now()) || !serves(*ca, request.tenant) || !has_profile(*ca, request.profile))
      continue;
    is_any = true;
    if (!access::authorise(request.principal, action, {request.tenant, ca->id(), ""})) continue;
    const bool has_its_name = before != nullptr && std::ranges::equal(ca->certificate().subject_tlv(),
                                                                      before->certificate().subject_tlv());
    if (found == nullptr || has_its_name) found = ca;
    if (has_its_name) break;
  }
  if (found != nullptr) return found->id();
  const std::string why = fmt::format("ca: \"{}\" cannot issue now (retired, revoked, expired or offline)", request.ca);
  if (!is_any) return fail_field(Errc::unavailable, "ca", why);
  return fail_field(Errc::not_permitted, "ca", why + ", and your roles include no other that could");
}

}  // namespace certwright::registration
