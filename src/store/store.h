#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/commands.h"
#include "store/notification_queries.h"
#include "store/records.h"

namespace certwright::store {

enum class CertificateState : std::uint8_t { any, valid, revoked, expired };

// Which lineages a list or a count is about. Conditions are and-ed; an empty one does not restrict.
// Tenant, entity and principal are those of the lineage's first certificate; CA, notAfter and state
// those of its newest; names and public keys match any certificate of the lineage. `revoked` includes
// certificateHold; `valid` and `expired` leave revoked ones out; notAfter itself is still valid.
struct LineageFilter {
  std::vector<std::string> tenants;  // any of these
  std::string ca;
  std::string principal;
  std::string entity_type;
  std::string entity_id;
  std::string name;         // exact, or a prefix if it ends with '*' (at least 3 characters before)
  CertificateState state = CertificateState::any;
  std::optional<Time> expires_before;  // newest certificate's notAfter < this
  std::optional<Time> expires_after;   // newest certificate's notAfter >= this
  std::optional<Sha256> subject_public_key_sha256;
  Time now{};               // decides valid and expired
};

struct Page {
  std::uint32_t limit = 10;       // 1 to kMaxLimit
  std::uint64_t offset = 0;       // 0 to kMaxOffset; beyond it: use `after`
  std::optional<CertificateId> after{};  // keyset: rows that follow this lineage in the order
  bool newest_first = false;      // by lineage id, which is by time of issue
  static constexpr std::uint32_t kMaxLimit = 1000;
  static constexpr std::uint64_t kMaxOffset = 10'000;
};

struct Count {
  std::uint64_t value = 0;
  bool exact = true;  // false: there are at least this many (counting stopped)
  static constexpr std::uint64_t kStopsAt = 10'000;
};

// Storage authority. Implementations are safe to call from any thread.
// apply() that returned success is durable: it survives power loss. It is atomic: all commands of a
// transaction or none. Concurrent calls share one commit (group commit), so many callers pay for one
// fsync; one caller's failed precondition does not fail another's transaction. Reads see every
// transaction that was acknowledged before they began. No call retries: `unavailable` means the
// caller may, and a failed apply() with `unavailable` may still have been committed.
// The reading half of requests for approval is in request_records.h.
class Store : public RequestQueries {
 public:

  virtual Result<void> apply(const Transaction& transaction) = 0;

  // Certificates
  virtual Result<std::optional<StoredCertificate>> find_certificate(
      const x509::SerialNumber& serial) const = 0;
  virtual Result<std::optional<StoredCertificate>> find_certificate(CertificateId id) const = 0;
  // Oldest first. Of more than 1,000 the first, whose serial is the handle, and the newest 999.
  virtual Result<std::vector<StoredCertificate>> find_lineage(CertificateId lineage) const = 0;
  // Errors: invalid if the page or filter is out of its limits; too_large, field "filter", if a
  // combination of conditions had to look at too many lineages to fill the page.
  virtual Result<std::vector<LineageRow>> list_lineages(const LineageFilter& filter,
                                                        const Page& page) const = 0;
  // Exact, from counters, for filters by one tenant or all, alone or with entity_id (any size); other
  // filters count up to Count::kStopsAt.
  virtual Result<Count> count_lineages(const LineageFilter& filter) const = 0;
  virtual Result<std::optional<SerialReservation>> find_reservation(CertificateId id) const = 0;
  // Reservations without certificate that were not abandoned, made before `before`, oldest first.
  virtual Result<std::vector<SerialReservation>> unfinished_intents(Time before,
                                                                    std::uint32_t limit) const = 0;
  virtual Result<std::optional<IdempotencyRecord>> find_idempotent(std::string_view principal,
                                                                   std::string_view key) const = 0;
  // Those made before `before`, oldest first.
  virtual Result<std::vector<IdempotencyRecord>> idempotency_before(Time before,
                                                                    std::uint32_t limit) const = 0;
  virtual Result<bool> is_key_blocked(const Sha256& subject_public_key_sha256) const = 0;
  virtual Result<std::optional<ManagedKeyRecord>> find_managed_key(CertificateId id) const = 0;
  // Of the managed keys above `after`, in order, the first `limit`: where their certificates end.
  virtual Result<std::vector<ManagedKeyEnd>> managed_key_ends(CertificateId after,
                                                              std::uint32_t limit) const = 0;
  // The managed keys above `after`, in order, the first `limit` (at most 1,000): what is sealed can be
  // walked in small pieces while others write. 0 is before the first.
  virtual Result<std::vector<ManagedKeyRecord>> managed_keys(CertificateId after,
                                                             std::uint32_t limit) const = 0;
  // Not those that were consumed; expired ones, yes.
  virtual Result<std::optional<DownloadGrantRecord>> find_download_grant(
      const Sha256& secret_sha256) const = 0;
  // Those that end before `before`, used or not, the first to end first.
  virtual Result<std::vector<DownloadGrantRecord>> download_grants_before(
      Time before, std::uint32_t limit) const = 0;

  // Revocation. `unknown` if this CA never issued the serial.
  virtual Result<CertificateStatus> certificate_status(std::string_view ca,
                                                       const x509::SerialNumber& serial) const = 0;
  // Changes with sequence > after, in order; at most `limit`. From 0: what is revoked now (entries
  // already removed are left out) and has not_after >= expires_from. A serial appears once, with its
  // latest change; changes of certificates with not_after < expires_from are never returned.
  virtual Result<std::vector<RevocationEntry>> revocations_after(std::string_view ca,
                                                                 std::uint32_t shard,
                                                                 std::uint64_t after, Time expires_from,
                                                                 std::uint32_t limit) const = 0;
  virtual Result<std::optional<CrlRecord>> find_crl(std::string_view ca, std::uint32_t shard) const = 0;

  // Access
  virtual Result<std::optional<TenantRecord>> find_tenant(std::string_view id) const = 0;
  virtual Result<std::vector<TenantRecord>> list_tenants() const = 0;
  virtual Result<std::optional<PrincipalRecord>> find_principal(std::string_view id) const = 0;
  virtual Result<std::vector<PrincipalRecord>> list_principals(std::string_view tenant) const = 0;
  virtual Result<std::optional<CredentialRecord>> find_credential(CredentialKind kind,
                                                                  std::string_view lookup) const = 0;
  virtual Result<std::vector<CredentialRecord>> list_credentials(std::string_view principal) const = 0;
  virtual Result<std::vector<RoleBindingRecord>> list_role_bindings(std::string_view principal) const = 0;

  // Sessions, ended ones too, as long as they are not forgotten
  virtual Result<std::optional<SessionRecord>> find_session(const Sha256& id_sha256) const = 0;
  virtual Result<std::vector<SessionRecord>> list_sessions(std::string_view principal) const = 0;  // oldest first

  // Authorities and profiles
  virtual Result<std::vector<CaRecord>> list_cas() const = 0;
  virtual Result<std::vector<ProfileRecord>> list_profiles() const = 0;  // newest version of each
  virtual Result<std::optional<ProfileRecord>> find_profile(std::string_view name,
                                                            std::uint32_t version) const = 0;
  virtual Result<std::optional<Bytes>> find_setting(std::string_view name) const = 0;
  // The settings whose names are greater than `after` (by their octets), in order, the first `limit`
  // (at most 1,000). "" is before the first.
  virtual Result<std::vector<SettingRecord>> settings(std::string_view after,
                                                      std::uint32_t limit) const = 0;

  // Audit. Positions are dense and follow the order of commit.
  virtual Result<std::uint64_t> audit_size() const = 0;
  virtual Result<std::vector<AuditLeaf>> audit_leaves(std::uint64_t from, std::uint32_t limit) const = 0;
  // Those that were appended as being about this request, in order, the first `limit` (at most 1,000) at
  // `from` or behind it.
  virtual Result<std::vector<AuditLeaf>> audit_leaves_about(std::string_view request, std::uint64_t from,
                                                            std::uint32_t limit) const = 0;
  virtual Result<std::optional<AuditCheckpoint>> latest_checkpoint() const = 0;
  virtual Result<std::vector<AuditCheckpoint>> list_checkpoints(std::uint64_t from_tree_size,
                                                                std::uint32_t limit) const = 0;
  virtual Result<std::optional<Bytes>> find_audit_tile(std::uint32_t level,
                                                       std::uint64_t index) const = 0;

  // The outbox. Valid as long as the store.
  virtual const NotificationQueries& notifications() const noexcept = 0;

  // For doctor and metrics: schema version, sizes, index lag; (name, value) pairs.
  virtual Result<std::vector<std::pair<std::string, std::int64_t>>> health() const = 0;
};

}  // namespace certwright::store
