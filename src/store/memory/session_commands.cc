#include <algorithm>

#include "store/limits.h"
#include "store/memory/state.h"

namespace certwright::store::memory {
namespace {

template <class Predicate>
void end_where(Data& data, UndoLog& undo, Predicate is_meant) {
  std::vector<Sha256> ids;
  for (const auto& [id, session] : data.sessions)
    if (is_meant(session)) ids.push_back(id);
  for (const auto& id : ids) undo.erase(data.sessions, id);
}

}  // namespace

Result<void> run(Data& data, UndoLog& undo, const PutPassword& c) {
  const auto& credential = c.credential;
  const auto lookup = std::pair(CredentialKind::password, credential.lookup);
  std::string gives_way;
  const auto named = data.credential_lookups.find(lookup);
  if (named != data.credential_lookups.end() &&
      data.credentials.at(named->second).principal != credential.principal) {
    gives_way = named->second;
    if (!data.credentials.at(gives_way).revoked)
      return fail_field(Errc::conflict, "sign_in_name", "somebody else signs in with this name");
  }
  std::string present;
  for (const auto& [id, other] : data.credentials)
    if (other.principal == credential.principal && other.kind == CredentialKind::password) present = id;
  if (present != c.replaces)
    return fail_field(Errc::conflict, "password", "the password was changed by someone else meanwhile");
  if (credential.id != present && credential.id != gives_way && data.credentials.contains(credential.id))
    return fail_field(Errc::conflict, "credential", "the credential exists");
  for (const auto& id : {present, gives_way}) {
    if (id.empty()) continue;
    undo.erase(data.credential_lookups, std::pair(CredentialKind::password, data.credentials.at(id).lookup));
    undo.erase(data.credentials, id);
  }
  undo.put(data.credentials, credential.id, credential);
  undo.put(data.credential_lookups, lookup, credential.id);
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const PutSession& c) {
  if (data.sessions.contains(c.session.id_sha256))
    return fail_field(Errc::conflict, "session", "the session exists");
  undo.put(data.sessions, c.session.id_sha256, c.session);
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const TouchSession& c) {
  const auto found = data.sessions.find(c.id_sha256);
  if (found == data.sessions.end()) return {};
  auto session = found->second;
  session.last_seen_at = std::max(session.last_seen_at, c.seen_at);
  session.idle_ends_at = std::max(session.idle_ends_at, std::min(c.idle_ends_at, session.ends_at));
  undo.put(data.sessions, c.id_sha256, session);
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const EndSession& c) {
  if (!data.sessions.contains(c.id_sha256))
    return fail_field(Errc::not_found, "session", "there is no such session");
  undo.erase(data.sessions, c.id_sha256);
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const EndSessions& c) {
  end_where(data, undo, [&](const SessionRecord& session) {
    return session.principal == c.principal && session.id_sha256 != c.spared;
  });
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const EndTenantSessions& c) {
  end_where(data, undo, [&](const SessionRecord& session) { return session.tenant == c.tenant; });
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const EndCredentialSessions& c) {
  end_where(data, undo, [&](const SessionRecord& session) { return session.credential == c.credential; });
  return {};
}

Result<void> run(const Data& data, const RequireCredential& c) {
  const auto refused = [] {
    return fail_field(Errc::conflict, "credential", "the credential, or its principal, is good no more");
  };
  const auto credential = data.credentials.find(c.id);
  if (credential == data.credentials.end() || credential->second.principal != c.principal ||
      credential->second.revoked)
    return refused();
  const auto principal = data.principals.find(c.principal);
  if (principal == data.principals.end() || principal->second.disabled) return refused();
  const auto tenant = data.tenants.find(principal->second.tenant);
  if (tenant == data.tenants.end() || tenant->second.disabled) return refused();
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const RevokeOtherCredentials& c) {
  std::vector<CredentialRecord> others;
  for (const auto& [id, credential] : data.credentials)
    if (credential.principal == c.principal && !credential.revoked && std::ranges::find(c.kept, id) == c.kept.end())
      others.push_back(credential);
  for (auto& credential : others) {
    credential.revoked = true;
    undo.put(data.credentials, credential.id, credential);
    CERTWRIGHT_CHECK(run(data, undo, EndCredentialSessions{credential.id}));
  }
  return {};
}

Result<void> run(const Data& data, const RequireRoles& c) {
  std::vector<RoleBindingRecord> present;
  for (const auto& [key, binding] : data.bindings)
    if (binding.principal == c.principal) present.push_back(binding);
  if (!std::ranges::is_permutation(present, c.roles))
    return fail_field(Errc::conflict, "roles", "the roles were changed by someone else meanwhile");
  return {};
}

Result<void> run(const Data& data, const RequirePrincipal& c) {
  const auto stored = data.principals.find(c.principal.id);
  if (stored == data.principals.end() || stored->second != c.principal)
    return fail_field(Errc::conflict, "principal", "the account was changed by someone else meanwhile");
  return {};
}

Result<void> run(Data& data, UndoLog& undo, const ForgetSessions& c) {
  std::vector<std::pair<Time, Sha256>> over;
  for (const auto& [id, session] : data.sessions)
    if (session.idle_ends_at < c.before) over.emplace_back(session.idle_ends_at, id);
  std::ranges::sort(over);
  over.resize(std::min<std::size_t>({over.size(), c.limit, kMaxForgottenSessions}));
  for (const auto& [end, id] : over) undo.erase(data.sessions, id);
  return {};
}

}  // namespace certwright::store::memory
