#pragma once
// Private to revocation: what CRLs say (RFC 5280 section 5); when they are made is CrlIssuer's.
#include <cstdint>
#include <string>

#include "ca/certification_authority.h"
#include "revocation/crl_issuer.h"
#include "x509/certificate_list.h"

namespace certwright::revocation {

// Are the CA's CRLs parts, each with its issuingDistributionPoint?
bool is_partitioned(const ca::CertificationAuthority& ca);

// Errors: invalid, field "public_url", if parts could not be told apart.
Result<x509::Extensions> extensions_of(const ca::CertificationAuthority& ca, std::uint32_t shard,
                                       std::uint64_t number);

std::string etag_of(ByteView signature_value, std::uint64_t number);

// Of a list that is here already. Errors: invalid, field "crl", without a cRLNumber that fits.
Result<std::uint64_t> number_of(const x509::CertificateList& list);
// Errors: invalid, field "crl", if issuer or signature is another's.
Result<void> verify_by(const ca::CertificationAuthority& ca, const x509::CertificateList& list);
PublishedCrl published_from(const x509::CertificateList& list, std::uint64_t number);

// What an imported list is held against.
struct Before {
  std::uint64_t last_number = 0;
  const PublishedCrl* published = nullptr;  // null: none
  Time now{};
};
// Errors: invalid, field "crl", as CrlIssuer::import_crl().
Result<void> check_import(const ca::CertificationAuthority& ca, const x509::CertificateList& list,
                          std::uint64_t number, const Before& before);

}  // namespace certwright::revocation
