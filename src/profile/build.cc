#include "profile/build.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "der/writer.h"
#include "profile/duration.h"
#include "profile/key_usage.h"
#include "profile/name_rule.h"
#include "profile/requested_extensions.h"
#include "profile/shown.h"
#include "profile/subject.h"
#include "x509/certificate.h"
#include "x509/oids.h"
#include "x509/subject_public_key_info.h"

namespace certwright::profile {
namespace {

namespace oids = x509::oids;
using x509::GeneralName;

// What a certificate has beside the names and the extensions that a request brings: key, issuer,
// subject, our own extensions and the largest signature. Leaves room below Certificate::kMaxOctets.
constexpr std::size_t kRequestedOctetsMax = x509::Certificate::kMaxOctets - 20'000;

struct Validity {
  Time not_before, not_after;
};

Result<Validity> choose_validity(const Profile& profile, const CertificateRequest& request,
                                 const Issuer& issuer, Time now) {
  const Time start = std::chrono::floor<Seconds>(now);
  const auto refuse = [](Errc code, std::string detail) {
    return fail_field(code, "validity", std::move(detail));
  };
  if (start >= issuer.not_after)
    return refuse(Errc::policy, fmt::format("the CA's certificate ended at {}",
                                            to_rfc3339(issuer.not_after)));
  const Time not_before =
      std::max<Time>(start - profile.backdate, std::chrono::ceil<Seconds>(issuer.not_before));
  if (!request.validity)
    return Validity{not_before, std::min<Time>(start + profile.validity_default,
                                               std::chrono::floor<Seconds>(issuer.not_after))};
  if (*request.validity <= Seconds(0)) return refuse(Errc::invalid, "a validity must be positive");
  if (*request.validity > profile.validity_max)
    return refuse(Errc::policy, fmt::format("{} is over the {} of profile {}",
                                            write_duration(*request.validity),
                                            write_duration(profile.validity_max), profile.name));
  const Time not_after = start + *request.validity;
  if (not_after > issuer.not_after)
    return refuse(Errc::policy, fmt::format("{} would outlive the CA's certificate, which ends at {}",
                                            write_duration(*request.validity),
                                            to_rfc3339(issuer.not_after)));
  return Validity{not_before, not_after};
}

Result<const crypto::KeyAlgorithm*> choose_key_algorithm(const Profile& profile,
                                                         const CertificateRequest& request) {
  if (std::ranges::find(profile.key_algorithms, request.key_algorithm) ==
      profile.key_algorithms.end())
    return fail_field(Errc::policy, "key_algorithm",
                      fmt::format("profile {} takes no {} keys; it takes {}", profile.name,
                                  shown(request.key_algorithm),
                                  fmt::join(profile.key_algorithms, ", ")));
  auto algorithm = crypto::find_key_algorithm(request.key_algorithm);
  if (!algorithm)
    return fail_field(Errc::invalid, "key_algorithm", std::move(algorithm).error().detail);
  return algorithm;
}

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Names that verifiers cannot tell apart: host names ignore case.
bool same_name(const GeneralName& a, const GeneralName& b) {
  if (a.kind() != b.kind()) return false;
  if (a.kind() != GeneralName::Kind::dns) return std::ranges::equal(a.octets(), b.octets());
  return std::ranges::equal(a.text(), b.text(), {}, folded, folded);
}

// The same as a key for many names.
std::string comparable(const GeneralName& name) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(name.kind())));
  key += as_text(name.octets());
  if (name.kind() == GeneralName::Kind::dns) std::ranges::transform(key, key.begin(), folded);
  return key;
}

// The SANs to be written, none twice. Names that come from the subject are kept here.
struct ChosenNames {
  std::vector<const GeneralName*> list;
  std::vector<GeneralName> from_subject;
};

// Reads a common name as the name of a SAN, if it is one: an address, a mailbox, a URI, a host.
std::optional<GeneralName> as_general_name(std::string_view text) {
  if (text.find('@') != std::string_view::npos) {
    if (auto name = GeneralName::email(text)) return std::move(*name);
  } else if (text.find("://") != std::string_view::npos) {
    if (auto name = GeneralName::uri(text)) return std::move(*name);
  } else if (x509::valid_dns_name(text, x509::Wildcard::allowed, x509::Underscore::allowed)) {
    if (auto name = GeneralName::dns(text)) return std::move(*name);
  } else if (text.find_first_of(".:") != std::string_view::npos) {
    if (auto name = GeneralName::ip(text)) return std::move(*name);
  }
  return std::nullopt;
}

bool permits(const Profile& profile, GeneralName::Kind kind) {
  switch (kind) {
    case GeneralName::Kind::dns: return profile.dns.permitted;
    case GeneralName::Kind::ip: return profile.ip.permitted;
    case GeneralName::Kind::email: return profile.email.permitted;
    case GeneralName::Kind::uri: return profile.uri.permitted;
    default: return false;
  }
}

// What a client that finds no dNSName compares with a host in its place (RFC 6125 section 6.4.4): it
// drops a dot at the end, and OpenSSL takes "f*.example.com" for a pattern.
std::string_view as_old_clients_read(std::string_view common_name) {
  while (common_name.ends_with('.')) common_name.remove_suffix(1);
  return common_name;
}

// A common name that reads as a SAN is held to the rules of SANs, also of a type that the profile
// does not permit: old clients believe it. Where it does not become a SAN it only matters for
// servers, and a single label is then just a word.
Result<void> consider_common_name(const Profile& profile, std::string_view common_name,
                                  ChosenNames& chosen) {
  const bool server = std::ranges::find(profile.extended_key_usage, oids::kServerAuth) !=
                      profile.extended_key_usage.end();
  auto name = as_general_name(server ? as_old_clients_read(common_name) : common_name);
  if (!name && server && common_name.find('*') != std::string_view::npos)
    return fail_field(Errc::policy, "subject.common_name",
                      fmt::format("{} is no host name, and clients may take it for a pattern of them",
                                  shown(common_name)));
  if (!name) return {};
  const bool is_permitted = permits(profile, name->kind());
  const bool is_believed = server && common_name.find_first_of(".:") != std::string_view::npos &&
                           (name->kind() == GeneralName::Kind::dns || name->kind() == GeneralName::Kind::ip);
  const bool becomes_san = profile.subject.common_name_to_san && is_permitted;
  if (!becomes_san && !is_believed) return {};
  if (auto checked = check_name(profile, *name); !checked)
    return fail_field(checked.error().code, "subject.common_name", checked.error().detail);
  if (becomes_san) chosen.from_subject.push_back(std::move(*name));
  return {};
}

// emailAddress in a subject is the obsolete place of an rfc822Name (RFC 5280 section 4.1.2.6).
Result<void> consider_email_address(const Profile& profile, const std::string& address,
                                    ChosenNames& chosen) {
  auto name = GeneralName::email(address);
  if (!name)
    return fail_field(Errc::invalid, "subject.email_address", std::move(name).error().detail);
  if (auto checked = check_name(profile, *name); !checked)
    return fail_field(checked.error().code, "subject.email_address", checked.error().detail);
  chosen.from_subject.push_back(std::move(*name));
  return {};
}

void keep_each_once(ChosenNames& chosen) {
  constexpr std::size_t kFewNames = 8;  // up to here comparing is cheaper than hashing
  std::vector<const GeneralName*>& list = chosen.list;
  if (list.size() <= kFewNames) {
    for (auto name = list.begin(); name != list.end();) {
      const bool again = std::any_of(list.begin(), name, [&](const GeneralName* earlier) {
        return same_name(*earlier, **name);
      });
      name = again ? list.erase(name) : name + 1;
    }
    return;
  }
  std::unordered_set<std::string> seen;
  std::erase_if(list, [&](const GeneralName* name) { return !seen.insert(comparable(*name)).second; });
}

Result<void> choose_names(const Profile& profile, const CertificateRequest& request,
                          const x509::Name& subject, ChosenNames& chosen) {
  CERTWRIGHT_CHECK(check_name_count(profile, request.names.size()));
  chosen.list.reserve(request.names.size() + 2);
  for (std::size_t i = 0; i < request.names.size(); ++i) {
    if (auto checked = check_name(profile, request.names[i]); !checked)
      return fail_field(checked.error().code, fmt::format("names[{}]", i), checked.error().detail);
    chosen.list.push_back(&request.names[i]);
  }
  for (std::size_t i = 0; i < subject.size(); ++i) {
    const auto attribute = subject.attribute(i);
    if (attribute.type == oids::kCommonName)
      CERTWRIGHT_CHECK(consider_common_name(profile, attribute.text(), chosen));
    if (attribute.type == oids::kEmailAddress)
      CERTWRIGHT_CHECK(consider_email_address(profile, attribute.text(), chosen));
  }
  for (const GeneralName& name : chosen.from_subject) chosen.list.push_back(&name);
  keep_each_once(chosen);
  if (chosen.list.size() > profile.names_max)
    return fail_field(Errc::policy, "names",
                      fmt::format("{} names with the subject's own; profile {} allows {}",
                                  chosen.list.size(), profile.name, profile.names_max));
  if (chosen.list.empty() && profile.names_required)
    return fail_field(Errc::policy, "names",
                      fmt::format("profile {} requires a subject alternative name", profile.name));
  if (chosen.list.empty() && subject.empty())
    return fail_field(Errc::invalid, "subject", "neither a subject nor an alternative name");
  return {};
}

Result<x509::BasicConstraints> choose_basic_constraints(const Profile& profile,
                                                        const Issuer& issuer) {
  if (!profile.ca) return x509::BasicConstraints{};
  x509::BasicConstraints constraints{true, profile.path_length};
  if (!issuer.path_length) return constraints;
  if (*issuer.path_length == 0)
    return fail_field(Errc::policy, "path_length",
                      "the CA's path length is 0: it cannot issue to another CA");
  const std::uint32_t most = *issuer.path_length - 1;
  constraints.path_length = std::min(profile.path_length.value_or(most), most);
  return constraints;
}

Result<void> check_requested_size(const ChosenNames& names,
                                  const std::vector<const x509::Extension*>& copied) {
  std::size_t total = 0;
  for (const GeneralName* name : names.list) total += name->octets().size() + 4;
  for (const x509::Extension* extension : copied) total += extension->value.size() + 80;
  if (total <= kRequestedOctetsMax) return {};
  return fail_field(Errc::policy, "names",
                    fmt::format("names and copied extensions of {} octets; at most {} fit into a "
                                "certificate", total, kRequestedOctetsMax));
}

// Limits, not rights: only a CA's certificate can have them.
Result<void> check_name_constraints(const Profile& profile, const CertificateRequest& request) {
  if (!request.name_constraints || profile.ca) return {};
  return fail_field(Errc::policy, "name_constraints",
                    fmt::format("profile {} is no CA's: only those have name constraints", profile.name));
}

Bytes encode_names(const ChosenNames& names) {
  der::Writer writer(names.list.size() * 32 + 16);
  writer.sequence([&] {
    for (const GeneralName* name : names.list) name->write(writer);
  });
  return std::move(writer).take();
}

// Everything the extensions are made of.
struct ExtensionSources {
  const Profile& profile;
  const Issuer& issuer;
  ByteView public_key_bits;
  x509::KeyUsage key_usage;
  x509::BasicConstraints basic_constraints;
  const ChosenNames& names;
  bool subject_empty;
  const std::vector<const x509::Extension*>& copied;
  const std::optional<x509::NameConstraints>& name_constraints;
};

Result<x509::Extensions> make_extensions(const ExtensionSources& from) {
  const Profile& profile = from.profile;
  x509::Extensions out;
  const auto add = [&out](const der::Oid& oid, bool critical, Bytes value) {
    return out.add({oid, critical, std::move(value)});
  };
  CERTWRIGHT_CHECK(add(oids::kBasicConstraints, true,
                       x509::encode_basic_constraints(from.basic_constraints)));
  CERTWRIGHT_CHECK(add(oids::kKeyUsage, true, x509::encode_key_usage(from.key_usage)));
  if (!profile.extended_key_usage.empty())
    CERTWRIGHT_CHECK(add(oids::kExtKeyUsage, false,
                         x509::encode_ext_key_usage(profile.extended_key_usage)));
  CERTWRIGHT_CHECK(add(oids::kSubjectKeyIdentifier, false,
                       x509::encode_subject_key_identifier(crypto::sha1(from.public_key_bits))));
  CERTWRIGHT_CHECK(add(oids::kAuthorityKeyIdentifier, false,
                       x509::encode_authority_key_identifier(from.issuer.subject_key_identifier)));
  if (!from.names.list.empty())
    CERTWRIGHT_CHECK(add(oids::kSubjectAltName, from.subject_empty, encode_names(from.names)));
  if (from.name_constraints)
    CERTWRIGHT_CHECK(add(oids::kNameConstraints, true,
                         x509::encode_name_constraints(*from.name_constraints)));
  if (!from.issuer.crl_url.empty())
    CERTWRIGHT_CHECK(add(oids::kCrlDistributionPoints, false,
                         x509::encode_crl_distribution_points({from.issuer.crl_url})));
  x509::AuthorityInfoAccess access;
  if (profile.ocsp_url && !from.issuer.ocsp_url.empty()) access.ocsp = {from.issuer.ocsp_url};
  if (!from.issuer.ca_issuers_url.empty()) access.ca_issuers = {from.issuer.ca_issuers_url};
  if (!access.ocsp.empty() || !access.ca_issuers.empty())
    CERTWRIGHT_CHECK(add(oids::kAuthorityInfoAccess, false,
                         x509::encode_authority_info_access(access)));
  if (profile.ocsp_nocheck)
    CERTWRIGHT_CHECK(add(oids::kOcspNoCheck, false, x509::encode_ocsp_nocheck()));
  for (const x509::Extension* extension : from.copied) CERTWRIGHT_CHECK(out.add(*extension));
  return out;
}

}  // namespace

Result<x509::TbsCertificate> build_tbs_certificate(const Profile& profile,
                                                   const CertificateRequest& request,
                                                   const Issuer& issuer,
                                                   const x509::SerialNumber& serial, Time now) {
  CERTWRIGHT_TRY(const Validity validity, choose_validity(profile, request, issuer, now));
  CERTWRIGHT_TRY(const auto* key_algorithm, choose_key_algorithm(profile, request));
  const x509::KeyUsage key_usage = key_usage_for(profile, key_algorithm->family);
  if (key_usage.empty())
    return fail_field(Errc::policy, "key_algorithm",
                      fmt::format("profile {} gives {} keys no usage that they can have",
                                  profile.name, key_algorithm->name));
  CERTWRIGHT_TRY(const auto basic_constraints, choose_basic_constraints(profile, issuer));
  CERTWRIGHT_CHECK(check_name_constraints(profile, request));
  CERTWRIGHT_TRY(const auto copied, select_requested_extensions(profile, request.extensions));
  CERTWRIGHT_TRY(const x509::Name subject, build_subject(profile, request));
  if (profile.ca && subject.empty())
    return fail_field(Errc::invalid, "subject", "a CA needs a subject");
  ChosenNames names;
  CERTWRIGHT_CHECK(choose_names(profile, request, subject, names));
  CERTWRIGHT_CHECK(check_requested_size(names, copied));
  CERTWRIGHT_TRY(const ByteView key_bits,
                 x509::subject_public_key_bits(request.subject_public_key_info));
  CERTWRIGHT_TRY(auto extensions,
                 make_extensions({profile, issuer, key_bits, key_usage, basic_constraints, names,
                                  subject.empty(), copied, request.name_constraints}));
  return x509::TbsCertificate{serial,
                              to_bytes(issuer.signature_algorithm_tlv),
                              to_bytes(issuer.subject_tlv),
                              validity.not_before,
                              validity.not_after,
                              to_bytes(subject.tlv()),
                              request.subject_public_key_info,
                              std::move(extensions)};
}

}  // namespace certwright::profile
