// Access, authorities, settings and audit; the other *_commands.cc have the rest.
#include "store/sqlite/command_runner.h"

#include <type_traits>
#include <utility>

namespace certwright::store::sqlite {

Result<void> CommandRunner::operator()(const PutTenant& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::put_tenant, c.tenant.id, c.tenant.name,
                                 c.tenant.disabled, c.tenant.created_at));
  return {};
}

Result<void> CommandRunner::operator()(const PutPrincipal& c) {
  const auto& p = c.principal;
  {
    CERTWRIGHT_TRY(auto tenant, database_.query(Statement::find_tenant, p.tenant));
    CERTWRIGHT_TRY(const bool found, tenant.next());
    if (!found) return fail_field(Errc::not_found, "tenant", "there is no such tenant");
  }
  CERTWRIGHT_CHECK(database_.run(Statement::put_principal, p.id, p.tenant, p.name, p.email,
                                 static_cast<int>(p.kind), p.disabled, p.created_at));
  return {};
}

Result<void> CommandRunner::operator()(const PutCredential& c) {
  const auto& r = c.credential;
  CERTWRIGHT_TRY(
      const bool inserted,
      database_.insert(Statement::put_credential, r.id, r.principal, static_cast<int>(r.kind),
                       r.lookup, r.verifier, r.label, r.created_at, r.expires_at, r.revoked,
                       r.created_by));
  if (!inserted) return fail_field(Errc::conflict, "credential", "the credential exists");
  return {};
}

Result<void> CommandRunner::operator()(const RevokeCredential& c) {
  CERTWRIGHT_TRY(const auto changed, database_.run(Statement::revoke_credential, c.id));
  if (changed == 0) return fail_field(Errc::not_found, "credential", "there is no such credential");
  return {};
}

Result<void> CommandRunner::operator()(const PutRoleBinding& c) {
  const auto& b = c.binding;
  CERTWRIGHT_CHECK(database_.run(Statement::put_role_binding, b.principal, b.role, b.tenant, b.ca));
  return {};
}

Result<void> CommandRunner::operator()(const RemoveRoleBinding& c) {
  const auto& b = c.binding;
  CERTWRIGHT_TRY(const auto changed, database_.run(Statement::remove_role_binding, b.principal,
                                                   b.role, b.tenant, b.ca));
  if (changed == 0) return fail_field(Errc::not_found, "role", "there is no such role binding");
  return {};
}

// Reads the role bindings up to the first that will do; people change them rarely.
Result<void> CommandRunner::operator()(const RequireAdministrator&) {
  CERTWRIGHT_TRY(auto row, database_.query(Statement::find_administrator));
  CERTWRIGHT_TRY(const bool found, row.next());
  if (!found) return fail_field(Errc::conflict, "administrator", "no administrator would be left");
  return {};
}

Result<void> CommandRunner::operator()(const PutCa& c) {
  const auto& ca = c.ca;
  std::uint64_t stored = 0;
  {
    CERTWRIGHT_TRY(auto revision, database_.query(Statement::find_ca_revision, ca.id));
    CERTWRIGHT_TRY(const bool found, revision.next());
    if (found) stored = revision.natural(0);
  }
  if (ca.revision != stored + 1)
    return fail_field(Errc::conflict, "revision", "the CA was changed by someone else meanwhile");
  CERTWRIGHT_CHECK(database_.run(Statement::put_ca, ca.id, ca.name, static_cast<int>(ca.state),
                                 ca.parent, ca.certificate, ca.sealed_key,
                                 ca.subject_public_key_info, ca.key_algorithm,
                                 ca.signature_algorithm, ca.policy, ca.revision, ca.created_at));
  CERTWRIGHT_CHECK(database_.run(Statement::delete_ca_issuers, ca.id));
  std::uint32_t position = 0;
  for (const auto& issuer : ca.issuer_chain)
    CERTWRIGHT_CHECK(database_.run(Statement::put_ca_issuer, ca.id, position++, issuer));
  return {};
}

Result<void> CommandRunner::operator()(const PutProfile& c) {
  const auto& p = c.profile;
  std::uint32_t last = 0;
  {
    CERTWRIGHT_TRY(auto version, database_.query(Statement::last_profile_version, p.name));
    CERTWRIGHT_TRY(const bool found, version.next());
    if (found) last = version.number(0);
  }
  if (p.version != last + 1)
    return fail_field(Errc::conflict, "version",
                      "the profile was changed by someone else meanwhile");
  CERTWRIGHT_CHECK(database_.run(Statement::put_profile, p.name, p.version, p.document,
                                 p.created_by, p.created_at));
  return {};
}

Result<void> CommandRunner::operator()(const PutSetting& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::put_setting, c.name, c.value));
  return {};
}

Result<void> CommandRunner::operator()(const PutSettingOnce& c) {
  CERTWRIGHT_TRY(const bool inserted,
                 database_.insert(Statement::put_setting_once, c.name, c.value));
  if (!inserted) return fail_field(Errc::conflict, "name", "the setting exists");
  return {};
}

Result<void> CommandRunner::operator()(const ResealSetting& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::reseal_setting, c.name, c.sealed, c.present));
  return {};
}

Result<void> CommandRunner::operator()(const BlockKey& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::block_key, c.subject_public_key_sha256, c.why));
  return {};
}

Result<void> CommandRunner::operator()(const AcquireLease& c) {
  {
    CERTWRIGHT_TRY(auto lease, database_.query(Statement::find_lease, c.name));
    CERTWRIGHT_TRY(const bool found, lease.next());
    if (found && lease.text(0) != c.holder && lease.time(1) > c.now)
      return fail_field(Errc::conflict, "lease", "another holder has the lease");
  }
  CERTWRIGHT_CHECK(database_.run(Statement::put_lease, c.name, c.holder, c.until));
  return {};
}

// Leaves are written when the rest of the transaction has succeeded, so positions have no gaps.
Result<void> CommandRunner::operator()(const AppendAuditLeaf& c) {
  leaves_.push_back(&c.record);
  return {};
}

Result<void> CommandRunner::operator()(const PutAuditCheckpoint& c) {
  const auto& p = c.checkpoint;
  {
    CERTWRIGHT_TRY(auto latest, database_.query(Statement::latest_checkpoint));
    CERTWRIGHT_TRY(const bool found, latest.next());
    if (found && p.tree_size <= latest.natural(0))
      return fail_field(Errc::conflict, "tree_size",
                        "a checkpoint of this or a larger tree exists");
  }
  CERTWRIGHT_CHECK(
      database_.run(Statement::put_checkpoint, p.tree_size, p.root, p.signed_note, p.created_at));
  return {};
}

Result<void> CommandRunner::operator()(const PutAuditTile& c) {
  CERTWRIGHT_CHECK(database_.run(Statement::put_tile, c.level, c.index, c.hashes));
  return {};
}

Result<void> CommandRunner::finish(Counters& counters, Effects& effects) {
  for (const auto* leaf : leaves_)
    CERTWRIGHT_CHECK(database_.run(Statement::put_leaf, counters.next_leaf++, *leaf));
  for (auto& entry : tail_) {
    entry.sequence = counters.next_queued++;
    CERTWRIGHT_CHECK(database_.run(Statement::put_queued, entry.sequence, entry.certificate));
    if (entry.is_first()) ++effects.lineages_by_tenant[entry.tenant];
    effects.tail.push_back(std::move(entry));
  }
  leaves_.clear();
  tail_.clear();
  return {};
}

Result<void> run_transaction(Database& database, const Transaction& transaction, Counters& counters,
                             Effects& effects) {
  CommandRunner runner(database);
  for (const auto& command : transaction) CERTWRIGHT_CHECK(std::visit(runner, command));
  return runner.finish(counters, effects);
}

bool leaves_nothing_on_failure(const Transaction& transaction) {
  bool after_a_write = false;
  for (const auto& command : transaction) {
    const bool leaf = std::holds_alternative<AppendAuditLeaf>(command);
    const bool never_fails = std::visit(
        [](const auto& c) {
          using C = std::decay_t<decltype(c)>;
          return std::is_same_v<C, PutDownloadGrant> ||
                 std::is_same_v<C, EraseDownloadGrant> || std::is_same_v<C, ForgetIdempotencyKey> ||
                 std::is_same_v<C, PutTenant> || std::is_same_v<C, PutRoleBinding> ||
                 std::is_same_v<C, PutSetting> || std::is_same_v<C, BlockKey> ||
                 std::is_same_v<C, PutAuditTile> || std::is_same_v<C, ResealManagedKey> ||
                 std::is_same_v<C, ResealSetting> || std::is_same_v<C, TouchSession> ||
                 std::is_same_v<C, EndSessions> || std::is_same_v<C, EndTenantSessions> ||
                 std::is_same_v<C, ForgetSessions> || std::is_same_v<C, EndCredentialSessions> ||
                 std::is_same_v<C, EnqueueNotification> ||
                 std::is_same_v<C, SettleNotifications> || std::is_same_v<C, PruneNotifications> ||
                 std::is_same_v<C, PutNotificationTemplate> || std::is_same_v<C, RevokeOtherCredentials>;
        },
        command);
    if (leaf) continue;
    if (after_a_write && !never_fails) return false;
    after_a_write = true;
  }
  return true;
}

}  // namespace certwright::store::sqlite
