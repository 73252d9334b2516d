#pragma once
// CertificateList (RFC 5280 section 5) per CA and shard.
#include <cstdint>
#include <memory>
#include <string>

#include "audit/journal.h"
#include "ca/ca_directory.h"
#include "revocation/revocation_service.h"
#include "store/store.h"

namespace certwright::revocation {

// One published CRL; immutable, shared with the door that serves it.
struct PublishedCrl {
  std::shared_ptr<const Bytes> der;
  std::uint64_t number = 0;
  std::uint64_t entries = 0;
  Time this_update{};
  Time next_update{};
  std::string etag;  // strong: changes with every octet of der
};

// Builds, keeps and publishes CRLs. With one shard a CRL is full and carries no
// issuingDistributionPoint; with several, each carries a critical one with its own URL.
// Encoded entries are kept in memory, so that a new CRL costs hashing, signing and what changed.
// CRL numbers only grow, over restarts too: a number is durably reserved before it is signed.
// Safe to call from any thread.
class CrlIssuer final : public RevocationListener {
 public:
  CrlIssuer(store::Store& store, audit::Journal& journal, const ca::CaDirectory& cas, const Clock& clock);
  ~CrlIssuer() override;

  // The current CRL; builds the first one if there is none yet. Errors: not_found for an unknown CA
  // or shard, or an offline CA without an imported CRL; unavailable if it cannot be built now.
  Result<std::shared_ptr<const PublishedCrl>> current(std::string_view ca, std::uint32_t shard);

  // Builds every CRL that is due (changed, or older than crl_refresh) and returns how many. Called
  // by the daemon's timer; no thread of its own. Changes are gathered for a moment in proportion to
  // what the last build cost, so that a burst of revocations does not make a burst of CRLs.
  Result<std::size_t> run_due();

  // Builds and signs now.
  Result<std::shared_ptr<const PublishedCrl>> rebuild(std::string_view ca, std::uint32_t shard);

  // A CRL that an offline CA signed. Errors: bad_encoding; invalid if issuer, signature, number (must
  // grow) or dates do not fit the CA.
  Result<void> import_crl(std::string_view ca, ByteView der, const audit::Actor& actor);

  void on_revocation_change(std::string_view ca, std::uint32_t crl_shard,
                            const x509::SerialNumber& serial) noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::revocation
