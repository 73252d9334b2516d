#pragma once
// OCSP (RFC 6960, RFC 9654 nonces, RFC 5019 caching) for every CA of this server.
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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
  // Successful, no nonce, no `unknown` (the serial may be issued later).
  bool cacheable = false;
  Time this_update{};
  Time next_update{};
  std::string etag;  // strong, without the quotes; empty unless cacheable
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

  static constexpr std::size_t kDefaultCacheEntries = 100'000;  // of about 1.5 KB each

  // All must outlive the responder.
  OcspResponder(store::Store& store, const ca::CaDirectory& cas, const Clock& clock,
                IdentitySource source, std::size_t cache_entries = kDefaultCacheEntries);
  ~OcspResponder() override;

  // Never fails: what goes wrong is an OCSP error response (RFC 6960 section 2.3).
  OcspAnswer respond(ByteView request_der);
  // Only from the cache: an answer, or nullopt where respond() would have to sign. Cheap enough for an
  // IO thread.
  std::optional<OcspAnswer> respond_from_cache(ByteView request_der);

  // Renews responder certificates and re-signs cached answers of which less than half of the period
  // is left, those that were asked for since they were signed, at most kMaxResignedPerCall; called by
  // the daemon's timer. Returns how many answers were signed. Errors: the first of several, after
  // everything else was done.
  static constexpr std::size_t kMaxResignedPerCall = 4096;
  Result<std::size_t> run_due();

  void on_revocation_change(std::string_view ca, std::uint32_t crl_shard,
                            const x509::SerialNumber& serial) noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::revocation
