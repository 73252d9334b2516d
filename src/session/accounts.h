#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "access/authenticator.h"
#include "audit/journal.h"
#include "bytes/secret_bytes.h"
#include "clock/clock.h"
#include "crypto/aead.h"
#include "crypto/random.h"
#include "errors/result.h"
#include "session/sessions.h"
#include "session/sign_in_limit.h"
#include "store/store.h"

namespace certwright::session {

struct AccountOptions {
  crypto::Argon2idParameters cost{.passes = 3, .memory_kib = 64 * 1024};  // RFC 9106 section 4, second choice
  std::size_t hashes_at_once = 2;  // each takes cost.memory_kib
  std::size_t hashes_waiting = 16;  // each holds a thread; then too_many_requests
  SignInLimits limits;
  Duration one_time_validity = Seconds(72 * 3600);
};

struct OneTimePassword {
  std::string sign_in_name;
  SecretBytes password;  // cannot be had again
  Time expires_at{};
  std::string taken_from{};  // the principal whose sign-in name it was until now; empty: nobody's
};

// Which sign-in names may be given to somebody who has none yet, or in the place of theirs: they are of the
// whole installation, whose administrators may give any.
enum class SignInNames : std::uint8_t { any, own_email };

struct ResetOptions {
  SignInNames names = SignInNames::any;
  bool takes_name = false;  // also from another: whose password is revoked then, and whose sessions end
  store::Transaction with = {};  // what must hold for it, or happens with it
};

// Local accounts: people who sign in with a name and a password. A password is chosen by its owner; one
// that an administrator made is for one sign-in, whose session is for nothing but choosing another. Safe to
// call from any thread; calls that compare or make a password wait for their turn (session/hash_slots.h).
// `actor` is who acts, from where. Errors of all: unavailable; those that compare or make a password:
// too_many_requests.
class Accounts {
 public:
  struct Dependencies {  // all must outlive this
    store::Store& store;
    audit::Journal& journal;
    access::Authenticator& authenticator;
    Sessions& sessions;
    crypto::Random& random;
    const Clock& clock;
  };
  explicit Accounts(Dependencies dependencies, AccountOptions options = {});
  ~Accounts();

  // A new session, whatever the browser came with: `presented`, the cookie's value, ends. In the place of a
  // password, an administrator who has none yet may give their API token (the one `certwright init` made;
  // `name` does not matter then): the session is for choosing one. Errors: unauthenticated, with one text
  // after the same work, for an unknown name, a wrong password, a machine, a disabled account;
  // too_many_requests after too many of those. Of a one-time password only the latest session goes on.
  Result<NewSession> sign_in(std::string_view name, std::string_view password, std::string_view presented,
                             audit::Actor actor);

  // The owner changes the password; other sessions end, and this one goes on as the new one that is given
  // back. `present` is not looked at in a restricted session: that began with it. Errors: unauthenticated,
  // field "password", if `present` is wrong, without a field if the session, the password or the account
  // ended meanwhile; invalid, field "new_password" (password_rules.h, or it is the present one); conflict,
  // field "sign_in_name", or "password" if the owner chose one since a restricted session began; not_permitted,
  // field "sign_in_name", for a first password of one who may not have that name (SignInNames).
  Result<NewSession> change_password(const store::SessionRecord& session, std::string_view present,
                                     std::string_view wanted, const audit::Actor& actor);

  // The first password of an administrator, who came with a token or a client certificate: who could make
  // any credential for themselves may make this one. An empty `sign_in_name`: the e-mail address, or the
  // name. Errors: conflict, field "password", if there is one; not_permitted for one who does not manage
  // its own account, or, with field "sign_in_name", for a name that `names` does not allow; invalid.
  Result<void> set_first_password(const access::Principal& self, std::string_view sign_in_name,
                                  std::string_view wanted, const audit::Actor& actor,
                                  SignInNames names = SignInNames::any);

  // In the place of whatever password the account has; its sessions end. The caller asked may_manage().
  // An empty `sign_in_name`: the one it has, else the e-mail address, else the name. Errors: not_found;
  // invalid, field "kind", for a machine; invalid, conflict or (by `names`) not_permitted, field "sign_in_name":
  // the latter also for options.takes_name, which is for those who may give any name.
  Result<OneTimePassword> reset_password(std::string_view principal, std::string_view sign_in_name,
                                         const audit::Actor& actor, ResetOptions options = {});

  // The password's credential, whatever its state.
  Result<std::optional<store::CredentialRecord>> find_password(std::string_view principal) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::session
