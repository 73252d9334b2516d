#pragma once
// What each command does to the database. Runs in the writer's thread, inside its commit.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/commands.h"
#include "store/sqlite/database.h"
#include "store/sqlite/tail.h"

namespace certwright::store::sqlite {

// Numbers given out in order of commit. The writer keeps them; a commit that fails takes them back.
struct Counters {
  std::uint64_t next_leaf = 0;
  std::uint64_t next_queued = 1;
};

// What a commit changes besides rows that its commands wrote themselves.
struct Effects {
  std::vector<TailEntry> tail;
  std::map<std::string, std::int64_t> lineages_by_tenant;
};

// Runs the commands of one transaction. Every command checks all its preconditions before its first
// write, so a transaction whose first command fails has changed nothing.
class CommandRunner {
 public:
  explicit CommandRunner(Database& database) noexcept : database_(database) {}

  Result<void> operator()(const ReserveSerial& c);
  Result<void> operator()(const AbandonIntent& c);
  Result<void> operator()(const ReleaseIdempotencyKey& c);
  Result<void> operator()(const RecordCertificate& c);
  Result<void> operator()(const PutDownloadGrant& c);
  Result<void> operator()(const ConsumeDownloadGrant& c);
  Result<void> operator()(const EraseDownloadGrant& c);
  Result<void> operator()(const ForgetIdempotencyKey& c);
  Result<void> operator()(const EraseManagedKey& c);
  Result<void> operator()(const ResealManagedKey& c);

  Result<void> operator()(const RevokeLineage& c);
  Result<void> operator()(const ReleaseHold& c);
  Result<void> operator()(const PutCrl& c);

  Result<void> operator()(const PutTenant& c);
  Result<void> operator()(const PutPrincipal& c);
  Result<void> operator()(const PutCredential& c);
  Result<void> operator()(const RevokeCredential& c);
  Result<void> operator()(const PutRoleBinding& c);
  Result<void> operator()(const RemoveRoleBinding& c);

  Result<void> operator()(const PutCa& c);
  Result<void> operator()(const PutProfile& c);
  Result<void> operator()(const PutSetting& c);
  Result<void> operator()(const PutSettingOnce& c);
  Result<void> operator()(const ResealSetting& c);
  Result<void> operator()(const BlockKey& c);
  Result<void> operator()(const RequireAdministrator& c);
  Result<void> operator()(const AcquireLease& c);

  Result<void> operator()(const PutPassword& c);
  Result<void> operator()(const PutSession& c);
  Result<void> operator()(const TouchSession& c);
  Result<void> operator()(const EndSession& c);
  Result<void> operator()(const EndSessions& c);
  Result<void> operator()(const EndTenantSessions& c);
  Result<void> operator()(const ForgetSessions& c);
  Result<void> operator()(const EndCredentialSessions& c);
  Result<void> operator()(const RequireCredential& c);
  Result<void> operator()(const RevokeOtherCredentials& c);
  Result<void> operator()(const RequireRoles& c);
  Result<void> operator()(const RequirePrincipal& c);

  Result<void> operator()(const AppendAuditLeaf& c);
  Result<void> operator()(const PutAuditCheckpoint& c);
  Result<void> operator()(const PutAuditTile& c);

  Result<void> operator()(const PutRequest& c);
  Result<void> operator()(const AddApproval& c);
  Result<void> operator()(const EnqueueNotification& c);
  Result<void> operator()(const SettleNotifications& c);
  Result<void> operator()(const AcknowledgeNotification& c);
  Result<void> operator()(const PruneNotifications& c);
  Result<void> operator()(const PutWebhook& c);
  Result<void> operator()(const DeleteWebhook& c);
  Result<void> operator()(const PutNotificationTemplate& c);
  Result<void> operator()(const DeleteNotificationTemplate& c);

  // After the last command: numbers what the transaction appends and adds it to the commit's
  // effects.
  Result<void> finish(Counters& counters, Effects& effects);

 private:
  struct Lineage {
    CertificateId current = 0;
    bool revoked = false;
  };
  struct RevocationRow {
    std::uint64_t sequence = 0;
    bool removed = false;
    Revocation revocation;
  };
  Result<std::optional<Lineage>> find_lineage(CertificateId id);
  Result<std::vector<CertificateId>> certificates_of(CertificateId lineage);
  Result<void> block_keys(const RevokeLineage& c, std::vector<CertificateId> certificates);
  Result<std::optional<RevocationRow>> find_revocation(CertificateId certificate);
  Result<void> put_revocation(CertificateId certificate, const std::optional<RevocationRow>& old,
                              const Revocation& revocation, bool removed);
  Result<void> check_idempotency_key(const RequestRecord& r);
  Result<void> check_renewal(const RecordCertificate& c);
  Result<void> put_lineage(const CertificateRecord& certificate);
  Result<void> place_lane(NotificationChannel channel, std::string_view recipient);

  Database& database_;
  std::vector<const AppendAuditLeaf*> leaves_;
  std::vector<TailEntry> tail_;
};

// Runs a whole transaction. On failure rows may have been written: the caller rolls back.
Result<void> run_transaction(Database& database, const Transaction& transaction, Counters& counters,
                             Effects& effects);

// Whether a failed precondition is certain to be found before anything was written; if not, the
// transaction needs a savepoint.
bool leaves_nothing_on_failure(const Transaction& transaction);

}  // namespace certwright::store::sqlite
