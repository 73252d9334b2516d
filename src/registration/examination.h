#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ca/certification_authority.h"
#include "profile/build.h"
#include "registration/approval_policy.h"
#include "registration/issuance_request.h"

namespace certwright::registration {

// What issuing a request would come to, found out without a signature. No right to anything.
struct Examination {
  IssuanceRequest request{};  // as it came, for the caller to go on with
  std::string tenant{};
  ca::CaPtr ca{};
  std::shared_ptr<const profile::Profile> profile{};
  profile::CertificateRequest certificate_request{};  // without a key where that is to be made
  ApprovalRequirement requirement{};
  bool key_is_sample = false;  // the key below stands for one of its algorithm that is made when it is issued
  // The certificate as it would be; its serial and its times are those of this moment.
  Bytes tbs_certificate_tlv{};
  std::string subject{};              // RFC 4514
  std::vector<std::string> names{};   // GeneralName::to_text()
  x509::Extensions extensions{};
  Time not_before{}, not_after{};
};

// What the CA gives to a certificate of this profile in this CRL shard. Views into `ca`, which must be able to
// issue (its signer is there).
profile::Issuer issuer_of(const ca::CertificationAuthority& ca, const profile::Profile& profile,
                          std::uint32_t crl_shard);

}  // namespace certwright::registration
