#include "session/accounts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "access/token.h"
#include "crypto/password_hash.h"
#include "session/hash_slots.h"
#include "session/password_rules.h"

namespace certwright::session {
namespace {

using audit::EventType;
using store::CredentialKind;
using store::CredentialRecord;

tl::unexpected<Error> refusal() { return fail(Errc::unauthenticated, "The name or the password is wrong."); }

// Four groups of five of 32 characters: 100 bits, without those that look alike.
SecretBytes make_one_time_password(crypto::Random& random) {
  constexpr std::string_view kAlphabet = "abcdefghjkmnpqrstuvwxyz23456789+";
  constexpr std::size_t kGroups = 4, kGroup = 5;
  SecretBytes octets(kGroups * kGroup), text(kGroups * (kGroup + 1) - 1);
  random.fill(octets.writable());
  std::size_t at = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i != 0 && i % kGroup == 0) text.writable()[at++] = '-';
    text.writable()[at++] = static_cast<std::uint8_t>(kAlphabet[octets.reveal()[i] & 31]);
  }
  return text;
}

std::string_view default_name(const store::PrincipalRecord& principal) {
  return principal.email.empty() ? principal.name : principal.email;
}

}  // namespace

struct Accounts::State {
  State(Dependencies dependencies, AccountOptions account_options)
      : d(dependencies),
        options(account_options),
        nobody(crypto::nobodys_verifier(options.cost)),
        slots(options.hashes_at_once, options.hashes_waiting),
        limit(options.limits) {}

  Result<bool> is_right(const std::optional<CredentialRecord>& credential, std::string_view password,
                        std::string_view name, std::string_view remote);
  Result<std::string> hash(std::string_view password);
  Result<std::optional<store::PrincipalRecord>> enabled_person(std::string_view id) const;
  Result<store::PrincipalRecord> person(std::string_view id) const;
  Result<std::optional<CredentialRecord>> password_of(std::string_view principal) const;
  tl::unexpected<Error> refuse(std::string_view name, std::string_view principal, std::string_view reason,
                               const audit::Actor& actor);
  Result<NewSession> sign_in_with_token(std::string_view token, const std::optional<store::Sha256>& replaced,
                                        audit::Actor actor);
  CredentialRecord credential_of(std::string_view principal, std::string name, const std::string& verifier) const;

  Dependencies d;
  AccountOptions options;
  std::string nobody;  // what unknown names are compared with
  HashSlots slots;
  SignInLimit limit;
};

// With one hash, whether or not there is such a credential.
Result<bool> Accounts::State::is_right(const std::optional<CredentialRecord>& credential, std::string_view password,
                                       std::string_view name, std::string_view remote) {
  CERTWRIGHT_CHECK(limit.check(name, remote, d.clock.now()));
  CERTWRIGHT_TRY(const auto slot, slots.take());
  // Those before in the queue may have used up what was left.
  CERTWRIGHT_CHECK(limit.check(name, remote, d.clock.now()));
  constexpr std::size_t kMostOctets = 4 * kMaxPasswordCharacters;
  const bool fits = password.size() <= kMostOctets;
  const std::string_view verifier = credential ? as_text(credential->verifier) : std::string_view(nobody);
  CERTWRIGHT_TRY(const bool equal, crypto::verify_password(verifier, password.substr(0, kMostOctets)));
  return equal && fits && credential.has_value();
}

Result<std::string> Accounts::State::hash(std::string_view password) {
  CERTWRIGHT_TRY(const auto slot, slots.take());
  return crypto::hash_password(password, options.cost, d.random);
}

Result<std::optional<store::PrincipalRecord>> Accounts::State::enabled_person(std::string_view id) const {
  CERTWRIGHT_TRY(auto principal, d.store.find_principal(id));
  if (!principal || principal->disabled || principal->kind != store::PrincipalKind::person) return std::nullopt;
  CERTWRIGHT_TRY(const auto tenant, d.store.find_tenant(principal->tenant));
  if (!tenant || tenant->disabled) return std::nullopt;
  return principal;
}

Result<store::PrincipalRecord> Accounts::State::person(std::string_view id) const {
  CERTWRIGHT_TRY(auto principal, d.store.find_principal(id));
  if (!principal) return fail_field(Errc::not_found, "principal", "There is no such principal.");
  if (principal->kind != store::PrincipalKind::person)
    return fail_field(Errc::invalid, "kind", "A machine has no password: give it a token or a client certificate.");
  return *std::move(principal);
}

Result<std::optional<CredentialRecord>> Accounts::State::password_of(std::string_view principal) const {
  CERTWRIGHT_TRY(auto credentials, d.store.list_credentials(principal));
  const auto found = std::ranges::find(credentials, CredentialKind::password, &CredentialRecord::kind);
  if (found == credentials.end()) return std::nullopt;
  return std::optional(std::move(*found));
}

tl::unexpected<Error> Accounts::State::refuse(std::string_view name, std::string_view principal,
                                              std::string_view reason, const audit::Actor& actor) {
  const Time now = d.clock.now();
  store::Transaction transaction{
      d.journal.leaf({EventType::sign_in_refused,
                      actor,
                      {{"principal", std::string(principal)}, {"reason", std::string(reason)}}})};
  if (const auto reached = limit.failed(name, actor.remote, now))
    transaction.push_back(d.journal.leaf({EventType::sign_in_locked,
                                          actor,
                                          {{"principal", std::string(principal)},
                                           {"limit", std::string(name_of(*reached))},
                                           {"until", to_rfc3339(now + options.limits.window)}}}));
  (void)d.store.apply(transaction);  // that it cannot be recorded makes it no less a refusal
  return refusal();
}

CredentialRecord Accounts::State::credential_of(std::string_view principal, std::string name,
                                                const std::string& verifier) const {
  return {access::make_id("c", d.random), std::string(principal), CredentialKind::password, std::move(name),
          to_bytes(as_bytes(verifier)),   {},                     d.clock.now(),            std::nullopt,
          false};
}

Accounts::Accounts(Dependencies dependencies, AccountOptions options)
    : state_(std::make_unique<State>(dependencies, options)) {}
Accounts::~Accounts() = default;

Result<NewSession> Accounts::State::sign_in_with_token(std::string_view token,
                                                       const std::optional<store::Sha256>& replaced,
                                                       audit::Actor actor) {
  CERTWRIGHT_CHECK(limit.check("", actor.remote, d.clock.now()));
  const auto principal = d.authenticator.by_token(token, actor.remote);
  if (!principal) {
    if (principal.error().code != Errc::unauthenticated) return tl::unexpected<Error>(principal.error());
    return refuse("", "", "unknown_token", actor);
  }
  actor.principal = principal->id;
  actor.tenant = principal->tenant;
  CERTWRIGHT_TRY(const auto owner, enabled_person(principal->id));
  if (!owner) return refuse("", principal->id, "no_person", actor);
  CERTWRIGHT_TRY(const auto present, password_of(principal->id));
  if (present) return refuse("", principal->id, "has_a_password", actor);
  if (!access::may_manage(*principal, *principal)) return refuse("", principal->id, "no_administrator", actor);
  return d.sessions.begin({.principal = principal->id,
                           .tenant = principal->tenant,
                           .restricted = true,
                           .method = "token",
                           .replaced = replaced},
                          actor);
}

Result<NewSession> Accounts::sign_in(std::string_view name, std::string_view password, std::string_view presented,
                                     audit::Actor actor) {
  State& s = *state_;
  std::optional<store::Sha256> replaced;
  if (!presented.empty()) replaced = access::session_hash(presented);
  if (access::token_prefix(password)) return s.sign_in_with_token(password, replaced, std::move(actor));

  // A name that nobody can have is an unknown one.
  const auto normal = sign_in_name_of(name);
  const std::string typed = normal ? *normal : std::string(name.substr(0, kMaxSignInNameOctets));
  CERTWRIGHT_TRY(const auto credential, s.d.store.find_credential(CredentialKind::password, typed));
  CERTWRIGHT_TRY(const bool right, s.is_right(credential, password, typed, actor.remote));
  if (!credential) return s.refuse(typed, "", "unknown_name", actor);
  const std::string& id = credential->principal;
  if (!right) return s.refuse(typed, id, "wrong_password", actor);
  CERTWRIGHT_TRY(const auto principal, s.enabled_person(id));
  if (!principal) return s.refuse(typed, id, "disabled", actor);
  if (credential->revoked) return s.refuse(typed, id, "revoked", actor);
  const bool is_one_time = credential->expires_at.has_value();
  if (is_one_time && s.d.clock.now() >= *credential->expires_at) return s.refuse(typed, id, "expired", actor);

  actor.principal = id;
  actor.tenant = principal->tenant;
  s.limit.succeeded(typed, actor.remote);
  // Made by an older version with other costs: then a wrong password for it takes another time than an
  // unknown name, until now.
  store::Transaction with;
  if (!is_one_time && !crypto::has_cost(as_text(credential->verifier), s.options.cost)) {
    CERTWRIGHT_TRY(const auto verifier, s.hash(password));
    auto renewed = *credential;
    renewed.verifier = to_bytes(as_bytes(verifier));
    with.push_back(store::PutPassword{std::move(renewed), credential->id});
  }
  return s.d.sessions.begin({.principal = id,
                             .tenant = principal->tenant,
                             .restricted = is_one_time,
                             .method = is_one_time ? "one_time_password" : "password",
                             .replaced = replaced,
                             .with = std::move(with)},
                            actor);
}

Result<NewSession> Accounts::change_password(const store::SessionRecord& session, std::string_view present,
                                             std::string_view wanted, const audit::Actor& actor) {
  State& s = *state_;
  CERTWRIGHT_TRY(const auto owner, s.person(session.principal));
  CERTWRIGHT_TRY(const auto old, s.password_of(session.principal));
  // A restricted session began without the password that its owner has by now.
  if (session.restricted && old && !old->expires_at)
    return fail_field(Errc::conflict, "password", "A password was chosen meanwhile: sign in with it.");
  std::string name;
  if (old) {
    name = old->lookup;
  } else {
    CERTWRIGHT_TRY(name, sign_in_name_of(default_name(owner)));
  }
  if (!session.restricted) {
    CERTWRIGHT_TRY(const bool right, s.is_right(old, present, name, actor.remote));
    if (!right) {
      (void)s.refuse(name, session.principal, "wrong_password", actor);
      return fail_field(Errc::unauthenticated, "password", "The present password is wrong.");
    }
  }
  CERTWRIGHT_CHECK(check_new_password(wanted, name));
  if (wanted == present)
    return fail_field(Errc::invalid, "new_password", "The new password must be another one.");
  CERTWRIGHT_TRY(const auto verifier, s.hash(wanted));
  const auto credential = s.credential_of(session.principal, name, verifier);
  return s.d.sessions.begin(
      {.principal = session.principal,
       .tenant = session.tenant,
       .method = "password",
       .replaced = session.id_sha256,
       .with = {store::PutPassword{credential, old ? old->id : ""},
                store::EndSessions{session.principal, session.id_sha256},
                s.d.journal.leaf({EventType::password_changed,
                                  actor,
                                  {{"credential", credential.id}, {"sign_in_name", name}}})}},
      actor);
}

Result<void> Accounts::set_first_password(const access::Principal& self, std::string_view sign_in_name,
                                          std::string_view wanted, const audit::Actor& actor) {
  State& s = *state_;
  CERTWRIGHT_TRY(const auto owner, s.person(self.id));
  if (!access::may_manage(self, self))
    return fail(Errc::not_permitted, "Ask an administrator for a one-time password.");
  CERTWRIGHT_TRY(const auto old, s.password_of(self.id));
  if (old)
    return fail_field(Errc::conflict, "password", "There is a password: sign in with it, or have it reset.");
  CERTWRIGHT_TRY(auto name, sign_in_name_of(sign_in_name.empty() ? default_name(owner) : sign_in_name));
  CERTWRIGHT_CHECK(check_new_password(wanted, name));
  CERTWRIGHT_TRY(const auto verifier, s.hash(wanted));
  const auto credential = s.credential_of(self.id, std::move(name), verifier);
  return s.d.store.apply(
      {store::PutPassword{credential, ""}, store::EndSessions{self.id, {}},
       s.d.journal.leaf({EventType::password_changed,
                         actor,
                         {{"credential", credential.id}, {"sign_in_name", credential.lookup}}})});
}

Result<OneTimePassword> Accounts::reset_password(std::string_view principal, std::string_view sign_in_name,
                                                 const audit::Actor& actor) {
  State& s = *state_;
  CERTWRIGHT_TRY(const auto owner, s.person(principal));
  CERTWRIGHT_TRY(const auto old, s.password_of(principal));
  const std::string_view kept = old ? std::string_view(old->lookup) : default_name(owner);
  CERTWRIGHT_TRY(auto name, sign_in_name_of(sign_in_name.empty() ? kept : sign_in_name));
  OneTimePassword made{std::move(name), make_one_time_password(s.d.random),
                       s.d.clock.now() + s.options.one_time_validity};
  CERTWRIGHT_TRY(const auto verifier, s.hash(as_text(made.password.reveal())));
  auto credential = s.credential_of(principal, made.sign_in_name, verifier);
  credential.expires_at = made.expires_at;
  CERTWRIGHT_CHECK(s.d.store.apply(
      {store::PutPassword{credential, old ? old->id : ""}, store::EndSessions{std::string(principal), {}},
       s.d.journal.leaf({EventType::password_reset,
                         actor,
                         {{"principal", std::string(principal)},
                          {"credential", credential.id},
                          {"sign_in_name", credential.lookup},
                          {"expires_at", to_rfc3339(made.expires_at)}}})}));
  return made;
}

Result<std::optional<CredentialRecord>> Accounts::find_password(std::string_view principal) const {
  return state_->password_of(principal);
}

}  // namespace certwright::session
