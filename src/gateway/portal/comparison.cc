#include "gateway/portal/comparison.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "gateway/portal/csr_form.h"
#include "pkcs10/certification_request.h"
#include "profile/duration.h"
#include "registration/request_content.h"
#include "x509/certificate.h"
#include "x509/oids.h"

namespace certwright::gateway::portal {
namespace {

using pages::Comparison;
namespace oids = x509::oids;

constexpr std::size_t kMaxShownOctets = 32;

std::string joined(const auto& texts) { return fmt::format("{}", fmt::join(texts, ", ")); }

std::string purposes(const std::vector<der::Oid>& oids) {
  std::vector<std::string> names;
  for (const auto& oid : oids) names.push_back(x509::ext_key_usage_name(oid));
  std::ranges::sort(names);
  return joined(names);
}

std::string extension_name(const der::Oid& oid) {
  const std::pair<der::Oid, std::string_view> kNames[] = {{oids::kKeyUsage, "Key usage"},
                                                          {oids::kExtKeyUsage, "Extended key usage"},
                                                          {oids::kBasicConstraints, "Basic constraints"},
                                                          {oids::kSubjectKeyIdentifier, "Subject key identifier"},
                                                          {oids::kCertificatePolicies, "Certificate policies"},
                                                          {oids::kTlsFeature, "TLS feature (must-staple), 1.3.6.1.5.5.7.1.24"}};
  for (const auto& [known, name] : kNames)
    if (known == oid) return std::string(name);
  return "Extension " + oid.to_text();
}

std::string constraints_text(const x509::BasicConstraints& constraints) {
  if (!constraints.ca) return "not a CA";
  return "a CA" + (constraints.path_length ? fmt::format(", path length {}", *constraints.path_length) : "");
}

// Two contents of one size must not look the same: the digest, and the octets where they are few.
std::string octets_text(ByteView value) {
  return fmt::format("{} octets, SHA-256 {}", value.size(), to_hex(crypto::sha256(value))) +
         (value.size() <= kMaxShownOctets ? ": " + to_hex(value) : "");
}

std::string extension_text(const x509::Extension* extension) {
  if (extension == nullptr) return {};
  const auto& [oid, critical, value] = *extension;
  if (oid == oids::kKeyUsage)
    if (const auto usage = x509::parse_key_usage(value)) return joined(x509::names_of(*usage));
  if (oid == oids::kExtKeyUsage)
    if (const auto parsed = x509::parse_ext_key_usage(value)) return purposes(*parsed);
  if (oid == oids::kBasicConstraints)
    if (const auto constraints = x509::parse_basic_constraints(value)) return constraints_text(*constraints);
  return octets_text(value) + (critical ? ", critical" : "");
}

std::string profile_text(const profile::Profile& profile, const der::Oid& oid) {
  if (oid == oids::kKeyUsage) return joined(profile.key_usage);
  if (oid == oids::kExtKeyUsage) return purposes(profile.extended_key_usage);
  return {};
}

// What nobody asked for is no change.
void add_row(std::vector<Comparison>& all, std::string what, std::string requested, std::string profile, std::string resulting) {
  const bool changed = !requested.empty() && requested != resulting;
  all.push_back({std::move(what), std::move(requested), std::move(profile), std::move(resulting), changed});
}

void add_names(std::vector<Comparison>& all, const std::vector<std::string>& asked, const registration::Examination& seen) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  for (const auto& name : asked) add_row(all, "Name", name, "", has(seen.names, name) ? name : "");
  for (const auto& name : seen.names)
    if (!has(asked, name)) all.push_back({"Name", "", "the common name is a name too", name, true});
}

void add_validity(std::vector<Comparison>& all, std::optional<Seconds> asked, const registration::Examination& seen, Time now) {
  const auto& profile = *seen.profile;
  const std::uint32_t days = days_left(seen, now);
  const Seconds usual = asked.value_or(profile.validity_default);
  all.push_back({"Validity", asked ? profile::write_duration(*asked) : "not said",
                 fmt::format("{}, at most {}", profile::write_duration(profile.validity_default),
                             profile::write_duration(profile.validity_max)),
                 fmt::format("{}d, until {}", days, to_rfc3339(seen.not_after)), usual.count() / kDay_s != days});
}

void add_extensions(std::vector<Comparison>& all, const x509::Extensions& asked, const registration::Examination& seen) {
  const auto add_one = [&](const der::Oid& oid) {
    add_row(all, extension_name(oid), extension_text(asked.find(oid)), profile_text(*seen.profile, oid),
        extension_text(seen.extensions.find(oid)));
  };
  for (const auto& oid : {oids::kKeyUsage, oids::kExtKeyUsage}) add_one(oid);
  for (const auto& extension : asked)
    if (extension.oid != oids::kKeyUsage && extension.oid != oids::kExtKeyUsage && extension.oid != oids::kSubjectAltName)
      add_one(extension.oid);
}

struct Asked {
  std::string subject;
  std::vector<std::string> names;
  std::string key;  // its algorithm
  std::optional<Seconds> validity;
  std::string ca, profile;  // as they were before; empty: nobody said
  x509::Extensions extensions;
};

std::vector<std::string> texts_of(const std::vector<x509::GeneralName>& names) {
  std::vector<std::string> texts;
  for (const auto& name : names) texts.push_back(name.to_text());
  return texts;
}

std::string key_algorithm_of(ByteView subject_public_key_info) {
  const auto key = crypto::describe_public_key(subject_public_key_info);
  return key ? std::string(key->algorithm->name) : std::string();
}

Result<Asked> asked_in_csr(const store::RequestRecord& request) {
  const auto csr = pkcs10::CertificationRequest::parse(request.certification_request);
  if (!csr) return fail(Errc::internal, "a stored request has no CSR: " + csr.error().detail);
  Asked asked{.subject = csr->subject().to_text(),
              .names = {},
              .key = key_algorithm_of(csr->subject_public_key_info_tlv()),
              .validity = {}, .ca = {}, .profile = {},
              .extensions = csr->requested_extensions()};
  if (const auto names = csr->requested_subject_alt_names()) asked.names = texts_of(*names);
  return asked;
}

// The CA's own business: it says where it is, and who it is.
bool is_of_the_ca(const der::Oid& oid) {
  const der::Oid kOids[] = {oids::kAuthorityKeyIdentifier, oids::kSubjectKeyIdentifier, oids::kCrlDistributionPoints,
                            oids::kAuthorityInfoAccess, oids::kBasicConstraints};
  return std::ranges::find(kOids, oid) != std::ranges::end(kOids);
}

// Of the certificate that is renewed: what it is, for whoever looks for what would be otherwise.
Result<Asked> asked_by_renewal(const registration::RequestContent& content, const registration::Examination& seen) {
  const auto& newest = seen.request.renews->certificate;
  CERTWRIGHT_TRY(const auto before, x509::Certificate::parse(newest.der));
  Asked asked{.subject = before.subject().to_text(),
              .names = {},
              .key = key_algorithm_of(before.subject_public_key_info_tlv()),
              .validity = content.validity.value_or(std::chrono::ceil<Seconds>(newest.not_after - newest.issued_at)),
              .ca = newest.ca,
              .profile = fmt::format("{} version {}", newest.profile, newest.profile_version),
              .extensions = {}};
  if (const auto names = before.subject_alt_names()) asked.names = texts_of(*names);
  for (const auto& extension : before.extensions())
    if (!is_of_the_ca(extension.oid)) CERTWRIGHT_CHECK(asked.extensions.add(extension));
  return asked;
}

Result<Asked> asked_of(const store::RequestRecord& request, const registration::RequestContent& content,
                       const registration::Examination& seen) {
  if (seen.request.renews) return asked_by_renewal(content, seen);
  Asked asked;
  if (content.generate_key.empty()) {
    CERTWRIGHT_TRY(asked, asked_in_csr(request));
  } else {
    asked.key = content.generate_key;
  }
  if (asked.subject.empty())
    for (const auto& [attribute, value] : content.subject)
      asked.subject += fmt::format("{}{}={}", asked.subject.empty() ? "" : ",", attribute, value);
  if (asked.names.empty()) asked.names = texts_of(content.names);
  asked.validity = content.validity;
  asked.profile = fmt::format("{} version {}", request.profile, request.profile_version);
  return asked;
}

}  // namespace

std::uint32_t days_left(const registration::Examination& seen, Time now) {
  const auto left = std::chrono::floor<Seconds>(seen.not_after - now) + Seconds(60);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(left.count() / kDay_s, 0));
}

Result<std::vector<Comparison>> compare(const store::RequestRecord& request, const registration::Examination& seen, Time now) {
  CERTWRIGHT_TRY(const auto content, registration::read_request_content(request.content));
  CERTWRIGHT_TRY(auto asked, asked_of(request, content, seen));
  const auto& profile = *seen.profile;

  std::vector<Comparison> all;
  add_row(all, "Subject", std::move(asked.subject), profile.subject.settable.empty() ? "" : "may have " + joined(profile.subject.settable), seen.subject);
  add_names(all, asked.names, seen);
  add_row(all, "Key", std::move(asked.key), joined(profile.key_algorithms), seen.certificate_request.key_algorithm);
  add_validity(all, asked.validity, seen, now);
  if (!asked.ca.empty()) add_row(all, "CA", asked.ca, "", seen.ca->id());
  add_extensions(all, asked.extensions, seen);
  add_row(all, "Profile", asked.profile, profile.description,
      fmt::format("{} version {}", profile.name, profile.version));
  return all;
}

}  // namespace certwright::gateway::portal
