#include "access/directory.h"

#include <algorithm>
#include <utility>

#include "crypto/digest.h"
#include "mail_address/mail_address.h"

namespace certwright::access {
namespace {

constexpr std::string_view kBootstrapSetting = "access.bootstrapped";

// The length of the UTF-8 sequence that `text` begins with, or 0 (RFC 3629, no overlong forms).
std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (octet(i) & 0xc0) == 0x80; };
  const std::uint8_t first = octet(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if ((first & 0xf0) == 0xe0) {
    if (!tail(1) || !tail(2)) return 0;
    if (first == 0xe0 && octet(1) < 0xa0) return 0;
    return first == 0xed && octet(1) > 0x9f ? 0 : 3;  // surrogates
  }
  if (first < 0xf0 || first > 0xf4 || !tail(1) || !tail(2) || !tail(3)) return 0;
  if (first == 0xf0 && octet(1) < 0x90) return 0;
  return first == 0xf4 && octet(1) > 0x8f ? 0 : 4;
}

bool is_printable_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    if (size == 0) return false;
    const auto first = static_cast<std::uint8_t>(text[0]);
    if (size == 1 && (first < 0x20 || first == 0x7f)) return false;
    if (size == 2 && first == 0xc2 && static_cast<std::uint8_t>(text[1]) < 0xa0) return false;
    text.remove_prefix(size);
  }
  return true;
}

Result<void> check_name(std::string_view field, std::string_view name, std::size_t min_octets) {
  constexpr std::size_t kMaxOctets = 200;
  if (name.size() < min_octets || name.size() > kMaxOctets || !is_printable_utf8(name))
    return fail_field(Errc::invalid, std::string(field),
                      "This must be " + std::to_string(min_octets) +
                          " to 200 octets of UTF-8 without control characters.");
  return {};
}

Result<void> check_tenant_id(std::string_view id) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (id.empty() || id.size() > 63 || !std::ranges::all_of(id, fits) || id.front() == '-' ||
      id.back() == '-')
    return fail_field(Errc::invalid, "tenant",
                      "A tenant's id has 1 to 63 of a-z, 0-9 and '-', and no '-' at its ends.");
  return {};
}

Result<void> check_binding(const store::Store& store, const RoleBinding& binding) {
  if (binding.tenant != "*") {
    CERTWRIGHT_TRY(const auto tenant, store.find_tenant(binding.tenant));
    if (!tenant) return fail_field(Errc::not_found, "tenant", "There is no such tenant.");
  }
  if (!binding.ca.empty()) {
    CERTWRIGHT_TRY(const auto cas, store.list_cas());
    if (std::ranges::find(cas, binding.ca, &store::CaRecord::id) == cas.end())
      return fail_field(Errc::not_found, "ca", "There is no such CA.");
  }
  return {};
}

store::RoleBindingRecord to_record(std::string_view principal, const RoleBinding& binding) {
  return {std::string(principal), std::string(name_of(binding.role)), binding.tenant, binding.ca};
}

bool is_administrator(const RoleBinding& binding) {
  return binding == RoleBinding{Role::admin, "*", {}};
}

// The change may take an administrator away: whoever is left must be able to undo it. The store looks, in
// the same transaction: what was read before it may have changed by then.
Result<void> apply_unless_last(store::Store& store, store::Transaction transaction) {
  transaction.push_back(store::RequireAdministrator{});
  const auto applied = store.apply(transaction);
  if (!applied && applied.error().code == Errc::conflict && applied.error().field == "administrator")
    return fail_field(Errc::conflict, "administrator",
                      "Nobody would be left who administers the installation: make another enabled "
                      "principal admin on tenant * first.");
  return applied;
}

void append(store::Transaction& transaction, store::Transaction more) {
  for (auto& command : more) transaction.push_back(std::move(command));
}

// The most that whoever administers just this tenant can do.
Principal administrator_of(std::string_view tenant) {
  return {{}, {}, std::string(tenant), {}, {{Role::admin, std::string(tenant), {}}}};
}

Result<store::PrincipalRecord> existing_principal(const store::Store& store, std::string_view id) {
  CERTWRIGHT_TRY(auto principal, store.find_principal(id));
  if (!principal) return fail_field(Errc::not_found, "principal", "There is no such principal.");
  return *std::move(principal);
}

// A limit against mistakes, not an invariant: two creations at one instant may pass it by one.
Result<void> check_credential_count(const store::Store& store, std::string_view principal) {
  CERTWRIGHT_TRY(const auto credentials, store.list_credentials(principal));
  const auto live = std::ranges::count(credentials, false, &store::CredentialRecord::revoked);
  if (static_cast<std::size_t>(live) >= Directory::kMaxCredentials)
    return fail_field(Errc::too_large, "principal",
                      "This principal has 1,000 credentials; revoke some first.");
  return {};
}

// Also one that is set at this moment does not stay: then there is a conflict.
store::Transaction without_email(const store::PrincipalRecord& before, const Evidence& evidence) {
  store::Transaction transaction{store::RequirePrincipal{before}};
  if (before.email.empty()) return transaction;
  store::PrincipalRecord after = before;
  after.email.clear();
  transaction.push_back(store::PutPrincipal{std::move(after)});
  append(transaction, evidence(before.email));
  return transaction;
}

// Also of one that somebody else changes at this moment: what that changed stays.
Result<void> change_principal(store::Store& store, std::string_view id,
                              const std::function<store::Transaction(store::PrincipalRecord&)>& change,
                              const std::function<Result<void>(store::Transaction)>& apply) {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    CERTWRIGHT_TRY(const store::PrincipalRecord before, existing_principal(store, id));
    store::PrincipalRecord after = before;
    store::Transaction more = change(after);
    store::Transaction transaction{store::RequirePrincipal{before}, store::PutPrincipal{std::move(after)}};
    append(transaction, std::move(more));
    auto applied = apply(std::move(transaction));
    const bool is_late = !applied && applied.error().code == Errc::conflict && applied.error().field == "principal";
    if (!is_late || attempt == kAttempts) return applied;
  }
}

}  // namespace

Result<void> check_email(std::string_view email) {
  if (email.empty()) return {};
  if (!mail::MailAddress::parse(email)) return fail_field(Errc::invalid, "email", "This is not an e-mail address.");
  return {};
}

store::Command require_roles(const Principal& judged) {
  store::RequireRoles required{judged.id, {}};
  for (const RoleBinding& binding : judged.bindings) required.roles.push_back(to_record(judged.id, binding));
  return required;
}

Result<store::TenantRecord> Directory::create_tenant(const TenantToCreate& tenant,
                                                     const Evidence& evidence) {
  CERTWRIGHT_CHECK(check_tenant_id(tenant.id));
  CERTWRIGHT_CHECK(check_name("name", tenant.name, 1));
  CERTWRIGHT_TRY(const auto existing, store_.find_tenant(tenant.id));
  if (existing) return fail_field(Errc::conflict, "tenant", "This tenant exists already.");
  const store::TenantRecord record{tenant.id, tenant.name, false, clock_.now()};
  store::Transaction transaction{store::PutTenant{record}};
  append(transaction, evidence(record.id));
  CERTWRIGHT_CHECK(store_.apply(transaction));
  return record;
}

Result<void> Directory::set_tenant_disabled(std::string_view id, bool disabled,
                                            const Evidence& evidence) {
  CERTWRIGHT_TRY(auto tenant, store_.find_tenant(id));
  if (!tenant) return fail_field(Errc::not_found, "tenant", "There is no such tenant.");
  tenant->disabled = disabled;
  store::Transaction transaction{store::PutTenant{*tenant}};
  if (disabled) transaction.push_back(store::EndTenantSessions{tenant->id});
  append(transaction, evidence(id));
  return disabled ? apply_unless_last(store_, std::move(transaction)) : store_.apply(transaction);
}

Result<store::PrincipalRecord> Directory::create_principal(const PrincipalToCreate& principal,
                                                           const Evidence& evidence) {
  CERTWRIGHT_CHECK(check_name("name", principal.name, 1));
  CERTWRIGHT_CHECK(check_email(principal.email));
  if (principal.bindings.size() > kMaxBindings)
    return fail_field(Errc::too_large, "roles", "A principal has at most 100 roles.");
  CERTWRIGHT_TRY(const auto tenant, store_.find_tenant(principal.tenant));
  if (!tenant) return fail_field(Errc::not_found, "tenant", "There is no such tenant.");
  const store::PrincipalRecord record{make_id("p", random_), principal.tenant, principal.name,
                                      principal.email,       principal.kind,   false,
                                      clock_.now()};
  store::Transaction transaction{store::PutPrincipal{record}};
  for (const RoleBinding& binding : principal.bindings) {
    CERTWRIGHT_CHECK(check_binding(store_, binding));
    transaction.push_back(store::PutRoleBinding{to_record(record.id, binding)});
  }
  append(transaction, evidence(record.id));
  CERTWRIGHT_CHECK(store_.apply(transaction));
  return record;
}

Result<void> Directory::set_principal_disabled(std::string_view id, bool disabled,
                                               const Evidence& evidence) {
  return change_principal(
      store_, id,
      [&](store::PrincipalRecord& record) {
        record.disabled = disabled;
        store::Transaction more;
        if (disabled) more.push_back(store::EndSessions{record.id, {}});
        append(more, evidence(id));
        return more;
      },
      [&](store::Transaction transaction) {
        return disabled ? apply_unless_last(store_, std::move(transaction)) : store_.apply(transaction);
      });
}

Result<void> Directory::set_principal_email(const EmailChange& change, const Evidence& evidence) {
  CERTWRIGHT_CHECK(check_email(change.after));
  CERTWRIGHT_TRY(const store::PrincipalRecord before, existing_principal(store_, change.principal));
  if (before.email != change.before)
    return fail_field(Errc::conflict, "email", "The e-mail address was changed meanwhile; look at it again.");
  if (before.email == change.after) return {};
  store::PrincipalRecord after = before;
  after.email = change.after;
  store::Transaction transaction{store::RequirePrincipal{before}, store::PutPrincipal{std::move(after)}};
  append(transaction, evidence(change.principal));
  return store_.apply(transaction);
}

Result<CreatedToken> Directory::create_token(const TokenToCreate& token, const Evidence& evidence) {
  CERTWRIGHT_CHECK(check_name("label", token.label, 0));
  const Time now = clock_.now();
  if (token.expires_at && *token.expires_at <= now)
    return fail_field(Errc::invalid, "expires_at", "A token expires later than it is made.");
  CERTWRIGHT_CHECK(existing_principal(store_, token.principal));
  CERTWRIGHT_CHECK(check_credential_count(store_, token.principal));
  NewToken made = make_token(random_);
  CreatedToken result{{make_id("c", random_), token.principal, store::CredentialKind::api_token,
                       std::move(made.prefix), std::move(made.verifier), token.label, now,
                       token.expires_at, false, token.created_by},
                      std::move(made.text)};
  store::Transaction transaction{store::PutCredential{result.credential}};
  append(transaction, evidence(result.credential.id));
  CERTWRIGHT_CHECK(store_.apply(transaction));
  return result;
}

Result<store::CredentialRecord> Directory::add_client_certificate(std::string_view principal,
                                                                  ByteView certificate_der,
                                                                  std::string_view label,
                                                                  const Evidence& evidence,
                                                                  std::string_view created_by) {
  CERTWRIGHT_CHECK(check_name("label", label, 0));
  if (certificate_der.empty())
    return fail_field(Errc::invalid, "certificate", "A certificate is needed.");
  CERTWRIGHT_CHECK(existing_principal(store_, principal));
  CERTWRIGHT_CHECK(check_credential_count(store_, principal));
  store::CredentialRecord record;
  record.id = make_id("c", random_);
  record.principal = principal;
  record.kind = store::CredentialKind::client_certificate;
  record.lookup = to_hex(crypto::sha256(certificate_der));
  record.label = label;
  record.created_at = clock_.now();
  record.created_by = created_by;
  store::Transaction transaction{store::PutCredential{record}};
  append(transaction, evidence(record.id));
  CERTWRIGHT_CHECK(store_.apply(transaction));
  return record;
}

Result<void> Directory::revoke_credential(std::string_view principal, std::string_view id,
                                          const Evidence& evidence) {
  CERTWRIGHT_TRY(const auto credentials, store_.list_credentials(principal));
  const auto found = std::ranges::find(credentials, id, &store::CredentialRecord::id);
  if (found == credentials.end())
    return fail_field(Errc::not_found, "credential", "There is no such credential.");
  store::Transaction transaction{store::RevokeCredential{std::string(id)},
                                 store::EndCredentialSessions{std::string(id)}};
  if (found->kind == store::CredentialKind::password)
    transaction.push_back(store::EndSessions{std::string(principal), {}});
  append(transaction, evidence(id));
  return store_.apply(transaction);
}

Result<Directory::Outgrown> Directory::outgrown(const Principal& before, const Principal& after) const {
  const auto could_grant = [&](const std::string& maker) -> Result<bool> {
    // Not known, for it is from before makers were noted: no more than its owner may do by now.
    if (maker.empty() || maker == before.id) return may_manage(before, after).has_value();
    const auto found = find_principal(maker);
    if (!found && found.error().code != Errc::not_found) return tl::unexpected<Error>(found.error());
    return found && may_manage(*found, after).has_value();
  };
  Outgrown result;
  CERTWRIGHT_TRY(const auto credentials, store_.list_credentials(before.id));
  for (const auto& credential : credentials) {
    if (credential.revoked) continue;
    CERTWRIGHT_TRY(const bool stays, could_grant(credential.created_by));
    (stays ? result.kept : result.ended).push_back(credential.id);
  }
  return result;
}

Result<Granted> Directory::grant_role(std::string_view principal, const RoleBinding& binding,
                                      const GrantEvidence& evidence) {
  CERTWRIGHT_TRY(const store::PrincipalRecord record, existing_principal(store_, principal));
  CERTWRIGHT_TRY(const Principal before, find_principal(principal));
  CERTWRIGHT_CHECK(check_binding(store_, binding));
  const bool is_new = std::ranges::find(before.bindings, binding) == before.bindings.end();
  if (is_new && before.bindings.size() >= kMaxBindings)
    return fail_field(Errc::too_large, "roles", "A principal has at most 100 roles.");
  Principal after = before;
  if (is_new) after.bindings.push_back(binding);
  store::Transaction transaction{require_roles(before), store::PutRoleBinding{to_record(principal, binding)}};
  append(transaction, evidence.granted(principal));
  Granted granted;
  // For who administers the installation no role is a rise.
  const bool is_rise = is_new && std::ranges::none_of(before.bindings, is_administrator) &&
                       !may_manage(administrator_of(before.tenant), after);
  if (is_rise) {
    CERTWRIGHT_TRY(Outgrown credentials, outgrown(before, after));
    // Also one that is made at this moment, which nobody looked at.
    transaction.push_back(store::RevokeOtherCredentials{before.id, credentials.kept});
    for (const auto& id : credentials.ended) append(transaction, evidence.credential_ended(id));
    granted.credentials_ended = std::move(credentials.ended);
    append(transaction, without_email(record, evidence.email_cleared));
    granted.email_cleared = record.email;
  }
  CERTWRIGHT_CHECK(store_.apply(transaction));
  return granted;
}

Result<void> Directory::remove_role(std::string_view principal, const RoleBinding& binding,
                                    const Evidence& evidence) {
  store::Transaction transaction{store::RemoveRoleBinding{to_record(principal, binding)}};
  append(transaction, evidence(principal));
  return is_administrator(binding) ? apply_unless_last(store_, std::move(transaction))
                                   : store_.apply(transaction);
}

Result<Principal> Directory::find_principal(std::string_view id) const {
  CERTWRIGHT_TRY(const store::PrincipalRecord record, existing_principal(store_, id));
  CERTWRIGHT_TRY(const auto bindings, store_.list_role_bindings(id));
  Principal principal{record.id, record.name, record.tenant, record.email, {}};
  for (const auto& binding : bindings)
    if (const auto role = role_named(binding.role))
      principal.bindings.push_back({*role, binding.tenant, binding.ca});
  return principal;
}

Result<std::vector<Principal>> Directory::administrators() const {
  std::vector<Principal> all;
  CERTWRIGHT_TRY(const auto holders, store_.notifications().role_holders(name_of(Role::admin), "*"));
  for (const auto& holder : holders) {
    if (!holder.ca.empty()) continue;
    CERTWRIGHT_TRY(const auto record, store_.find_principal(holder.principal));
    if (!record || record->disabled) continue;
    CERTWRIGHT_TRY(const auto tenant, store_.find_tenant(record->tenant));
    if (!tenant || tenant->disabled) continue;
    CERTWRIGHT_TRY(Principal principal, find_principal(record->id));
    // Of this moment: the binding may have gone since it was listed.
    if (std::ranges::any_of(principal.bindings, is_administrator)) all.push_back(std::move(principal));
  }
  return all;
}

Result<Bootstrap> Directory::bootstrap(const FirstAdministrator& administrator, const Evidence& evidence) {
  CERTWRIGHT_CHECK(check_name("name", administrator.name, 1));
  CERTWRIGHT_CHECK(check_email(administrator.email));
  const Time now = clock_.now();
  const std::string tenant(kDefaultTenant);
  NewToken made = make_token(random_);
  Bootstrap result{{make_id("p", random_), tenant, administrator.name, administrator.email,
                    store::PrincipalKind::person, false, now},
                   {}};
  result.token.credential = {make_id("c", random_), result.principal.id,
                             store::CredentialKind::api_token, std::move(made.prefix),
                             std::move(made.verifier), "first sign-in", now,
                             now + kBootstrapValidity, false, result.principal.id};
  result.token.text = std::move(made.text);
  store::Transaction transaction{store::PutSettingOnce{
      std::string(kBootstrapSetting), to_bytes(as_bytes(result.principal.id))}};
  CERTWRIGHT_TRY(const auto existing, store_.find_tenant(tenant));
  if (!existing) transaction.push_back(store::PutTenant{{tenant, "Default", false, now}});
  transaction.push_back(store::PutPrincipal{result.principal});
  transaction.push_back(
      store::PutRoleBinding{to_record(result.principal.id, {Role::admin, "*", {}})});
  transaction.push_back(store::PutCredential{result.token.credential});
  append(transaction, evidence(result.principal.id));
  CERTWRIGHT_CHECK(store_.apply(transaction));
  return result;
}

}  // namespace certwright::access
