#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/journal.h"
#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "crypto/random.h"
#include "errors/result.h"
#include "store/store.h"

namespace certwright::session {

struct SessionOptions {
  Duration idle = Seconds(30 * 60);           // without a request, then it is over
  Duration absolute = Seconds(12 * 3600);     // whatever the requests
  Duration restricted = Seconds(15 * 60);     // to choose a password
  Duration noted_every = Seconds(60);         // how old last_seen_at may be
  std::size_t per_principal = 20;             // the oldest goes for a new one
};

struct NewSession {
  SecretBytes id;  // 43 characters: what the cookie holds; it cannot be had again
  store::SessionRecord record;
};

// The life of sessions; access::Authenticator::by_session() says whose one is. Safe to call from any
// thread. Errors of every function: unavailable, and those of store and journal.
class Sessions {
 public:
  // All must outlive this.
  Sessions(store::Store& store, audit::Journal& journal, const Clock& clock, crypto::Random& random,
           SessionOptions options = {})
      : store_(store), journal_(journal), clock_(clock), random_(random), options_(options) {}

  struct Beginning {
    std::string principal, tenant;
    std::string credential;  // id of what the sign-in is with: good to the last, or there is no session
    bool restricted = false;
    std::string_view method;  // for the record: "password", "one_time_password", "token"
    // The one the browser came with, which ends: an id that somebody else could know never becomes that
    // of a signed-in person.
    std::optional<store::Sha256> replaced = {};
    bool must_replace = false;  // it goes on as the new one: only while it has not ended
    store::Transaction with = {};  // happens in the same transaction, before it
  };
  // Errors: unauthenticated, if must_replace and the session has ended; conflict, field "credential", if the
  // credential was revoked or replaced, or its principal or tenant disabled, meanwhile; those of `with`.
  Result<NewSession> begin(Beginning beginning, const audit::Actor& actor);

  // Notes the use of a session, when the last note is old enough. A failure is not reported: the session
  // then ends a minute earlier.
  void seen(const store::SessionRecord& session);

  // `cause` for the record: "sign_out", "administrator". No error if it has ended meanwhile.
  Result<void> end(const store::SessionRecord& session, std::string_view cause, const audit::Actor& actor);
  // All of the principal but `spared`.
  Result<void> end_all(std::string_view principal, const std::optional<store::Sha256>& spared, std::string_view cause,
                       const audit::Actor& actor);

  // Those that are not over, oldest first.
  Result<std::vector<store::SessionRecord>> list(std::string_view principal) const;
  // What names a session to people and in the log: the first 24 hex digits of id_sha256.
  static std::string handle_of(const store::SessionRecord& session);
  // One of list() by its handle. Errors: not_found.
  Result<store::SessionRecord> find(std::string_view principal, std::string_view handle) const;

  // Drops what is over, at most 1,000 in a call: housekeeping.
  Result<void> forget_ended();

 private:
  Result<store::Transaction> places_for_one_more(const Beginning& beginning, const audit::Actor& actor) const;

  store::Store& store_;
  audit::Journal& journal_;
  const Clock& clock_;
  crypto::Random& random_;
  const SessionOptions options_;
};

}  // namespace certwright::session
