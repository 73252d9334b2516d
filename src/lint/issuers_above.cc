#include "lint/issuers_above.h"

#include <algorithm>

#include <fmt/format.h>

#include "x509/certificate.h"
#include "x509/oids.h"

namespace certwright::lint {
namespace {

namespace oids = x509::oids;

Result<IssuersAbove::Limit> limit_of(const x509::Certificate& ca) {
  IssuersAbove::Limit limit;
  limit.ca = ca.subject().to_text();
  if (const auto* extension = ca.find_extension(oids::kNameConstraints)) {
    CERTWRIGHT_TRY(limit.names, x509::parse_name_constraints(extension->value));
  }
  if (const auto* extension = ca.find_extension(oids::kExtKeyUsage)) {
    CERTWRIGHT_TRY(auto purposes, x509::parse_ext_key_usage(extension->value));
    if (std::ranges::find(purposes, oids::kAnyExtendedKeyUsage) == purposes.end())
      limit.purposes = std::move(purposes);
  }
  return limit;
}

}  // namespace

IssuersAbove IssuersAbove::read(std::span<const Bytes> chain) {
  IssuersAbove above;
  for (const Bytes& der : chain) {
    const auto ca = x509::Certificate::parse(der);
    if (!ca) {
      above.unreadable = "a CA above the issuer cannot be read: " + ca.error().detail;
      return above;
    }
    auto limit = limit_of(*ca);
    if (!limit) {
      above.unreadable = fmt::format("an extension of {}, above the issuer, cannot be read: {}",
                                     ca->subject().to_text(), limit.error().detail);
      return above;
    }
    if (!above.not_after || ca->not_after() < *above.not_after) {
      above.not_after = ca->not_after();
      above.first_to_end = limit->ca;
    }
    if (limit->names || limit->purposes) above.limits.push_back(*std::move(limit));
  }
  return above;
}

}  // namespace certwright::lint
