#pragma once
// Proofs of preparation: the only things a CA key signs. Each has one maker, named as its friend, and
// is redeemed by one signature: they are move-only, and a moved-from one is refused by the signer.
#include <utility>

#include "bytes/bytes.h"
#include "der/encoding.h"

namespace certwright::issuance { class IssuanceService; class InterceptionService; }
namespace certwright::authority { class Authority; }
namespace certwright::revocation { class CrlIssuer; class OcspResponder; }

namespace certwright::signer {

template <class Der, class Maker>
class Prepared {
 public:
  Prepared(Prepared&& other) noexcept : der_(std::move(other.der_)) {}
  Prepared& operator=(Prepared&& other) noexcept {
    der_ = std::move(other.der_);
    return *this;
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() = default;

  // What will be signed. Empty if this was moved from.
  ByteView tlv() const noexcept { return der_.tlv(); }

 private:
  friend Maker;
  explicit Prepared(Der der) : der_(std::move(der)) {}
  Der der_;
};

// A TBSCertificate (RFC 5280 section 4.1) that was built from a profile, passed lint, and whose
// intent is durably recorded.
using PreparedCertificate = Prepared<der::TbsCertificateDer, issuance::IssuanceService>;

// The same of record level `aggregate`: an interception certificate that was built from an upstream
// and passed lint, and that the aggregate log counts; the one whose intent is not durable.
using PreparedInterceptionCertificate = Prepared<der::TbsCertificateDer, issuance::InterceptionService>;

// A TBSCertList (RFC 5280 section 5.1) whose CRL number is durably reserved.
using PreparedCertificateList = Prepared<der::SharedTbsCertListDer, revocation::CrlIssuer>;

// ResponseData (RFC 6960 section 4.2.1) about certificates of this CA.
using PreparedOcspResponse = Prepared<der::ResponseDataDer, revocation::OcspResponder>;

// A self-signed root's TBSCertificate, and a CA's own CertificationRequestInfo (RFC 2986 section 4.1).
using PreparedRootCertificate = Prepared<der::TbsCertificateDer, authority::Authority>;
using PreparedCaRequest = Prepared<der::CertificationRequestInfoDer, authority::Authority>;

}  // namespace certwright::signer
