#include "revocation/crl_content.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "crypto/digest.h"
#include "crypto/verifying.h"
#include "x509/oids.h"

namespace certwright::revocation {
namespace {

constexpr Duration kClockTolerance = std::chrono::minutes(5);

}  // namespace

bool is_partitioned(const ca::CertificationAuthority& ca) { return ca.policy().crl_shards > 1; }

Result<x509::Extensions> extensions_of(const ca::CertificationAuthority& ca, std::uint32_t shard,
                                       std::uint64_t number) {
  x509::Extensions extensions;
  CERTWRIGHT_CHECK(extensions.add({x509::oids::kAuthorityKeyIdentifier, false,
                                   x509::encode_authority_key_identifier(ca.subject_key_identifier())}));
  CERTWRIGHT_CHECK(
      extensions.add({x509::oids::kCrlNumber, false, x509::encode_crl_number(number)}));
  if (is_partitioned(ca)) {
    const std::string url = ca.crl_url(shard);
    if (url.empty())
      return fail_field(Errc::invalid, "public_url",
                        "public_url: a CA with several CRL shards needs one, for their names");
    // Certificates of the time when there was one CRL name that one (RFC 5280 section 6.3.3 (b)(2):
    // one of these names must be theirs).
    std::vector<std::string> uris{url};
    if (shard == 0) uris.push_back(ca.crl_url_of_one());
    CERTWRIGHT_CHECK(extensions.add({x509::oids::kIssuingDistributionPoint, true,
                                     x509::encode_issuing_distribution_point({.uris = std::move(uris)})}));
  }
  return extensions;
}

// The signature binds every octet that matters, and is short.
std::string etag_of(ByteView signature_value, std::uint64_t number) {
  Bytes input = to_bytes(signature_value);
  for (int shift = 0; shift < 64; shift += 8) input.push_back(static_cast<std::uint8_t>(number >> shift));
  return to_hex(ByteView(crypto::sha256(input)).first(16));
}

Result<std::uint64_t> number_of(const x509::CertificateList& list) {
  const auto* const extension = list.extensions().find(x509::oids::kCrlNumber);
  if (extension == nullptr)
    return fail_field(Errc::invalid, "crl", "crl: it has no cRLNumber (RFC 5280 section 5.2.3)");
  return x509::parse_crl_number_u64(extension->value);
}

Result<void> verify_by(const ca::CertificationAuthority& ca, const x509::CertificateList& list) {
  if (!std::ranges::equal(list.issuer_tlv(), ca.certificate().subject_tlv()))
    return fail_field(Errc::invalid, "crl", "crl: its issuer is not CA \"" + ca.id() + "\"");
  if (!crypto::verify(ca.certificate().subject_public_key_info_tlv(), list.signature_algorithm_tlv(),
                      list.tbs_tlv(), list.signature_value()))
    return fail_field(Errc::invalid, "crl", "crl: its signature is not CA \"" + ca.id() + "\"'s");
  return {};
}

PublishedCrl published_from(const x509::CertificateList& list, std::uint64_t number) {
  return {std::make_shared<const Bytes>(to_bytes(list.der())),
          number,
          list.size(),
          list.this_update(),
          list.next_update().value_or(list.this_update()),
          etag_of(list.signature_value(), number),
          list.extensions().find(x509::oids::kIssuingDistributionPoint) != nullptr};
}

Result<void> check_import(const ca::CertificationAuthority& ca, const x509::CertificateList& list,
                          std::uint64_t number, const Before& before) {
  const auto refuse = [](std::string why) { return fail_field(Errc::invalid, "crl", "crl: " + why); };
  CERTWRIGHT_CHECK(verify_by(ca, list));
  const PublishedCrl* const known = before.published;
  const std::uint64_t last = std::max(before.last_number, known != nullptr ? known->number : 0);
  if (number <= last && (last != 0 || known != nullptr))
    return refuse(fmt::format("its number {} is not above the last one, {}", number, last));
  const Time now = before.now;
  if (!list.next_update() || *list.next_update() <= list.this_update())
    return refuse("it has no nextUpdate after its thisUpdate");
  if (*list.next_update() <= now) return refuse("its nextUpdate has passed");
  if (list.this_update() > now + kClockTolerance) return refuse("its thisUpdate is in the future");
  if (known != nullptr && list.this_update() < known->this_update)
    return refuse("it is older than the one that is here");
  for (const auto& extension : list.extensions()) {
    if (extension.oid == x509::oids::kDeltaCrlIndicator) return refuse("it is a delta CRL");
    if (extension.oid == x509::oids::kAuthorityKeyIdentifier) {
      CERTWRIGHT_TRY(const auto aki, x509::parse_authority_key_identifier(extension.value));
      if (!aki.key_identifier.empty() &&
          !std::ranges::equal(aki.key_identifier, ca.subject_key_identifier()))
        return refuse("its authorityKeyIdentifier names another key");
    } else if (extension.oid == x509::oids::kIssuingDistributionPoint) {
      return refuse("it covers a part of the certificates only (issuingDistributionPoint)");
    } else if (extension.critical) {
      return refuse("it has a critical extension that is not known here: " + extension.oid.to_text());
    }
  }
  return {};
}

}  // namespace certwright::revocation
