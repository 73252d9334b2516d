#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "store/store.h"

namespace certwright::store {

struct SqliteOptions {
  std::uint32_t readers = 4;                // read-only connections; calls beyond it wait
  std::uint32_t writer_cache_mib = 256;     // page cache of the writing connection, filled as used
  std::uint32_t reader_cache_mib = 32;      // of each read-only connection
  std::uint32_t checkpoint_pages = 12'000;  // of WAL (8 KiB each) before a checkpoint is begun
  std::uint32_t lock_wait_ms = 0;           // how long open() waits for another owner to leave

  // For tests only.
  std::string vfs{};        // name of a registered SQLite VFS; empty: the system's
  bool synchronous = true;  // false: PRAGMA synchronous=OFF, which loses acknowledged transactions
  std::uint32_t index_from = 2048;  // rows before a batch is indexed; 0: never, they stay in memory
  // When what expired is listed as such, which decides how fast and never what a search answers.
  // Must outlive the store; null: the system's.
  const Clock* clock = nullptr;
};

// The embedded store: SQLite, one file `path` (plus `-wal`, `-shm` and `.lock` beside it), mode
// 0600.
//
// Durability: WAL, synchronous=FULL. One thread writes; it commits whatever transactions were
// queued while its last commit was on its way to the disk, then wakes their callers. Search indexes
// with random keys (names, entities, public keys, ...) are filled behind the commits by the same
// thread in sorted batches; what they do not hold yet is kept in memory and looked through by every
// search, so a search never misses an acknowledged certificate. Certificate ids and all counters
// must be below 2^63; larger ones are `invalid`.
//
// One owner: open() takes an exclusive lock on `path`.lock for as long as the object lives, so two
// servers cannot share a state directory.
class SqliteStore final : public Store {
 public:
  // Creates the file if there is none, and migrates an older schema. Does not scan: takes the same
  // time for ten million certificates as for none, apart from what was not indexed at the last
  // stop. Errors: conflict, field "store", if another process (or another object here) has it open;
  // invalid if the file is not a Certwright store or its schema is newer than this program;
  // unavailable for what the file system says.
  static Result<std::unique_ptr<SqliteStore>> open(const std::string& path,
                                                   const SqliteOptions& options = {});
  // Finishes queued transactions. No call may be under way.
  ~SqliteStore() override;

  Result<void> apply(const Transaction& transaction) override;

  Result<std::optional<StoredCertificate>> find_certificate(
      const x509::SerialNumber& serial) const override;
  Result<std::optional<StoredCertificate>> find_certificate(CertificateId id) const override;
  Result<std::vector<StoredCertificate>> find_lineage(CertificateId lineage) const override;
  Result<std::vector<LineageRow>> list_lineages(const LineageFilter& filter,
                                                const Page& page) const override;
  Result<Count> count_lineages(const LineageFilter& filter) const override;
  Result<std::optional<SerialReservation>> find_reservation(CertificateId id) const override;
  Result<std::vector<SerialReservation>> unfinished_intents(Time before,
                                                            std::uint32_t limit) const override;
  Result<std::optional<IdempotencyRecord>> find_idempotent(std::string_view principal,
                                                           std::string_view key) const override;
  Result<std::vector<IdempotencyRecord>> idempotency_before(Time before,
                                                            std::uint32_t limit) const override;
  Result<bool> is_key_blocked(const Sha256& subject_public_key_sha256) const override;
  Result<std::optional<ManagedKeyRecord>> find_managed_key(CertificateId id) const override;
  Result<std::vector<ManagedKeyEnd>> managed_key_ends(CertificateId after,
                                                      std::uint32_t limit) const override;
  Result<std::vector<ManagedKeyRecord>> managed_keys(CertificateId after,
                                                     std::uint32_t limit) const override;
  Result<std::optional<DownloadGrantRecord>> find_download_grant(
      const Sha256& secret_sha256) const override;
  Result<std::vector<DownloadGrantRecord>> download_grants_before(
      Time before, std::uint32_t limit) const override;

  Result<CertificateStatus> certificate_status(std::string_view ca,
                                               const x509::SerialNumber& serial) const override;
  Result<std::vector<RevocationEntry>> revocations_after(std::string_view ca, std::uint32_t shard,
                                                         std::uint64_t after, Time expires_from,
                                                         std::uint32_t limit) const override;
  Result<std::optional<CrlRecord>> find_crl(std::string_view ca,
                                            std::uint32_t shard) const override;

  Result<std::optional<TenantRecord>> find_tenant(std::string_view id) const override;
  Result<std::vector<TenantRecord>> list_tenants() const override;
  Result<std::optional<PrincipalRecord>> find_principal(std::string_view id) const override;
  Result<std::vector<PrincipalRecord>> list_principals(std::string_view tenant) const override;
  Result<std::optional<CredentialRecord>> find_credential(CredentialKind kind,
                                                          std::string_view lookup) const override;
  Result<std::vector<CredentialRecord>> list_credentials(std::string_view principal) const override;
  Result<std::vector<RoleBindingRecord>> list_role_bindings(
      std::string_view principal) const override;

  Result<std::optional<SessionRecord>> find_session(const Sha256& id_sha256) const override;
  Result<std::vector<SessionRecord>> list_sessions(std::string_view principal) const override;

  Result<std::vector<CaRecord>> list_cas() const override;
  Result<std::vector<ProfileRecord>> list_profiles() const override;
  Result<std::optional<ProfileRecord>> find_profile(std::string_view name,
                                                    std::uint32_t version) const override;
  Result<std::optional<Bytes>> find_setting(std::string_view name) const override;
  Result<std::vector<SettingRecord>> settings(std::string_view after,
                                              std::uint32_t limit) const override;

  Result<std::uint64_t> audit_size() const override;
  Result<std::vector<AuditLeaf>> audit_leaves(std::uint64_t from,
                                              std::uint32_t limit) const override;
  Result<std::optional<AuditCheckpoint>> latest_checkpoint() const override;
  Result<std::vector<AuditCheckpoint>> list_checkpoints(std::uint64_t from_tree_size,
                                                        std::uint32_t limit) const override;
  Result<std::optional<Bytes>> find_audit_tile(std::uint32_t level,
                                               std::uint64_t index) const override;

  const NotificationQueries& notifications() const noexcept override;
  Result<std::vector<std::pair<std::string, std::int64_t>>> health() const override;

  Result<std::optional<RequestRecord>> find_request(std::string_view id) const override;
  Result<std::optional<RequestRecord>> find_open_request(const Sha256& request_sha256) const override;
  Result<std::optional<RequestRecord>> find_newest_request(const Sha256& request_sha256) const override;
  Result<std::vector<OpenRequest>> open_requests_of(std::string_view principal,
                                                    std::uint32_t limit) const override;
  Result<RequestList> list_requests(const RequestFilter& filter, const RequestPage& page) const override;
  Result<std::vector<ApprovalRecord>> list_approvals(std::string_view request) const override;
  Result<std::vector<RequestRecord>> requests_past(Time now, std::uint32_t limit) const override;

 private:
  struct Parts;
  explicit SqliteStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace certwright::store
