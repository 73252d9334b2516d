#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ca/ca_policy.h"
#include "lint/issuers_above.h"
#include "signer/signer.h"
#include "store/records.h"
#include "x509/certificate.h"

namespace certwright::ca {

// One certification authority as the running server sees it: an immutable snapshot, shared between
// threads. A change (rotation, policy) makes a new snapshot in the CaDirectory.
class CertificationAuthority {
 public:
  // `signer` is null where the key is offline. Errors: bad_encoding or invalid if the record's
  // certificate or policy cannot be read, or the signer's public key is not the certificate's.
  static Result<std::shared_ptr<const CertificationAuthority>> create(
      store::CaRecord record, std::shared_ptr<signer::Signer> signer);

  const std::string& id() const noexcept { return record_.id; }
  const store::CaRecord& record() const noexcept { return record_; }
  const x509::Certificate& certificate() const noexcept { return certificate_; }
  const CaPolicy& policy() const noexcept { return policy_; }
  ByteView subject_key_identifier() const noexcept { return subject_key_identifier_; }
  // What the CAs above it allow, for lint.
  const lint::IssuersAbove& issuers_above() const noexcept { return issuers_above_; }
  // When it or a CA above it ends, whichever is first: nothing it issues may live longer.
  Time not_after() const noexcept;
  bool is_root() const noexcept { return record_.issuer_chain.empty(); }
  // Key online, not expired at `now`: CRLs and OCSP go on, also of a CA that is retired or revoked.
  bool has_working_key(Time now) const noexcept;
  // The same, active, and neither it nor a CA above it is revoked or expired.
  bool can_issue(Time now) const noexcept;
  // Its own certificate, or one above it, is revoked or on hold.
  bool is_revoked() const noexcept { return is_revoked_; }
  // The same CA with another answer to is_revoked().
  std::shared_ptr<const CertificationAuthority> with_revoked(bool is_revoked) const;
  // Null if the key is offline. Only issuance, revocation and authority may use it: nobody else can
  // make the proofs that it takes.
  signer::Signer* signer() const noexcept { return signer_.get(); }

  // OCSP CertID hashes (RFC 6960 section 4.1.1): of the issuer's name TLV and of its public key bits.
  struct IssuerHash { std::array<std::uint8_t, 20> sha1_name, sha1_key; std::array<std::uint8_t, 32> sha256_name, sha256_key; };
  const IssuerHash& issuer_hash() const noexcept { return issuer_hash_; }

  // URLs as they are written into certificates; empty if the policy has no public_url.
  std::string ocsp_url() const;        // <public_url>/ocsp; empty too if the policy says no OCSP
  std::string ca_issuers_url() const;  // <public_url>/ca/<id>.cer
  std::string crl_url(std::uint32_t shard) const;  // <public_url>/crl/<id>.crl, or .../crl/<id>/<shard>.crl
  // <public_url>/crl/<id>.crl: what certificates name that were issued while there was one shard. They
  // are in shard 0.
  std::string crl_url_of_one() const;

  // This CA's certificate, then its issuers up to the root: DER, and as PEM text.
  std::vector<ByteView> chain() const;
  // The last of them: its own if it is a root. Valid as long as *this.
  ByteView root_certificate() const noexcept {
    return record_.issuer_chain.empty() ? certificate_.der() : ByteView(record_.issuer_chain.back());
  }
  const std::string& chain_pem() const noexcept { return chain_pem_; }
  const std::string& certificate_pem() const noexcept { return certificate_pem_; }

 private:
  CertificationAuthority(store::CaRecord record, x509::Certificate certificate, CaPolicy policy,
                         std::shared_ptr<signer::Signer> signer);
  store::CaRecord record_;
  x509::Certificate certificate_;
  CaPolicy policy_;
  std::shared_ptr<signer::Signer> signer_;
  Bytes subject_key_identifier_;
  IssuerHash issuer_hash_{};
  lint::IssuersAbove issuers_above_;
  std::string certificate_pem_;
  std::string chain_pem_;
  bool is_revoked_ = false;
};

using CaPtr = std::shared_ptr<const CertificationAuthority>;

}  // namespace certwright::ca
