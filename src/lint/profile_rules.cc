#include <algorithm>

#include <fmt/format.h>

#include "lint/inspection.h"
#include "profile/duration.h"
#include "profile/interception.h"
#include "profile/key_usage.h"
#include "profile/name_rule.h"
#include "profile/shown.h"
#include "profile/subject.h"
#include "x509/oids.h"

namespace certwright::lint {
namespace {

namespace oids = x509::oids;
using profile::Profile;
using profile::shown;

// The builder reads the clock a moment before lint does, and the system's clock may be set between.
constexpr Seconds kClockSlack{60};

// An interception certificate has its subject and its dates from elsewhere (profile/interception.h).
bool follows_upstream(const Inspection& it) { return it.profile() != nullptr && it.profile()->interception; }

Complaint check_validity_max(const Inspection& it) {
  if (it.profile() == nullptr || follows_upstream(it)) return {};
  const auto most = it.profile()->validity_max + it.profile()->backdate;
  const auto length = it.tbs.not_after - it.tbs.not_before;
  if (length <= most) return {};
  return fmt::format("{} is over the {} that profile {} allows",
                     profile::write_duration(std::chrono::floor<Seconds>(length)),
                     profile::write_duration(most), it.profile()->name);
}

Complaint check_not_before(const Inspection& it) {
  if (it.profile() == nullptr || follows_upstream(it)) return {};
  const Time now = it.context.now;
  if (it.tbs.not_before < now - it.profile()->backdate - kClockSlack)
    return fmt::format("notBefore {} is more than {} before {}", to_rfc3339(it.tbs.not_before),
                       profile::write_duration(it.profile()->backdate), to_rfc3339(now));
  if (it.tbs.not_before > now + kClockSlack)
    return fmt::format("notBefore {} is after {}", to_rfc3339(it.tbs.not_before), to_rfc3339(now));
  return {};
}

bool is_fixed(const Profile& profile, std::string_view attribute, const std::string& text) {
  return std::ranges::any_of(profile.subject.fixed, [&](const auto& fixed) {
    return fixed.first == attribute && fixed.second == text;
  });
}

Complaint check_subject(const Inspection& it) {
  if (it.profile() == nullptr || !it.subject || follows_upstream(it)) return {};
  const Profile& profile = *it.profile();
  for (std::size_t i = 0; i < it.subject->size(); ++i) {
    const auto attribute = it.subject->attribute(i);
    const std::string name(profile::subject_attribute_name(attribute.type));
    const auto& settable = profile.subject.settable;
    if (!name.empty() && std::ranges::find(settable, name) != settable.end()) continue;
    const std::string text = attribute.text();
    if (is_fixed(profile, name, text)) continue;
    return fmt::format("{}={} is neither settable nor fixed by profile {}",
                       x509::attribute_type_name(attribute.type), shown(text), profile.name);
  }
  for (const auto& [attribute, value] : profile.subject.fixed) {
    const auto oid = profile::subject_attribute_oid(attribute);
    if (!oid) continue;
    const auto values = it.subject->values(*oid);
    if (std::ranges::find(values, value) == values.end())
      return fmt::format("the fixed {} {} is missing", attribute, shown(value));
  }
  if (profile.subject.common_name_required && it.subject->common_names().empty())
    return fmt::format("profile {} requires a common name", profile.name);
  return {};
}

// id-ecPublicKey with the curve of GB/T 32918.5: crypto signs nothing with it, but TLCP clients do.
bool is_sm2_key(const Inspection& it) {
  constexpr std::uint8_t kAlgorithm[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                                         0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d};
  const ByteView key = it.tbs.subject_public_key_info_tlv;
  return key.size() > 2 + sizeof kAlgorithm &&
         std::ranges::equal(key.subspan(2, sizeof kAlgorithm), ByteView(kAlgorithm));
}

Complaint check_key_algorithm(const Inspection& it) {
  if (it.profile() == nullptr) return {};
  if (it.key_algorithm == nullptr && follows_upstream(it) && is_sm2_key(it)) return {};
  if (it.key_algorithm == nullptr) return "the key is of a type that crypto does not know";
  const auto& allowed = it.profile()->key_algorithms;
  if (std::ranges::find(allowed, it.key_algorithm->name) != allowed.end()) return {};
  return fmt::format("profile {} takes no {} keys", it.profile()->name, it.key_algorithm->name);
}

Complaint check_interception_key_usage(const Inspection& it) {
  std::optional<crypto::KeyFamily> family;
  if (it.key_algorithm != nullptr) family = it.key_algorithm->family;
  if (profile::is_interception_key_usage(*it.key_usage.value, family)) return {};
  return fmt::format("{}; not what an interception certificate may have",
                     fmt::join(x509::names_of(*it.key_usage.value), ", "));
}

Complaint check_key_usage(const Inspection& it) {
  if (it.profile() == nullptr || !it.key_usage.value) return {};
  if (follows_upstream(it)) return check_interception_key_usage(it);
  if (it.key_algorithm == nullptr) return {};
  const x509::KeyUsage expected = profile::key_usage_for(*it.profile(), it.key_algorithm->family);
  if (*it.key_usage.value == expected) return {};
  return fmt::format("{}; profile {} gives {} keys {}",
                     fmt::join(x509::names_of(*it.key_usage.value), ", "), it.profile()->name,
                     it.key_algorithm->name, fmt::join(x509::names_of(expected), ", "));
}

Complaint check_purposes(const Inspection& it) {
  if (it.profile() == nullptr) return {};
  if (it.purposes.extension != nullptr && !it.purposes.value) return {};
  const auto& wanted = it.profile()->extended_key_usage;
  if (it.purposes.value ? *it.purposes.value == wanted : wanted.empty()) return {};
  std::vector<der::Oid> found = it.purposes.value.value_or(std::vector<der::Oid>{});
  std::vector<der::Oid> expected = wanted;
  std::ranges::sort(found);
  std::ranges::sort(expected);
  if (found == expected) return {};
  std::string text;
  for (const der::Oid& purpose : found) text += (text.empty() ? "" : ", ") + x509::ext_key_usage_name(purpose);
  return fmt::format("[{}] are not the purposes that profile {} gives", text, it.profile()->name);
}

// Whoever has OCSPSigning from a CA can say "good" about every certificate of it.
Complaint check_ocsp_signing(const Inspection& it) {
  if (!it.purposes.value || (it.profile() != nullptr && it.profile()->internal)) return {};
  if (std::ranges::find(*it.purposes.value, oids::kOcspSigning) == it.purposes.value->end()) return {};
  return "OCSPSigning outside of an internal profile";
}

Complaint check_basic_constraints(const Inspection& it) {
  if (it.profile() == nullptr) return {};
  if (it.basic_constraints.extension != nullptr && !it.basic_constraints.value) return {};
  const Profile& profile = *it.profile();
  if (it.is_ca() != profile.ca)
    return fmt::format("cA is {}; profile {} says {}", it.is_ca(), profile.name, profile.ca);
  if (!profile.ca || !profile.path_length) return {};
  const auto& own = it.basic_constraints.value->path_length;
  if (own && *own <= *profile.path_length) return {};
  return fmt::format("path length {}; profile {} gives {}", own ? std::to_string(*own) : "unlimited",
                     profile.name, *profile.path_length);
}

Complaint check_names(const Inspection& it) {
  if (it.profile() == nullptr) return {};
  if (it.names.extension != nullptr && !it.names.value) return {};
  const Profile& profile = *it.profile();
  const std::size_t count = it.names.value ? it.names.value->size() : 0;
  if (count > profile.names_max)
    return fmt::format("{} names; profile {} allows {}", count, profile.name, profile.names_max);
  if (count == 0)
    return profile.names_required
               ? Complaint(fmt::format("profile {} requires a name", profile.name))
               : std::nullopt;
  if (follows_upstream(it)) {
    for (const x509::GeneralName& name : *it.names.value)
      if (name.kind() != x509::GeneralName::Kind::dns && name.kind() != x509::GeneralName::Kind::ip)
        return fmt::format("{} is neither a host name nor an address", shown(name.to_text()));
    return {};
  }
  for (const x509::GeneralName& name : *it.names.value)
    if (const auto checked = profile::check_name(profile, name);
        !checked && (checked.error().code == Errc::policy || name.check()))  // form: another rule's
      return checked.error().detail;
  return {};
}

Complaint check_nocheck(const Inspection& it) {
  if (it.profile() == nullptr) return {};
  const bool found = it.ocsp_nocheck.extension != nullptr;
  if (found == it.profile()->ocsp_nocheck) return {};
  return fmt::format("ocsp-nocheck is {}", found ? "there" : "missing");
}

Complaint check_ocsp_url(const Inspection& it) {
  if (it.profile() == nullptr || it.profile()->ocsp_url) return {};
  if (!it.access.value || it.access.value->ocsp.empty()) return {};
  return fmt::format("an OCSP URI; profile {} gives none", it.profile()->name);
}

constexpr RuleCheck kProfileRules[] = {
    {{"profile.validity_max",
      "the validity is at most the profile's maximum and back-dating (interception: the upstream's)"},
     check_validity_max},
    {{"profile.not_before", "notBefore is now, back-dated by at most the profile's allowance"},
     check_not_before},
    {{"profile.subject", "every subject attribute is settable or fixed, and every fixed one there"},
     check_subject},
    {{"profile.key_algorithm", "the key's algorithm is one of the profile's"}, check_key_algorithm},
    {{"profile.key_usage", "keyUsage is the profile's, cut to the key's type"}, check_key_usage},
    {{"profile.extended_key_usage", "extKeyUsage is the profile's"}, check_purposes},
    {{"profile.ocsp_signing_internal", "OCSPSigning is in certificates of internal profiles only"},
     check_ocsp_signing},
    {{"profile.basic_constraints", "cA is the profile's, the path length at most the profile's"},
     check_basic_constraints},
    {{"profile.names", "the names are of permitted types, let through by the patterns, not too many"},
     check_names},
    {{"profile.ocsp_nocheck", "ocsp-nocheck is there if and only if the profile says so"},
     check_nocheck},
    {{"profile.ocsp_url", "there is an OCSP URI only if the profile gives one"}, check_ocsp_url},
};

}  // namespace

std::span<const RuleCheck> profile_rules() noexcept { return kProfileRules; }

}  // namespace certwright::lint
