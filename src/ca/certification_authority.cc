#include "ca/certification_authority.h"

#include <algorithm>

#include "crypto/digest.h"
#include "x509/pem.h"

namespace certwright::ca {

CertificationAuthority::CertificationAuthority(store::CaRecord record, x509::Certificate certificate,
                                               CaPolicy policy, std::shared_ptr<signer::Signer> signer)
    : record_(std::move(record)),
      certificate_(std::move(certificate)),
      policy_(std::move(policy)),
      signer_(std::move(signer)),
      subject_key_identifier_(certificate_.subject_key_identifier()) {
  const ByteView name = certificate_.subject_tlv();
  const ByteView key = certificate_.subject_public_key();
  // A foreign CA may lack the extension: the identifier most clients compute stands in.
  if (subject_key_identifier_.empty()) subject_key_identifier_ = to_bytes(crypto::sha1(key));
  issuer_hash_ = {crypto::sha1(name), crypto::sha1(key), crypto::sha256(name), crypto::sha256(key)};
  issuers_above_ = lint::IssuersAbove::read(record_.issuer_chain);
  certificate_pem_ = x509::to_pem(x509::kPemCertificate, certificate_.der());
  chain_pem_ = certificate_pem_;
  for (const Bytes& issuer : record_.issuer_chain)
    chain_pem_ += x509::to_pem(x509::kPemCertificate, issuer);
}

Result<CaPtr> CertificationAuthority::create(store::CaRecord record,
                                             std::shared_ptr<signer::Signer> signer) {
  CERTWRIGHT_TRY(auto certificate, x509::Certificate::parse(record.certificate));
  CERTWRIGHT_TRY(auto policy, parse_ca_policy(record.policy));
  if (signer != nullptr && !std::ranges::equal(signer->subject_public_key_info_tlv(),
                                               certificate.subject_public_key_info_tlv()))
    return fail(Errc::invalid, "the key of CA \"" + record.id + "\" is not its certificate's");
  return CaPtr(new CertificationAuthority(std::move(record), std::move(certificate),
                                          std::move(policy), std::move(signer)));
}

Time CertificationAuthority::not_after() const noexcept {
  return std::min(certificate_.not_after(), issuers_above_.not_after.value_or(certificate_.not_after()));
}

bool CertificationAuthority::has_working_key(Time now) const noexcept {
  return signer_ != nullptr && certificate_.not_before() <= now && now < certificate_.not_after();
}

bool CertificationAuthority::can_issue(Time now) const noexcept {
  return record_.state == store::CaState::active && !is_revoked_ && has_working_key(now) && now < not_after();
}

CaPtr CertificationAuthority::with_revoked(bool is_revoked) const {
  const std::shared_ptr<CertificationAuthority> changed(new CertificationAuthority(*this));
  changed->is_revoked_ = is_revoked;
  return changed;
}

std::string CertificationAuthority::ocsp_url() const {
  return policy_.public_url.empty() || !policy_.ocsp ? "" : policy_.public_url + "/ocsp";
}

std::string CertificationAuthority::ca_issuers_url() const {
  return policy_.public_url.empty() ? "" : policy_.public_url + "/ca/" + id() + ".cer";
}

std::string CertificationAuthority::crl_url(std::uint32_t shard) const {
  if (policy_.public_url.empty()) return "";
  if (policy_.crl_shards == 1) return crl_url_of_one();
  return policy_.public_url + "/crl/" + id() + "/" + std::to_string(shard) + ".crl";
}

std::string CertificationAuthority::crl_url_of_one() const {
  return policy_.public_url.empty() ? "" : policy_.public_url + "/crl/" + id() + ".crl";
}

std::vector<ByteView> CertificationAuthority::chain() const {
  std::vector<ByteView> chain{certificate_.der()};
  chain.insert(chain.end(), record_.issuer_chain.begin(), record_.issuer_chain.end());
  return chain;
}

}  // namespace certwright::ca
