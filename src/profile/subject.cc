#include "profile/subject.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "profile/shown.h"
#include "x509/oids.h"

namespace certwright::profile {
namespace {

namespace oids = x509::oids;

constexpr std::array<std::string_view, 15> kAttributeNames = {
    "common_name",   "organization", "organizational_unit", "country",       "state_or_province",
    "locality",      "street_address", "postal_code",       "serial_number", "email_address",
    "user_id",       "domain_component", "surname",         "given_name",    "title"};
constexpr std::array<der::Oid, 15> kAttributeOids = {
    oids::kCommonName,   oids::kOrganizationName, oids::kOrganizationalUnitName,
    oids::kCountryName,  oids::kStateOrProvinceName, oids::kLocalityName,
    oids::kStreetAddress, oids::kPostalCode,      oids::kSerialNumber,
    oids::kEmailAddress, oids::kUserId,           oids::kDomainComponent,
    oids::kSurname,      oids::kGivenName,        oids::kTitle};

constexpr std::size_t kAttributesMax = x509::Name::kMaxAttributes;

std::string subject_field(std::string_view attribute) {
  return fmt::format("subject.{}", attribute);
}

bool may_repeat(std::string_view attribute) {
  return attribute == "organizational_unit" || attribute == "domain_component";
}

const std::string* fixed_value(const SubjectRule& rule, std::string_view attribute) {
  for (const auto& [name, value] : rule.fixed)
    if (name == attribute) return &value;
  return nullptr;
}

Result<void> check_attribute(const Profile& profile, const CertificateRequest& request,
                             std::size_t index) {
  const auto& [attribute, value] = request.subject[index];
  if (const std::string* fixed = fixed_value(profile.subject, attribute)) {
    if (value != *fixed)
      return fail_field(Errc::policy, subject_field(attribute),
                        fmt::format("profile {} fixes {} to {}; the request has {}", profile.name,
                                    attribute, shown(*fixed), shown(value)));
  } else if (std::ranges::find(profile.subject.settable, attribute) ==
             profile.subject.settable.end()) {
    return fail_field(Errc::policy, subject_field(attribute),
                      fmt::format("profile {} does not let a request set {} (to {})", profile.name,
                                  attribute, shown(value)));
  }
  if (may_repeat(attribute)) return {};
  for (std::size_t i = 0; i < index; ++i)
    if (request.subject[i].attribute == attribute)
      return fail_field(Errc::invalid, subject_field(attribute),
                        fmt::format("{} is given twice", attribute));
  return {};
}

}  // namespace

std::span<const std::string_view> subject_attribute_names() noexcept { return kAttributeNames; }

std::optional<der::Oid> subject_attribute_oid(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kAttributeNames.size(); ++i)
    if (kAttributeNames[i] == name) return kAttributeOids[i];
  return std::nullopt;
}

std::string_view subject_attribute_name(const der::Oid& oid) noexcept {
  for (std::size_t i = 0; i < kAttributeOids.size(); ++i)
    if (kAttributeOids[i] == oid) return kAttributeNames[i];
  return {};
}

Result<x509::Name> build_subject(const Profile& profile, const CertificateRequest& request) {
  if (request.subject.size() > kAttributesMax)
    return fail_field(Errc::invalid, "subject",
                      fmt::format("{} attributes; at most {} can be used", request.subject.size(),
                                  kAttributesMax));
  const auto asked_for = [&](std::string_view attribute) {
    return std::ranges::any_of(request.subject,
                               [&](const auto& asked) { return asked.attribute == attribute; });
  };
  x509::Name::Builder builder;
  bool has_common_name = false;
  const auto add = [&](std::string_view attribute, std::string_view value) -> Result<void> {
    const auto oid = subject_attribute_oid(attribute);
    if (!oid)
      return fail_field(Errc::invalid, subject_field(shown(attribute)), "not a subject attribute");
    has_common_name = has_common_name || *oid == oids::kCommonName;
    builder.add(*oid, value);
    return {};
  };
  for (const auto& [attribute, value] : profile.subject.fixed)
    if (!asked_for(attribute)) CERTWRIGHT_CHECK(add(attribute, value));
  for (std::size_t i = 0; i < request.subject.size(); ++i) {
    CERTWRIGHT_CHECK(check_attribute(profile, request, i));
    CERTWRIGHT_CHECK(add(request.subject[i].attribute, request.subject[i].value));
  }
  if (profile.subject.common_name_required && !has_common_name)
    return fail_field(Errc::policy, subject_field("common_name"),
                      fmt::format("profile {} requires a common name", profile.name));
  auto name = builder.build();
  if (!name) {
    Error error = std::move(name).error();
    error.field = error.field.empty() ? "subject" : subject_field(error.field);
    return tl::unexpected<Error>(std::move(error));
  }
  return name;
}

}  // namespace certwright::profile
