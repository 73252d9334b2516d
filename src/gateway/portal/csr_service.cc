#include "gateway/portal/csr_service.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/public_key.h"
#include "profile/requested_extensions.h"
#include "profile/shown.h"
#include "registration/request_content.h"
#include "registration/served.h"
#include "session/unicode.h"
#include "x509/oids.h"

namespace certwright::gateway::portal {
namespace {

using registration::RequestDesk;

constexpr std::string_view kEntityType = "csr";

std::string tenant_of(const CsrForm& form, const access::Principal& who) {
  return form.tenant_id.empty() ? who.tenant : form.tenant_id;
}

// The purposes that the CSR itself asks for, where the form names none: those that have a name here.
std::vector<std::string> extensions_of(const CsrForm& form) {
  if (!form.extensions.empty() || !form.csr) return form.extensions;
  const auto* usage = form.csr->requested_extensions().find(x509::oids::kExtKeyUsage);
  if (usage == nullptr) return {};
  profile::Profile asked;
  const auto purposes = x509::parse_ext_key_usage(usage->value);
  if (!purposes) return {};
  asked.extended_key_usage = *purposes;
  return registration::extension_names(asked);
}

std::string key_type_of(const CsrForm& form) {
  if (!form.csr) return {};
  const auto key = crypto::describe_public_key(form.csr->subject_public_key_info_tlv());
  if (!key) return {};
  // The row "rsa" has every size without a row of its own: people want to read which.
  return key->algorithm->name == "rsa" ? fmt::format("rsa-{}", key->bits) : std::string(key->algorithm->name);
}

// The same letters may be other octets, and then nobody sees why two names are not equal.
std::string_view about_composition(std::string_view typed, std::string_view in_csr) {
  const auto is_composed = [](std::string_view text) {
    const auto points = session::code_points(text);
    return points && session::is_surely_nfc(*points);
  };
  if (is_composed(typed) == is_composed(in_csr)) return "";
  return is_composed(typed) ? "; the CSR's has letters that are not composed (Unicode NFC): make a CSR with composed ones"
                            : "; the request's has letters that are not composed (Unicode NFC): send them composed";
}

// Does the CA serve a tenant in which the caller has a role?
bool serves_one_of(const ca::CertificationAuthority& ca, const access::Principal& who) {
  return std::ranges::any_of(who.bindings, [&](const access::RoleBinding& binding) {
    return (binding.ca.empty() || binding.ca == ca.id()) && (binding.tenant == "*" || registration::serves(ca, binding.tenant));
  });
}

// What is not there and what is somebody else's look the same (DESIGN invariant 7): by field, as it was typed.
tl::unexpected<Error> no_such_ca(std::string_view id) {
  return fail_field(Errc::not_found, "ca_id",
                    fmt::format("ca_id: {}: no such CA, or none that you may use", profile::shown(id)));
}
tl::unexpected<Error> no_such_tenant(std::string_view id) {
  return fail_field(Errc::not_found, "tenant_id",
                    fmt::format("tenant_id: {}: no such tenant, or none that you may request for", profile::shown(id)));
}

bool has_role_in(const access::Principal& who, std::string_view tenant) {
  return std::ranges::any_of(who.bindings, [&](const auto& binding) { return binding.tenant == "*" || binding.tenant == tenant; });
}

// authorise(), whose refusals name what is in the way.
Result<void> may_request(const access::Principal& who, const std::string& tenant, const std::string& ca) {
  const auto may = access::authorise(who, access::Action::certificate_issue_csr, {tenant, ca, ""});
  if (may) return {};
  if (!has_role_in(who, tenant)) return no_such_tenant(tenant);
  if (may.error().code == Errc::not_found) return no_such_ca(ca);
  return fail_field(may.error().code, "ca_id",
                    fmt::format("ca_id: {}: your roles do not let you request certificates by it for tenant {}",
                                profile::shown(ca), profile::shown(tenant)));
}

// Nothing was named, and there is nothing to choose from.
tl::unexpected<Error> no_ca_for(const access::Principal& who, const std::string& tenant) {
  if (!has_role_in(who, tenant)) return no_such_tenant(tenant);
  return fail_field(Errc::not_found, "ca_id",
                    fmt::format("ca_id: there is no CA that your roles let you request certificates by for tenant {}",
                                profile::shown(tenant)));
}

// The form's names for what registration calls otherwise.
Error in_words_of_the_form(Error error, const std::string& tenant) {
  // The one object that it looks for without a name: CA and role were asked about before.
  if (error.code == Errc::not_found && error.field.empty()) return no_such_tenant(tenant).value();
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"csr", "csr_data"}, {"ca", "ca_id"}, {"validity", "validity_days"}, {"purpose", "purpose_category"}};
  for (const auto& [ours, theirs] : kNames) {
    if (error.field != ours) continue;
    if (error.detail.starts_with(std::string(ours) + ":")) error.detail.replace(0, ours.size(), theirs);
    error.field = theirs;
    break;
  }
  return error;
}

std::string allowed_extensions(const ca::CertificationAuthority& ca, const registration::ProfileDirectory& profiles) {
  std::vector<std::string> each;
  for (const auto name : registration::kExtensionNames)
    if (registration::profile_for(ca, profiles, {std::string(name)}, {}) != nullptr) each.emplace_back(name);
  return each.empty() ? "none" : fmt::format("{}", fmt::join(each, ", "));
}

}  // namespace

Result<registration::Selection> CsrService::select(const CsrForm& form, const access::Principal& who,
                                                   std::string_view client_address) const {
  std::optional<Seconds> validity;
  if (form.validity_days) validity = Seconds(std::min(*form.validity_days, kMaxValidity_days) * kDay_s);
  return select_for(form, validity, who, client_address);
}

Result<registration::Selection> CsrService::select_for(const CsrForm& form, std::optional<Seconds> validity,
                                                       const access::Principal& who,
                                                       std::string_view client_address) const {
  const std::string tenant = tenant_of(form, who);
  CERTWRIGHT_TRY(const auto policy, d_.selection.find(tenant));
  return registration::select_ca({.principal = who,
                                  .tenant = tenant,
                                  .purpose = form.purpose_category,
                                  .profile = form.profile,
                                  .extensions = extensions_of(form),
                                  .client_address = std::string(client_address),
                                  .key_type = key_type_of(form),
                                  .validity = validity},
                                 policy, d_.cas, d_.profiles, d_.clock.now());
}

Result<ca::CaPtr> CsrService::issuing_ca(std::string_view id, const access::Principal& who) const {
  const auto ca = d_.cas.find(id);
  if (ca == nullptr || !serves_one_of(*ca, who)) return no_such_ca(id);
  if (ca->is_root())
    return fail_field(Errc::policy, "ca_id",
                      fmt::format("ca_id: \"{}\" is a root CA; it signs no requests. Choose an issuing CA", ca->id()));
  return ca;
}

std::vector<ca::CaPtr> CsrService::issuing_cas(const access::Principal& who) const {
  std::vector<ca::CaPtr> found;
  for (const auto& ca : d_.cas.all())
    if (!ca->is_root() && ca->can_issue(d_.clock.now()) && serves_one_of(*ca, who) &&
        registration::profile_for(*ca, d_.profiles, {}, {}) != nullptr &&  // else it is for other doors
        std::ranges::any_of(who.bindings, [&](const access::RoleBinding& binding) {
          const std::string& tenant = binding.tenant == "*" ? who.tenant : binding.tenant;
          return access::authorise(who, access::Action::certificate_issue_csr, {tenant, ca->id(), ""}).has_value();
        }))
      found.push_back(ca);
  std::ranges::sort(found, {}, [](const ca::CaPtr& ca) { return ca->id(); });
  return found;
}

Result<std::vector<std::string>> CsrService::tenants(const access::Principal& who) const {
  std::vector<std::string> found;
  CERTWRIGHT_TRY(const auto all, d_.store.list_tenants());
  for (const auto& tenant : all)
    if (!tenant.disabled && std::ranges::any_of(who.bindings, [&](const access::RoleBinding& binding) {
          return access::authorise(who, access::Action::certificate_issue_csr, {tenant.id, binding.ca, ""}).has_value();
        }))
      found.push_back(tenant.id);
  std::ranges::stable_partition(found, [&](const std::string& id) { return id == who.tenant; });
  return found;
}

// A tenant of others looks like none.
Result<void> CsrService::check_tenant(const std::string& tenant, const access::Principal& who) const {
  if (tenant == who.tenant) return {};
  CERTWRIGHT_TRY(const auto record, d_.store.find_tenant(tenant));
  if (record && !record->disabled && has_role_in(who, tenant)) return {};
  return no_such_tenant(tenant);
}

// CA and profile; nothing is authorised by it.
Result<CsrService::Chosen> CsrService::choose(const CsrForm& form, const access::Principal& who,
                                              const std::string& tenant, std::string_view client_address) const {
  Chosen chosen;
  if (!form.ca_id.empty()) {
    CERTWRIGHT_TRY(chosen.ca, issuing_ca(form.ca_id, who));
    CERTWRIGHT_CHECK(may_request(who, tenant, chosen.ca->id()));
    chosen.explanation = "the requester named the CA";
  } else {
    CERTWRIGHT_TRY(auto selection, select(form, who, client_address));
    if (selection.candidates.empty()) return no_ca_for(who, tenant);
    // Where only the validity is in the way, the refusal should be about that.
    if (selection.ca.empty() && form.validity_days) {
      CERTWRIGHT_TRY(selection, select_for(form, std::nullopt, who, client_address));
    }
    if (selection.ca.empty())
      return fail_field(Errc::policy, "ca_id", "ca_id: no CA suits this request: " + selection.explanation);
    chosen.ca = d_.cas.find(selection.ca);
    chosen.explanation = std::move(selection.explanation);
  }
  if (chosen.ca == nullptr) return fail(Errc::unavailable, "the CA is being changed; try again");
  const auto extensions = extensions_of(form);
  if (form.profile.empty()) {
    chosen.profile = registration::profile_for(*chosen.ca, d_.profiles, extensions, form.purpose_category);
    if (chosen.profile == nullptr && extensions.empty())
      return fail_field(Errc::policy, "ca_id",
                        fmt::format("ca_id: CA \"{}\" has no profile for requests", chosen.ca->id()));
    if (chosen.profile == nullptr)
      return fail_field(Errc::policy, "requested_extensions",
                        fmt::format("requested_extensions: CA \"{}\" has no profile with {}; allowed: {}",
                                    chosen.ca->id(), fmt::join(extensions, ", "),
                                    allowed_extensions(*chosen.ca, d_.profiles)));
    return chosen;
  }
  chosen.profile = d_.profiles.find(form.profile);
  if (chosen.profile == nullptr || !registration::has_profile(*chosen.ca, form.profile))
    return fail_field(Errc::policy, "profile",
                      fmt::format("profile: CA \"{}\" has no profile {}", chosen.ca->id(), profile::shown(form.profile)));
  const auto has = registration::extension_names(*chosen.profile);
  for (const auto& extension : extensions)
    if (std::ranges::find(has, extension) == has.end())
      return fail_field(Errc::policy, "requested_extensions",
                        fmt::format("requested_extensions: profile \"{}\" does not give {}", form.profile, extension));
  return chosen;
}

LongestValidity CsrService::longest_validity(const ca::CertificationAuthority& ca,
                                             const profile::Profile& profile) const {
  const auto of_profile = profile.validity_max.count() / kDay_s;
  const auto of_ca = std::chrono::floor<Seconds>(ca.not_after() - d_.clock.now()).count() / kDay_s;
  LongestValidity longest{of_profile, fmt::format("the maximum of profile \"{}\"", profile.name)};
  if (of_ca < longest.days) longest = {of_ca, fmt::format("the remaining life of CA \"{}\"", ca.id())};
  if (kMaxValidity_days < longest.days) longest = {kMaxValidity_days, "the limit for requests of this kind"};
  return longest;
}

Result<void> CsrService::check_validity(const CsrForm& form, const Chosen& chosen) const {
  if (!form.validity_days) return {};
  const auto longest = longest_validity(*chosen.ca, *chosen.profile);
  if (*form.validity_days <= longest.days) return {};
  return fail_field(Errc::policy, "validity_days",
                    fmt::format("validity_days: {} is over the max_validity_days of {} ({})", *form.validity_days,
                                longest.days, longest.rule));
}

Result<RequestDesk::Submitted> CsrService::submit(CsrForm form, const access::Principal& who,
                                                  const audit::Actor& actor) {
  if (!form.csr) return fail_field(Errc::invalid, "csr_data", "csr_data: required");
  CERTWRIGHT_TRY(const auto common_name, common_name_of(*form.csr));
  if (common_name != form.common_name)
    return fail_field(Errc::invalid, "common_name",
                      fmt::format("common_name: the request says {}, the CSR says {}{}",
                                  profile::shown(form.common_name), profile::shown(common_name),
                                  about_composition(form.common_name, common_name)));
  // A key that no CA takes is the requester's business before any CA's.
  if (const auto key = crypto::check_public_key(form.csr->subject_public_key_info_tlv()); !key)
    return fail_field(key.error().code, "csr_data", "csr_data: " + key.error().detail);
  const std::string tenant = tenant_of(form, who);
  CERTWRIGHT_CHECK(check_tenant(tenant, who));
  CERTWRIGHT_TRY(const auto chosen, choose(form, who, tenant, actor.remote));
  CERTWRIGHT_CHECK(check_validity(form, chosen));

  registration::IssuanceRequest request;
  request.principal = who;
  request.actor = actor;
  request.tenant = tenant;
  request.ca = chosen.ca->id();
  request.profile = chosen.profile->name;
  request.entity_type = std::string(kEntityType);
  request.entity_id = form.common_name;
  request.certification_request = std::move(form.csr);
  if (form.validity_days) request.validity = Seconds(*form.validity_days * kDay_s);
  auto submitted = d_.requests.submit({.request = std::move(request),
                                       .approval_password = std::move(form.approval_password),
                                       .purpose = form.purpose_category,
                                       .selection = chosen.explanation});
  if (!submitted) return tl::unexpected(in_words_of_the_form(std::move(submitted).error(), tenant));
  return submitted;
}

// A record of a refusal. The names of fields that nobody knows are as long as their senders like.
void CsrService::record_refusal(const audit::Actor& actor, const std::string& profile, Error error) const {
  constexpr std::size_t kMaxReasonOctets = 1'000;
  if (error.detail.size() > kMaxReasonOctets) error.detail.resize(kMaxReasonOctets);
  d_.issuance.refused(actor, profile, error);
}

Result<Outcome> CsrService::process(Result<CsrForm> form, const access::Principal& who, const audit::Actor& actor) {
  if (!form) {
    record_refusal(actor, "", form.error());
    return tl::unexpected(std::move(form).error());
  }
  const std::string profile = form->profile;
  auto submitted = submit(*std::move(form), who, actor);
  if (!submitted) {
    record_refusal(actor, profile, submitted.error());
    return tl::unexpected(std::move(submitted).error());
  }
  CERTWRIGHT_TRY(auto outcome, issue_approved(std::move(submitted->record), actor));
  outcome.coalesced = submitted->coalesced;
  return outcome;
}

Result<Outcome> CsrService::issue_approved(store::RequestRecord request, const audit::Actor& actor) {
  if (request.state != store::RequestState::approved) return look(std::move(request));
  auto issued = d_.issuance.resume(request.id, actor);
  CERTWRIGHT_TRY(auto now, d_.requests.find(request.id));
  if (!now) return tl::unexpected<Error>(access::not_found_error());
  if (issued) {
    auto ignored = ignored_extensions(*now);
    return Outcome{.request = *std::move(now), .certificate = std::move(issued->certificate), .ca = issued->ca,
                   .ignored_extensions = std::move(ignored)};
  }
  // Somebody else issues it at this moment, it waits again, or it failed: the record says so. Where it is
  // approved still, an outage is what the caller should hear of; it will be issued when that is over.
  const Error& error = issued.error();
  if (now->state == store::RequestState::approved && error.code != Errc::conflict) return tl::unexpected(error);
  if (now->state == store::RequestState::failed) return tl::unexpected(error);
  return look(*std::move(now));
}

std::vector<std::string> CsrService::ignored_extensions(const store::RequestRecord& request) const {
  const auto profile = d_.profiles.find(request.profile);
  const auto csr = pkcs10::CertificationRequest::parse(request.certification_request);
  std::vector<std::string> ignored;
  if (profile == nullptr || !csr) return ignored;
  for (const auto& oid : profile::ignored_extensions(*profile, csr->requested_extensions())) ignored.push_back(oid.to_text());
  return ignored;
}

Result<Outcome> CsrService::look(store::RequestRecord request) const {
  Outcome outcome{.request = std::move(request)};
  outcome.ca = d_.cas.find(outcome.request.ca);
  outcome.ignored_extensions = ignored_extensions(outcome.request);
  CERTWRIGHT_TRY(const auto content, registration::read_request_content(outcome.request.content));
  outcome.generate_key = content.generate_key;
  if (content.renews != 0) {
    CERTWRIGHT_TRY(const auto newest, d_.store.find_certificate(content.renews));
    if (newest) outcome.renews = newest->certificate.serial.decimal();
  }
  if (outcome.request.state != store::RequestState::issued) return outcome;
  CERTWRIGHT_TRY(auto stored, d_.store.find_certificate(outcome.request.certificate));
  if (stored) outcome.certificate = std::move(stored->certificate);
  return outcome;
}

}  // namespace certwright::gateway::portal
