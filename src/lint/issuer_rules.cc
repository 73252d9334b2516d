#include <algorithm>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "lint/inspection.h"
#include "lint/name_constraints.h"
#include "x509/certificate.h"
#include "x509/oids.h"

namespace certwright::lint {
namespace {

namespace oids = x509::oids;

Complaint check_issuer_name(const Inspection& it) {
  const ByteView expected = it.issuer() != nullptr ? it.issuer()->subject_tlv() : it.tbs.subject_tlv;
  if (std::ranges::equal(it.tbs.issuer_tlv, expected)) return {};
  return fmt::format("issuer {}, expected {}", to_hex(it.tbs.issuer_tlv), to_hex(expected));
}

Complaint check_issuer_validity(const Inspection& it) {
  if (it.issuer() == nullptr) return {};
  // An expired upstream stays visibly expired: its certificate is of no use to anybody.
  const bool expired_upstream = it.profile() != nullptr && it.profile()->interception &&
                                it.tbs.not_after < it.context.now;
  if (!expired_upstream && it.tbs.not_before < it.issuer()->not_before())
    return fmt::format("notBefore {} is before the issuer's, {}", to_rfc3339(it.tbs.not_before),
                       to_rfc3339(it.issuer()->not_before()));
  if (it.tbs.not_after > it.issuer()->not_after())
    return fmt::format("notAfter {} is after the issuer's, {}", to_rfc3339(it.tbs.not_after),
                       to_rfc3339(it.issuer()->not_after()));
  if (const IssuersAbove* above = it.context.above) {
    if (!above->unreadable.empty()) return above->unreadable;
    if (above->not_after && it.tbs.not_after > *above->not_after)
      return fmt::format("notAfter {} is after that of {}, above the issuer: {}", to_rfc3339(it.tbs.not_after),
                         above->first_to_end, to_rfc3339(*above->not_after));
  }
  return {};
}

// The issuer's own identifier, or what it would be where an imported issuer has none.
Bytes issuer_key_identifier(const x509::Certificate& issuer) {
  Bytes identifier = issuer.subject_key_identifier();
  return identifier.empty() ? to_bytes(crypto::sha1(issuer.subject_public_key())) : identifier;
}

Complaint check_authority_key_identifier(const Inspection& it) {
  const auto& found = it.authority_key_identifier;
  if (found.extension == nullptr) {
    if (it.issuer() == nullptr) return {};  // RFC 5280: a self-signed certificate may omit it
    return "there is none";
  }
  if (!found.value) return {};
  const Bytes expected = it.issuer() != nullptr
                             ? issuer_key_identifier(*it.issuer())
                             : it.subject_key_identifier.value.value_or(Bytes{});
  if (found.value->key_identifier == expected) return {};
  return fmt::format("{}, expected {}", to_hex(found.value->key_identifier), to_hex(expected));
}

Complaint check_issuer_may_sign(const Inspection& it) {
  if (it.issuer() == nullptr) return {};
  if (!it.issuer()->is_ca()) return "the issuer is no CA (RFC 5280 section 4.2.1.9)";
  const x509::Extension* extension = it.issuer()->find_extension(oids::kKeyUsage);
  if (extension == nullptr) return {};  // without one, every use is allowed
  const auto usage = x509::parse_key_usage(extension->value);
  if (usage && usage->has(x509::KeyUsageBit::key_cert_sign)) return {};
  return "the issuer's keyUsage has no keyCertSign";
}

Complaint check_path_length(const Inspection& it) {
  if (it.issuer() == nullptr || !it.is_ca()) return {};
  const x509::Extension* extension = it.issuer()->find_extension(oids::kBasicConstraints);
  if (extension == nullptr) return {};
  const auto above = x509::parse_basic_constraints(extension->value);
  if (!above || !above->path_length) return {};
  const auto& own = it.basic_constraints.value->path_length;
  if (*above->path_length == 0) return "the issuer's path length is 0: no CA may follow";
  if (!own) return fmt::format("no path length below an issuer with {}", *above->path_length);
  if (*own < *above->path_length) return {};
  return fmt::format("path length {} below an issuer with {}", *own, *above->path_length);
}

// The first purpose that is not among the allowed ones.
const der::Oid* purpose_beyond(const std::vector<der::Oid>& wanted, const std::vector<der::Oid>& allowed) {
  for (const der::Oid& purpose : wanted)
    if (purpose != oids::kOcspSigning &&  // a CA's responder needs no more than the CA's word
        std::ranges::find(allowed, purpose) == allowed.end())
      return &purpose;
  return nullptr;
}

Complaint check_purposes_above(const Inspection& it) {
  if (it.context.above == nullptr) return {};
  for (const auto& limit : it.context.above->limits)
    if (limit.purposes)
      if (const auto* purpose = purpose_beyond(*it.purposes.value, *limit.purposes))
        return fmt::format("{} is not among the purposes of {}, above the issuer",
                           x509::ext_key_usage_name(*purpose), limit.ca);
  return {};
}

// RFC 5280 does not make an issuer's extKeyUsage a limit; OpenSSL, NSS and Windows do.
Complaint check_issuer_purposes(const Inspection& it) {
  if (it.issuer() == nullptr || !it.purposes.value) return {};
  const x509::Extension* extension = it.issuer()->find_extension(oids::kExtKeyUsage);
  if (extension == nullptr) return check_purposes_above(it);
  const auto allowed = x509::parse_ext_key_usage(extension->value);
  if (!allowed) return "the issuer's extKeyUsage is malformed";
  if (std::ranges::find(*allowed, oids::kAnyExtendedKeyUsage) == allowed->end())
    if (const auto* purpose = purpose_beyond(*it.purposes.value, *allowed))
      return fmt::format("{} is not among the issuer's purposes", x509::ext_key_usage_name(*purpose));
  return check_purposes_above(it);
}

Complaint check_issuer_name_constraints(const Inspection& it) {
  if (it.issuer() == nullptr || !it.subject) return {};
  static const std::vector<x509::GeneralName> kNone;
  const auto& names = it.names.value ? *it.names.value : kNone;
  if (const x509::Extension* extension = it.issuer()->find_extension(oids::kNameConstraints)) {
    const auto constraints = x509::parse_name_constraints(extension->value);
    if (!constraints) return "the issuer's nameConstraints are malformed: " + constraints.error().detail;
    if (auto complaint = name_constraints_complaint(*constraints, *it.subject, names)) return complaint;
  }
  if (it.context.above == nullptr) return {};
  for (const auto& limit : it.context.above->limits)
    if (limit.names)
      if (const auto complaint = name_constraints_complaint(*limit.names, *it.subject, names))
        return fmt::format("{}, by the nameConstraints of {}, above the issuer", *complaint, limit.ca);
  return {};
}

constexpr RuleCheck kIssuerRules[] = {
    {{"rfc5280.4.1.2.4.issuer_matches",
      "issuer is the issuing certificate's subject, byte for byte"},
     check_issuer_name},
    {{"rfc5280.4.1.2.5.validity_within_issuer", "the validity is within the issuer's, and ends before any CA above"},
     check_issuer_validity},
    {{"rfc5280.4.2.1.1.authority_key_identifier",
      "authorityKeyIdentifier is there and the issuer's subjectKeyIdentifier"},
     check_authority_key_identifier},
    {{"rfc5280.4.2.1.9.issuer_may_sign", "the issuer is a CA whose key may sign certificates"},
     check_issuer_may_sign},
    {{"rfc5280.4.2.1.9.path_length", "the path length is below the issuer's"}, check_path_length},
    {{"rfc5280.4.2.1.10.name_constraints", "every name is within the nameConstraints of the issuer and the CAs above"},
     check_issuer_name_constraints},
    {{"certwright.purpose_within_issuer", "extKeyUsage is within those of the issuer and the CAs above"},
     check_issuer_purposes},
};

}  // namespace

std::span<const RuleCheck> issuer_rules() noexcept { return kIssuerRules; }

}  // namespace certwright::lint
