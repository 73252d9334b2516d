#include "registration/examination.h"

#include "lint/lint.h"
#include "registration/registration_authority.h"
#include "registration/removed_names.h"
#include "x509/oids.h"
#include "x509/tbs_certificate.h"

namespace certwright::registration {
namespace {

// Of a certificate that is only looked at. No CA gives it out: serials begin with their time.
x509::SerialNumber serial_for_show() { return x509::SerialNumber::from_id(0x0190'0000'0000'0000U, {0xa0, 0, 0, 0, 0, 0, 0, 1}); }

}  // namespace

profile::Issuer issuer_of(const ca::CertificationAuthority& ca, const profile::Profile& profile,
                          std::uint32_t crl_shard) {
  const auto constraints = ca.certificate().find_extension(x509::oids::kBasicConstraints);
  std::optional<std::uint32_t> path_length;
  if (constraints != nullptr) {
    if (const auto parsed = x509::parse_basic_constraints(constraints->value))
      path_length = parsed->path_length;
  }
  return {.subject_tlv = ca.certificate().subject_tlv(),
          .subject_key_identifier = ca.subject_key_identifier(),
          .signature_algorithm_tlv = ca.signer()->signature_algorithm_tlv(),
          .not_before = ca.certificate().not_before(),
          .not_after = ca.not_after(),
          .path_length = path_length,
          .ocsp_url = profile.ocsp_url ? ca.ocsp_url() : "",
          .ca_issuers_url = ca.ca_issuers_url(),
          .crl_url = ca.crl_url(crl_shard)};
}

Result<Examination> RegistrationAuthority::examine(IssuanceRequest request) const {
  CERTWRIGHT_TRY(auto approved, approve(std::move(request), Evidence::examination));
  const auto& ca = approved.ca();
  const auto& profile = approved.profile();
  if (profile.ca)
    return fail_field(Errc::policy, "profile", "profile: certificates of CAs are not asked for here");
  Examination found{.request = {},
                    .tenant = approved.tenant(),
                    .ca = approved.ca_ptr(),
                    .profile = approved.profile_,
                    .certificate_request = approved.certificate_request(),
                    .requirement = requirement_of(approved.request(), approved),
                    .key_is_sample = approved.certificate_request().subject_public_key_info.empty(),
                    .tbs_certificate_tlv = {}, .subject = {}, .names = {}, .extensions = {}};
  const Time now = clock_.now();
  profile::CertificateRequest with_key = found.certificate_request;
  if (found.key_is_sample) {
    CERTWRIGHT_TRY(with_key.subject_public_key_info, sample_keys_.of(with_key.key_algorithm));
  }
  CERTWRIGHT_TRY(const auto tbs,
                 profile::build_tbs_certificate(profile, with_key, issuer_of(ca, profile, 0),
                                                serial_for_show(), now));
  CERTWRIGHT_CHECK(check_removed(approved.request().names_removed, tbs));
  found.not_before = tbs.not_before;
  found.not_after = tbs.not_after;
  CERTWRIGHT_TRY(const auto encoded, x509::encode(tbs));
  const auto findings = lint::lint_tbs_certificate(
      encoded.tlv(), {.profile = &profile,
                      .issuer = &ca.certificate(),
                      .above = &ca.issuers_above(),
                      .expected_subject_public_key_info = with_key.subject_public_key_info,
                      .expected_signature_algorithm = ca.signer()->signature_algorithm_tlv(),
                      .now = now});
  if (!findings.empty())
    return fail(Errc::policy, "the certificate would not pass lint: " + lint::to_text(findings));
  found.tbs_certificate_tlv = to_bytes(encoded.tlv());
  CERTWRIGHT_TRY(const auto subject, x509::Name::parse(tbs.subject_tlv));
  found.subject = subject.to_text();
  if (const auto* names = tbs.extensions.find(x509::oids::kSubjectAltName); names != nullptr) {
    CERTWRIGHT_TRY(const auto parsed, x509::parse_general_names(names->value));
    for (const auto& name : parsed) found.names.push_back(name.to_text());
  }
  found.extensions = tbs.extensions;
  found.request = std::move(approved.request_);
  return found;
}

}  // namespace certwright::registration
