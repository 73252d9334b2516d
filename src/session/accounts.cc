#include "session/accounts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "access/directory.h"
#include "access/token.h"
#include "crypto/password_hash.h"
#include "session/hash_slots.h"
#include "session/one_time_password.h"
#include "session/password_rules.h"

namespace certwright::session {
namespace {

using audit::EventType;
using store::CredentialKind;
using store::CredentialRecord;

tl::unexpected<Error> refusal() { return fail(Errc::unauthenticated, "The name or the password is wrong."); }

tl::unexpected<Error> another_one() {
  return fail_field(Errc::invalid, "new_password", "The new password must be another one.");
}

Result<void> check_name(const std::string& name, SignInNames names, const store::PrincipalRecord& owner) {
  if (names == SignInNames::any) return {};
  const auto email = sign_in_name_of(owner.email);
  if (email && *email == name) return {};
  return fail_field(Errc::not_permitted, "sign_in_name",
                    "An administrator of the whole installation may give this name; here it is the e-mail address.");
}

// Revoked, replaced or disabled between the look at a credential and the session that was to begin with it.
bool is_credential_gone(const Error& error) {
  return error.code == Errc::conflict && error.field == "credential";
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

  Result<bool> equals(std::string_view verifier, std::string_view password) const;
  Result<bool> is_right(const std::optional<CredentialRecord>& credential, std::string_view password,
                        std::string_view name, std::string_view remote);
  Result<HashSlots::Slot> take_slot(std::string_view name, std::string_view remote) {
    return slots.take(name, access::peer_of(remote));
  }
  Result<std::string> hash(std::string_view password, std::string_view name, std::string_view remote);
  Result<void> check_choice(const store::SessionRecord& session, const std::optional<CredentialRecord>& old,
                            std::string_view wanted, std::string_view name, std::string_view remote);
  Result<std::optional<store::PrincipalRecord>> enabled_person(std::string_view id) const;
  Result<store::PrincipalRecord> person(std::string_view id) const;
  Result<std::optional<CredentialRecord>> password_of(std::string_view principal) const;
  Result<SignInNames> names_of(std::string_view principal) const;
  // No name: a token was given.
  tl::unexpected<Error> refuse(SignInLimit::Name name, std::string_view principal, std::string_view reason,
                               const audit::Actor& actor);
  Result<NewSession> sign_in_with_token(std::string_view token, const std::optional<store::Sha256>& replaced,
                                        audit::Actor actor);
  CredentialRecord credential_of(std::string_view principal, std::string name, const std::string& verifier,
                                 std::string created_by) const;
  Result<std::string> take_name(std::string_view name, std::string_view principal, const audit::Actor& actor,
                                store::Transaction& change) const;
  Result<std::string> maker_behind(const store::SessionRecord& session, const std::optional<CredentialRecord>& old) const;

  Dependencies d;
  AccountOptions options;
  std::string nobody;  // what unknown names are compared with
  HashSlots slots;
  SignInLimit limit;
};

Result<bool> Accounts::State::equals(std::string_view verifier, std::string_view password) const {
  constexpr std::size_t kMostOctets = 4 * kMaxPasswordCharacters;
  CERTWRIGHT_TRY(const bool equal, crypto::verify_password(verifier, password.substr(0, kMostOctets)));
  return equal && password.size() <= kMostOctets;
}

// With one hash, whether or not there is such a credential.
Result<bool> Accounts::State::is_right(const std::optional<CredentialRecord>& credential, std::string_view password,
                                       std::string_view name, std::string_view remote) {
  CERTWRIGHT_CHECK(limit.check(name, remote, d.clock.now()));
  CERTWRIGHT_TRY(const auto slot, take_slot(name, remote));
  // Those before in the queue may have used up what was left.
  CERTWRIGHT_CHECK(limit.check(name, remote, d.clock.now()));
  const std::string_view verifier = credential ? as_text(credential->verifier) : std::string_view(nobody);
  CERTWRIGHT_TRY(const bool equal, equals(verifier, password));
  const bool right = equal && credential.has_value();
  if (right) limit.was_right(name, d.clock.now());
  return right;
}

Result<std::string> Accounts::State::hash(std::string_view password, std::string_view name, std::string_view remote) {
  CERTWRIGHT_TRY(const auto slot, take_slot(name, remote));
  return crypto::hash_password(password, options.cost, d.random);
}

// The rules, before a hash is spent on anything; and that a one-time password, which somebody else knows, is
// not chosen as one's own.
Result<void> Accounts::State::check_choice(const store::SessionRecord& session,
                                           const std::optional<CredentialRecord>& old, std::string_view wanted,
                                           std::string_view name, std::string_view remote) {
  CERTWRIGHT_CHECK(check_new_password(wanted, name));
  if (!session.restricted || !old) return {};
  CERTWRIGHT_TRY(const auto slot, take_slot(name, remote));
  CERTWRIGHT_TRY(const bool same, equals(as_text(old->verifier), wanted));
  if (same) return another_one();
  return {};
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

// Which a principal may give itself.
Result<SignInNames> Accounts::State::names_of(std::string_view principal) const {
  CERTWRIGHT_TRY(const auto bindings, d.store.list_role_bindings(principal));
  const bool is_everywhere = std::ranges::any_of(bindings, [](const store::RoleBindingRecord& binding) {
    return access::role_named(binding.role) == access::Role::admin && binding.tenant == "*" && binding.ca.empty();
  });
  return is_everywhere ? SignInNames::any : SignInNames::own_email;
}

tl::unexpected<Error> Accounts::State::refuse(SignInLimit::Name name, std::string_view principal,
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
                                                const std::string& verifier, std::string created_by) const {
  return {access::make_id("c", d.random), std::string(principal), CredentialKind::password, std::move(name),
          to_bytes(as_bytes(verifier)),   {},                     d.clock.now(),            std::nullopt,
          false,                          std::move(created_by)};
}

// Names are first come, first served, and addresses are nobody's until somebody asks: what was taken, by
// mistake or not, can be given to whom it is for. Gives back whose it was, if anybody's.
Result<std::string> Accounts::State::take_name(std::string_view name, std::string_view principal,
                                               const audit::Actor& actor, store::Transaction& change) const {
  CERTWRIGHT_TRY(const auto held, d.store.find_credential(CredentialKind::password, name));
  if (!held || held->principal == principal) return std::string();
  change.push_back(store::RevokeCredential{held->id});  // then PutPassword may have the name
  change.push_back(store::EndSessions{held->principal, {}});
  change.push_back(d.journal.leaf({EventType::credential_revoked,
                                   actor,
                                   {{"credential", held->id}, {"principal", held->principal}, {"cause", "name_taken"}}}));
  return held->principal;
}

// Who made the one-time password or the token could have chosen the password that comes of it.
Result<std::string> Accounts::State::maker_behind(const store::SessionRecord& session,
                                                  const std::optional<CredentialRecord>& old) const {
  if (old) return old->created_by;
  CERTWRIGHT_TRY(const auto credentials, d.store.list_credentials(session.principal));
  const auto began_with = std::ranges::find(credentials, session.credential, &CredentialRecord::id);
  return began_with == credentials.end() ? std::string() : began_with->created_by;
}

Accounts::Accounts(Dependencies dependencies, AccountOptions options)
    : state_(std::make_unique<State>(dependencies, options)) {}
Accounts::~Accounts() = default;

Result<NewSession> Accounts::State::sign_in_with_token(std::string_view token,
                                                       const std::optional<store::Sha256>& replaced,
                                                       audit::Actor actor) {
  CERTWRIGHT_CHECK(limit.check(std::nullopt, actor.remote, d.clock.now()));
  CERTWRIGHT_TRY(const std::string_view prefix, access::token_prefix(token));
  const auto principal = d.authenticator.by_token(token, actor.remote);
  if (!principal) {
    if (principal.error().code != Errc::unauthenticated) return tl::unexpected<Error>(principal.error());
    return refuse(std::nullopt, "", "unknown_token", actor);
  }
  actor.principal = principal->id;
  actor.tenant = principal->tenant;
  CERTWRIGHT_TRY(const auto owner, enabled_person(principal->id));
  if (!owner) return refuse(std::nullopt, principal->id, "no_person", actor);
  CERTWRIGHT_TRY(const auto present, password_of(principal->id));
  if (present) return refuse(std::nullopt, principal->id, "has_a_password", actor);
  if (!access::may_manage(*principal, *principal)) return refuse(std::nullopt, principal->id, "no_administrator", actor);
  CERTWRIGHT_TRY(const auto credential, d.store.find_credential(CredentialKind::api_token, prefix));
  auto begun = d.sessions.begin({.principal = principal->id,
                                 .tenant = principal->tenant,
                                 .credential = credential ? credential->id : "",
                                 .restricted = true,
                                 .method = "token",
                                 .replaced = replaced},
                                actor);
  if (!begun && is_credential_gone(begun.error())) return refuse(std::nullopt, principal->id, "revoked", actor);
  return begun;
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
  Sessions::Beginning beginning{.principal = id,
                                .tenant = principal->tenant,
                                .credential = credential->id,
                                .restricted = is_one_time,
                                .method = is_one_time ? "one_time_password" : "password",
                                .replaced = replaced};
  if (is_one_time) {
    // One session at a time: whoever comes later with it shows the earlier one that there are two.
    beginning.with.push_back(store::EndCredentialSessions{credential->id});
  } else if (!crypto::has_cost(as_text(credential->verifier), s.options.cost)) {
    // Made by an older version with other costs: then a wrong password for it takes another time than an
    // unknown name, until now. One that was revoked meanwhile stays so.
    CERTWRIGHT_TRY(const auto verifier, s.hash(password, typed, actor.remote));
    auto renewed = *credential;
    renewed.verifier = to_bytes(as_bytes(verifier));
    beginning.with.push_back(store::RequireCredential{credential->id, id});
    beginning.with.push_back(store::PutPassword{std::move(renewed), credential->id});
  }
  auto begun = s.d.sessions.begin(std::move(beginning), actor);
  if (!begun && is_credential_gone(begun.error())) return s.refuse(typed, id, "revoked", actor);
  return begun;
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
    CERTWRIGHT_TRY(const SignInNames names, s.names_of(session.principal));
    CERTWRIGHT_CHECK(check_name(name, names, owner));
  }
  CERTWRIGHT_CHECK(s.check_choice(session, old, wanted, name, actor.remote));
  if (!session.restricted) {
    if (wanted == present) return another_one();
    CERTWRIGHT_TRY(const bool right, s.is_right(old, present, name, actor.remote));
    if (!right) {
      (void)s.refuse(name, session.principal, "wrong_password", actor);
      return fail_field(Errc::unauthenticated, "password", "The present password is wrong.");
    }
  }
  CERTWRIGHT_TRY(const auto verifier, s.hash(wanted, name, actor.remote));
  CERTWRIGHT_TRY(auto maker, s.maker_behind(session, old));
  const auto credential = s.credential_of(session.principal, name, verifier, std::move(maker));
  store::Transaction change;
  if (old) change.push_back(store::RequireCredential{old->id, session.principal});  // a revoked one stays so
  change.push_back(store::PutPassword{credential, old ? old->id : ""});
  change.push_back(store::EndSessions{session.principal, {}});
  change.push_back(s.d.journal.leaf(
      {EventType::password_changed, actor, {{"credential", credential.id}, {"sign_in_name", name}}}));
  auto renewed = s.d.sessions.begin({.principal = session.principal,
                                     .tenant = session.tenant,
                                     .credential = credential.id,
                                     .method = "password",
                                     .replaced = session.id_sha256,
                                     .must_replace = true,
                                     .with = std::move(change)},
                                    actor);
  if (!renewed && is_credential_gone(renewed.error()))
    return fail(Errc::unauthenticated, "Your session has ended; sign in again.");
  return renewed;
}

Result<void> Accounts::set_first_password(const access::Principal& self, std::string_view sign_in_name,
                                          std::string_view wanted, const audit::Actor& actor, SignInNames names) {
  State& s = *state_;
  CERTWRIGHT_TRY(const auto owner, s.person(self.id));
  if (!access::may_manage(self, self))
    return fail(Errc::not_permitted, "Ask an administrator for a one-time password.");
  CERTWRIGHT_TRY(const auto old, s.password_of(self.id));
  if (old)
    return fail_field(Errc::conflict, "password", "There is a password: sign in with it, or have it reset.");
  CERTWRIGHT_TRY(auto name, sign_in_name_of(sign_in_name.empty() ? default_name(owner) : sign_in_name));
  CERTWRIGHT_CHECK(check_name(name, names, owner));
  CERTWRIGHT_CHECK(check_new_password(wanted, name));
  CERTWRIGHT_TRY(const auto verifier, s.hash(wanted, name, actor.remote));
  const auto credential = s.credential_of(self.id, std::move(name), verifier, self.id);
  auto applied = s.d.store.apply(
      {store::PutPassword{credential, ""}, store::RequireCredential{credential.id, self.id},
       access::require_roles(self), store::EndSessions{self.id, {}},
       s.d.journal.leaf({EventType::password_changed,
                         actor,
                         {{"credential", credential.id}, {"sign_in_name", credential.lookup}}})});
  if (!applied && is_credential_gone(applied.error()))
    return fail(Errc::unauthenticated, "This account is disabled.");
  return applied;
}

Result<OneTimePassword> Accounts::reset_password(std::string_view principal, std::string_view sign_in_name,
                                                 const audit::Actor& actor, ResetOptions options) {
  State& s = *state_;
  CERTWRIGHT_TRY(const auto owner, s.person(principal));
  CERTWRIGHT_TRY(const auto old, s.password_of(principal));
  const std::string_view kept = old ? std::string_view(old->lookup) : default_name(owner);
  CERTWRIGHT_TRY(auto name, sign_in_name_of(sign_in_name.empty() ? kept : sign_in_name));
  if (!old || name != old->lookup) CERTWRIGHT_CHECK(check_name(name, options.names, owner));
  store::Transaction change = std::move(options.with);
  std::string taken_from;
  if (options.takes_name) {
    if (options.names != SignInNames::any)
      return fail_field(Errc::not_permitted, "sign_in_name",
                        "Only an administrator of the whole installation takes a name from another account.");
    CERTWRIGHT_TRY(taken_from, s.take_name(name, principal, actor, change));
  }
  OneTimePassword made{std::move(name), make_one_time_password(s.d.random),
                       s.d.clock.now() + s.options.one_time_validity, std::move(taken_from)};
  CERTWRIGHT_TRY(const auto verifier, s.hash(as_text(made.password.reveal()), made.sign_in_name, actor.remote));
  auto credential = s.credential_of(principal, made.sign_in_name, verifier, actor.principal);
  credential.expires_at = made.expires_at;
  change.push_back(store::PutPassword{credential, old ? old->id : ""});
  change.push_back(store::EndSessions{std::string(principal), {}});
  change.push_back(s.d.journal.leaf({EventType::password_reset,
                                     actor,
                                     {{"principal", std::string(principal)},
                                      {"credential", credential.id},
                                      {"sign_in_name", credential.lookup},
                                      {"expires_at", to_rfc3339(made.expires_at)}}}));
  const auto applied = s.d.store.apply(change);
  if (applied) return made;
  const Error& error = applied.error();
  if (error.code == Errc::conflict && error.field == "sign_in_name")
    return fail_field(Errc::conflict, "sign_in_name",
                      "Somebody else signs in with this name; an administrator of the whole installation can take it "
                      "for this account (take_name).");
  if (error.code == Errc::not_found && error.field == "credential")
    return fail_field(Errc::conflict, "sign_in_name", "This name was given to somebody else meanwhile; look again.");
  return tl::unexpected<Error>(error);
}

Result<std::optional<CredentialRecord>> Accounts::find_password(std::string_view principal) const {
  return state_->password_of(principal);
}

}  // namespace certwright::session
