#include <algorithm>

#include "store/limits.h"
#include "store/sqlite/command_runner.h"
#include "store/sqlite/rows.h"

namespace certwright::store::sqlite {

Result<void> CommandRunner::operator()(const PutPassword& c) {
  const auto& r = c.credential;
  std::string gives_way;
  {
    CERTWRIGHT_TRY(auto row, database_.query(Statement::find_credential, static_cast<int>(r.kind), r.lookup));
    CERTWRIGHT_TRY(const bool found, row.next());
    if (found && row.text(1) != r.principal) {
      const auto named = credential_record(row);
      if (!named.revoked) return fail_field(Errc::conflict, "sign_in_name", "somebody else signs in with this name");
      gives_way = named.id;
    }
  }
  std::string present;
  {
    CERTWRIGHT_TRY(auto password, database_.query(Statement::find_password, r.principal));
    CERTWRIGHT_TRY(const bool found, password.next());
    if (found) present = password.text(0);
  }
  if (present != c.replaces)
    return fail_field(Errc::conflict, "password", "the password was changed by someone else meanwhile");
  if (r.id != present && r.id != gives_way) {  // before anything changes: alone in its transaction it must leave nothing
    CERTWRIGHT_TRY(auto other, database_.query(Statement::find_credential_id, r.id));
    CERTWRIGHT_TRY(const bool taken, other.next());
    if (taken) return fail_field(Errc::conflict, "credential", "the credential exists");
  }
  for (const auto& id : {present, gives_way})
    if (!id.empty()) CERTWRIGHT_CHECK(database_.run(Statement::delete_credential, id));
  CERTWRIGHT_TRY(
      const bool inserted,
      database_.insert(Statement::put_credential, r.id, r.principal, static_cast<int>(r.kind),
                       r.lookup, r.verifier, r.label, r.created_at, r.expires_at, r.revoked,
                       r.created_by));
  if (!inserted) return fail_field(Errc::conflict, "credential", "the credential exists");
  return {};
}

Result<void> CommandRunner::operator()(const PutSession& c) {
  const auto& s = c.session;
  CERTWRIGHT_TRY(const bool inserted,
                 database_.insert(Statement::put_session, s.id_sha256, s.principal, s.tenant, s.remote,
                                  s.created_at, s.last_seen_at, s.idle_ends_at, s.ends_at, s.restricted,
                                  s.credential));
  if (!inserted) return fail_field(Errc::conflict, "session", "the session exists");
  return {};
}

Result<void> CommandRunner::operator()(const TouchSession& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::touch_session, c.id_sha256, c.seen_at, c.idle_ends_at));
  return {};
}

Result<void> CommandRunner::operator()(const EndSession& c) {
  CERTWRIGHT_TRY(const auto changed, database_.run(Statement::end_session, c.id_sha256));
  if (changed == 0) return fail_field(Errc::not_found, "session", "there is no such session");
  return {};
}

Result<void> CommandRunner::operator()(const EndSessions& c) {
  // An empty blob is nobody's id.
  const ByteView spared = c.spared ? ByteView(*c.spared) : ByteView();
  CERTWRIGHT_CHECK(database_.run(Statement::end_sessions, c.principal, spared));
  return {};
}

Result<void> CommandRunner::operator()(const EndTenantSessions& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::end_tenant_sessions, c.tenant));
  return {};
}

Result<void> CommandRunner::operator()(const EndCredentialSessions& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::end_credential_sessions, c.credential));
  return {};
}

Result<void> CommandRunner::operator()(const RequireCredential& c) {
  CERTWRIGHT_TRY(auto row, database_.query(Statement::find_good_credential, c.id, c.principal));
  CERTWRIGHT_TRY(const bool found, row.next());
  if (!found)
    return fail_field(Errc::conflict, "credential", "the credential, or its principal, is good no more");
  return {};
}

Result<void> CommandRunner::operator()(const RevokeOtherCredentials& c) {
  std::vector<std::string> others;
  {
    CERTWRIGHT_TRY(auto row, database_.query(Statement::list_credentials, c.principal));
    for (;;) {
      CERTWRIGHT_TRY(const bool found, row.next());
      if (!found) break;
      const auto credential = credential_record(row);
      if (!credential.revoked && std::ranges::find(c.kept, credential.id) == c.kept.end())
        others.push_back(credential.id);
    }
  }
  for (const auto& id : others) {
    CERTWRIGHT_CHECK(database_.run(Statement::revoke_credential, id));
    CERTWRIGHT_CHECK(database_.run(Statement::end_credential_sessions, id));
  }
  return {};
}

Result<void> CommandRunner::operator()(const RequireRoles& c) {
  std::vector<RoleBindingRecord> present;
  CERTWRIGHT_TRY(auto row, database_.query(Statement::list_role_bindings, c.principal));
  for (;;) {
    CERTWRIGHT_TRY(const bool found, row.next());
    if (!found) break;
    present.push_back({row.text(0), row.text(1), row.text(2), row.text(3)});
  }
  if (!std::ranges::is_permutation(present, c.roles))
    return fail_field(Errc::conflict, "roles", "the roles were changed by someone else meanwhile");
  return {};
}

Result<void> CommandRunner::operator()(const RequirePrincipal& c) {
  CERTWRIGHT_TRY(auto row, database_.query(Statement::find_principal, c.principal.id));
  CERTWRIGHT_TRY(const bool found, row.next());
  if (!found || principal_record(row) != c.principal)
    return fail_field(Errc::conflict, "principal", "the account was changed by someone else meanwhile");
  return {};
}

Result<void> CommandRunner::operator()(const ForgetSessions& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::forget_sessions, c.before, std::min(c.limit, kMaxForgottenSessions)));
  return {};
}

}  // namespace certwright::store::sqlite
