#pragma once
// What is on its way to become a certificate. Private to this room.
#include <optional>

#include "crypto/private_key.h"
#include "der/encoding.h"
#include "issuance/issuance_service.h"
#include "x509/certificate.h"

namespace certwright::issuance {

struct IssuanceService::Subject {
  registration::ApprovedRequest approved;
  std::optional<store::RequestRecord> decided{};     // people approved it: the record as it is stored
  audit::Actor resumed_by{};                         // only with `decided`

  profile::CertificateRequest certificate_request{};  // with the key
  std::optional<crypto::PrivateKey> generated_key{};
  std::optional<x509::SerialNumber> serial{};
  std::uint32_t crl_shard = 0;
  Time now{}, not_before{}, not_after{};
  std::optional<der::TbsCertificateDer> tbs{};  // as it was linted
  store::Sha256 tbs_sha256{};
  store::Sha256 request_sha256{};

  const registration::IssuanceRequest& request() const noexcept { return approved.request(); }
  // Renewals: the newest so far. Else null.
  const store::StoredCertificate* replaces() const noexcept {
    return request().renews ? &*request().renews : nullptr;
  }
};

// What an idempotency key is about.
struct IssuanceService::KeyedRequest {
  std::string principal{}, key{};  // no key: nothing is repeated
  audit::Actor actor{};
  store::Sha256 request_sha256{};
  bool is_decided = false;  // by people, and waited for them: a conflict will not pass
};

}  // namespace certwright::issuance
