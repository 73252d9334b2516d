#pragma once
// OCSP (RFC 6960, RFC 9654 nonces, RFC 5019 caching) for every CA of this server.
#include <functional>
#include <memory>
#include <string>

#include "audit/journal.h"
#include "ca/ca_directory.h"
#include "revocation/revocation_service.h"
#include "signer/signer.h"
#include "store/store.h"

namespace certwright::revocation {

// A delegated responder: a key and its certificate under the internal profile ocsp-responder.
struct ResponderIdentity {
  Bytes certificate;  // DER
  std::shared_ptr<signer::Signer> signer;
  Time not_after{};
};

struct OcspAnswer {
  std::shared_ptr<const Bytes> der;  // an OCSPResponse, also for errors
  bool cacheable = false;            // successful, no nonce
  Time this_update{};
  Time next_update{};
  std::string etag;
};

// Known CA and unissued serial: signed `unknown`. Unknown issuer, or CertIDs of several issuers in
// one request: `unauthorized`. Nonce of 1 to 128 octets: echoed; other lengths: malformedRequest.
// Answers without nonce to one CertID are cached by its octets, re-signed before they age, and dropped
// the moment the certificate's status changes. Nothing but the request's octets decides an answer.
// Safe to call from any thread.
class OcspResponder final : public RevocationListener {
 public:
  // Makes a responder identity for a CA: called at first use and again before not_after.
  using IdentitySource = std::function<Result<ResponderIdentity>(const ca::CertificationAuthority&)>;

  OcspResponder(store::Store& store, const ca::CaDirectory& cas, const Clock& clock, IdentitySource source);
  ~OcspResponder() override;

  // Never fails: what goes wrong is an OCSP error response (RFC 6960 section 2.3).
  OcspAnswer respond(ByteView request_der);
  // Only from the cache: an answer, or nullopt where respond() would have to sign. Cheap enough for an
  // IO thread.
  std::optional<OcspAnswer> respond_from_cache(ByteView request_der);

  // Renews responder certificates and re-signs cached answers that are about to age; called by the
  // daemon's timer. Returns how many answers were signed.
  Result<std::size_t> run_due();

  void on_revocation_change(std::string_view ca, std::uint32_t crl_shard,
                            const x509::SerialNumber& serial) noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::revocation
