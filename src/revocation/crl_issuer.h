#pragma once
// CertificateList (RFC 5280 section 5) per CA and shard.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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
  std::string etag;  // strong, without the quotes: another CRL has another one
  bool partitioned = false;  // has an issuingDistributionPoint: one of several shards
};

// Builds, keeps and publishes CRLs. With one shard a CRL is full and carries no
// issuingDistributionPoint; with several, each carries a critical one with its own URL.
// Encoded entries are kept in memory, so that a new CRL costs hashing, signing and what changed.
// CRL numbers only grow, over restarts too: a number is durably reserved before it is signed, so a
// crash in between skips one. A CRL of up to kMaxStoredOctets is stored and served again after a
// restart; a larger one lives in memory only and is built anew, with a new number.
// Safe to call from any thread.
class CrlIssuer final : public RevocationListener {
 public:
  static constexpr std::size_t kMaxStoredOctets = 1024 * 1024;

  // All must outlive the issuer.
  CrlIssuer(store::Store& store, audit::Journal& journal, const ca::CaDirectory& cas, const Clock& clock);
  ~CrlIssuer() override;

  // The current CRL; builds the first one if there is none yet, or if the CA has several shards since
  // the last, and else never waits for a build: a change is in it after run_due(). Errors: not_found for an unknown CA
  // or shard, or an offline CA without an imported CRL; unavailable if it cannot be built now.
  Result<std::shared_ptr<const PublishedCrl>> current(std::string_view ca, std::uint32_t shard);

  // What current() would give, without waiting; null where it would have to read the store or build.
  std::shared_ptr<const PublishedCrl> published(std::string_view ca, std::uint32_t shard) const;

  // Builds every CRL that is due (changed, or older than crl_refresh) and returns how many. Called
  // by the daemon's timer; no thread of its own. Changes are gathered for a moment in proportion to
  // what the last build cost, so that a burst of revocations does not make a burst of CRLs.
  Result<std::size_t> run_due();

  // Builds and signs now. `period` stands in for the policy's crl_period: for the last CRL of a key
  // that goes offline. Errors: not_found as current(); conflict if the key is offline; unavailable;
  // too_large above x509::CertificateList::kMaxOctets.
  Result<std::shared_ptr<const PublishedCrl>> rebuild(std::string_view ca, std::uint32_t shard,
                                                      std::optional<Seconds> period = {});

  // A CRL that an offline CA signed (shard 0), at most kMaxImportOctets. Errors: bad_encoding;
  // too_large; not_found for the CA; conflict if its key is online; invalid if issuer, signature,
  // number (must grow), dates or scope do not fit the CA.
  static constexpr std::size_t kMaxImportOctets = 16 * 1024 * 1024;
  Result<void> import_crl(std::string_view ca, ByteView der, const audit::Actor& actor);

  void on_revocation_change(std::string_view ca, std::uint32_t crl_shard,
                            const x509::SerialNumber& serial) noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::revocation
