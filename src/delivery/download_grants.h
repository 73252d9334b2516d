#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/principal.h"
#include "audit/journal.h"
#include "bytes/secret_bytes.h"
#include "ca/ca_directory.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "errors/result.h"
#include "keys/sealer.h"
#include "store/store.h"

namespace certwright::delivery {

struct GrantToken;

// What a download holds. All PEM.
struct Bundle {
  std::string ca_pem;           // issuing CA, then its issuers up to the root
  std::string certificate_pem;  // the newest certificate of the lineage, then its issuing CA
  SecretBytes key_pem;          // PKCS#8; empty if the key never was here (it came by CSR)
};

// Who asks for a grant now, by its principal id; must fail if that principal is disabled or gone.
// Called again when the grant is redeemed.
class PrincipalSource {
 public:
  virtual ~PrincipalSource() = default;
  // Errors: unauthenticated if it may no longer act; unavailable.
  virtual Result<access::Principal> current(std::string_view principal_id) = 0;
};

// Reads the principal, its tenant's and its own state, and its roles from the store every time.
class StoredPrincipals final : public PrincipalSource {
 public:
  explicit StoredPrincipals(const store::Store& store) : store_(store) {}
  Result<access::Principal> current(std::string_view principal_id) override;

 private:
  const store::Store& store_;
};

// The only way a private key leaves the server: a grant that is random, bound to one lineage and
// one principal, used once, and dead after five minutes.
//
// A grant is a JWT (RFC 7519) because clients of the certs service expect one: HS256 under a server
// secret that no certificate, list or log shows. Its claims are exp, iss, sub and jti (256 random
// bits, of which the store keeps only the SHA-256); whom and what it is for is in the store.
// Safe to call from any thread.
class DownloadGrants {
 public:
  static constexpr Seconds kLifetime{300};

  struct Dependencies {  // all must outlive this
    store::Store& store;
    audit::Journal& journal;
    keys::Sealer& sealer;
    const ca::CaDirectory& cas;
    PrincipalSource& principals;
    crypto::Random& random;
    const Clock& clock;
  };
  explicit DownloadGrants(Dependencies dependencies) : d_(dependencies) {}

  // The token. The caller has authorised certificate_download on this very certificate.
  // Errors: gone if the newest certificate of the lineage is revoked or expired, or its key was
  // erased; unavailable.
  Result<std::string> grant(const store::StoredCertificate& certificate,
                            const access::Principal& principal, const audit::Actor& actor);

  // Redeems a token for `certificate`, any of the lineage it was made for. In this order: signature
  // and expiry; the grant, its lineage and its principal, who must still be allowed to download it;
  // not revoked; then the grant is consumed, in one durable transaction with the audit record of
  // the delivery (and the erasure of the key, where its profile says so); only then is the key
  // opened for sending. A crash in between loses the grant, never the key's single use.
  // Errors: unauthenticated for a token that we did not make; not_found for another certificate's;
  // gone if it is used or expired, the certificate is revoked, or its key was erased; not_permitted
  // or not_found if the principal lost its right; unavailable.
  Result<Bundle> redeem(const store::StoredCertificate& certificate, std::string_view token,
                        const audit::Actor& actor);

  // Erases the keys of certificates that have expired, with a record each. Looks at kKeysPerSweep keys
  // a call and goes on from there with the next one, so that it never holds up issuing. Returns how
  // many it erased. Errors: unavailable. To be called from time to time.
  static constexpr std::uint32_t kKeysPerSweep = 1000;
  Result<std::size_t> erase_expired();

  // Called from time to time: erases grants that ended, used or not, in small commits, up to 20,000
  // of them. Their tokens are refused by their own end. Returns how many. Errors: unavailable.
  Result<std::size_t> erase_ended_grants();

 private:
  Result<SecretBytes> signing_key();
  Result<Bundle> redeem_verified(const store::StoredCertificate& certificate,
                                 const GrantToken& token, audit::Actor actor);
  Result<void> consume(const store::StoredCertificate& newest, const store::Sha256& secret_sha256,
                       const std::optional<store::ManagedKeyRecord>& managed,
                       const audit::Actor& actor, Time now);
  Result<SecretBytes> open_key(const store::ManagedKeyRecord& managed) const;
  Result<void> check_deliverable(const store::StoredCertificate& newest) const;
  Result<store::StoredCertificate> newest_of(const store::StoredCertificate& certificate) const;
  std::string lineage_serial(const store::StoredCertificate& certificate) const;
  void record_refusal(const store::StoredCertificate& certificate, const audit::Actor& actor,
                      const Error& error);
  bool may_record_forged();

  Dependencies d_;
  std::mutex mutex_;
  SecretBytes signing_key_;  // empty until first used
  Time last_forged_{};
  std::mutex sweep_mutex_;
  store::CertificateId swept_to_ = 0;
};

}  // namespace certwright::delivery
