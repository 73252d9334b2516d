#include "lint/inspection.h"

#include <utility>

#include "crypto/public_key.h"
#include "x509/oids.h"

namespace certwright::lint {
namespace {

namespace oids = x509::oids;

// `parse` takes the extension's value and gives a Result<T>.
template <class T, class Parse>
void read_extension(const TbsView& tbs, const der::Oid& oid, Parsed<T>& parsed, Parse parse) {
  parsed.extension = tbs.find(oid);
  if (parsed.extension == nullptr) return;
  auto result = parse(parsed.extension->value);
  if (result) {
    parsed.value = std::move(*result);
  } else {
    parsed.error = std::move(result).error().detail;
  }
}

Result<bool> parse_nocheck(ByteView value) {
  CERTWRIGHT_CHECK(x509::parse_ocsp_nocheck(value));
  return true;
}

}  // namespace

Result<Inspection> inspect(ByteView tbs_tlv, const Context& context) {
  CERTWRIGHT_TRY(auto tbs, parse_tbs(tbs_tlv));
  Inspection it(context, std::move(tbs));
  if (auto subject = x509::Name::parse(it.tbs.subject_tlv)) it.subject = std::move(*subject);
  if (const auto key = crypto::describe_public_key(it.tbs.subject_public_key_info_tlv))
    it.key_algorithm = key->algorithm;
  read_extension(it.tbs, oids::kBasicConstraints, it.basic_constraints, x509::parse_basic_constraints);
  read_extension(it.tbs, oids::kKeyUsage, it.key_usage, x509::parse_key_usage);
  read_extension(it.tbs, oids::kExtKeyUsage, it.purposes, x509::parse_ext_key_usage);
  read_extension(it.tbs, oids::kSubjectAltName, it.names, x509::parse_subject_alt_name);
  read_extension(it.tbs, oids::kSubjectKeyIdentifier, it.subject_key_identifier,
                 x509::parse_subject_key_identifier);
  read_extension(it.tbs, oids::kAuthorityKeyIdentifier, it.authority_key_identifier,
                 x509::parse_authority_key_identifier);
  read_extension(it.tbs, oids::kCrlDistributionPoints, it.crl_uris,
                 x509::parse_crl_distribution_points);
  read_extension(it.tbs, oids::kAuthorityInfoAccess, it.access, x509::parse_authority_info_access);
  read_extension(it.tbs, oids::kNameConstraints, it.name_constraints, x509::parse_name_constraints);
  read_extension(it.tbs, oids::kOcspNoCheck, it.ocsp_nocheck, parse_nocheck);
  return it;
}

}  // namespace certwright::lint
