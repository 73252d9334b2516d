#include "registration/registration_authority.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "crypto/verifying.h"
#include "profile/from_csr.h"
#include "profile/name_rule.h"
#include "registration/approval_policy.h"
#include "registration/hierarchy.h"
#include "registration/removed_names.h"
#include "registration/served.h"

namespace certwright::registration {
namespace {

constexpr std::size_t kMaxEntityTypeOctets = 64;
constexpr std::size_t kMaxEntityIdOctets = 256;
constexpr std::size_t kMaxIdempotencyKeyOctets = 255;

Result<void> check_text(std::string_view field, std::string_view text, std::size_t size_octets_max) {
  if (text.size() > size_octets_max)
    return fail_field(Errc::too_large, std::string(field),
                      std::string(field) + ": at most " + std::to_string(size_octets_max) +
                          " octets, got " + std::to_string(text.size()));
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return fail_field(Errc::invalid, std::string(field),
                      std::string(field) + ": control characters are not allowed");
  return {};
}

Result<void> check_limits(const IssuanceRequest& request) {
  CERTWRIGHT_CHECK(check_text("entity_type", request.entity_type, kMaxEntityTypeOctets));
  CERTWRIGHT_CHECK(check_text("entity_id", request.entity_id, kMaxEntityIdOctets));
  CERTWRIGHT_CHECK(check_text("idempotency_key", request.idempotency_key, kMaxIdempotencyKeyOctets));
  return {};
}

bool same_attribute(const profile::SubjectAttribute& a, const profile::SubjectAttribute& b) {
  return a.attribute == b.attribute && a.value == b.value;
}

// What the CSR holds, with what the door added. Where both say something, they must agree: a door
// must not quietly turn a request into another one.
Result<profile::CertificateRequest> merge(const IssuanceRequest& request) {
  profile::CertificateRequest merged;
  if (request.certification_request) {
    auto in_csr = profile::request_from_csr(*request.certification_request);
    if (!in_csr) {
      Error error = std::move(in_csr).error();
      if (error.field.empty()) error = {error.code, "csr: " + error.detail, "csr"};
      return tl::unexpected(std::move(error));
    }
    merged = *std::move(in_csr);
    if (!request.subject.empty()) {
      if (merged.subject.empty()) merged.subject = request.subject;
      else if (!std::ranges::is_permutation(merged.subject, request.subject, same_attribute))
        return fail_field(Errc::invalid, "subject", "subject: differs from the subject of the CSR");
    }
    if (!request.names.empty()) {
      if (merged.names.empty()) merged.names = request.names;
      else if (!std::ranges::is_permutation(merged.names, request.names))
        return fail_field(Errc::invalid, "names", "names: differ from the subjectAltName of the CSR");
    }
  } else {
    merged.subject = request.subject;
    merged.names = request.names;
  }
  CERTWRIGHT_CHECK(remove_names(request.names_removed, merged));
  merged.validity = request.validity;
  merged.name_constraints = request.name_constraints;
  return merged;
}

}  // namespace

// Before the rules of approval, in approve() or in examine(), look at each name. Where there are none, building
// the certificate is soon enough.
Result<void> RegistrationAuthority::check_name_count(const ApprovedRequest& approved) {
  if (!has_approval_rules(*approved.ca_)) return {};
  return profile::check_name_count(*approved.profile_, approved.certificate_request_.names.size());
}

Result<ApprovedRequest> RegistrationAuthority::approve(IssuanceRequest request) const {
  return approve(std::move(request), Evidence::role);
}

Result<ApprovedRequest> RegistrationAuthority::approve(IssuanceRequest request,
                                                       const SystemAuthority&) const {
  return approve(std::move(request), Evidence::system);
}

Result<ApprovedRequest> RegistrationAuthority::approve(DecidedRequest decided) const {
  const store::RequestRecord& record = decided.record();
  CERTWRIGHT_TRY(auto approved, approve(decided.request(), Evidence::approval));
  if (approved.ca().id() != record.ca || approved.tenant() != record.tenant ||
      approved.profile().name != record.profile || approved.profile().version != record.profile_version)
    return fail_field(Errc::conflict, "binding", "request: CA or profile are not those that were approved");
  approved.decided_ = record;
  return approved;
}

Result<ApprovedRequest> RegistrationAuthority::approve(IssuanceRequest request,
                                                       Evidence evidence) const {
  CERTWRIGHT_CHECK(check_limits(request));
  if (request.renews) return approve_renewal(std::move(request), evidence);
  ApprovedRequest approved;
  approved.tenant_ = request.tenant.empty() ? request.principal.tenant : request.tenant;
  CERTWRIGHT_CHECK(choose(request, evidence, approved));
  CERTWRIGHT_TRY(approved.certificate_request_, merge(request));
  if (request.certification_request)
    CERTWRIGHT_CHECK(check_possession(*request.certification_request, approved.certificate_request_));
  else CERTWRIGHT_CHECK(choose_key(request.generate_key, *approved.profile_, approved.certificate_request_));
  CERTWRIGHT_CHECK(check_name_count(approved));
  if (evidence == Evidence::role) {
    const auto requirement = requirement_of(request, approved);
    if (requirement.needed())
      return fail_field(Errc::approval_required, "approval", "approval: " + requirement.explanation);
  }
  approved.request_ = std::move(request);
  return approved;
}

Result<StandingAuthority> RegistrationAuthority::approve_interception(std::string_view ca_id,
                                                                      std::string_view profile_name) const {
  auto profile = profiles_.find(profile_name);
  if (profile == nullptr || !profile->interception)
    return fail_field(Errc::not_found, "profile",
                      "profile: there is no interception profile \"" + std::string(profile_name) + "\"");
  ca::CaPtr ca = ca_id.empty() ? nullptr : cas_.find(ca_id);
  if (ca_id.empty()) {
    for (const auto& each : cas_.all()) {
      if (!has_profile(*each, profile_name)) continue;
      if (ca == nullptr || (!ca->can_issue(clock_.now()) && each->can_issue(clock_.now()))) ca = each;
    }
  }
  if (ca == nullptr)
    return fail_field(Errc::not_found, "ca",
                      ca_id.empty() ? "ca: no CA has the profile \"" + std::string(profile_name) + "\""
                                    : "ca: there is no CA \"" + std::string(ca_id) + "\"");
  if (!has_profile(*ca, profile_name))
    return fail_field(Errc::policy, "profile", "profile: \"" + std::string(profile_name) +
                                                   "\" is not attached to CA \"" + ca->id() + "\"");
  if (approval_requirement(*ca, *profile, "", {}).needed())
    return fail_field(Errc::policy, "profile", "profile: the policy of CA \"" + ca->id() + "\" wants people to approve \"" +
                                                   std::string(profile_name) + "\", which nobody can for every packet");
  CERTWRIGHT_CHECK(check_hierarchy(cas_, profiles_, ca->root_certificate(), ca->id(), ca->policy().profiles));
  if (!ca->can_issue(clock_.now()))
    return fail_field(Errc::unavailable, "ca",
                      "ca: \"" + ca->id() + "\" cannot issue now (retired, expired or offline)");
  return StandingAuthority(std::move(ca), std::move(profile));
}

Result<bool> RegistrationAuthority::has_ended(std::string_view id) const {
  auto ca = cas_.find(id);
  if (ca == nullptr) return false;
  if (ca->record().state == store::CaState::retired || ca->not_after() <= clock_.now()) return true;
  if (!ca->is_revoked()) return false;
  for (; ca != nullptr && !ca->record().parent.empty(); ca = cas_.find(ca->record().parent)) {
    const auto serial = ca->certificate().serial_number();
    if (!serial) continue;
    CERTWRIGHT_TRY(const auto status, store_.certificate_status(ca->record().parent, *serial));
    if (status.revocation && status.revocation->reason != x509::RevocationReason::certificate_hold) return true;
  }
  return false;
}

bool RegistrationAuthority::any_ca_has_approval_rules() const {
  return std::ranges::any_of(cas_.all(), [](const ca::CaPtr& ca) { return has_approval_rules(*ca); });
}

std::uint32_t RegistrationAuthority::current_version(std::string_view profile) const {
  const auto found = profiles_.find(profile);
  return found == nullptr ? 0 : found->version;
}

bool RegistrationAuthority::is_current(const StandingAuthority& standing) const {
  return cas_.find(standing.ca().id()) == standing.ca_ &&
         profiles_.find(standing.profile().name) == standing.profile_;
}

// Tenant, CA and profile, and the right to use them.
Result<void> RegistrationAuthority::choose(const IssuanceRequest& request, Evidence evidence,
                                           ApprovedRequest& approved) const {
  const std::string& tenant = approved.tenant_;
  const bool system = evidence == Evidence::system;
  if (!system && tenant != request.principal.tenant) {
    CERTWRIGHT_TRY(const auto record, store_.find_tenant(tenant));
    // Whoever has no role there is told the same, whatever CAs serve it.
    const bool has_role = std::ranges::any_of(request.principal.bindings, [&](const auto& binding) {
      return binding.tenant == "*" || binding.tenant == tenant;
    });
    if (!record || record->disabled || !has_role) return tl::unexpected(access::not_found_error());
  }

  approved.profile_ = profiles_.find(request.profile);
  const bool hidden = approved.profile_ != nullptr &&
                      ((approved.profile_->internal && !system) || approved.profile_->interception);
  if (approved.profile_ == nullptr || hidden)
    return fail_field(Errc::not_found, "profile", "profile: there is no profile \"" + request.profile + "\"");
  const bool any_ca_has_it = system && approved.profile_->internal;

  const auto fits = [&](const ca::CertificationAuthority& ca) {
    return (system || serves(ca, tenant)) && (any_ca_has_it || has_profile(ca, request.profile));
  };
  if (!request.ca.empty()) {
    approved.ca_ = cas_.find(request.ca);
    if (approved.ca_ == nullptr || !(system || serves(*approved.ca_, tenant)))
      return fail_field(Errc::not_found, "ca", "ca: there is no CA \"" + request.ca + "\" for this tenant");
  } else {
    for (const auto& ca : cas_.all()) {
      if (!fits(*ca) || !ca->can_issue(clock_.now())) continue;
      approved.ca_ = ca;
      break;
    }
    if (approved.ca_ == nullptr)
      return fail_field(Errc::unavailable, "profile",
                        "profile: no active CA issues \"" + request.profile + "\" for this tenant");
  }

  if (!system && !request.renews) {
    const auto action = request.certification_request ? access::Action::certificate_issue_csr
                                                      : access::Action::certificate_issue;
    CERTWRIGHT_CHECK(access::authorise(request.principal, action, {tenant, approved.ca_->id(), ""}));
    // A CA certificate is a right over others: it needs the parent's administrator.
    if (approved.profile_->ca)
      CERTWRIGHT_CHECK(access::authorise(request.principal, access::Action::ca_issue_subordinate,
                                         {"", approved.ca_->id(), ""}));
  }
  if (!fits(*approved.ca_))
    return fail_field(Errc::policy, "profile",
                      "profile: \"" + request.profile + "\" is not attached to CA \"" + approved.ca_->id() + "\"");
  // A CA that issues no more still says what is revoked: its own responder needs a certificate.
  const Time now = clock_.now();
  if (!(any_ca_has_it ? approved.ca_->has_working_key(now) : approved.ca_->can_issue(now)))
    return fail_field(Errc::unavailable, "ca",
                      "ca: \"" + approved.ca_->id() +
                          "\" cannot issue now (retired, revoked, expired or offline)");
  return {};
}

// The requestor holds the private key (RFC 2986 section 3), and the key may be certified.
Result<void> RegistrationAuthority::check_possession(const pkcs10::CertificationRequest& csr,
                                                     profile::CertificateRequest& request) const {
  const ByteView key = csr.subject_public_key_info_tlv();
  CERTWRIGHT_CHECK(check_key(key, "csr", request));
  if (const auto verified = crypto::verify(key, csr.signature_algorithm_tlv(), csr.info_tlv(),
                                           csr.signature_value());
      !verified)
    return fail_field(verified.error().code, "csr",
                      "csr: the self-signature does not verify: " + verified.error().detail);
  return {};
}

// Which key will be made: before the expensive making, and before anybody is asked to approve it.
Result<void> RegistrationAuthority::choose_key(const std::string& asked, const profile::Profile& profile,
                                               profile::CertificateRequest& request) {
  const auto& allowed = profile.key_algorithms;
  if (asked.empty() && allowed.empty()) return {};
  const std::string& name = asked.empty() ? allowed.front() : asked;
  const auto algorithm = crypto::find_key_algorithm(name);
  if (!algorithm) return fail_field(Errc::invalid, "key_type", "key_type: " + algorithm.error().detail);
  if (std::ranges::find(allowed, (*algorithm)->name) == allowed.end())
    return fail_field(Errc::policy, "key_type",
                      fmt::format("key_type: profile \"{}\" does not allow {}", profile.name, (*algorithm)->name));
  request.key_algorithm = (*algorithm)->name;
  return {};
}

// Sound and not blocked. Takes the key into the request.
Result<void> RegistrationAuthority::check_key(ByteView key, std::string_view field,
                                              profile::CertificateRequest& request) const {
  const std::string name(field);
  const auto described = crypto::check_public_key(key);
  if (!described)
    return fail_field(described.error().code, name, name + ": " + described.error().detail);
  CERTWRIGHT_TRY(const bool blocked, store_.is_key_blocked(crypto::sha256(key)));
  if (blocked)
    return fail_field(Errc::policy, name, name + ": this key is blocked; make a new key pair");
  request.subject_public_key_info = to_bytes(key);
  request.key_algorithm = described->algorithm->name;
  return {};
}

}  // namespace certwright::registration
