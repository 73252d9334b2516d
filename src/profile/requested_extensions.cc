#include "profile/requested_extensions.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include "x509/oids.h"

namespace certwright::profile {
namespace {

namespace oids = x509::oids;

constexpr der::Oid kIdCe = der::Oid::of({2, 5, 29});
constexpr std::array<der::Oid, 6> kNeverCopied = {
    oids::kAuthorityInfoAccess,
    der::Oid::of({1, 3, 6, 1, 5, 5, 7, 1, 11}),           // subjectInfoAccess
    oids::kOcspNoCheck,
    der::Oid::of({1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}),     // SCTs, RFC 6962
    der::Oid::of({1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}),     // precertificate poison, RFC 6962
    der::Oid::of({2, 16, 840, 1, 113730, 1, 1}),          // Netscape certificate type: a CA flag
};

std::string extension_field(const x509::Extension& extension) {
  return fmt::format("extensions[{}]", extension.oid.to_text());
}

tl::unexpected<Error> malformed(const x509::Extension& extension, const Error& error) {
  return fail_field(Errc::invalid, extension_field(extension), error.detail);
}

Result<void> check_basic_constraints(const Profile& profile, const x509::Extension& extension) {
  const auto constraints = x509::parse_basic_constraints(extension.value);
  if (!constraints) return malformed(extension, constraints.error());
  const auto refuse = [&](std::string detail) {
    return fail_field(Errc::policy, extension_field(extension), std::move(detail));
  };
  if (constraints->ca && !profile.ca)
    return refuse(fmt::format("basicConstraints CA:TRUE: profile {} makes no CAs", profile.name));
  if (!constraints->ca && profile.ca)
    return refuse(fmt::format("basicConstraints CA:FALSE: profile {} makes CAs only", profile.name));
  if (constraints->path_length && profile.path_length &&
      *constraints->path_length > *profile.path_length)
    return refuse(fmt::format("basicConstraints pathlen:{}: profile {} gives at most {}",
                              *constraints->path_length, profile.name, *profile.path_length));
  return {};
}

Result<void> check_requested_key_usage(const Profile& profile, const x509::Extension& extension) {
  const auto usage = x509::parse_key_usage(extension.value);
  if (!usage) return malformed(extension, usage.error());
  // Against the whole list, before it is cut to the key's kind: tools ask for keyEncipherment with
  // elliptic-curve keys too, and leaving it out is what they want.
  x509::KeyUsage granted;
  for (const std::string& name : profile.key_usage)
    if (const auto bit = x509::key_usage_bit_from_name(name)) granted.set(*bit);
  const auto beyond = x509::KeyUsage::from_mask(
      static_cast<std::uint16_t>(usage->mask() & ~granted.mask()));
  if (beyond.empty()) return {};
  return fail_field(Errc::policy, extension_field(extension),
                    fmt::format("key usage {}: profile {} gives {}",
                                fmt::join(x509::names_of(beyond), ", "), profile.name,
                                fmt::join(profile.key_usage, ", ")));
}

Result<void> check_requested_purposes(const Profile& profile, const x509::Extension& extension) {
  const auto purposes = x509::parse_ext_key_usage(extension.value);
  if (!purposes) return malformed(extension, purposes.error());
  for (const der::Oid& purpose : *purposes) {
    if (std::ranges::find(profile.extended_key_usage, purpose) != profile.extended_key_usage.end())
      continue;
    return fail_field(Errc::policy, extension_field(extension),
                      fmt::format("extended key usage {} is not given by profile {}",
                                  x509::ext_key_usage_name(purpose), profile.name));
  }
  return {};
}

}  // namespace

bool may_be_copied(const der::Oid& oid) noexcept {
  const ByteView content = oid.content(), id_ce = kIdCe.content();
  if (content.size() >= id_ce.size() && std::ranges::equal(content.first(id_ce.size()), id_ce))
    return false;
  return std::ranges::find(kNeverCopied, oid) == kNeverCopied.end();
}

std::vector<der::Oid> ignored_extensions(const Profile& profile, const x509::Extensions& requested) {
  constexpr der::Oid kDecided[] = {oids::kSubjectAltName, oids::kBasicConstraints, oids::kKeyUsage,
                                   oids::kExtKeyUsage, oids::kSubjectKeyIdentifier};
  std::vector<der::Oid> ignored;
  for (const x509::Extension& extension : requested) {
    const bool is_copied = may_be_copied(extension.oid) &&
                           std::ranges::find(profile.copy_extensions, extension.oid, &CopyRule::oid) != profile.copy_extensions.end();
    if (!is_copied && std::ranges::find(kDecided, extension.oid) == std::end(kDecided)) ignored.push_back(extension.oid);
  }
  return ignored;
}

Result<std::vector<const x509::Extension*>> select_requested_extensions(
    const Profile& profile, const std::vector<x509::Extension>& requested) {
  std::vector<const x509::Extension*> copied;
  if (requested.size() > x509::Extensions::kMaxCount)
    return fail_field(Errc::invalid, "extensions",
                      fmt::format("{} extensions; at most {} can be asked for", requested.size(),
                                  x509::Extensions::kMaxCount));
  for (const x509::Extension& extension : requested) {
    const der::Oid& oid = extension.oid;
    if (oid == oids::kSubjectAltName)
      return fail_field(Errc::invalid, extension_field(extension),
                        "subjectAltName among the other extensions: its names belong in `names`");
    if (oid == oids::kBasicConstraints) {
      CERTWRIGHT_CHECK(check_basic_constraints(profile, extension));
      continue;
    }
    if (oid == oids::kKeyUsage) {
      CERTWRIGHT_CHECK(check_requested_key_usage(profile, extension));
      continue;
    }
    if (oid == oids::kExtKeyUsage) {
      CERTWRIGHT_CHECK(check_requested_purposes(profile, extension));
      continue;
    }
    const auto rule = std::ranges::find(profile.copy_extensions, oid, &CopyRule::oid);
    if (rule == profile.copy_extensions.end() || !may_be_copied(oid)) {
      // RFC 7633: whoever asks for it relies on clients that insist on it; without it they would not.
      if (oid == oids::kTlsFeature)
        return fail_field(Errc::policy, extension_field(extension),
                          fmt::format("extension {} (tlsfeature, must-staple): profile {} does not copy it",
                                      oid.to_text(), profile.name));
      if (extension.critical)
        return fail_field(Errc::policy, extension_field(extension),
                          fmt::format("critical extension {}: profile {} does not copy it",
                                      oid.to_text(), profile.name));
      continue;
    }
    if (extension.value.size() > rule->size_octets_max)
      return fail_field(Errc::policy, extension_field(extension),
                        fmt::format("extension {} has {} octets; profile {} copies at most {}",
                                    oid.to_text(), extension.value.size(), profile.name,
                                    rule->size_octets_max));
    if (std::ranges::any_of(copied, [&](const auto* other) { return other->oid == oid; }))
      return fail_field(Errc::invalid, extension_field(extension),
                        fmt::format("extension {} is asked for twice", oid.to_text()));
    copied.push_back(&extension);
  }
  return copied;
}

}  // namespace certwright::profile
