#pragma once
// Credential or session -> Principal.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "access/principal.h"
#include "bytes/bytes.h"
#include "clock/clock.h"
#include "errors/result.h"
#include "store/store.h"

namespace certwright::ca {
class CaDirectory;
}

namespace certwright::access {

struct AuthenticatorLimits {
  Duration cache_ttl = Seconds(5);      // how long a change made by another node may go unnoticed
  std::size_t cache_entries = 16'384;
  std::uint32_t failures_per_remote = 20;  // in failure_window; then too_many_requests
  Duration failure_window = Seconds(60);
  std::size_t remotes_tracked = 16'384;
};

// Somebody who signed in, and the session they did it with.
struct SignedIn {
  Principal principal;
  store::SessionRecord session;
};

// Safe to call from any thread. Tenants and principals that are disabled, and credentials that are
// revoked or expired, are refused with the same error, `unauthenticated`, as unknown ones, and
// after the same work: one hash, one lookup, one comparison.
// A remote address (IPv6: its /64) with too many failures gets too_many_requests before the store
// is asked; credentials that were good lately (the newest cache_entries of them) go on working from
// there: one client that fails must not lock out all others behind the same address.
class Authenticator {
 public:
  // All must outlive the authenticator. `cas`: the CAs here, as far as they are loaded.
  Authenticator(const store::Store& store, const Clock& clock, const ca::CaDirectory& cas,
                AuthenticatorLimits limits = {});
  ~Authenticator();
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  // `token` as it came after "Bearer "; `remote` is the socket's peer address without port.
  // Errors: unauthenticated, too_many_requests, unavailable.
  Result<Principal> by_token(std::string_view token, std::string_view remote);

  // `leaf_der`: a client certificate whose chain and possession TLS verified. Its SHA-256 must be
  // registered as a credential; if we issued it, it must be neither revoked nor expired now, and if a
  // CA here is its issuer, neither that nor one above it may be revoked: TLS looks at no CRL (asked
  // every time, not cached). Of a CA that is not here nothing is known. Errors: as by_token().
  Result<Principal> by_client_certificate(ByteView leaf_der, std::string_view remote);

  // `id`: a session's, as it came in the cookie. Its end, by time or by sign-out, counts at once: the store
  // is asked every time. Failures of an address are neither counted nor looked at: nobody guesses 256 bits,
  // and every browser comes with the id of a session that is over. Errors: unauthenticated, unavailable.
  Result<SignedIn> by_session(std::string_view id);

  // Believes no cached principal any more, nor what a lookup that began before this finds: to be
  // called after a change of tenants, principals, roles or credentials, so that it counts at once on
  // this node (on others after cache_ttl). Which credentials were good lately stays known.
  void invalidate();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::access
