#pragma once
#include <memory>
#include <utility>

#include "store/store.h"

namespace certwright::store {

// A Store that forgets everything when it ends: for tests, and the reference that the contract
// suite holds the other back ends against. One mutex; lists walk every lineage. "Durable" in
// store.h's promises means here: until the object is destroyed.
class MemoryStore final : public Store {
 public:
  MemoryStore();
  ~MemoryStore() override;

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
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace certwright::store
