#include "authority/stand_alone.h"

#include <algorithm>

#include "crypto/private_key.h"
#include "signer/software/software_signer.h"
#include "x509/extension.h"
#include "x509/oids.h"

namespace certwright::authority {
namespace {

Result<void> check_stand_alone(const x509::Certificate& certificate, Time now) {
  const auto refuse = [](const std::string& why) { return fail_field(Errc::invalid, "certificate", "the CA's certificate " + why); };
  if (!certificate.is_ca()) return refuse("is no CA's (basicConstraints cA is not TRUE)");
  if (const auto* usage = certificate.find_extension(x509::oids::kKeyUsage)) {
    CERTWRIGHT_TRY(const auto bits, x509::parse_key_usage(usage->value));
    if (!bits.has(x509::KeyUsageBit::key_cert_sign)) return refuse("has a keyUsage without keyCertSign");
  }
  if (now < certificate.not_before()) return refuse("is not valid before " + to_rfc3339(certificate.not_before()));
  if (certificate.not_after() <= now) return refuse("expired " + to_rfc3339(certificate.not_after()));
  return {};
}

}  // namespace

Result<ca::CaPtr> stand_alone_ca(std::string id, std::string_view certificates_pem, const SecretBytes& private_key_pem,
                                 ca::CaPolicy policy, Time now) {
  CERTWRIGHT_TRY(const auto certificates, x509::parse_certificates_pem(certificates_pem));
  const auto& own = certificates.front();
  CERTWRIGHT_CHECK(check_stand_alone(own, now));
  CERTWRIGHT_TRY(const auto key, crypto::PrivateKey::from_pem(private_key_pem, {}));
  if (!std::ranges::equal(key.subject_public_key_info_tlv(), own.subject_public_key_info_tlv()))
    return fail_field(Errc::invalid, "private_key", "the private key is not the CA certificate's");
  const auto& algorithm = crypto::default_signature_algorithm(key.algorithm());
  CERTWRIGHT_TRY(auto signer, signer::SoftwareSigner::create(key, algorithm));
  store::CaRecord record;
  record.name = id;
  record.id = std::move(id);
  record.state = store::CaState::active;
  record.certificate = to_bytes(own.der());
  for (std::size_t i = 1; i < certificates.size(); ++i) record.issuer_chain.push_back(to_bytes(certificates[i].der()));
  record.subject_public_key_info = to_bytes(own.subject_public_key_info_tlv());
  record.key_algorithm = std::string(key.algorithm().name);
  record.signature_algorithm = std::string(algorithm.name);
  record.policy = ca::write_ca_policy(policy);
  record.revision = 1;
  record.created_at = now;
  return ca::CertificationAuthority::create(std::move(record), std::move(signer));
}

}  // namespace certwright::authority
